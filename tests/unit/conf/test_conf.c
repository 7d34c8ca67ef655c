/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/row.h"
#include "support/alloc_fail.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LIST "lists:\n- name: a\n  file: b\n  sinkhole: {ipv4: 192.0.2.1}\n"

static struct conf *parsed(const char *yaml)
{
	struct conf *conf = NULL;
	struct err_text text = {""};

	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return conf;
}

static char *dumped(const struct conf *conf)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(conf_dump(conf, out), ERR_OK);
	assert_int_equal(fclose(out), 0);
	assert_non_null(text); /* without memory for its end there is none */
	return text;
}

/* ---- places */

static void test_locate(void **state)
{
	static const struct {
		const char *text, *place;
	} rows[] = {
		{"outgoing.tls-ca: no such file", "3:11: "},
		{"server.user: nobody of that name", "1:16: "},
		{"server: all of it", "1:9: "},
		{"server.workers: not there", ""},
		{"server.user.name: deeper than it goes", ""},
		{"list waledac: x.txt: no such file", ""},
		{"no option at all", ""},
		{"", ""},
	};
	const char *path = scratch_write(*state, "conf",
					 "server: {user: rooot}\noutgoing:\n"
					 "  tls-ca: /ca.pem\n");

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_mistake mistake = {.mark = {.line = 0}};
		char wanted[256];

		snprintf(mistake.text.text, sizeof(mistake.text.text), "%s", rows[i].text);
		snprintf(wanted, sizeof(wanted), "%s%s%s%s", *rows[i].place ? path : "",
			 *rows[i].place ? ":" : "", rows[i].place, rows[i].text);
		conf_locate(path, &mistake);
		assert_string_equal(mistake.text.text, wanted);
		assert_int_equal(mistake.mark.line > 0, *rows[i].place != 0);
	}
}

/* ---- values */

static void test_defaults(void **state)
{
	struct conf *conf = NULL;
	char buf[ADDR_TEXT_MAX];

	assert_int_equal(conf_default(&conf), ERR_OK);
	assert_int_equal(conf->server.listen_count, 2);
	assert_string_equal(endpoint_text(&conf->server.listen[1], buf, sizeof(buf)), "::1@53");
	assert_int_equal(conf->server.allow_count, 9);
	assert_int_equal(conf->server.allow[8].len, 10);
	assert_int_equal(conf->server.workers, 0);
	assert_int_equal(conf->server.drain_timeout_ms, 2000);
	assert_int_equal(conf->server.log_level, LOG_LEVEL_INFO);
	assert_true(conf->server.cookies);
	assert_string_equal(conf->server.user, "sinkholed");
	assert_string_equal(conf->server.identity, "");
	assert_int_equal(conf->cache.size_bytes, 64 << 20);
	assert_int_equal(conf->cache.max_ttl_s, 86400);
	assert_int_equal(conf->outgoing.timeout_ms, 4000);
	assert_int_equal(conf->upstreams_count, 0);
	assert_int_equal(conf->lists_count, 0);
	assert_int_equal(conf->guard.protected_count, 0);
	assert_true(conf->guard.public_suffixes);
	assert_string_equal(conf->state.directory, "");
	conf_free(conf);
	conf_free(NULL);
	conf = NULL;
	assert_int_equal(conf_parse("f", NULL, 0, &conf, NULL), ERR_OK);
	conf_free(conf);
}

/* Texts that say nothing. */
static void test_empty(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"# only this\n",
		"---\n",
		"---\n...\n",
		"{}\n",
		"server:\n",
		"server: {}\n",
		"server:\nlists:\nupstreams:\n",
		"lists: []\n",
		"\xef\xbb\xbfserver:\n",
	};
	struct conf *conf;
	char *expected;

	assert_int_equal(conf_default(&conf), ERR_OK);
	expected = dumped(conf);
	conf_free(conf);
	for (size_t i = 0; i < COUNT(texts); i++) {
		char *text;

		conf = parsed(texts[i]);
		text = dumped(conf);
		assert_string_equal(text, expected);
		free(text);
		conf_free(conf);
	}
	free(expected);
}

/* A text, and a line of what is dumped of it. */
static const struct {
	const char *yaml;
	const char *line;
} values[] = {
	{"server: {workers: 256}", "  workers: 256"},
	{"local: {names: [{name: A.Example., ipv4: [192.0.2.1]}]}", "    - name: \"a.example\""},
	{"local: {names: [{name: '*.A.Example', ipv4: [192.0.2.1]}]}",
	 "    - name: \"*.a.example\""},
	{"local: {names: [{name: a, ipv6: [2001:DB8::1, '::2']}]}", "        - \"2001:db8::1\""},
	{"local: {names: [{name: a, txt: ['x \"y\"']}]}", "        - \"x \\\"y\\\"\""},
	{"local: {names: [{name: a, txt: ['']}]}", "        - \"\""},
	{"local: {names: [{name: a.example, cname: www.example.}]}",
	 "      cname: \"www.example\""},
	{"local: {special-use: false}", "  special-use: false"},
	{"local: {ttl: 1h}", "  ttl: 1h"},
	{"server: {workers: '7'}", "  workers: 7"},
	{"server: {workers: 007}", "  workers: 7"},
	{"server: {listen: [192.0.2.1]}", "    - \"192.0.2.1@53\""},
	{"cache: {types: [{type: TXT}]}", "    - type: TXT"},
	{"cache: {types: [{type: https}]}", "    - type: HTTPS"},
	{"cache: {types: [{type: TYPE16}]}", "    - type: TXT"},
	{"cache: {types: [{type: type65280}]}", "    - type: TYPE65280"},
	{"cache: {types: [{type: TYPE65535}]}", "    - type: TYPE65535"},
	{"cache: {types: [{type: ANY}]}", "    - type: ANY"},
	{"cache: {types: [{type: ANY, share: 7}]}", "      share: 7"},
	{"cache: {keep: false}", "  keep: false"},
	{"server: {listen: [\"[::1]@5353\"]}", "    - \"::1@5353\""},
	{"server: {allow: []}", "  allow: []"},
	{"server: {allow: [192.0.2.1]}", "    - \"192.0.2.1/32\""},
	{"server: {allow: [\"::ffff:192.0.2.0/120\"]}", "    - \"192.0.2.0/24\""},
	{"server:\n  allow:\n  - 2001:db8::/32\n", "    - \"2001:db8::/32\""},
	{"server: {log-level: debug}", "  log-level: debug"},
	{"server: {drain-timeout: 0}", "  drain-timeout: 0"},
	{"server: {drain-timeout: 0s}", "  drain-timeout: 0"},
	{"server: {drain-timeout: 1500ms}", "  drain-timeout: 1500ms"},
	{"server: {drain-timeout: 1m}", "  drain-timeout: 1m"},
	{"server: {cookies: false}", "  cookies: false"},
	{"server: {identity: 'a \"b\" \\c'}", "  identity: \"a \\\"b\\\" \\\\c\""},
	{"server: {identity: \"z\\u00fcrich \\u2713\"}",
	 "  identity: \"z\xc3\xbcrich \xe2\x9c\x93\""},
	{"server: {identity: ~}", "  identity: \"~\""},
	{"server: {identity: }", "  identity: \"\""},
	{"cache: {size: 0}", "  size: 0"},
	{"cache: {size: 1TiB}", "  size: 1TiB"},
	{"cache: {size: 1000}", "  size: 1000"},
	{"cache: {size: 1536KiB}", "  size: 1536KiB"},
	{"cache: {size: 1024KiB}", "  size: 1MiB"},
	{"cache: {max-ttl: 90}", "  max-ttl: 90s"},
	{"cache: {max-ttl: 1w}", "  max-ttl: 1w"},
	{"cache: {max-ttl: 120s}", "  max-ttl: 2m"},
	{"upstreams: [{address: 192.0.2.10}]", "  - address: \"192.0.2.10@53\""},
	{"upstreams:\n- address: 2001:db8::1@5353\n", "  - address: \"2001:db8::1@5353\""},
	{LIST, "      ipv4: \"192.0.2.1\""},
	{LIST "  match: exact", "    match: exact"},
	{LIST "  action: tcp-only", "    action: tcp-only"},
	{LIST "  authority: {date: 2024-02-29}", "      date: \"2024-02-29\""},
	{LIST "  authority: {date: ''}", "      date: \"\""},
	{LIST "  authority: {url: 'https://example.com/a?b#c'}",
	 "      url: \"https://example.com/a?b#c\""},
	{LIST "- {name: b, file: c, action: nxdomain}", "  - name: \"b\""},
	{"guard: {protected: [WWW.Example.COM., _x.example]}", "    - \"www.example.com\""},
	{"guard: {public-suffixes: false}", "  public-suffixes: false"},
	{"state: {directory: run/state}", "  directory: \"run/state\""},
};

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++) {
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	}
	return false;
}

