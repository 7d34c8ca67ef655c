/* SPDX-License-Identifier: BSD-2-Clause */
/* Hand-overs to this program itself, which as the next process does what its argument says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/handover.h"
#include "manual/store.h"
#include "support/await.h"
#include "support/station.h"
#include "system/succession.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET ((struct hash_key){.k0 = 17, .k1 = 4})
#define STATUS_ENDED 3
#define NOT_TOLD_YET 2

/* ---- the next process */

static void require(bool condition)
{
	if (!condition)
		_exit(EXIT_FAILURE);
}

static void hear(int channel, enum succession_word wanted, int *ret_fd)
{
	enum succession_word word = SUCCESSION_END;

	require(succession_hear(channel, AWAIT_LIMIT_MS, &word, ret_fd) == ERR_OK);
	require(word == wanted);
}

/* Until it is ended. */
static void stay(void)
{
	for (;;)
		pause();
}

/* All words in their order, with all that belongs to them; what is wrong is told by its status. */
static void serve(int channel)
{
	int cache = -1;

	require(succession_say(channel, SUCCESSION_LOADED, -1) == ERR_OK);
	hear(channel, SUCCESSION_GO, &cache);
	require(cache >= 0);
	require(succession_say(channel, SUCCESSION_SERVING, -1) == ERR_OK);
	hear(channel, SUCCESSION_MAIN, NULL);
	_exit(EXIT_SUCCESS);
}

/* What was said by command came along. */
static void require_said(int said)
{
	struct manual manual;
	struct err_text text;

	require(said >= 0 && manual_from_memory(said, &manual, &text) == ERR_OK);
	require(manual.count == 1 && manual.entries[0].kind == MANUAL_BLOCK);
}

static void succeed(const char *deed, size_t sockets)
{
	struct inherited inherited = {.count = 0};
	struct hash_key secret = {.k0 = 0};
	char state[SUCCESSION_STATE_MAX];
	int channel = -1;
	int said = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it does not outlive the test, however that ends */
	if (strcmp(deed, "ends") == 0)
		_exit(STATUS_ENDED);
	require(succession_begin(&channel, state, &inherited, &secret, &said) == ERR_OK);
	require_said(said);
	require(inherited.count == sockets);
	require(secret.k0 == SECRET.k0 && secret.k1 == SECRET.k1);
	if (strcmp(deed, "serves") == 0)
		serve(channel);
	if (strcmp(deed, "babbles") == 0)
		require(send(channel, "hello", 5, 0) == 5);
	if (strcmp(deed, "ends loaded") == 0) {
		require(succession_say(channel, SUCCESSION_LOADED, -1) == ERR_OK);
		hear(channel, SUCCESSION_GO, NULL);
		_exit(STATUS_ENDED);
	}
	if (strcmp(deed, "ends serving") == 0) {
		require(succession_say(channel, SUCCESSION_LOADED, -1) == ERR_OK);
		hear(channel, SUCCESSION_GO, NULL);
		require(succession_say(channel, SUCCESSION_SERVING, -1) == ERR_OK);
		_exit(STATUS_ENDED);
	}
	stay();
}

/* ---- the process before */

struct handing {
	struct station *station;
	struct event_base *base;
	struct handover_config config;
	struct handover *handover;
	char *argv[4];
	char sockets[16];
	char deed[16];
	unsigned int done; /* how often that was told */
	int serves;
};

static void on_done(void *arg, bool serves)
{
	struct handing *h = arg;

	assert_false(handover_is_busy(h->handover));
	h->done++;
	h->serves = serves;
}

static void say_something(struct inforce *f)
{
	struct manual_entry entry = {.kind = MANUAL_BLOCK, .by = "a test"};
	struct err_text text;
	bool kept;

	assert_int_equal(name_from_text("said.example", 12, &entry.name), ERR_OK);
	assert_int_equal(inforce_say(f, &entry, false, &kept, &text), ERR_OK);
}

static char program[] = "test_handover";

static void begin(struct handing *h, const struct station_conf *conf)
{
	struct err_text text = {""};
	size_t sockets;

	assert_int_equal(station_begin(h->station, conf, &text), ERR_OK);
	(void)workers_sockets(h->station->workers, &sockets);
	snprintf(h->sockets, sizeof(h->sockets), "%zu", sockets);
	h->argv[0] = program;
	h->argv[1] = h->deed;
	h->argv[2] = h->sockets;
	h->config = (struct handover_config){
		.argv = h->argv,
		.workers = h->station->workers,
		.cache = h->station->cache,
		.name_key = station_key,
		.cookie_secret = SECRET,
		.inforce = h->station->inforce,
	};
	say_something(h->station->inforce);
	assert_int_equal(handover_create(h->base, &h->config, on_done, h, &h->handover), ERR_OK);
}

static int set_up(void **state)
{
	struct handing *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	station_set_up_bare(state);
	h->station = *state;
	h->base = event_base_new();
	assert_non_null(h->base);
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct handing *h = *state;
	void *station = h->station;

	if (h->handover)
		handover_give_up(h->handover);
	handover_free(h->handover);
	event_base_free(h->base);
	station_tear_down(&station);
	free(h);
	return 0;
}

