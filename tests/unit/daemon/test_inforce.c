/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said by command and what loads put in force, with workers that serve meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/moment.h"
#include "manual/store.h"
#include "support/await.h"
#include "support/dnsmsg.h"
#include "support/said.h"
#include "support/station.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HOUR_S 3600U
#define ROUNDS 12U

/* Of the address sanitizer, where it is linked. */
int __asan_address_is_poisoned(const volatile void *address) __attribute__((weak));

static enum err say_so(struct station *s, enum manual_kind kind, const char *of, uint64_t until_s,
		       bool take_back, struct err_text *text)
{
	struct manual_entry entry = said(kind, of, until_s);
	bool kept = false;
	enum err err = inforce_say(s->inforce, &entry, take_back, &kept, text);

	assert_int_equal(kept, err == ERR_OK);
	return err;
}

static void must_say(struct station *s, enum manual_kind kind, const char *of, uint64_t until_s)
{
	struct err_text text = {""};

	if (say_so(s, kind, of, until_s, false, &text) != ERR_OK)
		fail_msg("%s %s: %s", manual_word(kind), of, text.text);
}

/* Entries on the disk. */
static size_t kept(const struct station *s)
{
	struct err_text text = {""};
	struct manual found;
	size_t count;

	if (manual_read(scratch_path(&s->scratch, "state"), &found, &text) != ERR_OK)
		fail_msg("%s", text.text);
	count = found.count;
	manual_free(&found);
	return count;
}

static void take_loads(void *arg, const struct snapshot *snapshot, const struct web_loads *loads,
		       const struct manual *manual)
{
	memcpy(arg, loads, sizeof(*loads));
}

static const struct web_loads *loads_of(const struct station *s)
{
	static struct web_loads loads;

	inforce_look(s->inforce, take_loads, &loads);
	return &loads;
}

static const struct snapshot *now_in_force(const struct station *s)
{
	const struct snapshot *former;
	uint64_t covers;

	(void)inforce_begin(s->inforce, &covers, &former);
	return former;
}

static enum err put(struct station *s)
{
	return inforce_put(s->inforce, station_load(s), &s->result);
}

/* ---- said, and taken back */

static void test_say(void **state)
{
	static const struct {
		enum manual_kind kind;
		const char *of;
		bool take_back;
		enum err err;
		const char *text;  /* why not; or what the log has */
		const char *asked; /* which name is blocked then, by what */
		const char *blocks;
		size_t kept;
	} rows[] = {
		{MANUAL_BLOCK, "said.example", false, ERR_OK,
		 "command: block said.example, ticket T-1, by user 0", "x.said.example", "block",
		 1},
		{MANUAL_PASS, "ads.example", false, ERR_OK, "command: unblock ads.example",
		 "ads.example", "-", 2},
		{MANUAL_BLOCK, "bank.example", false, ERR_REFUSED, "bank.example", "bank.example",
		 "-", 2},
		{MANUAL_LIST_OFF, "court", false, ERR_REFUSED, "list court is mandatory",
		 "court.example", "court", 2},
		{MANUAL_LIST_OFF, "none", false, ERR_REFUSED, "none", "ads.example", "-", 2},
		{MANUAL_PASS, "court.example", false, ERR_OK, "command: unblock court.example",
		 "court.example", "court", 3},
		{MANUAL_PASS, "ads.example", true, ERR_OK, "withdrawn: unblock ads.example",
		 "ads.example", "ads", 2},
		{MANUAL_PASS, "ads.example", true, ERR_NOTFOUND, "nothing of the kind was said",
		 "ads.example", "ads", 2},
		{MANUAL_LIST_OFF, "ads", false, ERR_OK, "command: list-off ads", "ads.example", "-",
		 3},
		{MANUAL_LIST_OFF, "ads", true, ERR_OK, "withdrawn: list-off ads", "ads.example",
		 "ads", 2},
		{MANUAL_PASS, "said.example", true, ERR_NOTFOUND, "nothing of the kind was said",
		 "said.example", "block", 2},
		{MANUAL_BLOCK, "said.example", true, ERR_OK, "withdrawn: block said.example",
		 "said.example", "-", 1},
	};
	struct station *s = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err_text text = {""};
		enum err err = say_so(s, rows[i].kind, rows[i].of, 0, rows[i].take_back, &text);
		bool told = err == ERR_OK ? scratch_logged(&s->scratch, rows[i].text)
					  : strstr(text.text, rows[i].text) != NULL;
		const char *blocks = station_blocks(s, rows[i].asked);

		if (err != rows[i].err || !told || strcmp(blocks, rows[i].blocks) != 0 ||
		    kept(s) != rows[i].kept)
			fail_msg("row %zu: %d, \"%s\", %s is blocked by %s, %zu kept", i, (int)err,
				 text.text, rows[i].asked, blocks, kept(s));
	}
}

