/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "value/types.h"
#include "value/value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FORM(name, ctype, ...)                                                                     \
	{                                                                                          \
		&value_type_##name, "", __VA_ARGS__, sizeof(ctype), false                          \
	}
#define OPTIONAL(name, ctype)                                                                      \
	{                                                                                          \
		&value_type_##name, "", 0, 0, sizeof(ctype), true                                  \
	}

static const struct value_form number = FORM(uint, uint32_t, 2, 4096);
static const struct value_form octets = {&value_type_uint, "octets", 0, 9, sizeof(uint32_t), false};
static const struct value_form size = FORM(size, uint64_t, 0, 1ULL << 40);
static const struct value_form whole = FORM(size, uint64_t, 0, UINT64_MAX);
static const struct value_form duration = FORM(duration, uint32_t, 0, 86400000);
static const struct value_form ttl = FORM(ttl, uint32_t, 0, 604800);
static const struct value_form daytime = FORM(daytime, uint32_t, 0, 1440);
static const struct value_form flag = FORM(flag, bool, 0, 0);
static const struct value_form level = FORM(loglevel, enum log_level, 0, 0);
static const struct value_form text = FORM(string, char *, 0, 8);
static const struct value_form some = FORM(string, char *, 1, 8);
static const struct value_form listname = FORM(listname, char *, 1, 64);
static const struct value_form date = FORM(date, char *, 0, 64);
static const struct value_form moment = FORM(time, char *, 0, 64);
static const struct value_form url = FORM(url, char *, 0, 64);
static const struct value_form proxy = FORM(proxy, char *, 0, 64);
static const struct value_form field = FORM(httpfield, char *, 0, 64);
static const struct value_form pin = FORM(pin, char *, 0, 64);
static const struct value_form host = FORM(host, char *, 0, 0);
static const struct value_form no_host = OPTIONAL(host, char *);
static const struct value_form owner = FORM(owner, char *, 0, 0);
static const struct value_form ipv4 = FORM(ipv4, struct ip, 0, 0);
static const struct value_form no_ipv4 = OPTIONAL(ipv4, struct ip);
static const struct value_form ipv6 = FORM(ipv6, struct ip, 0, 0);
static const struct value_form address = FORM(address, struct ip, 0, 0);
static const struct value_form endpoint = FORM(endpoint, struct endpoint, 0, 0);
static const struct value_form prefix = FORM(prefix, struct prefix, 0, 0);
static const struct value_form ports = FORM(portrange, struct port_range, 0, 0);
static const struct value_form rrtype = FORM(rrtype, uint16_t, 0, 0);

union room {
	uint64_t number;
	char *text;
	struct endpoint endpoint;
	uint8_t octets[64];
};

/* What is written of a value that the text is read as; NULL: there is none, and nothing is touched.
 */
static char *written(const struct value_form *form, const char *read)
{
	union room room;
	union room before;
	char *line = NULL;
	size_t len;
	FILE *out;

	memset(&room, 0xa5, sizeof(room));
	before = room;
	if (value_parse(form, read, &room) != ERR_OK) {
		assert_memory_equal(&room, &before, sizeof(room));
		return NULL;
	}
	assert_memory_equal(room.octets + form->size, before.octets + form->size,
			    sizeof(room) - form->size);
	out = open_memstream(&line, &len);
	assert_non_null(out);
	value_print(form, &room, out);
	assert_int_equal(fclose(out), 0);
	if (form->type->owned)
		free(room.text);
	return line;
}

