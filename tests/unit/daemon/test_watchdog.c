/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/watchdog.h"
#include "support/scratch.h"

/* The upstreams of the worker are not looked at. */
size_t upstreams_view(const struct upstreams *upstreams, struct upstream_view *views, size_t max)
{
	(void)upstreams;
	(void)views;
	(void)max;
	return 0;
}

/* A service manager's socket, and a board of one worker. */
struct kit {
	struct scratch scratch;
	struct event_base *base;
	struct board *board;
	int manager;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	assert_non_null(kit);
	scratch_make(&kit->scratch);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", kit->scratch.path);
	kit->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(kit->manager, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
	kit->base = event_base_new();
	assert_non_null(kit->base);
	assert_int_equal(board_create(1, &kit->board), ERR_OK);
	*state = kit;
	return 0;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	board_free(kit->board);
	event_base_free(kit->base);
	close(kit->manager);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

static void test_none_is_wanted(void **state)
{
	struct kit *kit = *state;
	struct event *event;

	unsetenv("WATCHDOG_USEC");
	assert_int_equal(watchdog_begin(kit->base, kit->board, &event), ERR_OK);
	assert_null(event);
	assert_int_equal(setenv("WATCHDOG_USEC", "soon", 1), 0);
	assert_int_equal(watchdog_begin(kit->base, kit->board, &event), ERR_OK);
	assert_null(event);
}

/* A third of the watchdog's time, and no shorter than workers take to move. */
static void test_how_often(void **state)
{
	static const struct {
		const char *usec;
		time_t s;
	} rows[] = {{"30000000", 10}, {"3000000", 2}, {"1", 2}};
	struct kit *kit = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct timeval now;
		struct timeval at;
		struct event *event;

		assert_int_equal(setenv("WATCHDOG_USEC", rows[i].usec, 1), 0);
		assert_int_equal(watchdog_begin(kit->base, kit->board, &event), ERR_OK);
		assert_true(event_pending(event, EV_TIMEOUT, &at));
		assert_int_equal(event_base_gettimeofday_cached(kit->base, &now), 0);
		assert_in_range(at.tv_sec - now.tv_sec, rows[i].s - 1, rows[i].s + 1);
		event_free(event);
	}
}

static bool is_fed(const struct kit *kit, struct event *event)
{
	char text[64];
	ssize_t len;

	event_active(event, EV_TIMEOUT, 0);
	assert_int_not_equal(event_base_loop(kit->base, EVLOOP_NONBLOCK), -1);
	len = recv(kit->manager, text, sizeof(text) - 1, 0);
	if (len < 0)
		return false;
	text[len] = '\0';
	assert_string_equal(text, "WATCHDOG=1");
	return true;
}

static void test_fed_while_workers_move(void **state)
{
	struct kit *kit = *state;
	struct event *event;

	assert_int_equal(setenv("WATCHDOG_USEC", "600000000", 1), 0);
	assert_int_equal(watchdog_begin(kit->base, kit->board, &event), ERR_OK);
	board_pin(kit->board, 0, NULL);
	assert_true(is_fed(kit, event));
	scratch_take_stderr(&kit->scratch);
	assert_false(is_fed(kit, event)); /* it has not moved since */
	assert_true(scratch_logged(&kit->scratch, "a worker has not moved"));
	scratch_give_stderr(&kit->scratch);
	board_pin(kit->board, 0, NULL);
	assert_true(is_fed(kit, event));
	event_free(event);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_none_is_wanted),
		ROW(test_how_often),
		ROW(test_fed_while_workers_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
