/* SPDX-License-Identifier: BSD-2-Clause */
/* What a store promises, of both kinds: the same tests over a file and over a database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "evidence/archive.h"
#include "support/dbserver.h"
#include "support/finding.h"
#include "support/scratch.h"

#define SETTLE_MS 20000U

struct kit {
	struct scratch scratch;
	char store[256];
	char spool[256];
	struct archive *archive; /* to be written */
	struct err_text text;
};

static bool remote; /* which kind is being tested */

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));
	struct archive_place place = {
		.password_file = "", .resolver = "one", .spool_bytes = 1U << 24};

	scratch_make(&kit->scratch);
	snprintf(kit->spool, sizeof(kit->spool), "%s", scratch_path(&kit->scratch, "spool"));
	if (remote)
		dbserver_fresh(kit->store, sizeof(kit->store));
	else
		snprintf(kit->store, sizeof(kit->store), "%s",
			 scratch_path(&kit->scratch, "ledger.db"));
	place.store = kit->store;
	place.spool = kit->spool;
	*state = kit;
	return archive_open_at(&place, ARCHIVE_WRITE, &kit->archive, &kit->text) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	archive_close(kit->archive);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

static void begin(struct kit *kit)
{
	assert_int_equal(archive_begin(kit->archive, &kit->text), ERR_OK);
}

static void commit(struct kit *kit)
{
	assert_int_equal(archive_commit(kit->archive, &kit->text), ERR_OK);
	assert_true(archive_settle(kit->archive, SETTLE_MS));
}

static void put(struct kit *kit, const struct archive_finding *findings, size_t count)
{
	begin(kit);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(archive_put(kit->archive, &findings[i], &kit->text), ERR_OK);
	commit(kit);
}

/* What a walk has seen: how many, their sums, and a line of the last one. */
struct seen {
	uint64_t rows;
	uint64_t names;
	uint64_t count;
	char last[1024];
};

static bool see(void *arg, const struct archive_row *row)
{
	const struct archive_finding *f = &row->finding;
	struct seen *seen = arg;

	seen->rows++;
	seen->names += row->names;
	seen->count += f->count;
	snprintf(seen->last, sizeof(seen->last),
		 "%s %d %s %s %u %u-%u %llu/%llu/%llu %u %u %s %s v%llu/%llu%s%s", f->client,
		 f->form, f->list ? f->list : "", f->name, f->owner_labels, f->first_s, f->last_s,
		 (unsigned long long)f->count, (unsigned long long)f->proven,
		 (unsigned long long)f->merged, f->types, f->ways,
		 row->list.family ? row->list.family : "", row->list.remedy ? row->list.remedy : "",
		 (unsigned long long)row->visit.visits, (unsigned long long)row->visit.count,
		 f->ticket && *f->ticket ? " " : "", f->ticket ? f->ticket : "");
	return true;
}

typedef enum err each_fn(struct archive *archive, const struct archive_filter *filter,
			 archive_row_fn *fn, void *arg, struct err_text *text);

static struct seen look(const struct kit *kit, each_fn *each, const struct archive_filter *filter)
{
	static const struct archive_filter all = {.client = NULL};
	struct seen seen = {.rows = 0};
	struct archive *reader;
	struct err_text text = {""};

	assert_int_equal(archive_open(kit->store, ARCHIVE_READ, &reader, &text), ERR_OK);
	assert_int_equal(each(reader, filter ? filter : &all, see, &seen, &text), ERR_OK);
	archive_close(reader);
	return seen;
}

static void test_the_same_is_merged(void **state)
{
	struct kit *kit = *state;
	struct archive_finding f[2] = {finding("192.0.2.1", "a", "c2.example", 100),
				       finding("192.0.2.1", "a", "c2.example", 90000)};

	f[0].owner_labels = 1;
	f[1].proven = 2;
	f[1].types = 6;
	f[1].ways = 4;
	put(kit, f, 1);
	put(kit, f, 2); /* also within a batch; a day lies between them */
	assert_string_equal(look(kit, archive_each, NULL).last,
			    "192.0.2.1 0 a c2.example 2 100-90005 9/2/6 7 5   v0/0");
	assert_int_equal(look(kit, archive_each, NULL).rows, 1);
}

static void test_what_differs_stands_apart(void **state)
{
	struct archive_finding findings[] = {
		finding("192.0.2.1", "a", "c2.example", 1),
		finding("192.0.2.1", "b", "c2.example", 1),
		finding("192.0.2.1", "a", "c3.example", 1),
		finding("192.0.2.2", "a", "c2.example", 1),
		finding("192.0.2.2", "a", "c2.example", 1),
	};
	struct kit *kit = *state;
	struct seen by_client;

	findings[4].form = 2;
	put(kit, findings, 5);
	assert_int_equal(look(kit, archive_each, NULL).rows, 5);
	by_client = look(kit, archive_each_client, NULL);
	assert_int_equal(by_client.rows, 3);
	assert_int_equal(by_client.names, 5);
	assert_int_equal(by_client.count, 15);
}