static void test_values(void **state)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		struct conf *conf = parsed(values[i].yaml);
		char *text = dumped(conf);

		if (!has_line(text, values[i].line))
			fail_msg("'%s': no line '%s' in\n%s", values[i].yaml, values[i].line, text);
		free(text);
		conf_free(conf);
	}
}

static void test_list_fields(void **state)
{
	struct conf *conf = parsed(LIST "  action: refused\n  reason: order\n  mandatory: true\n"
					"  max-change: 20\n  authority: {case: \"7\", court: C}\n"
					"- {name: n, file: f, action: pass, format: hosts}\n");
	const struct conf_list *list = &conf->lists[0];
	char buf[INET6_ADDRSTRLEN];

	assert_int_equal(conf->lists_count, 2);
	assert_string_equal(list->name, "a");
	assert_string_equal(list->file, "b");
	assert_int_equal(list->action, ACTION_REFUSED);
	assert_int_equal(list->reason, REASON_ORDER);
	assert_int_equal(list->match, CONF_MATCH_SUBTREE);
	assert_true(list->mandatory);
	assert_int_equal(list->max_change_percent, 20);
	assert_int_equal(list->max_bad_percent, 50);
	assert_int_equal(list->min_entries, 1);
	assert_int_equal(list->sinkhole.ttl_s, 60);
	assert_string_equal(ip_text(&list->sinkhole.ipv4, buf, sizeof(buf)), "192.0.2.1");
	assert_int_equal(list->sinkhole.ipv6.family, 0);
	assert_string_equal(list->authority.case_id, "7");
	assert_string_equal(list->authority.court, "C");
	assert_string_equal(list->authority.date, "");
	assert_int_equal(conf->lists[1].format, LIST_FORMAT_HOSTS);
	assert_int_equal(conf->lists[1].action, ACTION_PASS);
	assert_int_equal(conf->lists[1].reason, REASON_OPERATOR);
	conf_free(conf);
}

/* ---- what is wrong, and how it is told */

#define WORKERS "expected a whole number from 0 to 256, got "

#define RRTYPE_EXPECTED                                                                            \
	"f:1:24: cache.types[0].type: expected a record type such as TXT or TYPE65280, got "

