/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "conf/conf.h"
#include "evidence/client.h"
#include "report/report.h"
#include "support/scratch.h"

struct kit {
	struct scratch scratch;
	struct archive *archive;
	struct err_text text;
	char *report;
	size_t len;
};

static struct archive_finding finding(const char *client, const char *name)
{
	return (struct archive_finding){
		.client = client,
		.list = "bots",
		.name = name,
		.owner_labels = 2,
		.types = 3,
		.ways = 5,
		.first_s = 86400,
		.last_s = 90000,
		.count = 7,
		.proven = 1,
		.merged = 4,
	};
}

static void put(struct kit *kit, const struct archive_finding *f)
{
	assert_int_equal(archive_begin(kit->archive, &kit->text), ERR_OK);
	assert_int_equal(archive_put(kit->archive, f, &kit->text), ERR_OK);
	assert_int_equal(archive_commit(kit->archive, &kit->text), ERR_OK);
}

static int set_up(void **state)
{
	const struct archive_list list = {"bots",     "waledac",
					  "order",    "sinkhole",
					  "=A Court", "1:10",
					  "",	      "abuse@isp.example",
					  "",	      "https://isp.example/clean"};
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	*state = kit;
	assert_int_equal(archive_open(scratch_path(&kit->scratch, "ledger.db"), ARCHIVE_WRITE,
				      &kit->archive, &kit->text),
			 ERR_OK);
	assert_int_equal(archive_begin(kit->archive, &kit->text), ERR_OK);
	assert_int_equal(archive_put_list(kit->archive, &list, &kit->text), ERR_OK);
	return archive_commit(kit->archive, &kit->text) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	free(kit->report);
	archive_close(kit->archive);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

/* Makes the report, of which kit->report is the text. */
static enum err write_report(struct kit *kit, const struct report_query *query)
{
	enum err err;
	FILE *out;

	free(kit->report);
	out = open_memstream(&kit->report, &kit->len);
	err = report_write(kit->archive, query, out, &kit->text);
	fclose(out);
	return err;
}

static unsigned int lines_of(const struct kit *kit)
{
	unsigned int lines = 0;

	for (const char *c = kit->report; *c; c++)
		lines += *c == '\n';
	return lines;
}

static void test_csv_runs_no_formulas(void **state)
{
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "=cmd|'x'!\"a\".c2.example");

	put(kit, &f);
	f = finding("192.0.2.1", "\\010,\\\"@.c2.example");
	put(kit, &f);
	assert_int_equal(write_report(kit, &(struct report_query){.format = REPORT_CSV}), ERR_OK);
	assert_int_equal(lines_of(kit), 3);
	assert_non_null(strstr(kit->report, "\"'=cmd|'x'!\"\"a\"\".c2.example\",\"c2.example\","));
	assert_non_null(strstr(kit->report, "\"\\010,\\\"\"@.c2.example\","));
	assert_non_null(strstr(kit->report, "\"'=A Court\","));
	assert_non_null(strstr(kit->report,
			       "\"1970-01-02T00:00:00Z\",\"1970-01-02T01:00:00Z\",7,4,1,\"A AAAA\","
			       "\"udp tcp\""));
}

static void test_filters(void **state)
{
	static const struct {
		struct report_query query;
		unsigned int lines;
	} cases[] = {
		{{.filter = {.client = "192.0.2.1"}}, 1},
		{{.filter = {.client = "192.0.2.0/24"}}, 2},
		{{.filter = {.client = "198.51.100.0/24"}}, 0},
		{{.filter = {.list = "bots"}}, 3},
		{{.filter = {.list = "others"}}, 0},
		{{.filter = {.family = "waledac"}}, 3},
		{{.filter = {.name = "c2.example"}}, 2},
		{{.filter = {.name = "2.example"}}, 0},
		{{.filter = {.name = "%.example"}}, 0},
		{{.filter = {.since_s = 90001}}, 0},
		{{.filter = {.since_s = 90000, .until_s = 90000}}, 3},
		{{.filter = {.until_s = 86399}}, 0},
		{{.filter = {.proven = true}}, 2},
		{{.by = REPORT_BY_CLIENT}, 3},
		{{.by = REPORT_BY_CLIENT, .filter = {.proven = true}}, 2},
	};
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "c2.example");

	put(kit, &f);
	f = finding("192.0.2.2", "a.c2.example");
	f.proven = 0;
	put(kit, &f);
	f = finding("2001:db8::1", "c3.example");
	put(kit, &f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_query query = cases[i].query;

		query.format = REPORT_JSON;
		assert_int_equal(write_report(kit, &query), ERR_OK);
		assert_int_equal(lines_of(kit), cases[i].lines);
	}
}