static void test_nothing_of_a_batch_without_commit(void **state)
{
	struct archive_finding f = finding("192.0.2.1", "a", "c2.example", 100);
	struct kit *kit = *state;

	put(kit, &f, 1);
	f.name = "c3.example";
	begin(kit);
	assert_int_equal(archive_put(kit->archive, &f, &kit->text), ERR_OK);
	archive_close(kit->archive);
	kit->archive = NULL;
	assert_int_equal(look(kit, archive_each, NULL).rows, 1);
}

/* Names are those of hostile people, and so may be whatever else is written. */
static void test_texts_as_they_are(void **state)
{
	static const char *const names[] = {
		"a\\000b.example",
		"tab\there",
		"new\nline",
		"back\\slash",
		"quote'\"; DROP TABLE finding;--",
		"\\N",
		"\\.",
		"$1$$",
		"%s%n",
		"\xc3\xa4.example",
	};
	struct kit *kit = *state;
	struct archive_finding f = finding("192.0.2.1", "a'\\\t", "", 100);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct archive_filter this_one = {.name = names[i]};
		char wanted[256];

		f.name = names[i];
		put(kit, &f, 1);
		snprintf(wanted, sizeof(wanted), "192.0.2.1 0 a'\\\t %s 2 100-105 3/0/2 1 1   v0/0",
			 names[i]);
		assert_string_equal(look(kit, archive_each, &this_one).last, wanted);
	}
	assert_int_equal(look(kit, archive_each, NULL).rows, sizeof(names) / sizeof(names[0]));
}

/* No UTF-8: nothing is lost for it, nor what comes behind it. */
static void test_octets_that_are_no_text(void **state)
{
	struct archive_finding f[2] = {finding("192.0.2.1", "a", "\xff\xc0\x80.example", 100),
				       finding("no address", "a", "\xed\xa0\x80", 100)};
	struct kit *kit = *state;

	put(kit, f, 2);
	assert_int_equal(look(kit, archive_each, NULL).rows, 2);
}

static void test_filters(void **state)
{
	static const struct {
		struct archive_filter filter;
		uint64_t rows;
	} cases[] = {
		{{.client = "192.0.2.0/24"}, 3},
		{{.client = "192.0.2.1"}, 2},
		{{.client = "nonsense"}, 0},
		{{.client = "2001:db8::/32"}, 1},
		{{.list = "b"}, 1},
		{{.family = "waledac"}, 3},
		{{.name = "c2.example"}, 3},
		{{.name = "2.example"}, 0},
		{{.since_s = 105}, 4},
		{{.since_s = 106}, 3},
		{{.until_s = 200}, 2},
		{{.until_s = 199}, 1},
		{{.since_s = 306, .until_s = 399}, 0},
		{{.proven = true}, 1},
		{{.client = "192.0.2.0/24", .list = "a", .name = "c2.example"}, 2},
	};
	struct archive_finding findings[] = {
		finding("192.0.2.1", "a", "c2.example", 100),
		finding("192.0.2.1", "b", "c3.example", 200),
		finding("192.0.2.2", "a", "deep.c2.example", 300),
		finding("2001:db8::1", "a", "c2.example", 400),
	};
	const struct archive_list list = {"a", "waledac", "order", "sinkhole", "c",
					  "1", "d",	  "e",	   "u",	       "https://isp.test"};
	struct kit *kit = *state;

	findings[3].proven = 1;
	begin(kit);
	assert_int_equal(archive_put_list(kit->archive, &list, &kit->text), ERR_OK);
	commit(kit);
	put(kit, findings, 4);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(look(kit, archive_each, &cases[i].filter).rows, cases[i].rows);
	assert_int_equal(look(kit, archive_each_client, &cases[4].filter).names, 1);
	assert_int_equal(look(kit, archive_each_client, &cases[9].filter).rows, 3);
}

/* What the list's row says goes before what its options say, for the filter too; the last counts,
 * and is kept over days. */
