/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names/local.h"
#include "dns/wire.h"
#include "support/alloc_fail.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX 4096
#define ALLOCATIONS_MAX 10000UL

static const struct hash_key key = {7, 11};

struct bench {
	struct scratch scratch;
	struct conf *conf;
	struct local *local;
	struct list_report report;
	char text[TEXT_MAX];
};

static const char *const yaml =
	"local:\n"
	"  ttl: 60\n"
	"  names:\n"
	"  - {name: printer.corp.example, ipv4: [192.168.1.9, 192.168.1.10, 192.168.1.9],"
	" ipv6: ['fd00::9'], txt: [a], ttl: 300}\n"
	"  - {name: second.corp.example, ipv4: [192.168.1.9]}\n"
	"  - {name: www.corp.example, cname: Printer.corp.example.}\n"
	"  - {name: 10.1.168.192.in-addr.arpa, ptr: given.example}\n"
	"  - {name: '*.dev.example', ipv4: [192.168.1.50]}\n"
	"  - {name: one.dev.example, ipv4: [192.168.1.51]}\n"
	"  - {name: '*.deep.dev.example', ipv4: [192.168.1.52]}\n"
	"  - {name: 99.1.168.192.in-addr.arpa, cname: 9.99.168.192.in-addr.arpa}\n"
	"  - {name: 9.99.168.192.in-addr.arpa, ptr: classless.example}\n";

static const char *const hosts = "192.168.1.9 printer.lan\n"
				 "192.168.1.20 nas.lan nas\n"
				 "fd00::20 nas.lan\n"
				 "192.168.1.21 nas.lan nas.lan\n"
				 "192.168.1.66 printer.corp.example\n"
				 "192.168.1.99 classed.lan\n"
				 "192.168.1.53 two.dev.example\n";

static void build(struct bench *b, const char *conf_text, const char *hosts_text)
{
	struct err_text text = {""};
	const char *path = hosts_text ? scratch_write(&b->scratch, "hosts", hosts_text) : NULL;

	if (conf_parse("f", conf_text, strlen(conf_text), &b->conf, &text) != ERR_OK)
		fail_msg("%s", text.text);
	assert_int_equal(local_create(&b->conf->local, path, &key, &b->local, &b->report, &text),
			 ERR_OK);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	scratch_make(&b->scratch);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	local_free(b->local);
	conf_free(b->conf);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

static void add_rdata(char *out, size_t size, const struct local_record *r)
{
	char buf[NAME_TEXT_MAX];
	struct ip ip = {.family = r->type == TYPE_A ? AF_INET : AF_INET6};

	switch (r->type) {
	case TYPE_A:
	case TYPE_AAAA:
		memcpy(ip.bytes, r->rdata, r->rdlen);
		snprintf(out, size, "%s", ip_text(&ip, buf, sizeof(buf)));
		break;
	case TYPE_TXT:
		snprintf(out, size, "txt %u", r->rdlen);
		break;
	default:
		assert_int_equal(name_check(r->rdata, r->rdlen), r->rdlen);
		snprintf(out, size, "%s %s", r->type == TYPE_PTR ? "ptr" : "cname",
			 name_to_text(r->rdata, buf, sizeof(buf)));
	}
}

/* The records of a name as "60 192.0.2.1, 60 ptr a.example", "" when it is none of ours. */
static const char *records_of(struct bench *b, const char *name_text)
{
	struct name_suffixes suffixes;
	struct local_name found;
	struct name name;
	size_t len = 0;

	assert_int_equal(name_from_text(name_text, strlen(name_text), &name), ERR_OK);
	name_hash_suffixes(&key, &name, &suffixes);
	b->text[0] = '\0';
	if (!local_find(b->local, &name, &suffixes, &found))
		return "";
	assert_true(found.count > 0);
	for (uint32_t i = 0; i < found.count; i++) {
		char rdata[NAME_TEXT_MAX + 8];

		add_rdata(rdata, sizeof(rdata), &found.records[i]);
		len += (size_t)snprintf(b->text + len, TEXT_MAX - len, "%s%u %s", i ? ", " : "",
					found.records[i].ttl_s, rdata);
	}
	return b->text;
}

static const struct {
	const char *name;
	const char *records;
} expected[] = {
	{"printer.corp.example",
	 "300 192.168.1.9, 300 192.168.1.10, 300 fd00::9, 300 txt 2"}, /* not that of the file */
	{"second.corp.example", "60 192.168.1.9"},
	{"www.corp.example", "60 cname printer.corp.example"},
	{"corp.example", ""},
	{"x.printer.corp.example", ""},
	{"9.1.168.192.in-addr.arpa", "300 ptr printer.corp.example"}, /* the first that has it */
	{"10.1.168.192.in-addr.arpa", "60 ptr given.example"},	      /* given, so not derived */
	{"9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
	 "300 ptr printer.corp.example"},
	{"x.dev.example", "60 192.168.1.50"},
	{"x.y.dev.example", "60 192.168.1.50"},
	{"dev.example", ""},
	{"one.dev.example", "60 192.168.1.51"},
	{"two.dev.example", "60 192.168.1.53"},
	{"x.one.dev.example", "60 192.168.1.50"},
	{"x.deep.dev.example", "60 192.168.1.52"},
	{"deep.dev.example", "60 192.168.1.50"},
	{"50.1.168.192.in-addr.arpa", ""}, /* a wildcard is the name of nothing */
	{"51.1.168.192.in-addr.arpa", "60 ptr one.dev.example"},
	{"printer.lan", "60 192.168.1.9"},
	{"nas.lan", "60 192.168.1.20, 60 fd00::20, 60 192.168.1.21"},
	{"nas", "60 192.168.1.20"},
	{"20.1.168.192.in-addr.arpa", "60 ptr nas.lan"},
	{"21.1.168.192.in-addr.arpa", "60 ptr nas.lan"},
	{"66.1.168.192.in-addr.arpa", ""},
	{"99.1.168.192.in-addr.arpa", "60 cname 9.99.168.192.in-addr.arpa"},
	{"lan", ""},
	{".", ""},
};

static void test_names(void **state)
{
	struct bench *b = *state;

	build(b, yaml, hosts);
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(records_of(b, expected[i].name), expected[i].records);
	assert_int_equal(b->report.entries, 9);
}

static const struct {
	const char *name;
	bool has;
} existing[] = {
	{"printer.corp.example", true},
	{"corp.example", true},
	{"example", true},
	{"dev.example", true},
	{"deep.dev.example", true},
	{"1.168.192.in-addr.arpa", true},
	{"x.corp.example", false},
	{"2.168.192.in-addr.arpa", false},
	{"com", false},
};

static void test_has(void **state)
{
	struct bench *b = *state;

	build(b, yaml, hosts);
	for (size_t i = 0; i < COUNT(existing); i++) {
		struct name_suffixes suffixes;
		struct name name;

		assert_int_equal(name_from_text(existing[i].name, strlen(existing[i].name), &name),
				 ERR_OK);
		name_hash_suffixes(&key, &name, &suffixes);
		assert_int_equal(local_has(b->local, &name, &suffixes), existing[i].has);
		assert_false(local_has(NULL, &name, &suffixes));
	}
}

static void test_none(void **state)
{
	struct bench *b = *state;

	build(b, "", NULL);
	assert_null(b->local);
	assert_int_equal(local_count(b->local), 0);
	assert_string_equal(records_of(b, "printer.corp.example"), "");
}

/* Strings of 255 octets at most, one behind the other. */
static void test_text(void **state)
{
	static const size_t lengths[][2] = {{0, 1},	{1, 2},	    {255, 256},	  {256, 258},
					    {510, 512}, {511, 514}, {1020, 1024}, {1024, 1029}};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT(lengths); i++) {
		char conf_text[2048];
		char wanted[32];
		char text[CONF_TEXT_MAX + 1];

		memset(text, 'x', lengths[i][0]);
		text[lengths[i][0]] = '\0';
		snprintf(conf_text, sizeof(conf_text),
			 "local: {names: [{name: a.example, ttl: 7, txt: ['%s']}]}", text);
		build(b, conf_text, NULL);
		snprintf(wanted, sizeof(wanted), "7 txt %zu", lengths[i][1]);
		assert_string_equal(records_of(b, "a.example"), wanted);
		local_free(b->local);
		conf_free(b->conf);
		b->local = NULL;
		b->conf = NULL;
	}
}

