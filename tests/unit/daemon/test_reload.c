/* SPDX-License-Identifier: BSD-2-Clause */
/* Reloads of workers that serve, with the loop that the main thread has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/reload.h"
#include "support/await.h"
#include "support/station.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reloading {
	struct station *station;
	struct event_base *base;
	struct reload *reload;
	char *conf_path;
	unsigned int in_force;		 /* how often that was told */
	const struct snapshot *snapshot; /* the last time, of this */
	uint64_t begun;			 /* the number that reloads begin behind */
	uint64_t covered;		 /* before who waits for the load was told */
	unsigned int done;		 /* how often that was told */
};

static void on_done(void *arg)
{
	struct reloading *r = arg;

	assert_false(reload_is_busy(r->reload));
	r->done++;
}

static void take_covered(void *arg, const struct snapshot *snapshot, const struct web_loads *loads,
			 const struct manual *manual)
{
	struct reloading *r = arg;

	(void)snapshot;
	(void)manual;
	r->covered = loads->covered_of[WEB_RELOAD_NEW];
}

/* The loader's thread, which no assertion may leave. */
static void on_in_force(void *arg, const struct snapshot *snapshot)
{
	struct reloading *r = arg;

	inforce_look(r->station->inforce, take_covered, r);
	r->snapshot = snapshot;
	r->in_force++;
}

static int set_up(void **state)
{
	struct reloading *r = calloc(1, sizeof(*r));

	struct reload_hooks hooks = {.in_force = on_in_force, .done = on_done, .arg = r};

	assert_non_null(r);
	station_set_up(state);
	r->station = *state;
	r->base = event_base_new();
	assert_non_null(r->base);
	r->conf_path = strdup(scratch_path(&r->station->scratch, "conf"));
	assert_non_null(r->conf_path);
	assert_int_equal(reload_create(r->base, r->conf_path, &station_key, r->station->inforce,
				       &hooks, &r->reload),
			 ERR_OK);
	inforce_look(r->station->inforce, take_covered, r);
	r->begun = r->covered;
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct reloading *r = *state;
	void *station = r->station;

	reload_free(r->reload);
	event_base_free(r->base);
	station_tear_down(&station);
	free(r->conf_path);
	free(r);
	return 0;
}

static void turn(struct reloading *r)
{
	event_base_loop(r->base, EVLOOP_NONBLOCK);
	await_nap();
}

/* Has one done, from its beginning to its end. */
static void reload(struct reloading *r, enum web_reload kind)
{
	unsigned int before = r->done;

	(void)inforce_want(r->station->inforce, kind);
	reload_start(r->reload);
	AWAIT(r->done > before, turn(r));
	assert_int_equal(r->done, before + 1);
}

static void take_loads(void *arg, const struct snapshot *snapshot, const struct web_loads *loads,
		       const struct manual *manual)
{
	memcpy(arg, loads, sizeof(*loads));
}

static const struct web_loads *loads_of(const struct reloading *r)
{
	static struct web_loads loads;

	inforce_look(r->station->inforce, take_loads, &loads);
	return &loads;
}

static void write_ads(const struct reloading *r, const char *names)
{
	scratch_write(&r->station->scratch, "ads", names);
}

static void expect_blocks(const struct reloading *r, const char *name, const char *list)
{
	assert_string_equal(station_blocks(r->station, name), list);
}

static void expect_logged(const struct reloading *r, const char *text, size_t count)
{
	if (station_logged(r->station, text) != count)
		fail_msg("\"%s\" is logged %zu times", text, station_logged(r->station, text));
}

/* What is kept of the list. */
static void expect_kept(const struct reloading *r, const char *names)
{
	const char *path = scratch_path(&r->station->scratch, "state/ads.list");
	char kept[64];

	assert_true(scratch_read(path, kept, sizeof(kept)) > 0);
	assert_string_equal(kept, names);
}

/* ---- what a reload does */

static void test_nothing_wanted(void **state)
{
	struct reloading *r = *state;

	reload_start(r->reload);
	assert_false(reload_is_busy(r->reload));
	assert_true(reload_wait(r->reload));
	turn(r);
	assert_int_equal(r->done, 0);
}

