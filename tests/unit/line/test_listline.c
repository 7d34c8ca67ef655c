/* SPDX-License-Identifier: BSD-2-Clause */
#include "line/listline.h"

#include <arpa/inet.h>

#include "dns/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NAMES LIST_FORMAT_NAMES
#define HOSTS LIST_FORMAT_HOSTS
#define ADBLOCK LIST_FORMAT_ADBLOCK

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* " A 192.0.2.1", " CNAME x.", " types 2": what else the rule says. */
static void describe_more(const struct listline_rule *rule, char *buf, size_t size)
{
	char text[NAME_TEXT_MAX];
	size_t used = strlen(buf);

	if (rule->gives.type == TYPE_CNAME)
		snprintf(buf + used, size - used, " CNAME %s",
			 name_to_text(rule->gives.rdata, text, sizeof(text)));
	else if (rule->gives.type != 0)
		snprintf(buf + used, size - used, " %s",
			 inet_ntop(rule->gives.type == TYPE_A ? AF_INET : AF_INET6,
				   rule->gives.rdata, text, sizeof(text)));
	used = strlen(buf);
	if (rule->kind.types)
		snprintf(buf + used, size - used, " types%s%s%s%s",
			 rule->kind.types & typeset_of(TYPE_A) ? " A" : "",
			 rule->kind.types & typeset_of(TYPE_AAAA) ? " AAAA" : "",
			 rule->kind.types & typeset_of(TYPE_ANY) ? " ANY" : "",
			 rule->kind.types & TYPESET_OTHER ? " other" : "");
}

/* "both x" "itself x" "below x", with "except " or "important " before; "skipped", "bad". */
static void describe(enum listline_verdict verdict, const struct listline_rule *rule, char *buf,
		     size_t size)
{
	static const char *const answers[] = {"",      "nxdomain ", "nodata ", "refused ",
					      "drop ", "pass ",	    "tcp ",    "gives "};
	static const char *const scopes[] = {"no", "itself", "below", "both"};
	char text[NAME_TEXT_MAX];

	if (verdict == LISTLINE_RULE && rule->pattern.len > 0)
		snprintf(buf, size, "%s%s%spattern %u %.*s", rule->kind.exception ? "except " : "",
			 rule->kind.important ? "important " : "", answers[rule->kind.answer],
			 rule->pattern.form, (int)rule->pattern.len, rule->pattern.text);
	else if (verdict == LISTLINE_RULE)
		snprintf(buf, size, "%s%s%s%s%s %s", rule->badfilter ? "no " : "",
			 rule->kind.exception ? "except " : "",
			 rule->kind.important ? "important " : "", answers[rule->kind.answer],
			 scopes[rule->kind.scope],
			 name_to_text(rule->owner.wire, text, sizeof(text)));
	else
		snprintf(buf, size, "%s", verdict == LISTLINE_SKIPPED ? "skipped" : "bad");
}

static const char *read_line(enum list_format format, bool exact, const char *text, size_t len,
			     char *buf, size_t size)
{
	struct listline_rule rule;
	enum listline_verdict verdict;
	struct listline line;
	size_t used = 0;

	buf[0] = '\0';
	listline_init(&line, format, exact, text, len);
	while ((verdict = listline_next(&line, &rule)) != LISTLINE_END) {
		if (used > 0)
			used += (size_t)snprintf(buf + used, size - used, ", ");
		describe(verdict, &rule, buf + used, size - used);
		used = strlen(buf);
		if (verdict == LISTLINE_RULE)
			describe_more(&rule, buf, size);
		used = strlen(buf);
		if (verdict != LISTLINE_RULE)
			assert_int_equal(verdict == LISTLINE_BAD, rule.reason < LIST_REASON_SKIP);
	}
	return buf;
}

