/* SPDX-License-Identifier: BSD-2-Clause */
#include "names/special.h"

#include <stdio.h>
#include <string.h>

#define ZEROS_15 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
#define ZEROS_31 "0." ZEROS_15 ZEROS_15

/* With `last`, the labels from `first` to it stand before the name, each a zone. */
static const struct {
	const char *name;
	enum special_kind kind;
	unsigned int first;
	unsigned int last;
} rows[] = {
	{.name = "localhost", .kind = SPECIAL_LOCALHOST},
	{.name = "invalid", .kind = SPECIAL_ABSENT},
	{.name = "test", .kind = SPECIAL_ABSENT},
	{.name = "local", .kind = SPECIAL_ABSENT},
	{.name = "onion", .kind = SPECIAL_ABSENT},
	{.name = "alt", .kind = SPECIAL_ABSENT},
	{.name = "home.arpa", .kind = SPECIAL_ZONE},
	{.name = "resolver.arpa", .kind = SPECIAL_ZONE},

	/* RFC 6303, 4.1: of RFC 1918 */
	{.name = "10.in-addr.arpa", .kind = SPECIAL_ZONE},
	{.name = "172.in-addr.arpa", .kind = SPECIAL_ZONE, .first = 16, .last = 31},
	{.name = "168.192.in-addr.arpa", .kind = SPECIAL_ZONE},
	/* 4.2: this network, loopback, link local, documentation, broadcast */
	{.name = "0.in-addr.arpa", .kind = SPECIAL_ZONE},
	{.name = "127.in-addr.arpa", .kind = SPECIAL_ZONE},
	{.name = "1.0.0.127.in-addr.arpa", .kind = SPECIAL_LOOPBACK},
	{.name = "254.169.in-addr.arpa", .kind = SPECIAL_ZONE},
	{.name = "2.0.192.in-addr.arpa", .kind = SPECIAL_ZONE},
	{.name = "100.51.198.in-addr.arpa", .kind = SPECIAL_ZONE},
	{.name = "113.0.203.in-addr.arpa", .kind = SPECIAL_ZONE},
	{.name = "255.255.255.255.in-addr.arpa", .kind = SPECIAL_ZONE},
	/* RFC 7793: shared address space */
	{.name = "100.in-addr.arpa", .kind = SPECIAL_ZONE, .first = 64, .last = 127},
	/* RFC 6303, 4.3 to 4.6: :: and ::1, unique local, link local, documentation */
	{.name = "0." ZEROS_31 "ip6.arpa", .kind = SPECIAL_ZONE},
	{.name = "1." ZEROS_31 "ip6.arpa", .kind = SPECIAL_LOOPBACK},
	{.name = "d.f.ip6.arpa", .kind = SPECIAL_ZONE},
	{.name = "8.e.f.ip6.arpa", .kind = SPECIAL_ZONE},
	{.name = "9.e.f.ip6.arpa", .kind = SPECIAL_ZONE},
	{.name = "a.e.f.ip6.arpa", .kind = SPECIAL_ZONE},
	{.name = "b.e.f.ip6.arpa", .kind = SPECIAL_ZONE},
	{.name = "8.b.d.0.1.0.0.2.ip6.arpa", .kind = SPECIAL_ZONE},
};

static enum err add(struct namemap *map, const char *text, enum special_kind kind)
{
	struct name name;
	enum err err = name_from_text(text, strlen(text), &name);

	return err == ERR_OK ? namemap_add(map, &name, kind) : err;
}

static enum err add_row(struct namemap *map, size_t i)
{
	enum err err = ERR_OK;
	char text[64];

	if (rows[i].last == 0)
		return add(map, rows[i].name, rows[i].kind);
	for (unsigned int n = rows[i].first; n <= rows[i].last && err == ERR_OK; n++) {
		snprintf(text, sizeof(text), "%u.%s", n, rows[i].name);
		err = add(map, text, rows[i].kind);
	}
	return err;
}

enum err special_create(const struct hash_key *key, struct namemap **ret_special)
{
	struct namemap *map = NULL;
	enum err err = namemap_create(key, &map);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && err == ERR_OK; i++)
		err = add_row(map, i);
	if (err == ERR_OK)
		*ret_special = map;
	else
		namemap_free(map);
	return err;
}