/* Every format is of whole JSON texts, where it is of JSON. */
static void test_every_format_of_every_finding(void **state)
{
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "a\\.b\\001\\255.c2.example");

	put(kit, &f);
	f = finding("2001:db8::1", ".");
	f.owner_labels = 0;
	f.count = (uint64_t)INT64_MAX;
	put(kit, &f);
	for (int format = 0; format < REPORT_FORMAT_COUNT; format++) {
		struct report_query query = {
			.format = (enum report_format)format,
			.contact = "abuse@isp.example",
			.domain = "isp.example",
		};
		json_error_t error;
		json_t *json;

		assert_int_equal(write_report(kit, &query), ERR_OK);
		assert_true(kit->len > 0);
		if (kit->report[0] != '{')
			continue;
		json = json_loads(kit->report, JSON_DISABLE_EOF_CHECK, &error);
		assert_non_null(json);
		assert_true(json_is_object(json) && json_object_size(json) >= 3);
		json_decref(json);
	}
}

static void test_addresses_that_are_none(void **state)
{
	static const struct {
		enum report_format format;
		enum err prefix;
		enum err encrypted;
	} cases[] = {
		{REPORT_CSV, ERR_OK, ERR_OK},
		{REPORT_XARF, ERR_OK, ERR_REFUSED},
		{REPORT_INTELMQ, ERR_OK, ERR_REFUSED},
		{REPORT_STIX, ERR_OK, ERR_REFUSED},
		{REPORT_SHADOWSERVER, ERR_REFUSED, ERR_REFUSED},
		{REPORT_OCSF, ERR_REFUSED, ERR_REFUSED},
		{REPORT_ECS, ERR_REFUSED, ERR_REFUSED},
		{REPORT_CEF, ERR_REFUSED, ERR_REFUSED},
	};
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.0/24", "c2.example");

	f.form = CONF_CLIENTS_PREFIX;
	put(kit, &f);
	f.client = "1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777";
	f.list = "secret";
	f.form = CONF_CLIENTS_ENCRYPTED;
	put(kit, &f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_query query = {
			.format = cases[i].format,
			.filter = {.list = "bots"},
			.contact = "abuse@isp.example",
			.domain = "isp.example",
		};

		assert_int_equal(write_report(kit, &query), cases[i].prefix);
		query.filter.list = "secret";
		assert_int_equal(write_report(kit, &query), cases[i].encrypted);
	}
}

static void test_the_holder_of_the_key(void **state)
{
	static const uint8_t key[IPCRYPT_KEY] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
						 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
	struct kit *kit = *state;
	struct archive_finding f = finding("1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777", "c2.example");
	struct report_query query = {.format = REPORT_ECS};

	f.form = CONF_CLIENTS_ENCRYPTED;
	put(kit, &f);
	assert_int_equal(ipcrypt_create(key, &query.ipcrypt), ERR_OK);
	assert_int_equal(write_report(kit, &query), ERR_OK);
	assert_non_null(strstr(kit->report, "\"client\":{\"ip\":\"192.0.2.1\"}"));
	ipcrypt_free(query.ipcrypt);
}

