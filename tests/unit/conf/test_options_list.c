/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/optioncase.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct conf_section *list_section(void)
{
	return option_section(&conf_section_main, "lists");
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123" /* octets: 64 */

/* Around an option of a list that is fetched. */
#define FETCHED(more)                                                                              \
	"{state: {directory: /s}, lists: [{name: x, action: nxdomain, url: "                       \
	"'https://x.example/', " more "%s}]}\n"

static void test_list(void **state)
{
	static const struct option_case cases[] = {
		{"name", "\"court\"", "\"no/name\"", "lists: [{file: /x, action: nxdomain, %s}]\n"},
		{"url", "\"https://x.example/\"", "\"ftp://x.example/\"",
		 "{state: {directory: /s}, lists: [{name: x, action: nxdomain, %s}]}\n"},
		{"refresh", "1m", "59s", FETCHED("")},
		{"fetch-timeout", "5s", "5ms", FETCHED("")},
		{"max-size", "1MiB", "0", FETCHED("")},
		{"header", "\"X-Key: a\"", "\"no colon\"", FETCHED("")},
		{"client-certificate", "\"/c\"", "\"\"", FETCHED("client-key: /k, ")},
		{"client-key", "\"/k\"", "\"\"", FETCHED("client-certificate: /c, ")},
		{"tls-ca", "\"/ca\"", "[a]", FETCHED("")},
		{"proxy", "\"http://p:1\"", "\"p:1\"", FETCHED("")},
		{"stale-warning", "1d", "3651d", FETCHED("")},
		{"file", "\"/lists/x\"", "\"\"", "lists: [{name: x, action: nxdomain, %s}]\n"},
		{"action", "nxdomain", "block", "lists: [{name: x, file: /x, %s}]\n"},
		{"wildcards", "nearest", "all",
		 "lists: [{name: x, file: /x, action: nxdomain, format: rpz, %s}]\n"},
		OPTION("format", "hosts", "xml"),
		OPTION("addresses", "true", "maybe"),
		OPTION("add-soa", "true", "maybe"),
		OPTION("columns", "{urls: false}", "name"),
		OPTION("match", "exact", "regex"),
		OPTION("dry-run", "true", "2"),
		OPTION("sinkhole", "{ttl: 30s}", "30s"),
		OPTION("reason", "order", "whim"),
		OPTION("mandatory", "true", "5"),
		OPTION("expect-entries", "1000000000", "1000000001"),
		OPTION("min-entries", "1000000000", "1000000001"),
		OPTION("max-change", "1000", "1001"),
		OPTION("max-bad", "100", "101"),
		OPTION("max-skipped", "100", "101"),
		OPTION("on-held", "refuse", "ignore"),
		OPTION("allow-public-suffixes", "true", "com"),
		OPTION("answers", "false", "none"),
		OPTION("findings", "false", "none"),
		OPTION("groups-only", "true", "some"),
		OPTION("valid-from", "\"2026-11-28T07:00:00Z\"", "\"2026-11-28\""),
		OPTION("expires", "\"2026-11-28T07:00:00+01:00\"", "\"tomorrow\""),
		OPTION("lapse", "lift", "end"),
		OPTION("lapse-warning", "1d", "3651d"),
		OPTION("family", "\"waledac\"", "\"" LONG "\""),
		OPTION("authority", "{court: a}", "a"),
	};

	option_check(list_section(), "lists: [{name: x, file: /x, action: nxdomain, %s}]\n", cases,
		     COUNT(cases));
}

/* What has no default has to be said. */
static void test_required(void **state)
{
	static const char *const rows[][2] = {
		{"lists: [{file: /x, action: nxdomain}]\n", "name"},
		{"lists: [{name: x, action: nxdomain}]\n", "file"},
		{"lists: [{name: x, file: /x}]\n", "sinkhole"}, /* which the default action needs */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf *conf = NULL;
		struct err_text text = {""};

		assert_int_equal(conf_parse("f", rows[i][0], strlen(rows[i][0]), &conf, &text),
				 ERR_CONFIG);
		if (!strstr(text.text, rows[i][1]))
			fail_msg("row %zu: %s", i, text.text);
	}
}

#define TABLE "lists: [{name: x, file: /x, action: nxdomain, format: csv, columns: {%s}}]\n"

static void test_columns(void **state)
{
	static const struct option_case cases[] = {
		{"preset", "threatfox", "misp", TABLE},
		{"name", "\"domain|host\"", "[domain]", TABLE},
		{"address", "\"ip\"", "[ip]", TABLE},
		OPTION("insert", "\"from\"", "{a: b}"),
		OPTION("delete", "\"until\"", "\"a\\nb\""),
		OPTION("score", "\"confidence\"", "[a]"),
		OPTION("sinkhole", "\"to\"", "[a]"),
		OPTION("family", "\"malware|threat\"", "[a]"),
		OPTION("ticket", "\"case\"", "{a: b}"),
		OPTION("separator", "\"tab\"", "\"ab\""),
		OPTION("least-score", "4294967295", "4294967296"),
		OPTION("below-score", "4294967295", "-1"),
		OPTION("urls", "false", "some"),
	};

	option_check(option_section(list_section(), "columns"),
		     "lists: [{name: x, file: /x, action: nxdomain, columns: {%s}}]\n", cases,
		     COUNT(cases));
}

static void test_sinkhole(void **state)
{
	static const struct option_case cases[] = {
		OPTION("ipv4", "\"192.0.2.80\"", "\"2001:db8::80\""),
		OPTION("ipv6", "\"2001:db8::80\"", "\"192.0.2.80\""),
		OPTION("null-mx", "true", "mail"),
		OPTION("ttl", "1d", "86401s"),
	};

	option_check(option_section(list_section(), "sinkhole"),
		     "lists: [{name: x, file: /x, action: nxdomain, sinkhole: {%s}}]\n", cases,
		     COUNT(cases));
}

static void test_authority(void **state)
{
	static const struct option_case cases[] = {
		OPTION("court", "\"E.D. Va.\"", "\"a\\nb\""),
		OPTION("case", "\"1:10-cv-156\"", "[1, 2]"),
		OPTION("date", "\"2010-02-22\"", "\"2010-02-30\""),
		OPTION("contact", "\"abuse@example.com\"", "{a: b}"),
		OPTION("url", "\"https://example.com/order\"", "\"ftp://example.com/\""),
		OPTION("remedy", "\"https://example.com/clean\"", "\"javascript:1\""),
		OPTION("public-record", "[\"lumen:1\"]", "[lumen]"),
	};

	option_check(option_section(list_section(), "authority"),
		     "lists: [{name: x, file: /x, action: nxdomain, authority: {%s}}]\n", cases,
		     COUNT(cases));
}

static void test_guard(void **state)
{
	static const struct option_case cases[] = {
		OPTION("protected", "[bank.example]", "[a..b]"),
		OPTION("protected-file", "\"\"", "[a]"),
		OPTION("dnsbl-zones", "[zen.example]", "[\"\"]"),
		OPTION("shortest-ipv4", "32", "33"),
		OPTION("shortest-ipv6", "128", "129"),
		OPTION("protected-addresses", "[192.0.2.0/24]", "[192.0.2.0/33]"),
		OPTION("public-suffixes", "false", "com"),
	};

	option_check(option_section(&conf_section_main, "guard"), "guard: {%s}\n", cases,
		     COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),	  cmocka_unit_test(test_required),
		cmocka_unit_test(test_columns),	  cmocka_unit_test(test_sinkhole),
		cmocka_unit_test(test_authority), cmocka_unit_test(test_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