static void test_new(void **state)
{
	struct reloading *r = *state;

	write_ads(r, "more.example\n");
	station_write(r->station, &(struct station_conf){.top = "watch: true"});
	expect_blocks(r, "more.example", "-");
	reload(r, WEB_RELOAD_NEW);
	expect_blocks(r, "more.example", "ads");
	expect_blocks(r, "ads.example", "-");
	expect_blocks(r, "court.example", "court");
	expect_logged(r, "reload 2 done: 2 names of 2 lists in force, 0 lists refused", 1);
	expect_logged(r, "list court: in force here: asked for, 1 of 1 names are blocked", 1);
	assert_int_equal(loads_of(r)->good, 2);
	assert_int_equal(loads_of(r)->covered_of[WEB_RELOAD_NEW], r->begun + 1);
	assert_int_equal(r->in_force, 1);
	assert_ptr_equal(r->snapshot, inforce_snapshot(r->station->inforce));
	assert_int_equal(r->covered, r->begun);
}

/* A start from what is kept has what a reload has put in force. */
static void test_kept(void **state)
{
	struct reloading *r = *state;

	expect_kept(r, "ads.example\n");
	write_ads(r, "more.example\n");
	reload(r, WEB_RELOAD_NEW);
	expect_kept(r, "more.example\n");
}

/* What is wrong changes nothing, is told, and is over all the same. */
static void test_failed(void **state)
{
	static const struct {
		enum web_reload kind;
		const char *top;   /* NULL: there is no configuration any more */
		const char *court; /* the names of the mandatory list; NULL: as they were */
		const char *reason;
	} rows[] = {
		{WEB_RELOAD_NEW, NULL, NULL, "conf: No such file or directory"},
		{WEB_RELOAD_NEW, "wotch: true", NULL, "wotch"},
		{WEB_RELOAD_BACK, "", NULL, "no former configuration is known"},
		{WEB_RELOAD_DRY, "wotch: true", NULL, "wotch"},
		{WEB_RELOAD_DRY, NULL, NULL, "conf: No such file or directory"},
		{WEB_RELOAD_DRY, "", "<html>\n", "court"},
	};
	struct reloading *r = *state;
	uint64_t failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool dry = rows[i].kind == WEB_RELOAD_DRY;
		const char *reason;

		if (rows[i].top)
			station_write(r->station, &(struct station_conf){.top = rows[i].top});
		else
			unlink(r->conf_path);
		if (rows[i].court)
			scratch_write(&r->station->scratch, "court", rows[i].court);
		write_ads(r, "more.example\n");
		reload(r, rows[i].kind);
		failed += !dry;
		reason = dry ? loads_of(r)->dry_reason : loads_of(r)->reason;
		if (!strstr(reason, rows[i].reason))
			fail_msg("row %zu: %s", i, reason);
		assert_int_equal(loads_of(r)->failed, failed);
		assert_int_equal(loads_of(r)->covered_of[rows[i].kind], r->begun + i + 1);
		expect_logged(r, "reload FAILED, all stays as it was: ", failed);
		expect_blocks(r, "ads.example", "ads");
		expect_blocks(r, "court.example", "court");
	}
	assert_int_equal(loads_of(r)->good, 1);
	assert_int_equal(r->in_force, 0);
}

static void test_dry(void **state)
{
	struct reloading *r = *state;

	write_ads(r, "more.example\nand.example\n");
	reload(r, WEB_RELOAD_DRY);
	assert_string_equal(loads_of(r)->dry_reason, "");
	assert_int_equal(loads_of(r)->difference.blocked.count, 2);
	assert_int_equal(loads_of(r)->difference.lifted.count, 1);
	assert_int_equal(loads_of(r)->good, 1);
	expect_blocks(r, "more.example", "-");
	expect_blocks(r, "ads.example", "ads");
	expect_logged(r, "dry run: nothing was changed", 1);
	expect_logged(r, "done:", 0);
	reload(r, WEB_RELOAD_NEW); /* what the dry run has read is not taken for what is kept */
	expect_blocks(r, "more.example", "ads");
}

static void test_back(void **state)
{
	static const char still[] = "the former configuration is in force; ";
	struct reloading *r = *state;

	station_write(r->station, &(struct station_conf){.ads = ", match: exact"});
	reload(r, WEB_RELOAD_NEW);
	expect_blocks(r, "x.ads.example", "-");
	expect_logged(r, still, 0);
	reload(r, WEB_RELOAD_BACK);
	expect_blocks(r, "x.ads.example", "ads");
	expect_logged(r, still, 1);
	reload(r, WEB_RELOAD_NEW);
	expect_blocks(r, "x.ads.example", "-");
}

