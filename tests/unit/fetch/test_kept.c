/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fetch/head.h"
#include "fetch/kept.h"
#include "support/scratch.h"

static void test_written_and_read(void **state)
{
	const struct scratch *s = *state;
	const char *copy = scratch_write(s, "x.list", "a.example\n");
	const char *path = scratch_path(s, "x.meta");
	struct kept kept = {.url = "https://x.example/?a b",
			    .etag = "W/\"1 2\"",
			    .checked_s = 5,
			    .unused_s = 7};
	struct kept found;
	struct stat st;

	assert_int_equal(stat(copy, &st), 0);
	kept_set_file(&kept, &st);
	assert_int_equal(kept_write(path, &kept), ERR_OK);
	found = kept_read(path, copy, kept.url);
	assert_string_equal(found.etag, kept.etag);
	assert_string_equal(found.modified, "");
	assert_int_equal(found.checked_s, 5);
	assert_int_equal(found.unused_s, 7);
	assert_true(kept_is_of(&found, &st));
	/* of another source, or of another file, nothing is known */
	assert_int_equal(kept_read(path, copy, "https://y.example/").checked_s, 0);
	scratch_write(s, "x.list", "b.example\n");
	assert_string_equal(kept_read(path, copy, kept.url).etag, "");
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"sinkholed fetched 2\n",
		"sinkholed fetched 1\nchecked x\n",
		"sinkholed fetched 1\nchecked 99999999999999999999\n",
		"sinkholed fetched 1\nchecked \n",
		"sinkholed fetched 1\nchecked 18446744073709551616\n",
		"sinkholed fetched 1\nother 1\n",
		"sinkholed fetched 1\nchecked 1",
	};
	char whole[KEPT_TEXT_MAX];
	char more[KEPT_FIELD_MAX + 64];
	struct kept kept = {.url = "u"};
	struct kept found;
	size_t len = kept_format(&kept, whole);

	assert_int_equal(kept_parse(whole, len, &found), ERR_OK);
	kept.mtime_ns = UINT64_MAX; /* of before 1970 */
	len = kept_format(&kept, whole);
	assert_int_equal(kept_parse(whole, len, &found), ERR_OK);
	assert_true(found.mtime_ns == kept.mtime_ns);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(kept_parse(texts[i], strlen(texts[i]), &found), ERR_SYNTAX);
	snprintf(more, sizeof(more), "sinkholed fetched 1\netag %*s\n", KEPT_FIELD_MAX, "x");
	assert_int_equal(kept_parse(more, strlen(more), &found), ERR_SYNTAX);
}

static void take(struct head *head, const char *line)
{
	head_take_line(head, line, strlen(line));
}

static void test_head(void **state)
{
	struct head head = {.status = 0};

	take(&head, "HTTP/1.1 103 Early Hints\r\n");
	take(&head, "ETag: \"early\"\r\n");
	take(&head, "HTTP/1.1 200 OK\r\n");
	assert_int_equal(head.status, 200);
	assert_string_equal(head.etag, "");
	assert_false(head.measured);
	take(&head, "eTAG:  W/\"a\" \r\n");
	take(&head, "Last-Modified:Sat, 28 Nov 2026 07:00:00 GMT\r\n");
	take(&head, "Content-Encoding: br\r\n");
	take(&head, "Content-Length: 5\r\n");
	assert_string_equal(head.etag, "W/\"a\"");
	assert_string_equal(head.modified, "Sat, 28 Nov 2026 07:00:00 GMT");
	assert_true(head.measured);
	assert_false(head_can_be_decoded(&head));
	take(&head, "HTTP/1.1 200 OK\r\n");
	assert_true(head_can_be_decoded(&head));
	take(&head, "Transfer-Encoding: gzip, Chunked\r\n");
	assert_true(head.measured);
	take(&head, "ETag: a\tb\r\n"); /* a control: as good as none */
	assert_string_equal(head.etag, "");
	take(&head, "HTTP/2 304 \r\n");
	assert_int_equal(head.status, 304);
	assert_true(head.measured);
	assert_false(head.disputed);
	take(&head, "content-length: 5\n");
	take(&head, "Content-Length: 5\r\n");
	assert_false(head.disputed);
	take(&head, "Content-Length: 6\r\n");
	take(&head, "Content-Length: 5\r\n");
	assert_true(head.disputed);
	take(&head, "HTTP/1.1");
	take(&head, "HTTP/1.1 ");
	assert_int_equal(head.status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written_and_read, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
