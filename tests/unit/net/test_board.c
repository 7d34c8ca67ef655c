/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/board.h"

/* ---- what a worker thinks of its upstreams */

#define VIEWS 3

struct upstreams {
	struct upstream_view views[VIEWS];
	size_t count;
};

size_t upstreams_view(const struct upstreams *upstreams, struct upstream_view *views, size_t max)
{
	size_t count = upstreams->count < max ? upstreams->count : max;

	memcpy(views, upstreams->views, count * sizeof(*views));
	return count;
}

static struct upstream_view view(const char *address, const char *transport, uint8_t rank,
				 uint32_t rtt_us)
{
	struct upstream_view v = {.transport = transport,
				  .state = rank ? "ill" : "well",
				  .rank = rank,
				  .rtt_us = rtt_us};

	assert_int_equal(endpoint_parse(address, 53, &v.address), ERR_OK);
	return v;
}

/* ---- */

static void test_each_worker_has_to_move(void **state)
{
	const struct upstreams none = {.count = 0};
	struct board *board;

	(void)state;
	assert_int_equal(board_create(2, &board), ERR_OK);
	assert_false(board_moved(board));
	board_pin(board, 0, &none);
	assert_false(board_moved(board)); /* the other has not */
	board_pin(board, 1, &none);
	assert_false(board_moved(board)); /* since the last call the first has not */
	board_pin(board, 0, &none);
	board_pin(board, 0, &none);
	board_pin(board, 1, &none);
	assert_true(board_moved(board));
	assert_false(board_moved(board));
	board_free(board);
	board_free(NULL);
}

static void test_the_worst_view_is_shown(void **state)
{
	const struct upstreams of[] = {
		{{view("192.0.2.1", "udp", 0, 900), view("192.0.2.2", "udp", 2, 0)}, 2},
		{{view("192.0.2.1", "tls", 1, 70), view("192.0.2.2", "udp", 1, 400),
		  view("192.0.2.1", "udp", 1, 100)},
		 3},
	};
	struct upstream_view views[8];
	struct board *board;

	(void)state;
	assert_int_equal(board_create(2, &board), ERR_OK);
	assert_int_equal(board_upstreams(board, views, 8), 0);
	board_pin(board, 0, &of[0]);
	board_pin(board, 1, &of[1]);
	assert_int_equal(board_upstreams(board, views, 8), 3);
	/* by address and transport */
	assert_string_equal(views[0].transport, "udp");
	assert_string_equal(views[0].state, "ill");
	assert_int_equal(views[0].rank, 1);
	assert_int_equal(views[0].rtt_us, 900);
	assert_int_equal(views[1].rank, 2);
	assert_int_equal(views[1].rtt_us, 400);
	assert_string_equal(views[2].transport, "tls");
	assert_int_equal(views[2].rtt_us, 70);
	/* there is room for fewer */
	assert_int_equal(board_upstreams(board, views, 1), 1);
	/* a worker's last word holds */
	board_pin(board, 1, &(struct upstreams){.count = 0});
	assert_int_equal(board_upstreams(board, views, 8), 2);
	assert_string_equal(views[0].state, "well");
	board_free(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_worker_has_to_move),
		cmocka_unit_test(test_the_worst_view_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