static const struct {
	const char *yaml;
	const char *text;
} wrong[] = {
	/* values */
	{"server:\n  workers: many\n", "f:2:12: server.workers: " WORKERS "\"many\""},
	{"server: {workers: 257}", "f:1:19: server.workers: " WORKERS "\"257\""},
	{"server: {workers: -1}", "f:1:19: server.workers: " WORKERS "\"-1\""},
	{"server: {workers: 1.5}", "f:1:19: server.workers: " WORKERS "\"1.5\""},
	{"server: {workers: 0x10}", "f:1:19: server.workers: " WORKERS "\"0x10\""},
	{"server: {workers: 99999999999999999999999}",
	 "f:1:19: server.workers: " WORKERS "\"99999999999999999999999\""},
	{"server: {workers: \" 1\"}", "f:1:19: server.workers: " WORKERS "\" 1\""},
	{"server: {workers: }", "f:1:19: server.workers: " WORKERS "nothing"},
	{"server: {workers: \"\"}", "f:1:19: server.workers: " WORKERS "\"\""},
	{"server: {workers: [1]}", "f:1:19: server.workers: " WORKERS "a list"},
	{"server: {workers: {a: 1}}",
	 "f:1:19: server.workers: " WORKERS "a mapping (text with a colon needs quotes)"},
	{"server: {udp-size: 511}",
	 "f:1:20: server.udp-size: expected a whole number from 512 to 4096 octets, got \"511\""},
	{"server: {cookies: maybe}",
	 "f:1:19: server.cookies: expected true or false, got \"maybe\""},
	{"server: {log-level: loud}",
	 "f:1:21: server.log-level: expected error, warning, notice, info or debug, got \"loud\""},
	{"server: {drain-timeout: 5}", "f:1:25: server.drain-timeout: expected a duration such as "
				       "250ms or 5s, from 0 to 1m, got \"5\""},
	{"server: {drain-timeout: 5 s}",
	 "f:1:25: server.drain-timeout: expected a duration such as "
	 "250ms or 5s, from 0 to 1m, got \"5 s\""},
	{"cache: {size: 64MB}",
	 "f:1:15: cache.size: expected a size such as 64MiB, from 0 to 1TiB, "
	 "got \"64MB\""},
	{"cache: {size: 18446744073709551615TiB}",
	 "f:1:15: cache.size: expected a size such as 64MiB, from 0 to 1TiB, got "
	 "\"18446744073709551615TiB\""},
	{"cache: {max-ttl: 2w}",
	 "f:1:18: cache.max-ttl: expected seconds, or a time such as 1h, from "
	 "0 to 1w, got \"2w\""},
	{"server: {listen: [localhost]}", "f:1:19: server.listen[0]: expected an address and port "
					  "such as 192.0.2.10@53, got \"localhost\""},
	{"server:\n  listen:\n  - 127.0.0.1@53\n  - 127.0.0.1@0\n",
	 "f:4:5: server.listen[1]: expected an address and port such as 192.0.2.10@53, got "
	 "\"127.0.0.1@0\""},
	{"server: {allow: [10.1.0.0/8]}", "f:1:18: server.allow[0]: expected a network such as "
					  "192.0.2.0/24, with no bits set behind "
					  "its length, got \"10.1.0.0/8\""},
	{"guard: {protected: [a..b]}",
	 "f:1:21: guard.protected[0]: expected a host name such as example.com, got \"a..b\""},
	{"guard: {protected: [.]}",
	 "f:1:21: guard.protected[0]: expected a host name such as example.com, got \".\""},
	{"server: {user: ''}",
	 "f:1:16: server.user: expected text of 1 to 32 octets, without control "
	 "characters, got \"\""},
	{"server: {identity: \"a\\tb\"}", "f:1:20: server.identity: expected text of at most 255 "
					  "octets, without control characters, got \"a?b\""},
	{"server: {identity: \"a\\u2028b\"}", "f:1:20: server.identity: expected text of at most "
					      "255 octets, without control characters, "
					      "got \"a\xe2\x80\xa8"
					      "b\""},
	{"server: {identity: \"a\\0b\"}", "f:1:20: server.identity: a NUL character in the text"},
	{"lists: [{name: 'a b', file: c}]",
	 "f:1:16: lists[0].name: expected a name of 1 to 63 letters, digits, dots, hyphens and "
	 "underscores, got \"a b\""},
	{LIST "  sinkhole: {}\n", "f:5:3: lists[0].sinkhole: given twice, first in line 4"},
	{"lists: [{name: a, file: c, sinkhole: {ipv4: '::1'}}]",
	 "f:1:45: lists[0].sinkhole.ipv4: expected an IPv4 address such as 192.0.2.1, got \"::1\""},
	{"lists: [{name: a, file: c, sinkhole: {ipv6: '::ffff:192.0.2.1'}}]",
	 "f:1:45: lists[0].sinkhole.ipv6: expected an IPv6 address such as 2001:db8::1, got "
	 "\"::ffff:192.0.2.1\""},
	{LIST "  authority: {date: 2023-02-29}",
	 "f:5:21: lists[0].authority.date: expected a date as YYYY-MM-DD, got \"2023-02-29\""},
	{LIST "  authority: {date: 2023-13-01}",
	 "f:5:21: lists[0].authority.date: expected a date as YYYY-MM-DD, got \"2023-13-01\""},
	{LIST "  authority: {date: 22 February 2010}",
	 "f:5:21: lists[0].authority.date: expected a date as YYYY-MM-DD, got \"22 February "
	 "2010\""},
	{LIST "  authority: {url: 'javascript:x'}",
	 "f:5:20: lists[0].authority.url: expected a URL that begins with http:// or https://, got "
	 "\"javascript:x\""},
	{LIST "  authority: {url: 'http://a\"b'}",
	 "f:5:20: lists[0].authority.url: expected a URL that begins with http:// or https://, got "
	 "\"http://a\"b\""},
	{LIST "  format: xml\n", "f:5:11: lists[0].format: expected auto, names, hosts, adblock, "
				 "addresses, rpz, csv or json, got \"xml\""},

	/* keys */
	{"server: {wrokers: 1}",
	 "f:1:10: server: unknown option \"wrokers\", did you mean \"workers\"?"},
	{"server: {tcp_idle_timeout: 1}",
	 "f:1:10: server: unknown option \"tcp_idle_timeout\", did you mean \"tcp-idle-timeout\"?"},
	{"sever: {}", "f:1:1: unknown option \"sever\", did you mean \"server\"?"},
	{"server: {watch: true}",
	 "f:1:10: server: unknown option \"watch\": it is in no section, and its "
	 "line not set in"},
	{"lists: [{path: x}]",
	 "f:1:10: lists[0]: unknown option \"path\"; a list is read from \"file\", or "
	 "fetched from \"url\""},
	{"listen: []", "f:1:1: unknown option \"listen\", did you mean \"server.listen\"?"},
	{"lists: [{name: a, fle: b}]",
	 "f:1:19: lists[0]: unknown option \"fle\", did you mean \"file\"?"},
	{"lists: [{name: a, action: nxdomain, url: 'https://example.com/'}]",
	 "f:1:42: lists[0].url: expected state.directory as well, where what is fetched is kept"},
	{"state: {directory: /s}\n" LIST "  url: 'https://example.com/'\n",
	 "f:4:9: lists[0].file: expected a file or a url, not both; of a url the copy is "
	 "/s/fetched/a.list"},
	{"server: {url: x}", "f:1:10: server: unknown option \"url\", did you mean \"lists.url\"?"},
	{LIST "  ttl: 5\n",
	 "f:5:3: lists[0]: unknown option \"ttl\", did you mean \"lists.sinkhole.ttl\"?"},
	{"server: {colour: red}", "f:1:10: server: unknown option \"colour\""},
	{"x: 1", "f:1:1: unknown option \"x\""},
	{"server: {\"a\\nb\": 1}", "f:1:10: server: unknown option \"a?b\""},
	{"server: {\"workers\\0\": 1}",
	 "f:1:10: server: unknown option \"workers\", did you mean \"server.workers\"?"},
	{"server: {[a]: 1}", "f:1:10: server: expected the name of an option before ':'"},
	{"server: {? {a: b} : 1}", "f:1:12: server: expected the name of an option before ':'"},
	{"server:\n  workers: 1\n  udp-size: 1232\n  workers: 2\n",
	 "f:4:3: server.workers: given twice, first in line 2"},
	{"cache: {}\ncache: {}\n", "f:2:1: cache: given twice, first in line 1"},
	{"upstreams: [{}]", "f:1:13: upstreams[0]: the required option \"address\" is missing"},
	{"lists:\n  - name: a\n",
	 "f:2:5: lists[0]: the required option \"file\" is missing, or \"url\""},
	{"<<: {}", "f:1:1: unknown option \"<<\""},
	{"server: {<<: {workers: 2}}", "f:1:10: server: unknown option \"<<\""},
	{"server: {<<: *x}",
	 "f:1:14: anchors and aliases are not taken (text that begins with & or * "
	 "needs quotes)"},

	/* shapes */
	{"server: 5", "f:1:9: server: expected options, as \"name: value\", got \"5\""},
	{"server: [1]", "f:1:9: server: expected options, as \"name: value\", got a list"},
	{"server: ''", "f:1:9: server: expected options, as \"name: value\", got \"\""},
	{"- a", "f:1:1: expected options, as \"name: value\", got a list"},
	{"~", "f:1:1: expected options, as \"name: value\", got \"~\""},
	{"server: {listen: 127.0.0.1@53}",
	 "f:1:18: server.listen: expected a list, as [ITEM, ITEM], "
	 "got \"127.0.0.1@53\""},
	{"server: {listen: {a: b}}",
	 "f:1:18: server.listen: expected a list, as [ITEM, ITEM], got a mapping"},
	{"server: {allow: }",
	 "f:1:17: server.allow: expected a list, as [ITEM, ITEM], got nothing"},
	{"server: {listen: []}", "f:1:18: server.listen: expected at least 1 items, got 0"},
	{"server: {listen: [[]]}", "f:1:19: server.listen[0]: expected an address and port such as "
				   "192.0.2.10@53, got a list"},
	{"server: {listen: [{a: b}]}",
	 "f:1:19: server.listen[0]: expected an address and port such as 192.0.2.10@53, got a "
	 "mapping (text with a colon needs quotes)"},
	{"server: {listen: [ , ]}", NULL},
	{"lists: {name: a}", "f:1:8: lists: expected a list, as [ITEM, ITEM], got a mapping"},
	{"lists: [a]", "f:1:9: lists[0]: expected options, as \"name: value\", got \"a\""},
	{"lists:\n-\n", "f:2:2: lists[0]: expected options, got nothing"},
	{"upstreams: [192.0.2.1]",
	 "f:1:13: upstreams[0]: expected options, as \"address: value\", got \"192.0.2.1\""},

	/* what does not go together */
	{"cache: {min-ttl: 1h, max-ttl: 1m}",
	 "f:1:18: cache.min-ttl: expected at most max-ttl, 60s, got 3600s"},
	{"cache: {max-ttl: 0, min-ttl: 1}",
	 "f:1:30: cache.min-ttl: expected at most max-ttl, 0s, got 1s"},
	{"cache: {types: [{type: TXT}, {type: MX}, {type: TYPE16}]}",
	 "f:1:49: cache.types[2].type: the type is given twice"},
	{"cache: {types: [{share: 5}]}",
	 "f:1:17: cache.types[0]: the required option \"type\" is missing"},
	{"cache: {types: [{type: TXTX}]}", RRTYPE_EXPECTED "\"TXTX\""},
	{"cache: {types: [{type: TYPE0}]}", RRTYPE_EXPECTED "\"TYPE0\""},
	{"cache: {types: [{type: TYPE65536}]}", RRTYPE_EXPECTED "\"TYPE65536\""},
	{"cache: {types: [{type: TYPE7x}]}", RRTYPE_EXPECTED "\"TYPE7x\""},
	{"cache: {types: [{type: OPT}]}", RRTYPE_EXPECTED "\"OPT\""},
	{"cache: {types: [{type: AXFR}]}", RRTYPE_EXPECTED "\"AXFR\""},
	{"cache: {types: [{type: ''}]}", RRTYPE_EXPECTED "\"\""},
	{"outgoing: {timeout: 500ms, retransmit: 500ms}",
	 "f:1:40: outgoing.retransmit: expected less than timeout, 500ms, got 500ms"},
	{"outgoing: {timeout: 500ms, retransmit: 2s}",
	 "f:1:40: outgoing.retransmit: expected less than timeout, 500ms, got 2000ms"},
	{"server: {listen: ['::1', 127.0.0.1, '[::1]@53']}",
	 "f:1:37: server.listen[2]: ::1@53 is given twice"},
	{"upstreams: [{address: 192.0.2.1}, {address: 192.0.2.1@53}]",
	 "f:1:45: upstreams[1].address: 192.0.2.1@53 is given twice"},
	{"upstreams: [{address: 127.0.0.1}]",
	 "f:1:23: upstreams[0].address: 127.0.0.1@53 is what server.listen answers on"},
	{"server: {listen: [0.0.0.0]}\nupstreams: [{address: 127.0.0.2}]",
	 "f:2:23: upstreams[0].address: 127.0.0.2@53 is what server.listen answers on"},
	{"upstreams: [{address: 0.0.0.0}]",
	 "f:1:23: upstreams[0].address: 0.0.0.0@53 is what server.listen answers on"},
	{"upstreams: [{address: 192.0.2.1, transport: tls}]",
	 "f:1:45: upstreams[0].transport: expected tls-name or tls-pins as well, by which the "
	 "upstream of a TLS connection is known"},
	{"upstreams:\n- {address: 192.0.2.1, transport: udp, tls-name: a.example}\n",
	 "f:2:35: upstreams[0].transport: expected tls or auto, as tls-name or tls-pins is given"},
	{"upstreams: [{address: 192.0.2.1, tls-pins: [sha256/AAAA]}]",
	 "f:1:45: upstreams[0].tls-pins[0]: expected sha256/ and the Base64 of a SHA-256 digest, "
	 "got \"sha256/AAAA\""},
	{"upstreams: [{address: 192.0.2.1, tls-name: a b}]",
	 "f:1:44: upstreams[0].tls-name: expected a host name such as example.com, got \"a b\""},
	{"forward: [{zone: '', upstreams: [{address: 192.0.2.1}]}]",
	 "f:1:18: forward[0].zone: expected a host name such as example.com, got \"\""},
	{"forward: [{zone: a.example}]",
	 "f:1:11: forward[0].upstreams: expected one upstream at least"},
	{"forward: [{upstreams: [{address: 192.0.2.1}]}]",
	 "f:1:11: forward[0]: the required option \"zone\" is missing"},
	{"forward:\n- {zone: a.example, upstreams: [{address: 192.0.2.1}]}\n"
	 "- {zone: A.example., upstreams: [{address: 192.0.2.1}]}\n",
	 "f:3:10: forward[1].zone: the zone a.example is given twice"},
	{"forward:\n- {zone: a.example, upstreams: [{address: 192.0.2.1}, {address: 127.0.0.1}]}\n",
	 "f:2:65: forward[0].upstreams[1].address: 127.0.0.1@53 is what server.listen answers on"},
	{"local: {names: [{name: a b, ipv4: [192.0.2.1]}]}",
	 "f:1:24: local.names[0].name: expected a host name such as example.com, or "
	 "\"*.example.com\" for all names below it, got \"a b\""},
	{"local: {names: [{name: '*', ipv4: [192.0.2.1]}]}", NULL},
	{"local: {names: [{name: '*.', ipv4: [192.0.2.1]}]}", NULL},
	{"local: {names: [{name: a.*.b, ipv4: [192.0.2.1]}]}", NULL},
	{"local: {names: [{name: a, ipv4: ['::1']}]}",
	 "f:1:34: local.names[0].ipv4[0]: expected an IPv4 address such as 192.0.2.1, got \"::1\""},
	{"local: {names: [{name: a, ipv4: ['']}]}",
	 "f:1:34: local.names[0].ipv4[0]: expected an IPv4 address such as 192.0.2.1, got \"\""},
	{"local: {names: [{name: a, ipv6: [192.0.2.1]}]}", NULL},
	{"local:\n  names:\n  - {name: a.example}\n",
	 "f:3:12: local.names[0].name: expected one of ipv4, ipv6, cname, ptr and txt as well"},
	{"local:\n  names:\n  - {name: a.example, ipv4: [192.0.2.1]}\n"
	 "  - {name: b.example, ipv4: [192.0.2.1]}\n  - {name: A.example., txt: [x]}\n",
	 "f:5:12: local.names[2].name: the name a.example is given twice, first in line 3"},
	{"local:\n  names:\n  - {name: '*.a.example', ipv4: [192.0.2.1]}\n"
	 "  - {name: '*.a.example', txt: [x]}\n",
	 "f:4:12: local.names[1].name: the name *.a.example is given twice, first in line 3"},
	{"local:\n  names:\n  - {name: a.example, ipv4: [192.0.2.1], cname: b.example}\n",
	 "f:3:49: local.names[0].cname: expected nothing beside it, as the name stands for "
	 "another"},
	{"local: {names: [{name: '*.a.example', cname: b.a.example}]}",
	 "f:1:46: local.names[0].cname: expected an end after 8 names at most, got a loop or more"},
	{"local:\n  names:\n  - {name: a.example, cname: b.example}\n"
	 "  - {name: b.example, cname: a.example}\n",
	 "f:3:30: local.names[0].cname: expected an end after 8 names at most, got a loop or more"},
	{LIST "- name: c\n  file: b\n  action: pass\n- name: a\n  file: d\n",
	 "f:8:9: lists[2].name: the name \"a\" is taken, by the list in line 2"},
	{"lists:\n- {name: a, file: b}\n",
	 "f:2:3: lists[0].sinkhole: expected ipv4, ipv6 or both, which action sinkhole answers"},
	{"lists:\n- {name: a, file: b, sinkhole: {ttl: 5}}\n",
	 "f:2:32: lists[0].sinkhole: expected ipv4, ipv6 or both, which action sinkhole answers"},
	{"lists: [{name: a, file: b, action: pass, mandatory: true}]",
	 "f:1:53: lists[0].mandatory: expected false, as the list's action is pass, which gives the"
	 " true answer"},
	{"lists: [{name: a, file: b, action: tcp-only, mandatory: true}]",
	 "f:1:57: lists[0].mandatory: expected false, as the list's action is tcp-only, which gives"
	 " the true answer"},
	{LIST "  expect-entries: 5\n  min-entries: 6\n",
	 "f:5:19: lists[0].expect-entries: expected at least min-entries, 6, got 5"},

	/* not YAML, or more of YAML than is taken */
	{"server:\n\tworkers: 1\n", "f:2:1: not YAML: a tab in the indent; use spaces"},
	{"server:\n  listen: [::1@53]\n",
	 "f:2:12: not YAML: what begins with colons, as ::1, needs quotes"},
	{"upstreams: [{address: ::1@53}]",
	 "f:1:23: not YAML: what begins with colons, as ::1, needs quotes"},
	{"server:\n  \tworkers: 1\n\tx", NULL},
	{"server: {workers: 1\n", NULL},
	{"server: \"a", "f:1:11: not YAML: found unexpected end of stream, while scanning a quoted "
			"scalar begun in line 1"},
	{"a: b: c", "f:1:5: not YAML: mapping values are not allowed in this context"},
	{"a: 1\n  b: 2\n c: 3\n", NULL},
	{"a: \x01", "f:1:4: not YAML: control characters are not allowed"},
	{"\n\na: \xff\n", "f:3:4: not YAML: invalid leading UTF-8 octet"},
	{"a: \xc3", "f:1:4: not YAML: incomplete UTF-8 octet sequence"},
	{"server: &x {workers: 1}",
	 "f:1:9: anchors and aliases are not taken (text that begins with "
	 "& or * needs quotes)"},
	{"server: *x",
	 "f:1:9: anchors and aliases are not taken (text that begins with & or * needs "
	 "quotes)"},
	{"guard: {protected: [*.example.com]}", NULL},
	{"server: !!map {}", "f:1:9: tags are not taken (text that begins with ! needs quotes)"},
	{"server: {}\n---\nserver: {}\n", "f:2:1: a second document; a configuration is one"},
	{"[[[[[[[[[[[[[[[[[[[[", "f:1:17: nested deeper than 16 levels"},
	{"a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}}}}}}}}",
	 "f:1:64: nested deeper than 16 levels"},
	{"%YAML 9.9\n---\n", NULL},
};