/* What is said is what clients are answered, by every worker. */
static void test_in_force_at_once(void **state)
{
	struct station *s = *state;
	struct err_text text;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		must_say(s, MANUAL_BLOCK, "said.example", 0);
		assert_int_equal(station_ask(s, "www.said.example"), RCODE_NXDOMAIN);
		assert_int_equal(say_so(s, MANUAL_BLOCK, "said.example", 0, true, &text), ERR_OK);
		assert_int_equal(station_ask(s, "www.said.example"), RCODE_SERVFAIL);
	}
}

/* ---- kept */

static void test_kept(void **state)
{
	struct station *s = *state;
	struct err_text text = {""};

	must_say(s, MANUAL_BLOCK, "said.example", clock_unix_s() + HOUR_S);
	must_say(s, MANUAL_PASS, "ads.example", 0);
	must_say(s, MANUAL_BLOCK, "over.example", clock_unix_s() - 1);
	assert_int_equal(kept(s), 3);
	station_end(s);
	assert_int_equal(station_begin(s, &(struct station_conf){.top = ""}, &text), ERR_OK);
	assert_string_equal(station_blocks(s, "said.example"), "block");
	assert_string_equal(station_blocks(s, "ads.example"), "-");
	assert_string_equal(station_blocks(s, "over.example"), "-");
	assert_int_equal(station_logged(s, "command: ended: block over.example, until "), 1);
	assert_int_equal(kept(s), 2);
}

/* What cannot be understood is not taken for nothing. */
static void test_damaged(void **state)
{
	struct station *s = *state;
	struct err_text text = {""};

	scratch_write(&s->scratch, "state/manual.json", "{\"entries\": [");
	assert_int_equal(station_begin(s, &(struct station_conf){.top = ""}, &text), ERR_SYNTAX);
	assert_non_null(strstr(text.text, "state/manual.json"));
	assert_null(s->inforce);
}

/* What the guard has come to hold back is kept, told, and not in force. */
static void test_held(void **state)
{
	static const char told[] = "command: list-off ads is not in force: the guard or the "
				   "configuration does not let it be";
	struct station *s = *state;
	struct err_text text = {""};

	must_say(s, MANUAL_LIST_OFF, "ads", 0);
	assert_int_equal(station_logged(s, told), 0);
	station_write(s, &(struct station_conf){.ads = ", mandatory: true"});
	assert_int_equal(put(s), ERR_OK);
	assert_string_equal(station_blocks(s, "ads.example"), "ads");
	assert_int_equal(station_logged(s, told), 1);
	station_end(s);
	assert_int_equal(
		station_begin(s, &(struct station_conf){.ads = ", mandatory: true"}, &text),
		ERR_OK);
	assert_string_equal(station_blocks(s, "ads.example"), "ads");
	assert_int_equal(station_logged(s, told), 2);
	assert_int_equal(kept(s), 1);
}

/* The disk does not take it: that is told, and the entry holds all the same. */
static void test_cannot_be_written(void **state)
{
	struct station *s = *state;
	struct manual_entry entry = said(MANUAL_BLOCK, "said.example", 0);
	struct err_text text = {""};
	bool on_disk = true;

	assert_int_equal(
		rename(scratch_path(&s->scratch, "state"), scratch_path(&s->scratch, "elsewhere")),
		0);
	assert_int_equal(inforce_say(s->inforce, &entry, false, &on_disk, &text), ERR_OK);
	assert_false(on_disk);
	assert_string_equal(station_blocks(s, "said.example"), "block");
	assert_int_equal(station_logged(s, "what is said holds until the next restart alone: "), 1);
	assert_int_equal(
		rename(scratch_path(&s->scratch, "elsewhere"), scratch_path(&s->scratch, "state")),
		0);
	assert_int_equal(kept(s), 0);
	must_say(s, MANUAL_BLOCK, "more.example", 0); /* the next write has both */
	assert_int_equal(kept(s), 2);
}

