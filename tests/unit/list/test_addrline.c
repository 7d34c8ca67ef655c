/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "list/addrguard.h"
#include "list/addrline.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *line;
	const char *prefixes; /* "": the line says nothing; NULL: it is bad */
	enum list_reason reason;
} lines[] = {
	{"192.0.2.1", "192.0.2.1/32", 0},
	{"  192.0.2.1\t\r", "192.0.2.1/32", 0},
	{"192.0.2.0/24 ; SBL256894", "192.0.2.0/24", 0},
	{"192.0.2.0/24#x", "192.0.2.0/24", 0},
	{"192.0.2.0/255.255.255.0", "192.0.2.0/24", 0},
	{"0.0.0.0/0.0.0.0", "0.0.0.0/0", 0},
	{"2001:db8::/32", "2001:db8::/32", 0},
	{"2001:DB8::1 ! x", "2001:db8::1/128", 0},
	{"::ffff:192.0.2.1", "192.0.2.1/32", 0},
	{"192.0.2.1-192.0.2.1", "192.0.2.1/32", 0},
	{"192.0.2.0-192.0.2.255", "192.0.2.0/24", 0},
	{"192.0.2.1 - 192.0.2.6", "192.0.2.1/32 192.0.2.2/31 192.0.2.4/31 192.0.2.6/32", 0},
	{"0.0.0.0-255.255.255.255", "0.0.0.0/0", 0},
	{"255.255.255.254-255.255.255.255", "255.255.255.254/31", 0},
	{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0", 0},
	{"2001:db8::ffff-2001:db8::1:1", "2001:db8::ffff/128 2001:db8::1:0/127", 0},
	{"", "", 0},
	{"  ", "", 0},
	{"# 192.0.2.1", "", 0},
	{"; x", "", 0},
	{"! x", "", 0},
	{"192.0.2.1/24", NULL, LINE_HOST_BITS},
	{"192.0.2.0/33", NULL, LINE_HOST_BITS},
	{"192.0.2.0/255.0.255.0", NULL, LINE_NOT_ADDRESS},
	{"192.0.2.0/", NULL, LINE_NOT_ADDRESS},
	{"/24", NULL, LINE_NOT_ADDRESS},
	{"192.0.2.2-192.0.2.1", NULL, LINE_BACKWARDS},
	{"192.0.2.2-2001:db8::1", NULL, LINE_NOT_ADDRESS},
	{"192.0.2.2-", NULL, LINE_NOT_ADDRESS},
	{"192.0.2.1 192.0.2.2", NULL, LINE_NOT_ADDRESS},
	{"192.0.2", NULL, LINE_NOT_ADDRESS},
	{"192.0.2.01x", NULL, LINE_NOT_ADDRESS},
	{"fe80::1%lo", NULL, LINE_NOT_ADDRESS},
	{"www.example", NULL, LINE_NOT_ADDRESS},
	{"1111111111111111111111111111111111111111111111111111111111111111111111", NULL,
	 LINE_NOT_ADDRESS},
};

static void write_prefixes(struct addrline_range range, char *text, size_t size)
{
	char ip[INET6_ADDRSTRLEN];
	struct prefix prefix;
	size_t used = 0;

	text[0] = '\0';
	while (addrline_next_prefix(&range, &prefix))
		used += (size_t)snprintf(text + used, size - used, "%s%s/%u", used ? " " : "",
					 ip_text(&prefix.ip, ip, sizeof(ip)), prefix.len);
}

static void test_lines(void **state)
{
	for (size_t i = 0; i < COUNT(lines); i++) {
		enum list_reason reason = LIST_REASON_COUNT;
		struct addrline_range range;
		char text[1024];
		enum listline_verdict verdict =
			addrline_parse(lines[i].line, strlen(lines[i].line), &range, &reason);

		if (!lines[i].prefixes) {
			assert_int_equal(verdict, LISTLINE_BAD);
			assert_int_equal(reason, lines[i].reason);
		} else if (!*lines[i].prefixes) {
			assert_int_equal(verdict, LISTLINE_END);
		} else {
			assert_int_equal(verdict, LISTLINE_RULE);
			write_prefixes(range, text, sizeof(text));
			assert_string_equal(text, lines[i].prefixes);
		}
	}
}

/* The ranges that take most prefixes. */
static void test_most_prefixes(void **state)
{
	static const struct {
		const char *line;
		unsigned int count;
	} rows[] = {
		{"0.0.0.1-255.255.255.254", 62},
		{"::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 254},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum list_reason reason;
		struct addrline_range range;
		struct prefix prefix;
		unsigned int count = 0;

		assert_int_equal(
			addrline_parse(rows[i].line, strlen(rows[i].line), &range, &reason),
			LISTLINE_RULE);
		while (addrline_next_prefix(&range, &prefix))
			count++;
		assert_int_equal(count, rows[i].count);
	}
}

static struct addrguard *make_guard(void)
{
	static struct addrguard_network networks[3] = {
		{.reason = "private"}, {.reason = "own"}, {.reason = "six"}};
	static const char *const texts[] = {"10.0.0.0/8", "192.0.2.1", "fc00::/7"};
	const struct addrguard_config config = {
		.shortest_ipv4 = 8,
		.shortest_ipv6 = 19,
		.networks = networks,
		.network_count = COUNT(networks),
	};
	struct addrguard *guard;

	for (size_t i = 0; i < COUNT(networks); i++)
		assert_int_equal(prefix_parse(texts[i], &networks[i].prefix), ERR_OK);
	assert_int_equal(addrguard_create(&config, &guard), ERR_OK);
	return guard;
}

static void test_gate(void **state)
{
	static const struct {
		const char *line;
		const char *held; /* NULL: it passes */
	} rows[] = {
		{"11.0.0.0/8", NULL},
		{"10.1.2.3", "private"},
		{"8.0.0.0/6", "is wider than guard.shortest-ipv4"},
		{"9.0.0.0-10.0.0.0", "private"},
		{"11.0.0.0-12.255.255.255", NULL},
		{"192.0.2.0/24", "own"},
		{"192.0.2.2-192.0.2.9", NULL},
		{"191.255.255.255-192.0.2.1", "own"},
		{"fd00::1", "six"},
		{"fe00::/19", NULL},
		{"2000::/18", "is wider than guard.shortest-ipv6"},
		{"a00::1", NULL}, /* no IPv4 network, though its octets begin alike */
	};
	struct addrguard *guard = make_guard();

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum list_reason reason;
		struct addrline_range range;
		const char *held;

		assert_int_equal(
			addrline_parse(rows[i].line, strlen(rows[i].line), &range, &reason),
			LISTLINE_RULE);
		held = addrguard_entry(guard, &range);
		if (rows[i].held)
			assert_string_equal(held, rows[i].held);
		else
			assert_null(held);
	}
	addrguard_free(guard);
	addrguard_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_most_prefixes),
		cmocka_unit_test(test_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