static void test_wrong(void **state)
{
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct conf *conf = NULL;
		struct err_text text = {""};
		const char *yaml = wrong[i].yaml;

		if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_CONFIG)
			fail_msg("'%s' is taken", yaml);
		assert_null(conf);
		if (wrong[i].text && strcmp(wrong[i].text, text.text) != 0)
			fail_msg("'%s'\nsays '%s'\n not '%s'", yaml, text.text, wrong[i].text);
		assert_int_equal(strncmp(text.text, "f:", 2), 0);
		assert_null(strpbrk(text.text, "\n\r\t"));
		assert_int_equal(conf_parse("f", yaml, strlen(yaml), &conf, NULL), ERR_CONFIG);
	}
}

/* What is shown of the file, and its name, is cut, and not inside a character. */
static void test_wrong_long(void **state)
{
	struct conf *conf = NULL;
	struct err_text text = {""};
	char yaml[2048];
	char name[1024];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	strcpy(yaml, "server: {workers: a");
	for (int i = 0; i < 500; i++)
		strcat(yaml, "\xc3\xbc");
	strcat(yaml, "}");
	assert_int_equal(conf_parse(name, yaml, strlen(yaml), &conf, &text), ERR_CONFIG);
	assert_non_null(strstr(text.text, "...n"));
	assert_non_null(strstr(text.text, "n:1:19: server.workers: " WORKERS "\"a\xc3\xbc"));
	assert_string_equal(text.text + strlen(text.text) - 6, "\xc3\xbc\"...");
}

