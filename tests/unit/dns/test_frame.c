/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/frame.h"

static void add(struct frame_window *w, const void *octets, size_t len)
{
	size_t room;
	uint8_t *to = frame_room(w, &room);

	assert_true(room >= len);
	memcpy(to, octets, len);
	frame_added(w, len);
}

static void test_states(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		enum frame_state expected;
	} rows[] = {
		{"", 0, FRAME_PARTIAL},
		{"\x00", 1, FRAME_PARTIAL},
		{"\xff", 1, FRAME_PARTIAL},
		{"\x00\x01", 2, FRAME_SHORT},
		{"\x00\x0b", 2, FRAME_SHORT},
		{"\x00\x0b"
		 "abcdefghijk",
		 13, FRAME_SHORT},
		{"\x00\x0c", 2, FRAME_PARTIAL},
		{"\x00\x0c"
		 "abcdefghijk",
		 13, FRAME_PARTIAL},
		{"\x00\x0c"
		 "abcdefghijkl",
		 14, FRAME_WHOLE},
		{"\x00\x0c"
		 "abcdefghijklm",
		 15, FRAME_WHOLE},
		{"\xff\xff", 2, FRAME_PARTIAL},
	};
	uint8_t buf[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t *msg = NULL;
		struct frame_window w;
		size_t len = 0;

		frame_init(&w, buf, sizeof(buf));
		add(&w, rows[i].octets, rows[i].len);
		assert_int_equal(frame_peek(&w), rows[i].expected);
		assert_int_equal(frame_held(&w), rows[i].len);
		assert_int_equal(frame_take(&w, &msg, &len), rows[i].expected);
		if (rows[i].expected != FRAME_WHOLE) {
			assert_null(msg);
			assert_int_equal(frame_held(&w), rows[i].len);
			continue;
		}
		assert_int_equal(len, 12);
		assert_memory_equal(msg, "abcdefghijkl", 12);
		assert_int_equal(frame_held(&w), rows[i].len - 14);
	}
}

/* Frames of no octets are passed over, and take no room. */
static void test_empty_frames(void **state)
{
	uint8_t buf[20];
	const uint8_t *msg;
	struct frame_window w;
	size_t room;
	size_t len;

	frame_init(&w, buf, sizeof(buf));
	add(&w, "\0\0\0\0\0", 5);
	assert_int_equal(frame_peek(&w), FRAME_PARTIAL);
	assert_int_equal(frame_take(&w, &msg, &len), FRAME_PARTIAL);
	assert_int_equal(frame_held(&w), 1);
	assert_ptr_equal(frame_room(&w, &room), buf + 1);
	add(&w,
	    "\x0c"
	    "abcdefghijkl\0\0\0",
	    16);
	assert_int_equal(frame_peek(&w), FRAME_WHOLE);
	assert_int_equal(frame_take(&w, &msg, &len), FRAME_WHOLE);
	assert_memory_equal(msg, "abcdefghijkl", 12);
	assert_int_equal(frame_take(&w, &msg, &len), FRAME_PARTIAL);
	add(&w, "\1", 1);
	assert_int_equal(frame_take(&w, &msg, &len), FRAME_SHORT);
}

static void test_room_is_regained(void **state)
{
	static const char two[] = "\x00\x0c"
				  "abcdefghijkl"
				  "\x00\x0c"
				  "mno";
	uint8_t buf[20];
	const uint8_t *msg;
	struct frame_window w;
	size_t room;
	size_t len;

	frame_init(&w, buf, sizeof(buf));
	add(&w, two, sizeof(two) - 1);
	assert_int_equal(frame_take(&w, &msg, &len), FRAME_WHOLE);
	assert_int_equal(frame_take(&w, &msg, &len), FRAME_PARTIAL);
	assert_ptr_equal(frame_room(&w, &room), buf + 5);
	assert_int_equal(room, 15);
	add(&w, "pqrstuvwx", 9);
	assert_int_equal(frame_take(&w, &msg, &len), FRAME_WHOLE);
	assert_memory_equal(msg, "mnopqrstuvwx", 12);
	assert_int_equal(frame_held(&w), 0);
	assert_ptr_equal(frame_room(&w, &room), buf);
	assert_int_equal(room, sizeof(buf));
}

/* A buffer of FRAME_MAX has room behind any partial frame, and holds the longest. */
static void test_longest(void **state)
{
	uint8_t *buf = malloc(FRAME_MAX);
	const uint8_t *msg;
	struct frame_window w;
	size_t room;
	size_t len;

	assert_non_null(buf);
	frame_init(&w, buf, FRAME_MAX);
	memset(buf, 0xff, FRAME_MAX);
	frame_added(&w, FRAME_MAX - 1);
	assert_int_equal(frame_peek(&w), FRAME_PARTIAL);
	assert_ptr_equal(frame_room(&w, &room), buf + FRAME_MAX - 1);
	assert_int_equal(room, 1);
	frame_added(&w, 1);
	assert_int_equal(frame_take(&w, &msg, &len), FRAME_WHOLE);
	assert_int_equal(len, WIRE_MESSAGE_MAX);
	assert_ptr_equal(msg, buf + 2);
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_empty_frames),
		cmocka_unit_test(test_room_is_regained),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