static void turn(struct handing *h)
{
	event_base_loop(h->base, EVLOOP_NONBLOCK);
	await_nap();
}

static void start(struct handing *h, const char *deed)
{
	snprintf(h->deed, sizeof(h->deed), "%s", deed);
	h->done = 0;
	h->serves = NOT_TOLD_YET;
	handover_start(h->handover);
}

static void expect_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void expect_failure(struct handing *h, const char *why)
{
	AWAIT(h->done > 0, turn(h));
	assert_int_equal(h->done, 1);
	assert_false(h->serves);
	assert_false(handover_is_busy(h->handover));
	if (station_logged(h->station, why) != 1)
		fail_msg("not once in the log: %s", why);
	expect_no_child();
}

/* ---- tests */

static void test_none(void **state)
{
	struct handing *h = *state;

	begin(h, &(struct station_conf){.top = ""});
	assert_false(handover_is_busy(h->handover));
	handover_give_up(h->handover);
	handover_signal_next(h->handover, SIGKILL); /* nobody is to be hit */
	turn(h);
	assert_int_equal(h->done, 0);
	assert_int_equal(station_logged(h->station, "hand-over"), 0);
}

static void test_serves(void **state)
{
	struct handing *h = *state;
	int status = -1;
	pid_t pid = 0;

	begin(h, &(struct station_conf){.top = ""});
	start(h, "serves");
	assert_true(handover_is_busy(h->handover));
	AWAIT(h->done > 0, turn(h));
	assert_int_equal(h->done, 1);
	assert_true(h->serves);
	assert_int_equal(station_logged(h->station, " serves, this one ends"), 1);
	AWAIT((pid = waitpid(-1, &status, WNOHANG)) != 0, await_nap());
	assert_true(pid > 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

/* What goes wrong is told, leaves no process, and the next one may begin. */
static void test_fails(void **state)
{
	static const struct {
		const char *deed;
		int signal; /* 0: none */
		const char *told;
	} rows[] = {
		{"ends", 0, "the new process ended with status 3"},
		{"ends loaded", 0, "the new process ended with status 3"},
		{"babbles", 0, "the new process says what is not understood"},
		{"stays", SIGTERM, "the new process was ended by signal 15"},
	};
	struct handing *h = *state;
	char told[128];

	begin(h, &(struct station_conf){.top = ""});
	for (size_t i = 0; i < COUNT(rows); i++) {
		scratch_give_stderr(&h->station->scratch);
		assert_int_equal(remove(scratch_path(&h->station->scratch, ".log")), 0);
		scratch_take_stderr(&h->station->scratch);
		start(h, rows[i].deed);
		if (rows[i].signal)
			handover_signal_next(h->handover, rows[i].signal);
		snprintf(told, sizeof(told), "hand-over FAILED, all stays as it was: %s",
			 rows[i].told);
		expect_failure(h, told);
	}
}

static bool has_ended_child(void)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* What it has said before it ended is heard when it is gone: then nobody else serves. */
static void test_ends_as_it_serves(void **state)
{
	struct handing *h = *state;

	begin(h, &(struct station_conf){.top = ""});
	start(h, "ends serving");
	assert_int_equal(event_base_loop(h->base, EVLOOP_ONCE), 0); /* it is told to go */
	assert_int_equal(h->done, 0);
	AWAIT(has_ended_child(), await_nap());
	expect_failure(h, "hand-over FAILED, all stays as it was: the new process ended with "
			  "status 3");
}

static void test_late(void **state)
{
	struct handing *h = *state;

	begin(h, &(struct station_conf){.server = ", handover-timeout: 300ms"});
	start(h, "stays");
	expect_failure(h, "the new process did not come up in time (server.handover-timeout)");
}

/* Who asks again while one is under way is told so. */
static void test_twice(void **state)
{
	struct handing *h = *state;

	begin(h, &(struct station_conf){.top = ""});
	start(h, "stays");
	handover_start(h->handover);
	assert_int_equal(station_logged(h->station, "a hand-over is under way already"), 1);
	assert_true(handover_is_busy(h->handover));
	assert_int_equal(h->done, 0);
	handover_give_up(h->handover);
	expect_no_child();
}

static void test_given_up(void **state)
{
	struct handing *h = *state;

	begin(h, &(struct station_conf){.top = ""});
	start(h, "stays");
	handover_give_up(h->handover);
	assert_false(handover_is_busy(h->handover));
	assert_int_equal(station_logged(h->station, "hand-over given up"), 1);
	turn(h);
	assert_int_equal(h->done, 0);
	expect_no_child();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),     TEST(test_serves),
		TEST(test_fails),    TEST(test_ends_as_it_serves),
		TEST(test_late),     TEST(test_twice),
		TEST(test_given_up),
	};

	if (argc == 3 && getenv(SUCCESSION_VARIABLE))
		succeed(argv[1], strtoul(argv[2], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