/* As much as there can be of each, and one more. */
static void test_counts(void **state)
{
	static const struct {
		const char *head;
		const char *before; /* and after: of the number of an item */
		const char *after;
		size_t most;
		const char *text;
	} cases[] = {
		{"server:\n  listen:\n", "  - 192.0.2.1@", "\n", CONF_LISTEN_MAX,
		 "f:3:3: server.listen: expected at most 64 items, got 65"},
		{"server:\n  allow:\n", "  - 0.0.0.", "\n", 255, NULL},
		{"upstreams:\n", "- address: 192.0.2.", "\n", CONF_UPSTREAMS_MAX,
		 "f:2:1: upstreams: expected at most 16 items, got 17"},
		{"lists:\n", "- {name: n", ", file: f, action: drop}\n", CONF_LISTS_MAX,
		 "f:2:1: lists: expected at most 4096 items, got 4097"},
		{"guard:\n  protected:\n", "  - n", ".example\n", CONF_NAMES_MAX,
		 "f:3:3: guard.protected: expected at most 4096 items, got 4097"},
		{"x:\n", "- ", "\n", 70000, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf *conf = NULL;
		struct err_text text;
		char *yaml = NULL;
		size_t size;
		FILE *out = open_memstream(&yaml, &size);

		assert_non_null(out);
		fputs(cases[i].head, out);
		for (size_t j = 1; j <= cases[i].most; j++)
			fprintf(out, "%s%zu%s", cases[i].before, j, cases[i].after);
		assert_int_equal(fflush(out), 0);
		assert_non_null(yaml);
		if (cases[i].text) {
			assert_int_equal(conf_parse("f", yaml, size, &conf, NULL), ERR_OK);
			conf_free(conf);
			conf = NULL;
		}
		fprintf(out, "%s%zu%s", cases[i].before, cases[i].most + 1, cases[i].after);
		assert_int_equal(fclose(out), 0);
		assert_non_null(yaml);
		assert_int_equal(conf_parse("f", yaml, size, &conf, &text), ERR_CONFIG);
		assert_null(conf);
		if (cases[i].text)
			assert_string_equal(text.text, cases[i].text);
		free(yaml);
	}
}

/* Aliases that would make 10^9 values of these few octets. */
static void test_billion_laughs(void **state)
{
	struct conf *conf = NULL;
	struct err_text text;
	const char *yaml = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
			   "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
			   "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
			   "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n";

	assert_int_equal(conf_parse("f", yaml, strlen(yaml), &conf, &text), ERR_CONFIG);
	assert_non_null(strstr(text.text, "f:1:4: anchors and aliases are not taken"));
}

/* ---- the rows */

static enum err parse_number(const char *section, const struct conf_row *row, uint64_t number)
{
	struct conf *conf = NULL;
	/* hunts need a place for the ledger */
	const char *place = strcmp(section, "evidence") == 0 ? "state: {directory: /tmp}\n" : "";
	char yaml[160];
	enum err err;

	snprintf(yaml, sizeof(yaml), "%s%s: {%s: %" PRIu64 "%s}\n", place, section, row->key,
		 number, row->form.type == &value_type_duration ? "ms" : "");
	err = conf_parse("f", yaml, strlen(yaml), &conf, NULL);
	conf_free(conf);
	return err;
}

/* Each number is taken at its least and its most, and not beyond. */
static void test_row_ranges(void **state)
{
	size_t numbers = 0;

	for (size_t i = 0; i < conf_section_main.count; i++) {
		const struct conf_row *outer = &conf_section_main.rows[i];

		for (size_t j = 0; outer->kind == CONF_KIND_SECTION && j < outer->section->count;
		     j++) {
			const struct conf_row *row = &outer->section->rows[j];

			if (row->kind != CONF_KIND_VALUE || !row->form.type->units)
				continue;
			numbers++;
			assert_int_equal(parse_number(outer->key, row, row->least), ERR_OK);
			assert_int_equal(parse_number(outer->key, row, row->most), ERR_OK);
			assert_int_equal(parse_number(outer->key, row, row->most + 1), ERR_CONFIG);
			if (row->least > 0)
				assert_int_equal(parse_number(outer->key, row, row->least - 1),
						 ERR_CONFIG);
		}
	}
	assert_true(numbers >= 14);
}

static void check_section(const struct conf_section *section)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];
		size_t len = strlen(row->help);

		assert_int_equal(row->help[len - 1], '.');
		assert_int_equal(strspn(row->key, "abcdefghijklmnopqrstuvwxyz46-"),
				 strlen(row->key));
		assert_true(row->least <= row->most);
		if (row->form.type && row->form.type->units && row->kind == CONF_KIND_VALUE)
			assert_true(row->size == sizeof(uint64_t) || row->most <= UINT32_MAX);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row->key, section->rows[j].key);
		if (row->section)
			check_section(row->section);
	}
}