static void test_restart_needed(void **state)
{
	struct reloading *r = *state;

	station_write(r->station, &(struct station_conf){.top = "control: {group: nogroup}"});
	reload(r, WEB_RELOAD_NEW);
	expect_logged(r, "reload: control.group has changed, which takes effect at a restart only",
		      1);
	expect_logged(r, "takes effect at a restart only", 1);
}

/* ---- one after the other */

/* What is wanted while one is under way is begun when that is over; the end of all is told once. */
static void test_in_a_row(void **state)
{
	struct reloading *r = *state;

	(void)inforce_want(r->station->inforce, WEB_RELOAD_NEW);
	reload_start(r->reload);
	assert_true(reload_is_busy(r->reload));
	(void)inforce_want(r->station->inforce, WEB_RELOAD_DRY);
	reload_start(r->reload);
	(void)inforce_want(r->station->inforce, WEB_RELOAD_NEW);
	(void)inforce_want(r->station->inforce, WEB_RELOAD_NEW);
	reload_start(r->reload);
	AWAIT(r->done > 0, turn(r));
	assert_int_equal(r->done, 1);
	assert_int_equal(loads_of(r)->good, 3); /* the last two are one */
	assert_int_equal(loads_of(r)->covered_of[WEB_RELOAD_NEW], r->begun + 4);
	assert_int_equal(loads_of(r)->covered_of[WEB_RELOAD_DRY], r->begun + 2);
	expect_logged(r, "dry run: nothing was changed", 1);
}

/* None begins while they are held: what was wanted meanwhile does when they are let go. */
static void test_held(void **state)
{
	struct reloading *r = *state;

	reload_hold(r->reload);
	(void)inforce_want(r->station->inforce, WEB_RELOAD_NEW);
	assert_true(inforce_is_wanted(r->station->inforce, WEB_RELOAD_NEW));
	assert_false(inforce_is_wanted(r->station->inforce, WEB_RELOAD_DRY));
	reload_start(r->reload);
	assert_false(reload_is_busy(r->reload));
	reload_release(r->reload);
	reload_start(r->reload);
	assert_true(reload_is_busy(r->reload));
	AWAIT(r->done > 0, turn(r));
	assert_false(inforce_is_wanted(r->station->inforce, WEB_RELOAD_NEW));
	assert_int_equal(loads_of(r)->good, 2);
	reload_start(r->reload);
	assert_false(reload_is_busy(r->reload));
}

/* ---- the end */

/* A load that was forbidden gives up, and puts nothing in force. */
static void test_forbidden(void **state)
{
	struct reloading *r = *state;

	write_ads(r, "more.example\n");
	inforce_forbid(r->station->inforce);
	reload(r, WEB_RELOAD_NEW);
	expect_logged(r, "reload given up", 1);
	expect_logged(r, "FAILED", 0);
	expect_blocks(r, "more.example", "-");
	assert_int_equal(loads_of(r)->good, 1);
	expect_kept(r, "ads.example\n");
}

/* One that hangs, here at a pipe that nobody reads, is not waited for; once it goes on it ends. */
static void test_hangs(void **state)
{
	struct reloading *r = *state;
	const char *pipe = scratch_path(&r->station->scratch, "state/ads.list.new");
	int fd;

	assert_int_equal(mkfifo(pipe, 0600), 0);
	write_ads(r, "more.example\n");
	(void)inforce_want(r->station->inforce, WEB_RELOAD_NEW);
	reload_start(r->reload);
	assert_false(reload_wait(r->reload));
	inforce_forbid(r->station->inforce);
	assert_true(reload_is_busy(r->reload));
	fd = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	AWAIT(reload_wait(r->reload), await_nap());
	close(fd);
	assert_false(reload_is_busy(r->reload));
	assert_int_equal(r->done, 0);
	expect_blocks(r, "more.example", "-");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_wanted), TEST(test_new),	TEST(test_kept),
		TEST(test_failed),	   TEST(test_dry),	TEST(test_back),
		TEST(test_restart_needed), TEST(test_in_a_row), TEST(test_held),
		TEST(test_forbidden),	   TEST(test_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