static void test_notes(void **state)
{
	static const struct {
		struct archive_filter filter;
		uint64_t rows;
		uint64_t clients;
	} cases[] = {
		{{.family = "waledac"}, 1, 1}, {{.family = "fox"}, 2, 2}, {{.family = "old"}, 0, 0},
		{{.family = ""}, 0, 0},	       {{.list = "a"}, 3, 3},
	};
	struct archive_finding findings[] = {
		finding("192.0.2.1", "a", "c2.example", 100),
		finding("192.0.2.2", "a", "c3.example", 200),
		finding("192.0.2.2", "a", "c3.example", 90000),
		finding("192.0.2.3", "a", "c4.example", 300),
	};
	const struct archive_list list = {"a", "waledac", "order", "sinkhole", "",
					  "",  "",	  "",	   "",	       ""};
	struct kit *kit = *state;

	begin(kit);
	assert_int_equal(archive_put_list(kit->archive, &list, &kit->text), ERR_OK);
	commit(kit);
	findings[1].family = "old";
	findings[1].ticket = "T-0";
	findings[2].family = "fox";
	findings[2].ticket = "T'\\\t1";
	findings[3].family = "fox";
	put(kit, findings, 2);
	put(kit, findings + 2, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(look(kit, archive_each, &cases[i].filter).rows, cases[i].rows);
		assert_int_equal(look(kit, archive_each_client, &cases[i].filter).rows,
				 cases[i].clients);
	}
	assert_string_equal(
		look(kit, archive_each, &(struct archive_filter){.client = "192.0.2.2"}).last,
		"192.0.2.2 0 a c3.example 2 200-90005 6/0/4 1 1 fox  v0/0 T'\\\t1");
	assert_string_equal(
		look(kit, archive_each, &(struct archive_filter){.client = "192.0.2.1"}).last,
		"192.0.2.1 0 a c2.example 2 100-105 3/0/2 1 1 waledac  v0/0");
}

/* Connections within five seconds are one visit; a finding has those of its client to its name. */
static void test_visits(void **state)
{
	const struct archive_filter other = {.name = "other.example"};
	const struct archive_filter listed = {.list = "a", .proven = true};
	const uint32_t times[] = {100, 104, 109, 120};
	struct archive_finding f = finding("192.0.2.1", "a", "c2.example", 100);
	struct archive_visit v = {.client = "192.0.2.1",
				  .port = 80,
				  .host = "c2.example",
				  .method = "GET",
				  .path = "/a",
				  .agent = "bot",
				  .ja4 = "",
				  .count = 1};
	struct kit *kit = *state;

	put(kit, &f, 1);
	for (size_t i = 0; i < 4; i++) {
		v.first_s = v.last_s = times[i];
		begin(kit);
		assert_int_equal(archive_put_visit(kit->archive, &v, &kit->text), ERR_OK);
		commit(kit);
	}
	assert_string_equal(look(kit, archive_each, NULL).last,
			    "192.0.2.1 0 a c2.example 2 100-105 3/0/2 1 1   v2/4");
	assert_int_equal(look(kit, archive_each_visit, NULL).rows, 1);
	assert_int_equal(look(kit, archive_each_visit, &listed).rows, 1);
	assert_int_equal(look(kit, archive_each_visit, &other).rows, 0);
}

static void prune(const struct kit *kit, uint32_t before_s, uint32_t unproven_before_s)
{
	const struct archive_limits limits = {.before_s = before_s,
					      .unproven_before_s = unproven_before_s};
	struct archive *editor;
	struct err_text text;
	uint64_t removed = 0;
	int64_t cursor = 0;

	assert_int_equal(archive_open(kit->store, ARCHIVE_EDIT, &editor, &text), ERR_OK);
	do
		assert_int_equal(archive_prune(editor, &limits, 2, &cursor, &removed, &text),
				 ERR_OK);
	while (cursor != 0);
	archive_close(editor);
}

static enum err act(const struct kit *kit, enum archive_act what, const char *subject, uint64_t *n)
{
	struct archive *editor;
	struct err_text text;
	enum err err;

	assert_int_equal(archive_open(kit->store, ARCHIVE_EDIT, &editor, &text), ERR_OK);
	err = archive_act(editor, what, subject, "me", "because", n, &text);
	archive_close(editor);
	return err;
}

static void test_prune(void **state)
{
	struct archive_finding findings[5];
	struct kit *kit = *state;
	char clients[5][32];

	for (unsigned int i = 0; i < 5; i++) { /* last seen at 105, 205 ... */
		snprintf(clients[i], sizeof(clients[i]), "192.0.2.%u", i);
		findings[i] = finding(clients[i], "a", "c2.example", 100 * (i + 1));
		findings[i].proven = i % 2;
	}
	put(kit, findings, 5);
	prune(kit, 105, 0);
	assert_int_equal(look(kit, archive_each, NULL).rows, 5);
	prune(kit, 106, 0);
	assert_int_equal(look(kit, archive_each, NULL).rows, 4);
	prune(kit, 0, 1000);
	assert_int_equal(look(kit, archive_each, NULL).rows, 2);
	assert_int_equal(look(kit, archive_each_client, NULL).rows, 2);
}