static void test_rows(void **state)
{
	check_section(&conf_section_main);
}

/* ---- dump */

static const char rich[] =
	"server:\n"
	"  listen: [192.0.2.1@5300, \"2001:db8::1\", \"fe80::1%lo@53\"]\n"
	"  workers: 3\n  allow: [0.0.0.0/0, \"::/0\"]\n  udp-size: 4096\n  user: nobody\n"
	"  identity: \"quoted \\\" and \\\\ and \\u00fc: #no comment\"\n  version: \"true\"\n"
	"  log-level: warning\n  drain-timeout: 250ms\n  cookies: false\n"
	"  tcp-connections: 2\n  tcp-connections-per-client: 1\n  tcp-idle-timeout: 1m\n"
	"  tcp-pipeline: 1\n"
	"cache: {size: 123456789, min-ttl: 61, max-ttl: 7d, max-negative-ttl: 0}\n"
	"outgoing: {timeout: 4900ms, retransmit: 51ms, in-flight: 16, ports: 17, udp-size: 512}\n"
	"upstreams: [{address: 192.0.2.10}, {address: \"2001:db8::10@5353\"}]\n"
	"lists:\n"
	"- name: one\n  file: \"a \\\"b\\\"\"\n  format: adblock\n  match: exact\n"
	"  action: nodata\n  reason: requested\n  mandatory: true\n  expect-entries: 7\n"
	"  min-entries: 0\n  max-change: 1000\n  max-bad: 100\n"
	"  sinkhole: {ipv4: 0.0.0.0, ipv6: \"::\", ttl: 0}\n"
	"  authority: {court: 'C: d', case: '#1', date: 2010-02-22, contact: \"- x\",\n"
	"    url: 'http://example.com'}\n"
	"- {name: two, file: f, sinkhole: {ipv6: \"2001:db8::1\"}}\n"
	"guard: {protected: [example.com, example.net], public-suffixes: false}\n"
	"state: {directory: '/var/lib/x y'}\n";

static void assert_round_trip(const char *yaml)
{
	struct conf *conf = parsed(yaml);
	char *first = dumped(conf);
	struct conf *again = parsed(first);
	char *second = dumped(again);

	assert_string_equal(first, second);
	assert_int_equal(conf_restart_needed(conf, again, NULL, NULL), 0);
	free(second);
	conf_free(again);
	free(first);
	conf_free(conf);
}

static void test_round_trip(void **state)
{
	assert_round_trip("");
	assert_round_trip(rich);
	for (size_t i = 0; i < COUNT(values); i++)
		assert_round_trip(values[i].yaml);
}

