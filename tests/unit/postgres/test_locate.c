/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "postgres/locate.h"

/* The name says what is known of it: "two" addresses, "one", "silent", "over", else none. */
static enum err find(void *arg, const char *host, const atomic_bool *ending,
		     struct ip ret_ips[ARCHIVE_HOST_ADDRESSES], size_t *ret_count)
{
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1"};
	size_t count = strcmp(host, "two") == 0 ? 2 : strcmp(host, "one") == 0 ? 1 : 0;

	assert_null(arg);
	assert_false(atomic_load(ending));
	if (strcmp(host, "silent") == 0)
		return ERR_SYS;
	if (strcmp(host, "over") == 0)
		return ERR_CANCELLED;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(ip_parse(texts[i], &ret_ips[i]), ERR_OK);
	*ret_count = count;
	return count > 0 ? ERR_OK : ERR_NOTFOUND;
}

static void test_what_libpq_is_told(void **state)
{
	static const struct {
		const char *url;
		enum err err;
		const char *host, *hostaddr, *port;
	} cases[] = {
		{"postgresql://one/x", ERR_OK, "one", "192.0.2.1", ""},
		{"postgresql://me@two:6000/x", ERR_OK, "two,two", "192.0.2.1,2001:db8::1",
		 "6000,6000"},
		{"postgresql://two:1,none:2,one:3/x", ERR_OK, "two,two,none,one",
		 "192.0.2.1,2001:db8::1,,192.0.2.1", "1,1,2,3"},
		{"postgresql://silent:1,one:2/x", ERR_OK, "one", "192.0.2.1", "2"},
		{"postgresql://silent/x", ERR_SYS, NULL, NULL, NULL},
		{"postgresql://over,one/x", ERR_CANCELLED, NULL, NULL, NULL},
		{"postgresql://localhost,192.0.2.9,[2001:db8::9]/x", ERR_OK,
		 "localhost,192.0.2.9,2001:db8::9", ",,", ",,"},
		{"postgresql://%2Frun%2Fpostgresql/x", ERR_OK, "/run/postgresql", "", ""},
		{"postgresql:///x", ERR_OK, "", "", ""},
		{"postgresql://one/x?hostaddr=192.0.2.7", ERR_OK, "", "", ""},
		{"postgresql://one/x?nothing=1", ERR_OK, "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct archive_place place = {.store = cases[i].url, .find_host = find};
		struct err_text text = {""};
		struct located hosts;

		assert_int_equal(locate_hosts(&place, NULL, &hosts, &text), cases[i].err);
		if (cases[i].err != ERR_OK)
			continue;
		assert_string_equal(hosts.host, cases[i].host);
		assert_string_equal(hosts.hostaddr, cases[i].hostaddr);
		assert_string_equal(hosts.port, cases[i].port);
	}
}

/* More than there is room for is refused, not cut. */
static void test_too_many(void **state)
{
	char url[4200] = "postgresql://two";
	const struct archive_place place = {.store = url, .find_host = find};
	struct err_text text = {""};
	struct located hosts;

	(void)state;
	while (strlen(url) < 4100)
		strcat(url, ",two");
	assert_int_equal(locate_hosts(&place, NULL, &hosts, &text), ERR_RANGE);
	assert_non_null(strstr(text.text, "two"));
}

/* Without anybody who finds, nothing is told. */
static void test_nobody_finds(void **state)
{
	const struct archive_place place = {.store = "postgresql://one/x"};
	struct err_text text = {""};
	struct located hosts;

	(void)state;
	assert_int_equal(locate_hosts(&place, NULL, &hosts, &text), ERR_OK);
	assert_string_equal(hosts.hostaddr, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_libpq_is_told),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_nobody_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