/* What another process has handed on holds, whatever the disk has; and the disk has it soon. */
static void test_handed_on(void **state)
{
	struct station *s = *state;
	struct manual_entry entry = said(MANUAL_BLOCK, "handed.example", 0);
	struct manual handed = {.count = 1, .entries = &entry};
	struct err_text text = {""};

	must_say(s, MANUAL_BLOCK, "withdrawn.example", 0);
	inforce_free(s->inforce);
	s->inforce = NULL;
	assert_int_equal(inforce_create(s->workers, &s->result, NULL, &handed, &s->inforce, &text),
			 ERR_OK);
	assert_string_equal(station_blocks(s, "handed.example"), "block");
	assert_string_equal(station_blocks(s, "withdrawn.example"), "-");
	inforce_tick(s->inforce, false);
	assert_int_equal(kept(s), 1);
	inforce_free(s->inforce);
	s->inforce = NULL;
	assert_int_equal(inforce_create(s->workers, &s->result, NULL, NULL, &s->inforce, &text),
			 ERR_OK);
	assert_string_equal(station_blocks(s, "handed.example"), "block");
}

/* ---- the main thread's second */

/* Ticks until that second has come: in force before, and no more from then on. */
static void expect_end_at(struct station *s, uint64_t until_s, const char *name, const char *before,
			  const char *after)
{
	for (bool over = false; !over;) {
		uint64_t early_s = clock_unix_s();
		const char *blocks;

		inforce_tick(s->inforce, false);
		blocks = station_blocks(s, name);
		over = early_s >= until_s;
		if (over)
			assert_string_equal(blocks, after);
		else if (clock_unix_s() < until_s)
			assert_string_equal(blocks, before);
		await_nap();
	}
}

static void test_ends(void **state)
{
	struct station *s = *state;
	uint64_t until_s = clock_unix_s() + 2;

	must_say(s, MANUAL_BLOCK, "for-ever.example", 0);
	must_say(s, MANUAL_BLOCK, "said.example", until_s);
	must_say(s, MANUAL_BLOCK, "later.example", until_s + 1);
	must_say(s, MANUAL_LIST_OFF, "ads", until_s + HOUR_S);
	expect_end_at(s, until_s, "said.example", "block", "-");
	expect_end_at(s, until_s + 1, "later.example", "block", "-");
	assert_string_equal(station_blocks(s, "for-ever.example"), "block");
	assert_string_equal(station_blocks(s, "ads.example"), "-");
	assert_int_equal(station_logged(s, "command: ended: "), 2);
	assert_int_equal(kept(s), 2);
}

/* An order begins and lapses at its second without a load; the log is warned of it once. */
static void test_term(void **state)
{
	struct station *s = *state;
	uint64_t from_s = clock_unix_s() + 2;
	struct err_text text = {""};
	char at[MOMENT_TEXT_MAX];
	char begins[64];
	char lapses[64];

	snprintf(begins, sizeof(begins), ", valid-from: %s", moment_text(from_s, at));
	snprintf(lapses, sizeof(lapses), ", lapse: lift, expires: %s", moment_text(from_s + 1, at));
	assert_int_equal(
		station_begin(s, &(struct station_conf){.ads = lapses, .court = begins}, &text),
		ERR_OK);
	assert_int_equal(
		station_logged(s, "list court: not in force yet: its order is valid from "), 1);
	assert_int_equal(station_logged(s, "list ads: its order is in force, until "), 1);
	expect_end_at(s, from_s, "court.example", "-", "court");
	expect_end_at(s, from_s + 1, "ads.example", "ads", "-");
	assert_int_equal(station_logged(s, "list court: its order is in force, from "), 1);
	assert_int_equal(station_logged(s, "; it is lifted, and blocks nothing"), 1);
	assert_int_equal(station_logged(s, "list ads: its order lapses at "), 1);
}

/* The log is warned again after a load. */
static void test_warned_after_load(void **state)
{
	struct station *s = *state;
	char at[MOMENT_TEXT_MAX];
	char lapses[64];

	snprintf(lapses, sizeof(lapses), ", expires: %s", moment_text(clock_unix_s() + HOUR_S, at));
	station_write(s, &(struct station_conf){.ads = lapses});
	for (size_t i = 0; i < 2; i++) {
		inforce_tick(s->inforce, false);
		inforce_tick(s->inforce, false);
		assert_int_equal(station_logged(s, "list ads: its order lapses at "), i);
		assert_int_equal(put(s), ERR_OK);
	}
}