/* The rich text has no default in it: each option is dumped with the value it was given. */
static void test_rich_is_dumped(void **state)
{
	static const char *const lines[] = {
		"    - \"fe80::1%lo@53\"",
		"    - \"::/0\"",
		"  identity: \"quoted \\\" and \\\\ and \xc3\xbc: #no comment\"",
		"  version: \"true\"",
		"  size: 123456789",
		"  retransmit: 51ms",
		"  - address: \"2001:db8::10@5353\"",
		"    file: \"a \\\"b\\\"\"",
		"      ipv6: \"::\"",
		"      contact: \"- x\"",
		"  directory: \"/var/lib/x y\"",
	};
	struct conf *conf = parsed(rich);
	char *text = dumped(conf);

	for (size_t i = 0; i < COUNT(lines); i++) {
		if (!has_line(text, lines[i]))
			fail_msg("no line '%s' in\n%s", lines[i], text);
	}
	free(text);
	conf_free(conf);
}

static void test_dump_fails(void **state)
{
	struct conf *conf = parsed("");
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	assert_int_equal(conf_dump(conf, full), ERR_SYS);
	assert_int_equal(conf_write_man(full), ERR_SYS);
	fclose(full);
	conf_free(conf);
}

/* ---- what needs a restart */

static void note(void *arg, const char *option)
{
	char *noted = arg;

	strcat(strcat(noted, option), " ");
}

static const struct {
	const char *running;
	const char *wanted;
	const char *options;
} changes[] = {
	{"", "", ""},
	{rich, rich, ""},
	{"", "server: {workers: 2}", "server.workers "},
	{"server: {workers: 2}", "", "server.workers "},
	{"", "server: {log-level: debug, cookies: false}", ""},
	{"", LIST, ""},
	{"", "cache: {size: 1MiB}\nstate: {directory: x}\n", "cache.size state.directory "},
	{"server: {user: a}", "server: {user: b}", "server.user "},
	{"server: {listen: ['127.0.0.1', '::1']}", "", ""},
	{"server: {listen: ['127.0.0.1']}", "", "server.listen "},
	{"server: {listen: ['::1', '127.0.0.1']}", "", "server.listen "},
};

static void test_restart_needed(void **state)
{
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct conf *running = parsed(changes[i].running);
		struct conf *wanted = parsed(changes[i].wanted);
		char noted[256] = "";
		size_t count = conf_restart_needed(running, wanted, note, noted);
		size_t words = 0;

		for (const char *at = noted; *at; at++)
			words += *at == ' ' ? 1 : 0;
		assert_string_equal(noted, changes[i].options);
		assert_int_equal(count, words);
		conf_free(running);
		conf_free(wanted);
	}
}

/* ---- files */

struct folder {
	struct scratch scratch;
	const char *path;
	char file[128];
};

static int folder_make(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	scratch_make(&folder->scratch);
	folder->path = folder->scratch.path;
	snprintf(folder->file, sizeof(folder->file), "%s/file", folder->path);
	*state = folder;
	return 0;
}

static int folder_remove(void **state)
{
	struct folder *folder = *state;

	scratch_remove(&folder->scratch);
	free(folder);
	return 0;
}

