/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "querylog/file.h"
#include "querylog/line.h"
#include "querylog/live.h"
#include "querylog/querylog.h"
#include "support/await.h"
#include "support/scratch.h"

static struct querylog_seen seen_of(const char *name, const char *client, enum feed_outcome outcome)
{
	struct querylog_seen seen = {
		.unix_ms = 1795858450123,
		.event = {.qtype = 28, .rcode = 3, .outcome = outcome},
	};
	struct name wire;

	assert_int_equal(name_from_text(name, strlen(name), &wire), ERR_OK);
	seen.event.name_len = wire.len;
	memcpy(seen.event.name, wire.wire, wire.len);
	snprintf(seen.client, sizeof(seen.client), "%s", client);
	snprintf(seen.event.list, sizeof(seen.event.list), "%s",
		 outcome == FEED_BLOCKED ? "court" : "");
	return seen;
}

static const char *text_at(const json_t *root, const char *path)
{
	char key[32];

	while (root && *path) {
		size_t len = strcspn(path, "/");

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		root = json_object_get(root, key);
		path += len + (path[len] == '/');
	}
	return json_string_value(root);
}

/* Each line is one of JSON, whatever the name has in it. */
static void test_lines(void **state)
{
	static const char *const names[] = {"www.example.com", ".", "\\\"<b>\\\\.example",
					    "\\000\\010\\027\\255.example"};
	char buf[LINE_OCTETS];
	char name[NAME_TEXT_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct querylog_seen seen = seen_of(names[i], "192.0.2.7", FEED_BLOCKED);
		size_t len = line_write(&seen.event, seen.unix_ms, seen.client, buf);
		json_t *root = json_loadb(buf, len, JSON_REJECT_DUPLICATES, NULL);

		assert_non_null(root);
		assert_int_equal(buf[len - 1], '\n');
		assert_ptr_equal(memchr(buf, '\n', len), buf + len - 1);
		assert_string_equal(text_at(root, "@timestamp"), "2026-11-28T09:34:10.123Z");
		assert_string_equal(text_at(root, "dns/question/name"),
				    name_to_text(seen.event.name, name, sizeof(name)));
		assert_string_equal(text_at(root, "dns/question/type"), "AAAA");
		assert_string_equal(text_at(root, "dns/response_code"), "NXDOMAIN");
		assert_string_equal(text_at(root, "client/ip"), "192.0.2.7");
		assert_string_equal(text_at(root, "rule/ruleset"), "court");
		assert_string_equal(text_at(root, "event/action"), "blocked");
		json_decref(root);
	}
}

/* The calendar's own: every day until 2106, and odd ones of it. */
static void test_times(void **state)
{
	struct querylog_seen seen = seen_of("a.example", "192.0.2.7", FEED_BLOCKED);
	char expected[64];
	char buf[LINE_OCTETS];

	(void)state;
	for (uint64_t day = 0; day < 49710; day++) {
		time_t s = (time_t)(day * 86400 + day * 7 % 86400);
		char when[32];
		struct tm tm;

		gmtime_r(&s, &tm);
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(expected, sizeof(expected), "{\"@timestamp\":\"%s.%03uZ\",", when,
			 (unsigned int)(day % 1000));
		line_write(&seen.event, (uint64_t)s * 1000 + day % 1000, seen.client, buf);
		assert_memory_equal(buf, expected, strlen(expected));
	}
}

static void test_longest_line(void **state)
{
	struct querylog_seen seen = seen_of(".", "x", FEED_DROPPED);
	char buf[LINE_OCTETS];
	json_t *root;
	size_t len;

	for (unsigned int i = 0; i < 254; i++)
		seen.event.name[i] = i % 64 ? '"' : (uint8_t)(i < 192 ? 63 : 61);
	seen.event.name[254] = 0;
	seen.event.name_len = 255;
	memset(seen.event.list, 'x', FEED_LIST_MAX - 1);
	len = line_write(&seen.event, seen.unix_ms, "2001:db8:1111:2222:3333:4444:5555:6666", buf);
	assert_true(len < LINE_OCTETS);
	root = json_loadb(buf, len, 0, NULL);
	assert_non_null(root);
	assert_null(text_at(root, "dns/response_code"));
	json_decref(root);
}

static long size_of(const char *path)
{
	static char text[1 << 17];

	return scratch_read(path, text, sizeof(text));
}

static void test_rotation(void **state)
{
	struct scratch *s = *state;
	struct logfile file = {.fd = -1, .size_max = 100, .keep = 2};
	char line[61];

	memset(line, 'x', sizeof(line));
	line[59] = '\n';
	snprintf(file.path, sizeof(file.path), "%s", scratch_path(s, "q.log"));
	for (unsigned int i = 0; i < 5; i++) {
		line[0] = (char)('0' + i);
		assert_true(logfile_write(&file, line, 60));
	}
	assert_int_equal(size_of(scratch_path(s, "q.log")), 60);
	assert_int_equal(size_of(scratch_path(s, "q.log.1")), 60);
	assert_int_equal(size_of(scratch_path(s, "q.log.2")), 60);
	assert_int_equal(scratch_count(s->path), 3);
	/* by somebody else */
	assert_int_equal(rename(file.path, scratch_path(s, "moved")), 0);
	logfile_look(&file);
	assert_true(logfile_write(&file, line, 60));
	assert_int_equal(size_of(scratch_path(s, "moved")), 60);
	assert_int_equal(size_of(scratch_path(s, "q.log")), 60);
	logfile_close(&file);
}