static void test_erasure_and_hold(void **state)
{
	const struct archive_finding findings[] = {
		finding("192.0.2.1", "a", "c2.example", 1),
		finding("192.0.2.1", "b", "c2.example", 1),
		finding("192.0.2.200", "a", "c2.example", 1),
		finding("198.51.100.1", "a", "c2.example", 1),
	};
	struct kit *kit = *state;
	uint64_t n = 0;

	put(kit, findings, 4);
	assert_int_equal(act(kit, ARCHIVE_HOLD, "192.0.2.0/25", &n), ERR_OK);
	assert_int_equal(n, 2);
	prune(kit, 3, 0);
	assert_int_equal(act(kit, ARCHIVE_ERASE, "192.0.2.0/24", &n), ERR_REFUSED);
	assert_int_equal(look(kit, archive_each, NULL).rows, 4);
	assert_int_equal(act(kit, ARCHIVE_ERASE, "198.51.100.1", &n), ERR_OK);
	assert_int_equal(n, 1);
	prune(kit, 100, 0); /* the one under no hold */
	assert_int_equal(look(kit, archive_each, NULL).rows, 2);
	assert_int_equal(act(kit, ARCHIVE_RELEASE, "192.0.2.0/24", &n), ERR_NOTFOUND);
	assert_int_equal(act(kit, ARCHIVE_RELEASE, "192.0.2.0/25", &n), ERR_OK);
	prune(kit, 100, 0);
	assert_int_equal(look(kit, archive_each, NULL).rows, 0);
	put(kit, findings, 4); /* and what comes anew is written as before */
	assert_int_equal(look(kit, archive_each, NULL).rows, 4);
}

/* ---- a hold, and what is removed meanwhile */

struct race {
	struct kit *kit;
	atomic_bool over;
	atomic_bool failed;
};

/* As the daemon does, which is the store's writer. */
static void *prune_on(void *arg)
{
	const struct archive_limits limits = {.before_s = 1000};
	struct race *race = arg;
	struct err_text text;

	while (!race->over) {
		int64_t cursor = 0;
		uint64_t removed = 0;

		do
			if (archive_prune(race->kit->archive, &limits, 1, &cursor, &removed,
					  &text) != ERR_OK)
				race->failed = true;
		while (cursor != 0);
		nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
	}
	return NULL;
}

/* How many of the four held ones are there still, when whoever holds them was told `*held`. */
static uint64_t hold_while_pruned(struct kit *kit, uint64_t *held)
{
	const struct archive_filter wanted = {.client = "192.0.2.0/25"};
	struct race race = {.kit = kit};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, prune_on, &race), 0);
	assert_int_equal(act(kit, ARCHIVE_HOLD, "192.0.2.0/25", held), ERR_OK);
	/* a whole pass that has begun behind the hold */
	for (int i = 0; i < 3; i++)
		(void)look(kit, archive_each, &wanted);
	race.over = true;
	pthread_join(thread, NULL);
	assert_false(race.failed);
	prune(kit, 1000, 0);
	return look(kit, archive_each, &wanted).rows;
}

/* What whoever holds findings was told is held stays, whatever was being removed that moment. */
static void test_a_hold_that_races_with_a_removal(void **state)
{
	struct kit *kit = *state;
	struct archive_finding findings[8];
	char clients[8][32];

	for (unsigned int i = 0; i < 8; i++) { /* four of them held, between the others */
		snprintf(clients[i], sizeof(clients[i]), "192.0.2.%u", i % 2 ? i : 200 + i);
		findings[i] = finding(clients[i], "a", "c2.example", 1);
	}
	for (int round = 0; round < 12; round++) {
		uint64_t held = 99;
		uint64_t released;
		uint64_t left;

		put(kit, findings, 8);
		left = hold_while_pruned(kit, &held);
		assert_int_equal(left, held);
		assert_int_equal(act(kit, ARCHIVE_RELEASE, "192.0.2.0/25", &released), ERR_OK);
		assert_int_equal(released, held);
	}
}

static int use_database(void **state)
{
	remote = true;
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_same_is_merged),
		TEST(test_what_differs_stands_apart),
		TEST(test_nothing_of_a_batch_without_commit),
		TEST(test_texts_as_they_are),
		TEST(test_octets_that_are_no_text),
		TEST(test_filters),
		TEST(test_notes),
		TEST(test_visits),
		TEST(test_prune),
		TEST(test_erasure_and_hold),
		TEST(test_a_hold_that_races_with_a_removal),
	};
	int failed = cmocka_run_group_tests_name("file", tests, NULL, NULL);

	if (!dbserver_start())
		return failed;
	failed += cmocka_run_group_tests_name("database", tests, use_database, NULL);
	dbserver_stop();
	return failed;
}