static void file_write(const struct folder *folder, const char *text, size_t len)
{
	FILE *file = fopen(folder->file, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void assert_load_fails(const char *path, enum err err, const char *reason)
{
	struct conf *conf = NULL;
	struct err_text text = {""};

	assert_int_equal(conf_load(path, &conf, &text), err);
	assert_null(conf);
	assert_int_equal(strncmp(text.text, path, strlen(path)), 0);
	assert_string_equal(text.text + strlen(path), reason);
}

static void test_load(void **state)
{
	const struct folder *folder = *state;
	struct conf *conf = NULL;
	struct err_text text;

	file_write(folder, "server: {workers: 9}\n", 21);
	assert_int_equal(conf_load(folder->file, &conf, &text), ERR_OK);
	assert_int_equal(conf->server.workers, 9);
	conf_free(conf);
	file_write(folder, "server:\n  workers: 999\n", 23);
	assert_load_fails(folder->file, ERR_CONFIG, ":2:12: server.workers: " WORKERS "\"999\"");
}

/* Mistakes of every kind in one file. */
static const char many[] = "server:\n  workers: many\n  listen: [localhost, 192.0.2.1, 192.0.2.1]\n"
			   "lists:\n- name: 'a b'\n  colour: red\n"
			   "- {name: b, file: f, action: pass, mandatory: true}\n-\n- 5\n"
			   "surver: 1\n"
			   "cache: {min-ttl: 2h, max-ttl: 1h}\n"
			   "outgoing: {retransmit: 2s, timeout: soon}\n"
			   "server: 1\n";

/* What may follow from another mistake is not told: that the list has no file and no sinkhole;
 * that retransmit is over the default of timeout. */
static void test_mistakes(void **state)
{
	static const char *const texts[] = {
		":2:12: server.workers: ",
		":3:12: server.listen[0]: ",
		":3:34: server.listen[2]: 192.0.2.1@53 is given twice",
		":5:9: lists[0].name: ",
		":6:3: lists[0]: unknown option \"colour\"",
		":7:47: lists[1].mandatory: ",
		":8:2: lists[2]: expected options, got nothing",
		":9:3: lists[3]: expected options, as \"name: value\", got \"5\"",
		":10:1: unknown option \"surver\", did you mean \"server\"?",
		":11:18: cache.min-ttl: ",
		":12:37: outgoing.timeout: ",
		":13:1: server: given twice, first in line 1",
	};
	const struct folder *folder = *state;
	struct conf_mistakes mistakes;
	struct conf *conf = NULL;
	struct err_text text;

	file_write(folder, many, sizeof(many) - 1);
	assert_int_equal(conf_load_all(folder->file, &conf, &mistakes), ERR_CONFIG);
	assert_null(conf);
	for (size_t i = 0; i < mistakes.count && i < COUNT(texts); i++) {
		const char *told = mistakes.list[i].text.text + strlen(folder->file);

		if (strncmp(told, texts[i], strlen(texts[i])) != 0)
			fail_msg("'%s' instead of '%s'", told, texts[i]);
	}
	assert_int_equal(mistakes.count, COUNT(texts));
	assert_int_equal(conf_load(folder->file, &conf, &text), ERR_CONFIG);
	assert_int_equal(
		strncmp(text.text, mistakes.list[0].text.text, strlen(mistakes.list[0].text.text)),
		0);
	assert_non_null(strstr(text.text, "; 11 more: `sinkholed --check` tells all"));
}

/* What could be read is there beside the mistakes; of what is no YAML there is nothing. */
static void test_draft(void **state)
{
	const struct folder *folder = *state;
	struct conf_mistakes mistakes;
	struct conf *conf = NULL;

	file_write(folder, many, sizeof(many) - 1);
	assert_int_equal(conf_load_draft(folder->file, &conf, &mistakes), ERR_CONFIG);
	assert_int_equal(mistakes.count, 12);
	assert_non_null(conf);
	assert_int_equal(conf->lists_count, 4);
	assert_string_equal(conf->lists[1].name, "b");
	assert_string_equal(conf->lists[1].file, "f");
	conf_free(conf);
	file_write(folder, "lists: [\n", 9);
	assert_int_equal(conf_load_draft(folder->file, &conf, &mistakes), ERR_CONFIG);
	assert_null(conf);
	file_write(folder, "server: {workers: 9}\n", 21);
	assert_int_equal(conf_load_draft(folder->file, &conf, &mistakes), ERR_OK);
	conf_free(conf);
}

/* The first ones of so many that the reading ends; those are in order, too. */
static void test_mistakes_bounded(void **state)
{
	const struct folder *folder = *state;
	struct conf_mistakes mistakes;
	struct conf *conf = NULL;
	FILE *file = fopen(folder->file, "w");

	assert_non_null(file);
	for (int i = 0; i < 30000; i++)
		fprintf(file, "unknown%d: 1\n", i);
	fclose(file);
	assert_int_equal(conf_load_all(folder->file, &conf, &mistakes), ERR_CONFIG);
	assert_int_equal(mistakes.count, CONF_MISTAKES_MAX);
	for (size_t i = 0; i < mistakes.count; i++)
		assert_int_equal(mistakes.list[i].mark.line, i + 1);
	assert_int_equal(conf_load_all("/nonexistent", &conf, &mistakes), ERR_SYS);
	assert_int_equal(mistakes.count, 1);
	assert_string_equal(mistakes.list[0].text.text, "/nonexistent: No such file or directory");
}

static void test_load_unreadable(void **state)
{
	const struct folder *folder = *state;

	assert_load_fails(folder->file, ERR_SYS, ": No such file or directory");
	assert_load_fails(folder->path, ERR_SYS, ": Is a directory");
	assert_load_fails("/dev/null", ERR_SYS, ": Not a regular file");
	assert_int_equal(mkfifo(folder->file, 0600), 0);
	assert_load_fails(folder->file, ERR_SYS, ": Not a regular file");
	unlink(folder->file);
	file_write(folder, "a\0b", 3);
	assert_load_fails(folder->file, ERR_CONFIG, ": not a text file");
	if (geteuid() != 0) {
		assert_int_equal(chmod(folder->file, 0), 0);
		assert_load_fails(folder->file, ERR_SYS, ": Permission denied");
	}
}

static void test_load_size(void **state)
{
	const struct folder *folder = *state;
	size_t size = CONF_FILE_MAX + 1;
	char *text = malloc(size);
	struct conf *conf = NULL;

	assert_non_null(text);
	memset(text, '#', size);
	file_write(folder, text, size);
	assert_load_fails(folder->file, ERR_CONFIG, ": larger than 1024 KiB");
	file_write(folder, text, size - 1);
	free(text);
	assert_int_equal(conf_load(folder->file, &conf, NULL), ERR_OK);
	conf_free(conf);
}

static void test_committed_files(void **state)
{
	static const char *const paths[] = {"conf/sinkholed.yaml", "conf/sinkholed.system.yaml"};

	for (size_t i = 0; i < COUNT(paths); i++) {
		struct conf *conf = NULL;
		struct err_text text;

		if (conf_load(paths[i], &conf, &text) != ERR_OK)
			fail_msg("%s", text.text);
		assert_int_equal(conf->server.listen_count, 2);
		assert_int_equal(conf->upstreams_count, 0);
		assert_int_equal(conf->lists_count, 1);
		assert_string_equal(conf->lists[0].name, "waledac");
		assert_int_equal(conf->lists[0].expect_entries, 273);
		assert_true(conf->lists[0].mandatory);
		assert_string_equal(conf->lists[0].authority.case_id, "1:10-cv-00156");
		assert_string_not_equal(conf->state.directory, "");
		conf_free(conf);
	}
}

/* ---- the manual page */

static char *file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (!file)
		fail_msg("%s cannot be read; the tests run at the top of the tree", path);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

/* The committed page is what its template and the rows make; `make man` makes it anew. */
static void test_man_is_current(void **state)
{
	static const char marker[] = ".\\\" @OPTIONS@\n";
	char *template = file_text("man/sinkholed.yaml.5.in");
	char *page = file_text("man/sinkholed.yaml.5");
	char *at = strstr(template, marker);
	char *made = NULL;
	size_t size;
	FILE *out = open_memstream(&made, &size);

	assert_true(at && out);
	fprintf(out, "%.*s", (int)(at - template), template);
	assert_int_equal(conf_write_man(out), ERR_OK);
	fputs(at + sizeof(marker) - 1, out);
	fclose(out);
	assert_non_null(made);
	if (strcmp(made, page) != 0)
		fail_msg("man/sinkholed.yaml.5 is not what its template and the options make");
	free(made);
	free(page);
	free(template);
}

/* ---- out of memory */

/* Each allocation fails in turn, alone or with all that follow. */
static void test_nomem(void **state)
{
	for (int all = 0; all < 2; all++) {
		for (unsigned long nth = 0;; nth++) {
			struct conf *conf = NULL;
			struct err_text text = {""};
			enum err err;

			alloc_fail_start(nth, all == 1);
			err = conf_parse("f", rich, strlen(rich), &conf, &text);
			if (!alloc_fail_stop()) {
				assert_int_equal(err, ERR_OK);
				assert_true(nth > 100);
				conf_free(conf);
				break;
			}
			if (err == ERR_OK) {
				/* libyaml can do without some */
				conf_free(conf);
				continue;
			}
			assert_int_equal(err, ERR_NOMEM);
			assert_null(conf);
			assert_string_equal(text.text, "f: out of memory");
		}
	}
}

static void test_nomem_file(void **state)
{
	const struct folder *folder = *state;
	struct conf *conf = NULL;
	enum err err;

	file_write(folder, "server:\n", 8);
	alloc_fail_start(0, false);
	err = conf_load(folder->file, &conf, NULL);
	assert_true(alloc_fail_stop());
	assert_int_equal(err, ERR_NOMEM);
	alloc_fail_start(0, false);
	err = conf_default(&conf);
	assert_true(alloc_fail_stop());
	assert_int_equal(err, ERR_NOMEM);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_locate, scratch_set_up, scratch_tear_down),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_list_fields),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_wrong_long),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_billion_laughs),
		cmocka_unit_test(test_row_ranges),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_rich_is_dumped),
		cmocka_unit_test(test_dump_fails),
		cmocka_unit_test(test_restart_needed),
		IN_FOLDER(test_load),
		IN_FOLDER(test_draft),
		IN_FOLDER(test_mistakes),
		IN_FOLDER(test_mistakes_bounded),
		IN_FOLDER(test_load_unreadable),
		IN_FOLDER(test_load_size),
		cmocka_unit_test(test_committed_files),
		cmocka_unit_test(test_man_is_current),
		cmocka_unit_test(test_nomem),
		IN_FOLDER(test_nomem_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