/* What another key makes of an address looks like that of somebody else, who would get a letter. */
static void test_the_holder_of_another_key(void **state)
{
	static const uint8_t keys[2][IPCRYPT_KEY] = {{1}, {2}};
	static const enum report_format told[] = {REPORT_CSV, REPORT_TABLE, REPORT_ECS};
	struct client_form form = {.kind = CONF_CLIENTS_ENCRYPTED};
	const struct ip client = {.family = AF_INET, .bytes = {192, 0, 2, 1}};
	struct report_query query = {.format = REPORT_CSV};
	struct archive_finding f = finding("", "c2.example");
	struct kit *kit = *state;
	char text[CLIENT_TEXT_MAX];
	struct ip hidden;

	assert_int_equal(ipcrypt_create(keys[0], &form.ipcrypt), ERR_OK);
	hidden = client_hide(&form, &client);
	f.client = client_text(&form, &hidden, text);
	f.form = client_kept_form(&form, &hidden);
	put(kit, &f);
	query.ipcrypt = form.ipcrypt;
	assert_int_equal(write_report(kit, &query), ERR_OK);
	assert_non_null(strstr(kit->report, "192.0.2.1"));
	assert_int_equal(ipcrypt_create(keys[1], &query.ipcrypt), ERR_OK);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		query.format = told[i];
		assert_int_equal(write_report(kit, &query), ERR_REFUSED);
	}
	ipcrypt_free(query.ipcrypt);
	query.ipcrypt = NULL;
	query.format = REPORT_CSV; /* as without a key */
	assert_int_equal(write_report(kit, &query), ERR_OK);
	ipcrypt_free(form.ipcrypt);
}

/* A row's family may have as many octets as its note has room for, and a list's texts are long. */
static void test_texts_are_whole(void **state)
{
	static const char e[] = "\u00e9";
	char family[65] = "";
	char remedy[1024] = "https://isp.example/";
	char told[] = "\\u00E9\"";
	const struct archive_list list = {.name = "long",
					  .family = "",
					  .reason = "order",
					  .action = "sinkhole",
					  .court = "",
					  .case_id = "",
					  .date = "",
					  .contact = "",
					  .url = "",
					  .remedy = remedy};
	struct report_query query = {.contact = "abuse@isp.example", .domain = "isp.example"};
	struct archive_finding f = finding("192.0.2.1", "c2.example");
	struct kit *kit = *state;

	for (size_t i = 0; i < 32; i++)
		memcpy(family + 2 * i, e, sizeof(e));
	while (strlen(remedy) + sizeof(e) < sizeof(remedy))
		strcat(remedy, e);
	assert_int_equal(archive_begin(kit->archive, &kit->text), ERR_OK);
	assert_int_equal(archive_put_list(kit->archive, &list, &kit->text), ERR_OK);
	assert_int_equal(archive_commit(kit->archive, &kit->text), ERR_OK);
	f.list = "long";
	f.family = f.ticket = family;
	put(kit, &f);
	for (unsigned int format = 0; format < REPORT_FORMAT_COUNT; format++) {
		query.format = format;
		assert_int_equal(write_report(kit, &query), ERR_OK);
		assert_null(strstr(kit->report, "not UTF-8"));
		if (format == REPORT_MISP || format == REPORT_XARF)
			assert_non_null(strstr(kit->report, told));
	}
}

static void test_nothing_found(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(write_report(kit, &(struct report_query){.format = REPORT_STIX}), ERR_OK);
	assert_null(strstr(kit->report, "objects"));
	assert_int_equal(write_report(kit, &(struct report_query){.format = REPORT_SHADOWSERVER}),
			 ERR_OK);
	assert_int_equal(lines_of(kit), 1);
}

static void test_what_cannot_be_had(void **state)
{
	struct kit *kit = *state;
	FILE *full = fopen("/dev/full", "w");

	assert_int_equal(write_report(kit, &(struct report_query){.format = REPORT_XARF}),
			 ERR_REFUSED);
	assert_int_equal(write_report(kit, &(struct report_query){.format = REPORT_STIX,
								  .by = REPORT_BY_CLIENT}),
			 ERR_REFUSED);
	assert_int_equal(report_write(kit->archive, &(struct report_query){.format = REPORT_CSV},
				      full, &kit->text),
			 ERR_SYS);
	fclose(full);
	assert_int_equal(report_format_of("xarf"), REPORT_XARF);
	assert_int_equal(report_format_of("nonsense"), REPORT_FORMAT_COUNT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_csv_runs_no_formulas),
		TEST(test_filters),
		TEST(test_every_format_of_every_finding),
		TEST(test_addresses_that_are_none),
		TEST(test_the_holder_of_the_key),
		TEST(test_the_holder_of_another_key),
		TEST(test_texts_are_whole),
		TEST(test_nothing_found),
		TEST(test_what_cannot_be_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
