/* SPDX-License-Identifier: BSD-2-Clause */
#include "names/special.h"

#include <stdio.h>
#include <string.h>

#include "list/publicsuffix.h"

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
	{.name = "resolver.arpa", .kind = SPECIAL_EMPTY},

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

/* The first that has a name says what it is. */
static enum err add(struct namemap *map, const char *text, enum special_kind kind)
{
	struct name name;
	enum err err = name_from_text(text, strlen(text), &name);

	if (err == ERR_OK)
		err = namemap_add(map, &name, kind);
	return err == ERR_EXISTS ? ERR_OK : err;
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

enum err special_create(const struct hash_key *key, char *const *zones, size_t count,
			bool special_use, struct namemap **ret_special)
{
	size_t row_count = special_use ? sizeof(rows) / sizeof(rows[0]) : 0;
	struct namemap *map = NULL;
	enum err err = namemap_create(key, &map);

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = add(map, zones[i], SPECIAL_ZONE);
	for (size_t i = 0; i < row_count && err == ERR_OK; i++)
		err = add_row(map, i);
	if (err == ERR_OK)
		*ret_special = map;
	else
		namemap_free(map);
	return err;
}

/* ---- top-level domains */

struct tlds {
	struct namemap *map;
	enum err err;
};

/* Takes the last label of a suffix. */
static void take_tld(void *arg, const struct name *name, bool below)
{
	const uint8_t *last = name->wire;
	struct tlds *tlds = arg;
	struct name tld;
	enum err err;

	(void)below;
	while (last[last[0] + 1])
		last += last[0] + 1;
	name_copy_lower(&tld, last, (size_t)(name->wire + name->len - last));
	err = tlds->err == ERR_OK ? namemap_add(tlds->map, &tld, 0) : ERR_OK;
	if (err == ERR_NOMEM)
		tlds->err = err;
}

enum err special_read_tlds(const char *path, const struct hash_key *key, struct namemap **ret_tlds)
{
	struct tlds tlds = {.map = NULL};
	enum err err;

	tlds.err = namemap_create(key, &tlds.map);
	err = tlds.err == ERR_OK ? publicsuffix_read(path, take_tld, &tlds) : ERR_OK;
	if (tlds.err == ERR_OK && err != ERR_OK)
		tlds.err = err == ERR_NOMEM ? err : ERR_SYS;
	if (tlds.err == ERR_OK)
		*ret_tlds = tlds.map;
	else
		namemap_free(tlds.map);
	return tlds.err;
}

/* ---- canaries */

bool special_equals_canary(const struct name *name)
{
	static const char *const canaries[] = {
		"\23use-application-dns\3net",
		"\4mask\6icloud\3com",
		"\7mask-h2\6icloud\3com",
	};

	for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++) {
		size_t len = strlen(canaries[i]) + 1;

		if (name->len == len && memcmp(name->wire, canaries[i], len) == 0)
			return true;
	}
	return false;
}
