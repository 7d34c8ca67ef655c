/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/formerconf.h"
#include "support/scratch.h"

#define YAML_MAX 512

/* A configuration with that line, and a state directory ("": none). */
static struct conf *configured(const char *directory, const char *line)
{
	char yaml[YAML_MAX];
	struct conf *conf = NULL;
	struct err_text text = {""};

	snprintf(yaml, sizeof(yaml),
		 "state: {directory: \"%s\"}\n"
		 "upstreams: [{address: 192.0.2.53}]\n%s\n",
		 directory, line);
	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return conf;
}

static void note(const char *directory, const char *before, const char *after)
{
	struct conf *old = configured(directory, before);
	struct conf *new = configured(directory, after);

	formerconf_note(old, new);
	conf_free(old);
	conf_free(new);
}

/* The size of the cache that the former configuration has; 0: there is none, for `ret_err`. */
static uint64_t former_cache(const char *directory, enum err *ret_err, struct err_text *text)
{
	struct conf *conf = NULL;
	uint64_t bytes;

	*ret_err = formerconf_read(directory, &conf, text);
	if (*ret_err != ERR_OK)
		return 0;
	assert_string_equal(conf->state.directory, directory);
	bytes = conf->cache.size_bytes;
	conf_free(conf);
	return bytes;
}

/* What is noted is the last one that another has followed. */
static void test_note(void **state)
{
	static const struct {
		const char *before;
		const char *after;
		enum err err;
		uint64_t bytes;
	} rows[] = {
		{"cache: {size: 2MiB}", "cache: {size: 2MiB}", ERR_NOTFOUND, 0},
		{"cache: {size: 2MiB}", "cache: {size: 2048KiB}", ERR_NOTFOUND, 0},
		{"cache: {size: 2MiB}", "cache: {size: 3MiB}", ERR_OK, 2U << 20},
		{"cache: {size: 3MiB}", "cache: {size: 3MiB}", ERR_OK, 2U << 20},
		{"cache: {size: 3MiB}", "cache: {size: 3MiB}\nwatch: true", ERR_OK, 3U << 20},
	};
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err_text text = {""};
		uint64_t bytes;
		enum err err;

		note(s->path, rows[i].before, rows[i].after);
		bytes = former_cache(s->path, &err, &text);
		if (err != rows[i].err || bytes != rows[i].bytes)
			fail_msg("row %zu: %d, %llu octets, %s", i, (int)err,
				 (unsigned long long)bytes, text.text);
	}
	assert_int_equal(scratch_count(s->path), 1);
}

/* All of it is noted, defaults too: those of the program that reads it may be others. */
static void test_whole(void **state)
{
	struct scratch *s = *state;
	struct err_text text = {""};
	struct conf *before = configured(s->path, "watch: true");
	char *dumps[2] = {NULL, NULL};
	struct conf *confs[2] = {before, NULL};

	note(s->path, "watch: true", "watch: false");
	assert_int_equal(formerconf_read(s->path, &confs[1], &text), ERR_OK);
	for (size_t i = 0; i < 2; i++) {
		size_t size;
		FILE *out = open_memstream(&dumps[i], &size);

		assert_non_null(out);
		assert_int_equal(conf_dump(confs[i], out), ERR_OK);
		assert_int_equal(fclose(out), 0);
		conf_free(confs[i]);
	}
	assert_string_equal(dumps[0], dumps[1]);
	free(dumps[0]);
	free(dumps[1]);
}

/* Where there is no state directory none is written, nor looked for anywhere else. */
static void test_nowhere(void **state)
{
	struct scratch *s = *state;
	struct err_text text = {""};
	bool there = access("/former.yaml", F_OK) == 0;
	enum err err;
	bool warned;

	scratch_take_stderr(s);
	note("", "watch: true", "watch: false");
	warned = scratch_logged(s, "former");
	scratch_give_stderr(s);
	assert_false(warned);
	assert_int_equal(access("/former.yaml", F_OK) == 0, there);
	(void)former_cache("", &err, &text);
	assert_int_equal(err, ERR_NOTFOUND);
	assert_non_null(strstr(text.text, "no former configuration is known"));
}

static void test_cannot_be_written(void **state)
{
	struct scratch *s = *state;
	struct err_text text = {""};
	const char *gone = scratch_path(s, "gone");
	enum err err;
	bool warned;

	scratch_take_stderr(s);
	note(gone, "watch: true", "watch: false");
	warned = scratch_logged(s, "gone/former.yaml: No such file or directory: reload --back");
	scratch_give_stderr(s);
	assert_true(warned);
	(void)former_cache(gone, &err, &text);
	assert_int_equal(err, ERR_NOTFOUND);
}

static void test_cannot_be_read(void **state)
{
	static const struct {
		const char *yaml; /* NULL: a directory stands there */
		enum err err;
		const char *text;
	} rows[] = {
		{"cache: {size: 2Mi", ERR_CONFIG, "former.yaml:"},
		{"cache: {sise: 2MiB}\n", ERR_CONFIG, "sise"},
		{NULL, ERR_SYS, "former.yaml"},
	};
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err_text text = {""};
		enum err err;

		(void)remove(scratch_path(s, "former.yaml"));
		if (rows[i].yaml)
			scratch_write(s, "former.yaml", rows[i].yaml);
		else
			assert_int_equal(mkdir(scratch_path(s, "former.yaml"), 0700), 0);
		(void)former_cache(s->path, &err, &text);
		if (err != rows[i].err || !strstr(text.text, rows[i].text))
			fail_msg("row %zu: %d, %s", i, (int)err, text.text);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_note),	   TEST(test_whole),
		TEST(test_nowhere),	   TEST(test_cannot_be_written),
		TEST(test_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