static void test_taken(void **state)
{
	static const struct {
		const struct value_form *form;
		const char *read, *written;
	} rows[] = {
		{&number, "2", "2"},
		{&number, "04096", "4096"},
		{&size, "0", "0"},
		{&size, "1025KiB", "1025KiB"},
		{&size, "1024GiB", "1TiB"},
		{&whole, "18446744073709551615", "18446744073709551615"},
		{&duration, "0", "0"},
		{&duration, "90000ms", "90s"},
		{&duration, "24h", "1d"},
		{&ttl, "60", "1m"},
		{&ttl, "7d", "1w"},
		{&daytime, "00:00", "\"00:00\""},
		{&daytime, "24:00", "\"24:00\""},
		{&flag, "true", "true"},
		{&flag, "false", "false"},
		{&level, "debug", "debug"},
		{&text, "", "\"\""},
		{&text, "a\"b\\c", "\"a\\\"b\\\\c\""},
		{&text, "\xc3\xbc\xe2\x82\xac", "\"\xc3\xbc\xe2\x82\xac\""},
		{&listname, "a-b_c.1", "\"a-b_c.1\""},
		{&date, "2028-02-29", "\"2028-02-29\""},
		{&date, "", "\"\""},
		{&moment, "2026-11-28T08:00:00+01:00", "\"2026-11-28T08:00:00+01:00\""},
		{&url, "", "\"\""},
		{&url, "https://h/?a=b", "\"https://h/?a=b\""},
		{&proxy, "socks5h://u:p@h:1", "\"socks5h://u:p@h:1\""},
		{&field, "X-Key: a b", "\"X-Key: a b\""},
		{&pin, "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		 "\"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""},
		{&host, "A.Example.", "\"a.example\""},
		{&no_host, "", "\"\""},
		{&owner, "*.A.example", "\"*.a.example\""},
		{&ipv4, "192.0.2.1", "\"192.0.2.1\""},
		{&no_ipv4, "", "\"\""},
		{&ipv6, "2001:DB8::1", "\"2001:db8::1\""},
		{&address, "192.0.2.1", "\"192.0.2.1\""},
		{&address, "::1", "\"::1\""},
		{&endpoint, "192.0.2.1", "\"192.0.2.1@53\""},
		{&endpoint, "[::1]@5353", "\"::1@5353\""},
		{&prefix, "10.0.0.0/8", "\"10.0.0.0/8\""},
		{&prefix, "mac:02:00:5e:00:53:01", "\"fe80::5eff:fe00:5301/128\""},
		{&ports, "8053", "8053"},
		{&ports, "8000-8100", "8000-8100"},
		{&rrtype, "type28", "AAAA"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *line = written(rows[i].form, rows[i].read);

		if (!line || strcmp(line, rows[i].written) != 0)
			fail_msg("%s: %s", rows[i].read, line ? line : "not taken");
		free(line);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const struct value_form *form;
		const char *read;
	} rows[] = {
		{&number, ""},
		{&number, "1"},
		{&number, "4097"},
		{&number, "-2"},
		{&number, "+2"},
		{&number, " 2"},
		{&number, "2 "},
		{&number, "18446744073709551616"},
		{&number, "2KiB"},
		{&size, "1025GiB"},
		{&size, "1kib"},
		{&whole, "18446744073709551615KiB"},
		{&duration, "1"},
		{&duration, "1w"},
		{&duration, "ms"},
		{&ttl, "1ms"},
		{&daytime, "9:00"},
		{&daytime, "24:01"},
		{&daytime, "10:60"},
		{&daytime, "10:0a"},
		{&daytime, "1000"},
		{&flag, "yes"},
		{&flag, ""},
		{&level, "Debug"},
		{&text, "123456789"},
		{&text, "a\nb"},
		{&text, "\xc2\x85"},
		{&text, "\xe2\x80\xae"},
		{&text, "\x7f"},
		{&some, ""},
		{&listname, "a/b"},
		{&date, "2027-02-29"},
		{&date, "2027-2-09"},
		{&moment, "2026-11-28T08:00:00"},
		{&url, "ftp://h"},
		{&url, "https://"},
		{&url, "https://a b"},
		{&proxy, "socks4://h"},
		{&proxy, "http://"},
		{&field, ": a"},
		{&field, "a b: c"},
		{&pin, "sha256/AAAA="},
		{&host, ""},
		{&host, "a..b"},
		{&host, "."},
		{&owner, "*."},
		{&owner, ""},
		{&ipv4, ""},
		{&ipv4, "::1"},
		{&no_ipv4, "::1"},
		{&ipv6, "192.0.2.1"},
		{&address, "a"},
		{&endpoint, "h@53"},
		{&endpoint, "192.0.2.1@0"},
		{&prefix, "10.1.0.0/8"},
		{&prefix, "mac:02"},
		{&ports, "0"},
		{&ports, "9-8"},
		{&rrtype, "AAAAA"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *line = written(rows[i].form, rows[i].read);

		if (line)
			fail_msg("'%s' is taken, as %s", rows[i].read, line);
	}
}

static void test_expected(void **state)
{
	static const struct {
		const struct value_form *form;
		const char *expected;
	} rows[] = {
		{&number, "a whole number from 2 to 4096"},
		{&octets, "a whole number from 0 to 9 octets"},
		{&size, "a size such as 64MiB, from 0 to 1TiB"},
		{&flag, "true or false"},
		{&level, "error, warning, notice, info or debug"},
		{&text, "text of at most 8 octets, without control characters"},
		{&some, "text of 1 to 8 octets, without control characters"},
		{&date, "a date as YYYY-MM-DD"},
	};
	char buf[VALUE_DESCRIBED_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(value_expected(rows[i].form, buf), rows[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