/* What a process before could not end is ended. */
static void test_half_a_line(void **state)
{
	struct scratch *s = *state;
	struct logfile file = {.fd = -1, .size_max = 1000, .keep = 2};
	char text[64];

	scratch_write(s, "q.log", "whole\nhal");
	snprintf(file.path, sizeof(file.path), "%s", scratch_path(s, "q.log"));
	assert_true(logfile_write(&file, "next\n", 5));
	logfile_close(&file);
	scratch_read(file.path, text, sizeof(text));
	assert_string_equal(text, "whole\nhal\nnext\n");
}

static void test_cannot(void **state)
{
	struct scratch *s = *state;
	struct logfile file = {.fd = -1, .size_max = 1000};

	snprintf(file.path, sizeof(file.path), "/dev/full");
	assert_false(logfile_write(&file, "x\n", 2)); /* a device is no file of lines */
	snprintf(file.path, sizeof(file.path), "%s", scratch_path(s, "none/q.log"));
	assert_false(logfile_write(&file, "x\n", 2));
	assert_true(file.failing);
	logfile_close(&file);
}

static void add(struct live *live, const char *name, const char *client, enum feed_outcome outcome,
		unsigned int times)
{
	struct querylog_seen seen = seen_of(name, client, outcome);

	while (times-- > 0)
		live_add(live, &seen);
}

static void test_top(void **state)
{
	struct live *live = live_create();
	struct querylog_row rows[QUERYLOG_TOP_MAX];
	char name[32];

	assert_non_null(live);
	assert_int_equal(live_top(live, QUERYLOG_NAMES, rows), 0);
	add(live, "much.example", "192.0.2.1", FEED_ANSWERED, 5000);
	add(live, "bad.example", "192.0.2.2", FEED_BLOCKED, 3000);
	for (unsigned int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		add(live, name, "192.0.2.3", FEED_ANSWERED, 1);
	}
	assert_int_equal(live_top(live, QUERYLOG_NAMES, rows), QUERYLOG_TOP_MAX);
	assert_string_equal(rows[0].text, "much.example");
	assert_true(rows[0].count >= 5000);
	assert_string_equal(rows[1].text, "bad.example");
	assert_int_equal(live_top(live, QUERYLOG_BLOCKED, rows), 1);
	assert_int_equal(rows[0].count, 3000);
	assert_int_equal(live_top(live, QUERYLOG_CLIENTS, rows), 3);
	assert_string_equal(rows[0].text, "192.0.2.3");
	live_fade(live);
	assert_int_equal(live_top(live, QUERYLOG_BLOCKED, rows), 1);
	assert_int_equal(rows[0].count, 1500);
	live_free(live);
}

static void test_recent(void **state)
{
	static struct querylog_seen seen[QUERYLOG_RECENT];
	struct live *live = live_create();

	assert_int_equal(live_recent(live, 0, seen, QUERYLOG_RECENT), 0);
	add(live, "a.example", "192.0.2.1", FEED_ANSWERED, 10);
	assert_int_equal(live_recent(live, 0, seen, 100), 10);
	assert_int_equal(seen[0].number, 1);
	assert_int_equal(live_recent(live, 7, seen, 100), 3);
	assert_int_equal(seen[0].number, 8);
	assert_int_equal(live_recent(live, 10, seen, 100), 0);
	assert_int_equal(live_recent(live, 99, seen, 100), 10);
	assert_int_equal(live_recent(live, 0, seen, 4), 4);
	assert_int_equal(seen[3].number, 10);
	add(live, "a.example", "192.0.2.1", FEED_ANSWERED, 2 * QUERYLOG_RECENT);
	assert_int_equal(live_recent(live, 0, seen, QUERYLOG_RECENT), QUERYLOG_RECENT);
	assert_int_equal(seen[QUERYLOG_RECENT - 1].number, 10 + 2 * QUERYLOG_RECENT);
	live_free(live);
}

/* The whole of it: told by a worker, in the file, and seen. */
static void test_written(void **state)
{
	struct scratch *s = *state;
	static struct querylog_seen seen[4];
	struct querylog_seen one = seen_of("www.example.com", "", FEED_BLOCKED);
	const char *path = scratch_path(s, "q.log");
	char file[PATH_MAX];
	struct querylog *log;
	struct err_text text;
	struct conf *conf;
	struct feed *feed;

	snprintf(file, sizeof(file), "%s", path);
	assert_int_equal(conf_default(&conf), ERR_OK);
	free(conf->querylog.file);
	conf->querylog.file = strdup(file);
	assert_int_equal(querylog_create(conf, 2, &log, &text), ERR_OK);
	feed = querylog_feeds(log)[1];
	assert_true(feed_is_heard(feed));
	one.event.client = (struct ip){.family = 2, .bytes = {192, 0, 2, 7}};
	(void)querylog_watch(log, 0, seen, 4); /* whoever comes later does not see this round's */
	assert_int_equal(querylog_start(log), ERR_OK);
	feed_tell(feed, &one.event, one.event.name, one.event.name_len, "court");
	AWAIT(querylog_counts(log).written == 1, await_nap());
	AWAIT(querylog_watch(log, 0, seen, 4) == 1, await_nap());
	assert_string_equal(seen[0].client, "192.0.2.7");
	assert_int_equal(querylog_counts(log).lost, 0);
	querylog_free(log);
	assert_true(size_of(file) > 100);
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test_setup_teardown(test_rotation, scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(test_half_a_line, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test_setup_teardown(test_cannot, scratch_set_up, scratch_tear_down),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_recent),
		cmocka_unit_test_setup_teardown(test_written, scratch_set_up, scratch_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
