/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a hostile message of a kind and a size, so many times: `grow KIND OCTETS TIMES`; `grow
 * kinds` lists them.  What that costs is counted from outside, by tests/bench/growth.py.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/reply.h"
#include "support/message.h"

#define ROOM_BEHIND 64U /* left free for the last record */

static const struct reply_ttl_limits limits = {.max_s = 604800, .max_negative_s = 86400};

static void begin_reply(struct message *m)
{
	message_reply(m, "w.a.test", TYPE_A, 0);
}

/* An address at an owner that is given as a pointer. */
static void add_at(struct message *m, size_t owner)
{
	message_add16(m, 0xc000U | (unsigned int)owner);
	message_record(m, MESSAGE_AN, TYPE_A, CLASS_IN, 60);
	message_add(m, "\1\2\3\4", 4);
	message_end(m);
}

/* A TXT record that holds a chain of pointers, and then owners that stand at its end. */
static void make_chain(struct message *m, size_t octets, size_t chain_end)
{
	size_t last;

	begin_reply(m);
	message_add16(m, MESSAGE_QNAME);
	message_record(m, MESSAGE_AN, TYPE_TXT, CLASS_IN, 60);
	message_add16(m, MESSAGE_QNAME);
	while (m->len < chain_end)
		message_add16(m, 0xc000U | (unsigned int)(m->len - 2));
	last = m->len - 2;
	message_end(m);
	while (m->len + ROOM_BEHIND < octets)
		add_at(m, last);
}

/* Half of it is the chain. */
static void make_pointers(struct message *m, size_t octets)
{
	make_chain(m, octets, octets / 2 < 0x3ff0 ? octets / 2 : 0x3ff0);
}

/* No owner follows more than it may. */
static void make_short_pointers(struct message *m, size_t octets)
{
	make_chain(m, octets, 40 + 2 * (size_t)(NAME_POINTERS_MAX - 2));
}

static void add_named(struct message *m, uint16_t type, const char *owner, const char *target)
{
	message_rr_name(m, MESSAGE_AN, owner, type, 60, target);
}

/* The last CNAME of the chain first. */
static void make_reversed(struct message *m, size_t octets)
{
	char owner[32];
	char target[32];

	begin_reply(m);
	for (unsigned int n = 9999; m->len + 2 * ROOM_BEHIND < octets && n > 0; n--) {
		snprintf(owner, sizeof(owner), "n%u.test", n);
		snprintf(target, sizeof(target), "n%u.test", n + 1);
		add_named(m, TYPE_CNAME, owner, target);
	}
	add_named(m, TYPE_CNAME, "w.a.test", "n1.test");
}

/* Each DNAME makes another name of every one that is known. */
static void make_dnames(struct message *m, size_t octets)
{
	char target[32];

	begin_reply(m);
	for (unsigned int n = 0; m->len + ROOM_BEHIND < octets; n++) {
		snprintf(target, sizeof(target), "n%u.test", n);
		add_named(m, TYPE_DNAME, "test", target);
	}
}

/* Addresses of names that were not asked for, which are all removed. */
static void make_foreign(struct message *m, size_t octets)
{
	char owner[32];

	begin_reply(m);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 60, "\1\2\3\4", 4);
	for (unsigned int n = 0; m->len + ROOM_BEHIND < octets; n++) {
		snprintf(owner, sizeof(owner), "n%u.other", n);
		message_rr(m, MESSAGE_AN, owner, TYPE_A, 60, "\1\2\3\4", 4);
	}
}

/* What an honest server sends: many addresses of the name. */
static void make_honest(struct message *m, size_t octets)
{
	begin_reply(m);
	while (m->len + ROOM_BEHIND < octets)
		message_rr(m, MESSAGE_AN, NULL, TYPE_A, 60, "\1\2\3\4", 4);
}

/* One HTTPS record with as many parameters as fit. */
static void make_svcb(struct message *m, size_t octets)
{
	begin_reply(m);
	message_add16(m, MESSAGE_QNAME);
	message_record(m, MESSAGE_AN, 65, CLASS_IN, 60);
	message_add(m, "\0\1\0", 3);
	for (unsigned int key = 1; m->len + ROOM_BEHIND < octets; key++) {
		message_add16(m, key);
		message_add16(m, 0);
	}
	message_end(m);
}

static void begin_query(struct message *m)
{
	message_query(m, "w.a.test", TYPE_A);
	message_opt_begin(m, 1232, 0);
}

/* One OPT with as many empty options as fit. */
static void make_options(struct message *m, size_t octets)
{
	begin_query(m);
	for (unsigned int code = 1; m->len + ROOM_BEHIND < octets; code++) {
		message_add16(m, 0xff00U | (code & 0xffU));
		message_add16(m, 0);
	}
	message_end(m);
}

static void make_opts(struct message *m, size_t octets)
{
	begin_query(m);
	message_end(m);
	while (m->len + ROOM_BEHIND < octets)
		message_opt(m, 1232, 0);
}

static const struct {
	const char *name;
	void (*make)(struct message *m, size_t octets);
	bool query;
} kinds[] = {
	{"honest", make_honest, false},
	{"pointers", make_pointers, false},
	{"short-pointers", make_short_pointers, false},
	{"reversed-cnames", make_reversed, false},
	{"dnames", make_dnames, false},
	{"foreign", make_foreign, false},
	{"svcb-parameters", make_svcb, false},
	{"options", make_options, true},
	{"opt-records", make_opts, true},
};

static void read_message(const struct message *made, bool query)
{
	static uint8_t octets[WIRE_MESSAGE_MAX];
	struct wire_query parsed;
	struct reply reply;

	memcpy(octets, made->octets, made->len); /* a reply's TTLs are changed in place */
	if (query)
		(void)wire_parse_query(octets, made->len, &parsed);
	else if (reply_parse(octets, made->len, 8 + 2 + 4, &limits, &reply) != ERR_OK)
		return;
}

int main(int argc, char **argv)
{
	static struct message m;

	if (argc == 2 && strcmp(argv[1], "kinds") == 0)
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			puts(kinds[i].name);
	for (size_t i = 0; argc == 4 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		kinds[i].make(&m, strtoul(argv[2], NULL, 10));
		for (unsigned long n = strtoul(argv[3], NULL, 10); n > 0; n--)
			read_message(&m, kinds[i].query);
	}
	return argc == 2 || argc == 4 ? 0 : 2;
}