/* Nothing is said or ended while another process takes over, nor at the end. */
static void test_paused(void **state)
{
	struct station *s = *state;
	struct err_text text = {""};

	must_say(s, MANUAL_BLOCK, "over.example", clock_unix_s() - 1);
	inforce_pause(s->inforce, true);
	assert_int_equal(say_so(s, MANUAL_BLOCK, "said.example", 0, false, &text), ERR_CANCELLED);
	assert_int_equal(say_so(s, MANUAL_BLOCK, "over.example", 0, true, &text), ERR_CANCELLED);
	inforce_tick(s->inforce, false);
	assert_string_equal(station_blocks(s, "over.example"), "block");
	assert_string_equal(station_blocks(s, "said.example"), "-");
	assert_int_equal(kept(s), 1);
	inforce_pause(s->inforce, false);
	must_say(s, MANUAL_BLOCK, "said.example", 0);
	inforce_tick(s->inforce, false);
	assert_string_equal(station_blocks(s, "over.example"), "-");
	assert_string_equal(station_blocks(s, "said.example"), "block");
}

/* What a load may be reading stays until it is over. */
static void test_formers(void **state)
{
	struct station *s = *state;
	const struct snapshot *former = now_in_force(s);

	must_say(s, MANUAL_BLOCK, "said.example", 0);
	assert_ptr_not_equal(now_in_force(s), former);
	inforce_tick(s->inforce, true);
	assert_string_equal(station_blocks_in(former, "said.example"), "-");
	assert_string_equal(station_blocks_in(former, "ads.example"), "ads");
	inforce_tick(s->inforce, false);
	if (__asan_address_is_poisoned)
		assert_true(__asan_address_is_poisoned(former));
	assert_string_equal(station_blocks(s, "said.example"), "block");
}

/* ---- loads */

/* Whichever comes first, a load or a command, both are in force. */
static void test_put(void **state)
{
	struct station *s = *state;
	struct snapshot *early;

	must_say(s, MANUAL_BLOCK, "first.example", 0);
	scratch_write(&s->scratch, "ads", "ads.example\nmore.example\n");
	early = station_load(s);
	must_say(s, MANUAL_BLOCK, "second.example", 0); /* while the load is under way */
	assert_int_equal(inforce_put(s->inforce, early, &s->result), ERR_OK);
	must_say(s, MANUAL_BLOCK, "third.example", 0);
	assert_string_equal(station_blocks(s, "first.example"), "block");
	assert_string_equal(station_blocks(s, "second.example"), "block");
	assert_string_equal(station_blocks(s, "third.example"), "block");
	assert_string_equal(station_blocks(s, "more.example"), "ads");
	assert_int_equal(now_in_force(s)->generation, 5);
	assert_int_equal(loads_of(s)->good, 2);
	assert_int_equal(loads_of(s)->names, 3);
	assert_false(loads_of(s)->last_failed);
}

static void test_forbidden(void **state)
{
	struct station *s = *state;
	const struct snapshot *before;
	struct err_text text = {""};

	must_say(s, MANUAL_BLOCK, "over.example", clock_unix_s() - 1);
	before = now_in_force(s);
	assert_false(*inforce_forbidden(s->inforce));
	inforce_forbid(s->inforce);
	assert_true(*inforce_forbidden(s->inforce));
	scratch_write(&s->scratch, "ads", "more.example\n");
	assert_int_equal(put(s), ERR_CANCELLED);
	assert_int_equal(say_so(s, MANUAL_BLOCK, "said.example", 0, false, &text), ERR_CANCELLED);
	inforce_tick(s->inforce, false);
	assert_ptr_equal(now_in_force(s), before);
	assert_int_equal(loads_of(s)->good, 1);
	assert_string_equal(station_blocks(s, "over.example"), "block");
}

static void test_failed(void **state)
{
	struct station *s = *state;

	inforce_failed(s->inforce, "line 3: no");
	assert_true(loads_of(s)->last_failed);
	assert_int_equal(loads_of(s)->failed, 1);
	assert_string_equal(loads_of(s)->reason, "line 3: no");
	assert_int_equal(put(s), ERR_OK);
	assert_false(loads_of(s)->last_failed);
	assert_string_equal(loads_of(s)->reason, "");
}

/* The configuration that a load takes the place of can be returned to. */
static void test_former_configuration(void **state)
{
	struct station *s = *state;
	char former[16384];

	assert_int_equal(put(s), ERR_OK);
	assert_int_equal(scratch_read(scratch_path(&s->scratch, "state/former.yaml"), former,
				      sizeof(former)),
			 -1);
	station_write(s, &(struct station_conf){.top = "manual: {action: nodata}"});
	assert_int_equal(put(s), ERR_OK);
	assert_true(scratch_read(scratch_path(&s->scratch, "state/former.yaml"), former,
				 sizeof(former)) > 0);
	assert_null(strstr(former, "action: nodata"));
}