static const struct {
	enum list_format format;
	const char *line;
	const char *expected;
} lines[] = {
	/* names */
	{NAMES, "example.com", "both example.com"},
	{NAMES, "  Example.COM.\t", "both example.com"},
	{NAMES, "example.com\r", "both example.com"},
	{NAMES, "example.com # why", "both example.com"},
	{NAMES, "example.com ;why", "both example.com"},
	{NAMES, "example.com#why", "both example.com"},
	{NAMES, "*.example.com", "below example.com"},
	{NAMES, ".example.com", "both example.com"},
	{NAMES, "_dmarc.example.com", "both _dmarc.example.com"},
	{NAMES, "com", "both com"},
	{NAMES, "", ""},
	{NAMES, " \t\r", ""},
	{NAMES, "# comment", ""},
	{NAMES, ";comment", ""},
	{NAMES, "  # comment", ""},
	{NAMES, "example.com example.org", "bad"},
	{NAMES, "0.0.0.0 example.com", "both example.com"},
	{NAMES, "! comment", ""},
	{NAMES, "example.com##.banner", "skipped"},
	{NAMES, "example.com## why", "both example.com"},
	{NAMES, "192.0.2.1", "skipped"},
	{NAMES, "192.0.2.1.", "skipped"},
	{NAMES, "192.0.2.0/24", "skipped"},
	{NAMES, "192.0.2.1:80", "skipped"},
	{NAMES, "a.1", "bad"},
	{NAMES, "1.a", "both 1.a"},
	{NAMES, "2001:db8::1", "skipped"},
	{NAMES, "2001:db8::/32", "skipped"},
	{NAMES, "http://example.com/", "skipped"},
	{NAMES, "example.com:8080", "skipped"},
	{NAMES, "||example.com^", "both example.com"},
	{NAMES, "@@||example.com^", "except both example.com"},
	{NAMES, "|example.com^", "itself example.com"},
	{NAMES, "a..b", "bad"},
	{NAMES, "..", "bad"},
	{NAMES, ".", "bad"},
	{NAMES, "*.", "bad"},
	{NAMES, "*", "skipped"},
	{NAMES, "a.*.b", "pattern 12 a.*.b"},
	{NAMES, "*.*.b", "pattern 12 *.*.b"},
	{NAMES, "-", "both -"},
	{NAMES, A63 ".example", "both " A63 ".example"},
	{NAMES, A63 "a.example", "bad"},
	{NAMES, A63 "." A63 "." A63 "." A61, "both " A63 "." A63 "." A63 "." A61},
	{NAMES, A63 "." A63 "." A63 "." A61 "a", "bad"},
	/* IDNA 2008: the sharp s stays, capitals are mapped, a full-width dot is a dot */
	{NAMES, "m\xc3\xbcnchen.example", "both xn--mnchen-3ya.example"},
	{NAMES, "*.M\xc3\x9cNCHEN.example", "below xn--mnchen-3ya.example"},
	{NAMES, "fa\xc3\x9f.example", "both xn--fa-hia.example"},
	{NAMES,
	 "a\xef\xbc\x8e"
	 "b.example",
	 "both a.b.example"},
	{NAMES, "xn--mnchen-3ya.example", "both xn--mnchen-3ya.example"},
	{NAMES, "m\xfcnchen.example", "bad"},
	{NAMES, "\xe2\x98\xba x.example", "bad"},
	{NAMES, "\xff\xfe", "bad"},
	/* hosts */
	{HOSTS, "0.0.0.0 example.com", "both example.com"},
	{HOSTS, "127.0.0.1\ta.example  b.example # c.example", "both a.example, both b.example"},
	{HOSTS, ":: example.com", "both example.com"},
	{HOSTS, "::1 localhost ip6-localhost IP6-loopback", "skipped, skipped, skipped"},
	{HOSTS, "fe80::1%lo0 localhost", "skipped"},
	{HOSTS, "255.255.255.255 broadcasthost", "skipped"},
	{HOSTS, "0.0.0.0 0.0.0.0", "skipped"},
	{HOSTS, "0.0.0.0 localhost.example", "both localhost.example"},
	{HOSTS, "0.0.0.0 a.example bad..example b.example", "both a.example, bad, both b.example"},
	{HOSTS, "0.0.0.0 192.0.2.1", "skipped"},
	{HOSTS, "0.0.0.0", "skipped"},
	{HOSTS, "0.0.0.0 # nothing", "skipped"},
	{HOSTS, "0.0.0.0 glued.example#tracker", "both glued.example"},
	{HOSTS, "fe80::1%lo0 a.example", "both a.example"},
	{HOSTS, "! 0.0.0.0 a.example", ""},
	{HOSTS, "example.com", "both example.com"},
	{HOSTS, "example.com 0.0.0.0", "bad"},
	{HOSTS, "0.0.0.256 example.com", "bad"},
	{HOSTS, "0.0.0.0 *.example.com", "below example.com"},
	{HOSTS, "0.0.0.0 .example.com", "both example.com"},
	{HOSTS, "# 0.0.0.0 example.com", ""},
	{HOSTS, "", ""},
	/* adblock */
	{ADBLOCK, "||example.com^", "both example.com"},
	{ADBLOCK, " ||example.com^ \r", "both example.com"},
	{ADBLOCK, "||example.com^|", "both example.com"},
	{ADBLOCK, "||example.com|", "both example.com"},
	{ADBLOCK, "||example.com", "both example.com"},
	{ADBLOCK, "||*.example.com^", "below example.com"},
	{ADBLOCK, "@@||example.com^", "except both example.com"},
	{ADBLOCK, "||example.com^$important", "important both example.com"},
	{ADBLOCK, "@@||example.com^$important", "except important both example.com"},
	{ADBLOCK, "||example.com^$all,important", "important both example.com"},
	{ADBLOCK, "||example.com^$document", "both example.com"},
	{ADBLOCK, "||com^", "both com"},
	{ADBLOCK, "||m\xc3\xbcnchen.example^", "both xn--mnchen-3ya.example"},
	{ADBLOCK, "@@||example.com^$document", "skipped"},
	{ADBLOCK, "||example.com^$third-party", "skipped"},
	{ADBLOCK, "||example.com^$important,script", "skipped"},
	{ADBLOCK, "||example.com^$badfilter", "no both example.com"},
	{ADBLOCK, "@@|example.com^$important,badfilter", "no except important itself example.com"},
	{ADBLOCK, "||example.com^$denyallow=a.com|xexample.com|example.com|X.Example.com",
	 "both example.com, except both x.example.com"},
	{ADBLOCK, "||example.com^$denyallow=a.example.com",
	 "both example.com, except both a.example.com"},
	{ADBLOCK, "||com^$denyallow=a.com|b.com,important",
	 "important both com, except important both a.com, except important both b.com"},
	{ADBLOCK, "||com^$denyallow=a..com|b.com", "both com, bad, except both b.com"},
	{ADBLOCK, "||com^$denyallow=", "skipped"},
	{ADBLOCK, "@@||com^$denyallow=a.com", "skipped"},
	{ADBLOCK, "||example.com^$denyallow=a.com,script", "skipped"},
	{ADBLOCK, "||example.com^$dnsrewrite=NXDOMAIN", "nxdomain both example.com"},
	{ADBLOCK, "||example.com^$dnsrewrite=NXDOMAIN;;", "nxdomain both example.com"},
	{ADBLOCK, "|example.com^$dnsrewrite=REFUSED,important",
	 "important refused itself example.com"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;;", "nodata both example.com"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR", "nodata both example.com"},
	{ADBLOCK, "||example.com^$dnsrewrite=0.0.0.0", "both example.com"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;AAAA;::", "both example.com"},
	{ADBLOCK, "||example.com^$dnsrewrite=192.0.2.1", "gives both example.com 192.0.2.1"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;A;192.0.2.1",
	 "gives both example.com 192.0.2.1"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;aaaa;2001:db8::1",
	 "gives both example.com 2001:db8::1"},
	{ADBLOCK, "||example.com^$dnsrewrite=2001:DB8::1", "gives both example.com 2001:db8::1"},
	{ADBLOCK, "||example.com^$dnsrewrite=safe.example.com",
	 "gives both example.com CNAME safe.example.com"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;CNAME;Safe.example.com.",
	 "gives both example.com CNAME safe.example.com"},
	{ADBLOCK, "||ads-*.example^$dnsrewrite=192.0.2.1",
	 "gives pattern 10 ads-*.example 192.0.2.1"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;A;2001:db8::1", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;AAAA;192.0.2.1", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;A;x", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;A;", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;CNAME;", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;CNAME;192.0.2.1", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;CNAME;a..b", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;MX;10 mail.example.com", "skipped"},
	{ADBLOCK, "||example.com^$dnsrewrite=NOERROR;NOTHING;1", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=A:NOERROR:192.0.2.1", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=BADRCODE;;", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=;;", "bad"},
	{ADBLOCK, "||example.com^$dnsrewrite=nxdomain", "nxdomain both example.com"},
	{ADBLOCK, "||example.com^$dnsrewrite=192.0.2.1,dnstype=A",
	 "gives both example.com 192.0.2.1 types A ANY"},
	{ADBLOCK, "||example.com^$dnsrewrite=SERVFAIL", "skipped"},
	{ADBLOCK, "||example.com^$dnsrewrite", "skipped"},
	{ADBLOCK, "@@||example.com^$dnsrewrite=NXDOMAIN", "skipped"},
	{ADBLOCK, "||example.com^$dnstype=AAAA", "both example.com types AAAA ANY"},
	{ADBLOCK, "||example.com^$dnstype=a|aaaa", "both example.com types A AAAA ANY"},
	{ADBLOCK, "||example.com^$dnstype=TYPE28", "both example.com types AAAA ANY"},
	{ADBLOCK, "||example.com^$dnstype=~A", "both example.com types AAAA ANY other"},
	{ADBLOCK, "||example.com^$dnstype=~A|~ANY", "both example.com types AAAA other"},
	{ADBLOCK, "@@||example.com^$dnstype=A", "except both example.com types A"},
	{ADBLOCK, "||example.com^$dnstype=A,denyallow=x.example.com",
	 "both example.com types A ANY, except both x.example.com types A ANY"},
	{ADBLOCK, "||example.com^$dnstype=A|~A", "skipped"},
	{ADBLOCK, "||example.com^$dnstype=TYPE65280", "skipped"},
	{ADBLOCK, "||example.com^$dnstype=NOTHING", "bad"},
	{ADBLOCK, "||example.com^$dnstype=A|", "both example.com types A ANY"},
	{ADBLOCK, "||example.com^$dnstype=|A", "bad"},
	{ADBLOCK, "||example.com^$dnstype=~", "bad"},
	{ADBLOCK, "||example.com^$dnstype=", "bad"},
	{ADBLOCK, "||example.com^$dnstype", "bad"},
	{ADBLOCK, "||example.com^$client=192.0.2.1", "skipped"},
	{ADBLOCK, "||example.com^$ctag=device_pc", "skipped"},

	/* dnsmasq */
	{NAMES, "address=/example.com/0.0.0.0", "both example.com"},
	{HOSTS, "address=/example.com/#", "both example.com"},
	{NAMES, "  address=/example.com/ # why", "both example.com"},
	{NAMES, "address=/a.com/b.com/::", "both a.com, both b.com"},
	{NAMES, "address=/a.com/b..com/c.com/::", "both a.com, bad, both c.com"},
	{NAMES, "address=/example.com/x", "bad"},
	{NAMES, "address=/#/0.0.0.0", "skipped"},
	{NAMES, "address=/*.com/0.0.0.0", "skipped"},
	{NAMES, "address=//0.0.0.0", "skipped"},
	{ADBLOCK, "local=/example.com/", "nxdomain both example.com"},
	{NAMES, "server=/example.com/", "nxdomain both example.com"},
	{NAMES, "server=/example.com/192.0.2.1", "skipped"},
	{NAMES, "server=/example.com/#", "skipped"},
	{NAMES, "address.example.com", "both address.example.com"},

	/* Unbound */
	{NAMES, "server:", ""},
	{NAMES, "server: # why", ""},
	{NAMES, "local-zone: \"example.com\" always_nxdomain", "nxdomain both example.com"},
	{NAMES, "  local-zone: \"example.com.\" static", "nxdomain both example.com"},
	{HOSTS, "local-zone: example.com refuse", "refused both example.com"},
	{NAMES, "local-zone: 'example.com' 'always_nodata'", "nodata both example.com"},
	{NAMES, "local-zone: 'example.com' deny # why", "drop both example.com"},
	{NAMES, "local-zone: \"example.com\" redirect", "both example.com"},
	{NAMES, "local-zone: \"example.com\" always_null", "both example.com"},
	{NAMES, "local-zone: \"example.com\" transparent", "skipped"},
	{NAMES, "local-zone: \"example.com\"", "skipped"},
	{NAMES, "local-zone:", "skipped"},
	{NAMES, "local-zone: \"a..b\" static", "bad"},
	{NAMES, "local-data: \"example.com A 0.0.0.0\"", "itself example.com"},
	{NAMES, "local-data: 'example.com. 3600 IN AAAA ::'", "itself example.com"},
	{NAMES, "local-data: \"example.com TXT x\"", "skipped"},
	{NAMES, "local-data:", "skipped"},
	{NAMES, "local-data-ptr: \"192.0.2.1 example.com\"", "skipped"},
	{NAMES, "local-data.example.com", "both local-data.example.com"},
	{ADBLOCK, "||example.com^$denyallow=a.com", "both example.com"},
	{ADBLOCK, "||example.com/ads/*", "skipped"},
	{ADBLOCK, "||example.com^*/ads", "skipped"},
	{ADBLOCK, "||example.com:8080^", "skipped"},
	/* patterns; the numbers are of PATTERN_REGEX and the others */
	{ADBLOCK, "||ads.", "pattern 2 ads."},
	{ADBLOCK, "||ads-", "pattern 2 ads-"},
	{ADBLOCK, "||ads", "pattern 2 ads"},
	{ADBLOCK, "||ads-*.example^", "pattern 10 ads-*.example"},
	{ADBLOCK, "||ads-*.example^|", "pattern 10 ads-*.example"},
	{ADBLOCK, "||example.com*", "pattern 2 example.com*"},
	{ADBLOCK, "|ads*.example^", "pattern 12 ads*.example"},
	{ADBLOCK, "||*.ads-*.example^", "pattern 10 *.ads-*.example"},
	{ADBLOCK, "||*.example^", "below example"},
	{ADBLOCK, "||*.ads.", "skipped"},
	{ADBLOCK, "@@||good-*.example^$important", "except important pattern 10 good-*.example"},
	{ADBLOCK, "||ads-*.example^$dnsrewrite=NXDOMAIN", "nxdomain pattern 10 ads-*.example"},
	{ADBLOCK, "||ads-*.example^$third-party", "skipped"},
	{ADBLOCK, "||ads-*.example^$badfilter", "skipped"},
	{ADBLOCK, "||ads-*.example^$denyallow=a.example", "skipped"},
	{ADBLOCK, "||ads-*.example/path", "skipped"},
	{ADBLOCK, "*.ads*", "pattern 0 *.ads*"},
	{ADBLOCK, "-ads-*.example^", "pattern 8 -ads-*.example"},
	{ADBLOCK, "ads*", "skipped"},
	{ADBLOCK, "*/ads/*", "skipped"},
	{ADBLOCK, "/ads[0-9]+\\.example$/", "pattern 1 ads[0-9]+\\.example$"},
	{NAMES, "/ads[0-9]+/", "pattern 1 ads[0-9]+"},
	{ADBLOCK, "@@/^ok[0-9]/", "except pattern 1 ^ok[0-9]"},
	{ADBLOCK, "/^a$/$important", "important pattern 1 ^a$"},
	{ADBLOCK, "/^a$/$third-party", "skipped"},
	{ADBLOCK, "/ads/banner/", "skipped"},
	{ADBLOCK, "/ads/banner.js", "skipped"},
	{ADBLOCK, "//", "skipped"},
	{ADBLOCK, "/", "skipped"},
	{ADBLOCK, "^track\\.", "skipped"},
	{NAMES, "^track\\.", "pattern 1 ^track\\."},
	{NAMES, "(^|\\.)ads[0-9]+\\.example$", "pattern 1 (^|\\.)ads[0-9]+\\.example$"},
	{NAMES, "[a-z]+\\.example$", "pattern 1 [a-z]+\\.example$"},
	{NAMES, ".*ads.*", "pattern 1 .*ads.*"},
	{NAMES, "^ads;reply=NXDOMAIN", "nxdomain pattern 1 ^ads"},
	{NAMES, "^ads;reply=192.0.2.1", "skipped"},
	{NAMES, "^ads;querytype=A", "skipped"},
	{NAMES, "^ads;invert", "skipped"},
	{NAMES, "ads*.example", "pattern 12 ads*.example"},
	{NAMES, "*.ads*", "pattern 12 *.ads*"},
	{HOSTS, "0.0.0.0 ads*.example", "pattern 12 ads*.example"},
	{NAMES, "{\"error\":\"example\"}", "skipped"},
	{NAMES, "a{color:red}", "skipped"},
	{NAMES, "**", "skipped"},
	{ADBLOCK, "||ex*mple.com^", "pattern 10 ex*mple.com"},
	{ADBLOCK, "||192.0.2.1^", "skipped"},
	{ADBLOCK, "||[2001:db8::1]^", "skipped"},
	{ADBLOCK, "||", "skipped"},
	{ADBLOCK, "@@", "skipped"},
	{ADBLOCK, "|https://example.com^", "skipped"},
	{ADBLOCK, "|example.com^", "itself example.com"},
	{ADBLOCK, "@@|example.com^", "except itself example.com"},
	{ADBLOCK, "||example.com^ # why", "both example.com"},
	{ADBLOCK, "/banner[0-9]+/", "pattern 1 banner[0-9]+"},
	{ADBLOCK, "example.com", "both example.com"},
	{ADBLOCK, "example", "skipped"},
	{ADBLOCK, "-banner-", "skipped"},
	{ADBLOCK, "ex ample.com", "bad"},
	{ADBLOCK, "0.0.0.0 example.com", "both example.com"},
	{ADBLOCK, "##.banner", "skipped"},
	{ADBLOCK, "example.com#@#.banner", "skipped"},
	{ADBLOCK, "||a..b^", "bad"},
	{ADBLOCK, "||ex ample.com^", "bad"},
	{ADBLOCK, "! comment", ""},
	{ADBLOCK, "# comment", ""},
	{ADBLOCK, "[Adblock Plus 2.0]", ""},
	{ADBLOCK, "", ""},
};

static void test_lines(void **state)
{
	char text[1024];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *got = read_line(lines[i].format, false, lines[i].line,
					    strlen(lines[i].line), text, sizeof(text));

		if (strcmp(got, lines[i].expected) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", lines[i].line, got,
				 lines[i].expected);
	}
}

static void test_exact(void **state)
{
	static const struct {
		enum list_format format;
		const char *line;
		const char *expected;
	} rows[] = {
		{NAMES, "example.com", "itself example.com"},
		{NAMES, ".example.com", "both example.com"},
		{NAMES, "*.example.com", "below example.com"},
		{HOSTS, "0.0.0.0 a.example b.example", "itself a.example, itself b.example"},
		{ADBLOCK, "||example.com^", "both example.com"},
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(read_line(rows[i].format, true, rows[i].line,
					      strlen(rows[i].line), text, sizeof(text)),
				    rows[i].expected);
}

static void test_nul(void **state)
{
	static const char name[] = "exa\0mple.com";
	static const char idn[] = "m\xc3\xbcn\0chen.example";
	static const char block[] = "||exa\0mple.com^";
	char text[1024];

	assert_string_equal(read_line(NAMES, false, name, sizeof(name) - 1, text, sizeof(text)),
			    "bad");
	assert_string_equal(read_line(NAMES, false, idn, sizeof(idn) - 1, text, sizeof(text)),
			    "bad");
	assert_string_equal(read_line(ADBLOCK, false, block, sizeof(block) - 1, text, sizeof(text)),
			    "bad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
