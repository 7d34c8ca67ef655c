/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/optioncase.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LISTS                                                                                      \
	"lists:\n"                                                                                 \
	"  - {name: order, file: /a, mandatory: true, action: nxdomain}\n"                         \
	"  - {name: ads, file: /b, action: nxdomain}\n"
#define GROUP LISTS "groups:\n  - {name: one, clients: [192.0.2.1], %s}\n"

static void test_group(void **state)
{
	static const struct option_case cases[] = {
		{"name", "\"two\"", "a b", LISTS "groups:\n  - {clients: [192.0.2.1], %s}\n"},
		{"clients", "[192.0.2.0/24]", "[]", LISTS "groups:\n  - {name: one, %s}\n"},
		OPTION("lists", "[ads]", "[other]"),
		OPTION("without", "[ads]", "[order]"),
		OPTION("sinkhole-ipv4", "\"192.0.2.80\"", "2001:db8::80"),
		OPTION("sinkhole-ipv6", "\"2001:db8::80\"", "192.0.2.80"),
		OPTION("upstreams", "[{address: 192.0.2.53}]", "[192.0.2.53]"),
		{"zones-too", "true", "yes",
		 LISTS "groups:\n  - {name: one, clients: [192.0.2.1], upstreams: [{address: "
		       "192.0.2.53}], "
		       "%s}\n"},
		OPTION("filter-types", "[AAAA, HTTPS]", "[QUAD]"),
		OPTION("schedule", "[{from: \"21:00\", to: \"07:00\"}]", "[{from: \"21:00\"}]"),
	};

	option_check(option_section(&conf_section_main, "groups"), GROUP, cases, COUNT(cases));
}

static void test_schedule(void **state)
{
#define SCHEDULE "groups:\n  - {name: one, clients: [192.0.2.1], schedule: [{"
	static const struct option_case cases[] = {
		OPTION("days", "[mon, sun]", "[monday]"),
		{"from", "\"21:00\"", "\"24:00\"", LISTS SCHEDULE "to: \"07:00\", %s}]}\n"},
		{"to", "\"24:00\"", "\"7:00\"", LISTS SCHEDULE "from: \"21:00\", %s}]}\n"},
		OPTION("time-zone", "\"Europe/Berlin\"", "[a, b]"),
		OPTION("lists", "[ads]", "[other]"),
		OPTION("without", "[ads]", "[order]"),
	};

	option_check(option_section(option_section(&conf_section_main, "groups"), "schedule"),
		     LISTS SCHEDULE "from: \"21:00\", to: \"07:00\", %s}]}\n", cases, COUNT(cases));
}

/* What is wrong between options is told with its line. */
static void test_mistakes(void **state)
{
	static const struct {
		const char *yaml;
		const char *text;
	} rows[] = {
		{LISTS "groups:\n  - {name: a, clients: [192.0.2.1], without: [ads, order]}\n",
		 "f:5:52: groups[0].without[1]: the list order is mandatory, and holds for every "
		 "client"},
		{LISTS "groups:\n  - {name: a, clients: [192.0.2.1], lists: [all, x]}\n",
		 "f:5:50: groups[0].lists[1]: there is no list \"x\""},
		{LISTS "groups:\n  - {name: a, clients: [192.0.2.1]}\n  - {name: a, clients: "
		       "[192.0.2.2]}\n",
		 "f:6:12: groups[1].name: the name \"a\" is given twice"},
		{LISTS "groups:\n  - {name: a, clients: [192.0.2.1]}\n  - {name: b, clients: "
		       "[192.0.2.1]}\n",
		 "f:6:24: groups[1].clients: 192.0.2.1/32 is given to the group a as well"},
		{LISTS "groups:\n  - {name: a, clients: [192.0.2.1], zones-too: true}\n",
		 "f:5:48: groups[0].zones-too: expected upstreams as well, which the zones are "
		 "asked of"},
		{"lists:\n  - {name: all, file: /a, action: nxdomain}\ngroups:\n  - {name: a, "
		 "clients: [192.0.2.1]}\n",
		 "f:2:12: lists[0].name: expected another name: groups say all of all lists"},
		{"lists:\n  - {name: a, file: /a, action: nxdomain, mandatory: true, groups-only: "
		 "true}\n",
		 "f:2:73: lists[0].groups-only: expected false, as the list is mandatory: it holds "
		 "for every client"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err_text text = {""};
		struct conf *conf = NULL;

		assert_int_equal(conf_parse("f", rows[i].yaml, strlen(rows[i].yaml), &conf, &text),
				 ERR_CONFIG);
		assert_string_equal(text.text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