/* Each is begun in the order in which it was wanted, and covers all of its kind until then. */
static void test_wanted(void **state)
{
	static const struct {
		char wanted[8]; /* kinds, as digits */
		char begun[8];
		uint64_t covers; /* by the last */
	} rows[] = {
		{"", "", 0},	   {"0", "0", 1},    {"000", "0", 3},	 {"012", "012", 3},
		{"210", "210", 3}, {"110", "10", 3}, {"1220", "120", 4},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct station *s;
		const struct snapshot *former;
		uint64_t covers = 0;
		uint64_t begun;
		enum web_reload kind;

		station_set_up(state);
		s = *state;
		begun = loads_of(s)->wanted;
		assert_true(begun > 1000000000000000); /* later than a process of before */
		for (const char *w = rows[i].wanted; *w; w++)
			assert_int_equal(inforce_want(s->inforce, (enum web_reload)(*w - '0')),
					 begun + (uint64_t)(w - rows[i].wanted) + 1);
		for (const char *b = rows[i].begun; *b; b++) {
			kind = inforce_begin(s->inforce, &covers, &former);
			assert_int_equal(kind, *b - '0');
			assert_ptr_equal(former, workers_snapshot(s->workers));
			inforce_cover(s->inforce, kind, covers);
			assert_int_equal(loads_of(s)->covered_of[kind], covers);
		}
		if (rows[i].covers)
			assert_int_equal(covers, begun + rows[i].covers);
		assert_int_equal(inforce_begin(s->inforce, &covers, &former), WEB_RELOAD_COUNT);
		station_tear_down(state);
	}
}

/* A dry run tells what would change, with what is said by command, and changes nothing. */
static void test_compare(void **state)
{
	struct station *s = *state;
	const struct snapshot *before;
	const struct difference *d;
	struct snapshot *after;

	must_say(s, MANUAL_BLOCK, "said.example", 0);
	must_say(s, MANUAL_PASS, "passed.example", 0);
	before = now_in_force(s);
	inforce_dry_failed(s->inforce, "no such file");
	assert_string_equal(loads_of(s)->dry_reason, "no such file");
	scratch_write(&s->scratch, "ads", "more.example\nsaid.example\npassed.example\n");
	after = station_load(s);
	inforce_compare(s->inforce, after, before);
	snapshot_free(after);
	d = &loads_of(s)->difference;
	assert_int_equal(d->blocked.count, 1); /* said.example is blocked already */
	assert_string_equal(d->blocked.first[0].list, "ads");
	assert_int_equal(d->lifted.count, 1);
	assert_string_equal(loads_of(s)->dry_reason, "");
	assert_int_equal(loads_of(s)->good, 1);
	assert_ptr_equal(now_in_force(s), before);
	assert_string_equal(station_blocks(s, "ads.example"), "ads");
}

/* ---- several threads */

static void *say_much(void *arg)
{
	struct station *s = arg;
	struct err_text text;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u.example", i);
		must_say(s, MANUAL_BLOCK, name, 0);
		if (i % 2)
			assert_int_equal(say_so(s, MANUAL_BLOCK, name, 0, true, &text), ERR_OK);
	}
	return NULL;
}

/* What is said while loads put other lists in force, and the main thread looks, is there. */
static void test_threads(void **state)
{
	struct station *s = *state;
	pthread_t sayer;

	assert_int_equal(pthread_create(&sayer, NULL, say_much, s), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		inforce_tick(s->inforce, true); /* whom the load follows stays */
		assert_int_equal(put(s), ERR_OK);
		assert_string_equal(station_blocks(s, "court.example"), "court");
	}
	assert_int_equal(pthread_join(sayer, NULL), 0);
	inforce_tick(s->inforce, false);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u.example", i);
		assert_string_equal(station_blocks(s, name), i % 2 ? "-" : "block");
	}
	assert_int_equal(kept(s), ROUNDS / 2);
	assert_int_equal(loads_of(s)->good, 1 + ROUNDS);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, station_set_up, station_tear_down)
#define BARE(test) cmocka_unit_test_setup_teardown(test, station_set_up_bare, station_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_say),
		TEST(test_in_force_at_once),
		TEST(test_kept),
		BARE(test_damaged),
		TEST(test_held),
		TEST(test_cannot_be_written),
		TEST(test_handed_on),
		TEST(test_ends),
		BARE(test_term),
		TEST(test_warned_after_load),
		TEST(test_paused),
		TEST(test_formers),
		TEST(test_put),
		TEST(test_forbidden),
		TEST(test_failed),
		TEST(test_former_configuration),
		cmocka_unit_test(test_wanted),
		TEST(test_compare),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