/* A hosts file may give a name more addresses than are kept. */
static void test_records_are_bounded(void **state)
{
	struct bench *b = *state;
	struct name name;
	struct name_suffixes suffixes;
	struct local_name found;
	char text[32768];
	size_t len = 0;

	for (unsigned int i = 0; i < LOCAL_RECORDS_MAX + 50; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "10.0.%u.%u many.lan\n",
					i / 256, i % 256);
	build(b, "", text);
	assert_int_equal(name_from_text("many.lan", 8, &name), ERR_OK);
	name_hash_suffixes(&key, &name, &suffixes);
	assert_true(local_find(b->local, &name, &suffixes, &found));
	assert_int_equal(found.count, LOCAL_RECORDS_MAX);
}

static void test_hosts_cannot_be_read(void **state)
{
	struct bench *b = *state;
	struct local *untouched = NULL;
	struct err_text text = {""};

	assert_int_equal(conf_default(&b->conf), ERR_OK);
	assert_int_equal(local_create(&b->conf->local, scratch_path(&b->scratch, "nowhere"), &key,
				      &untouched, &b->report, &text),
			 ERR_SYS);
	assert_null(untouched);
	assert_non_null(strstr(text.text, "nowhere: No such file"));
}

static void test_without_memory(void **state)
{
	struct bench *b = *state;
	const char *path = scratch_write(&b->scratch, "hosts", hosts);
	bool failed = true;

	assert_int_equal(conf_parse("f", yaml, strlen(yaml), &b->conf, NULL), ERR_OK);
	for (unsigned long nth = 0; failed; nth++) {
		enum err err;

		assert_true(nth < ALLOCATIONS_MAX);
		alloc_fail_start(nth, false);
		err = local_create(&b->conf->local, path, &key, &b->local, &b->report, NULL);
		failed = alloc_fail_stop();
		assert_int_equal(err, failed ? ERR_NOMEM : ERR_OK);
		assert_int_equal(b->local == NULL, failed);
	}
	assert_string_equal(records_of(b, "nas"), "60 192.168.1.20");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_has),
		TEST(test_none),
		TEST(test_text),
		TEST(test_records_are_bounded),
		TEST(test_hosts_cannot_be_read),
		TEST(test_without_memory),
	};

	return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
