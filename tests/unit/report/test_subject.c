/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"

#define ROUNDS 20000U

static const struct {
	const char *given;
	const char *client; /* NULL: it is refused */
} clients[] = {
	{"192.0.2.1", "192.0.2.1"},
	{"2001:db8::1", "2001:db8::1"},
	{"192.0.2.0/24", "192.0.2.0/24"},
	{"2001:db8::/32", "2001:db8::/32"},
	{"0.0.0.0/0", "0.0.0.0/0"},
	/* of 2001:DB8::1 and 2001:db8::1 the one is not held and the other let go, and no database
	 * takes a mapped address for the IPv4 one that it is */
	{"::ffff:192.0.2.1", "192.0.2.1"},
	{"::FFFF:192.0.2.0/120", "192.0.2.0/24"},
	{"2001:DB8:0::1", "2001:db8::1"},
	{"2001:DB8::/32", "2001:db8::/32"},
	{"192.0.2.1/32", "192.0.2.1"},
	{"::1/128", "::1"},
	{"192.0.2.1/24", NULL}, /* other bits */
	{"192.0.2.0/33", NULL},
	{"192.0.2.0/", NULL},
	{"192.0.2.256", NULL},
	{"mac:", NULL},
	{"mac:02:00:00:00:00", NULL},
	{"nobody", NULL},
	{"", NULL},
	{"192.0.2.1 ", NULL},
};

static void test_clients(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		char client[CLIENT_TEXT_MAX] = "untouched";
		struct err_text text = {""};
		enum err err = subject_client(clients[i].given, NULL, client, &text);

		assert_int_equal(err, clients[i].client ? ERR_OK : ERR_SYNTAX);
		assert_string_equal(client, clients[i].client ? clients[i].client : "untouched");
		if (err != ERR_OK)
			assert_non_null(strstr(text.text, clients[i].given));
	}
}

/* One stands among the addresses. */
static void test_a_hardware_address(void **state)
{
	char client[CLIENT_TEXT_MAX];
	struct err_text text;
	struct ip ip;

	(void)state;
	assert_int_equal(subject_client("mac:02:00:00:00:00:01", NULL, client, &text), ERR_OK);
	assert_int_equal(ip_parse(client, &ip), ERR_OK);
}

static const struct {
	const char *given;
	const char *name; /* NULL: it is refused */
} names[] = {
	{"bad.example", "bad.example"},
	{"BAD.Example.", "bad.example"},
	{"b\\097d.example", "bad.example"},
	{"_x._tcp.example", "_x._tcp.example"},
	{"a b.example", "a\\032b.example"},
	{"com", "com"},
	{"M\303\234NCHEN.example", "xn--mnchen-3ya.example"},
	{"\377.example", NULL},
	{".", NULL},
	{"", NULL},
	{"a..b", NULL},
	{".a", NULL},
	{"a\\", NULL},
	{"1234567890123456789012345678901234567890123456789012345678901234.example", NULL},
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[NAME_TEXT_MAX] = "untouched";
		struct err_text text = {""};
		enum err err = subject_name(names[i].given, name, &text);

		assert_int_equal(err, names[i].name ? ERR_OK : ERR_SYNTAX);
		assert_string_equal(name, names[i].name ? names[i].name : "untouched");
		if (err != ERR_OK)
			assert_non_null(strstr(text.text, names[i].given));
	}
}

/* Whatever it is given: refused, or a text that says the same when it is given again. */
static void test_any_text(void **state)
{
	static const char letters[] = "aB0.:-_/\\1 \x80";

	(void)state;
	srand(9);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		char given[40] = "";
		char client[CLIENT_TEXT_MAX];
		char name[NAME_TEXT_MAX];
		char again[NAME_TEXT_MAX];
		struct err_text text;

		for (int i = rand() % 20; i >= 0; i--)
			given[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		if (subject_name(given, name, &text) == ERR_OK) {
			assert_int_equal(subject_name(name, again, &text), ERR_OK);
			assert_string_equal(name, again);
		}
		if (subject_client(given, NULL, client, &text) == ERR_OK) {
			assert_int_equal(subject_client(client, NULL, again, &text), ERR_OK);
			assert_string_equal(client, again);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_a_hardware_address),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
