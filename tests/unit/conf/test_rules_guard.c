/* SPDX-License-Identifier: BSD-2-Clause */
/* Which names are protected besides those of guard.protected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "support/scratch.h"

#define LISTS                                                                                      \
	"state: {directory: /s}\nlists:\n"                                                         \
	"- {name: a, action: nxdomain, url: 'https://Lists.Example:8443/a?b'}\n"                   \
	"- {name: b, action: nxdomain, url: 'https://lists.example/b'}\n"                          \
	"- {name: c, action: nxdomain, url: 'https://192.0.2.1/c'}\n"                              \
	"- {name: d, action: nxdomain, url: 'http://[2001:db8::1]:80/d'}\n"                        \
	"- {name: e, action: nxdomain, file: /e}\n"

static enum err parse(const struct scratch *scratch, const char *content, const char *more,
		      struct conf **ret_conf, struct err_text *text)
{
	char yaml[2048];

	snprintf(yaml, sizeof(yaml), "guard: {protected: [one.example], protected-file: %s}\n%s",
		 scratch_write(scratch, "names", content), more);
	return conf_parse("f", yaml, strlen(yaml), ret_conf, text);
}

static void assert_protected(const struct conf *conf, const char *const *names, size_t count)
{
	assert_int_equal(conf->guard.protected_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(conf->guard.protected[i], names[i]);
}

static void test_names_from_everywhere(void **state)
{
	static const char *const names[] = {"one.example", "two.example", "three.example",
					    "lists.example"};
	struct err_text text = {""};
	struct conf *conf = NULL;
	struct scratch scratch;

	scratch_make(&scratch);
	assert_int_equal(parse(&scratch,
			       "# file\n\n  TWO.example. # why\r\none.example\nthree.example",
			       LISTS, &conf, &text),
			 ERR_OK);
	assert_protected(conf, names, 4);
	conf_free(conf);
	scratch_remove(&scratch);
}

/* What a dump says is read again as the same. */
static void test_dump(void **state)
{
	struct err_text text = {""};
	struct conf *again = NULL;
	struct conf *conf = NULL;
	struct scratch scratch;
	char *dumped = NULL;
	size_t len;
	FILE *out;

	scratch_make(&scratch);
	assert_int_equal(parse(&scratch, "two.example\n", LISTS, &conf, &text), ERR_OK);
	out = open_memstream(&dumped, &len);
	assert_non_null(out);
	assert_int_equal(conf_dump(conf, out), ERR_OK);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(conf_parse("f", dumped, len, &again, &text), ERR_OK);
	assert_protected(again, (const char *const *)conf->guard.protected,
			 conf->guard.protected_count);
	free(dumped);
	conf_free(again);
	conf_free(conf);
	scratch_remove(&scratch);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *content, *reason;
	} rows[] = {
		{"a.example\na b\n", "names:2: expected a host name such as example.com"},
		{"a..b\n", "names:1: expected a host name such as example.com"},
		{".\n", "names:1: expected a host name such as example.com"},
		{"*.example\n", "names:1: expected a host name such as example.com"},
	};
	struct scratch scratch;

	scratch_make(&scratch);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err_text text = {""};
		struct conf *conf = NULL;

		assert_int_equal(parse(&scratch, rows[i].content, "", &conf, &text), ERR_CONFIG);
		assert_null(conf);
		assert_non_null(strstr(text.text, "guard.protected-file: "));
		assert_non_null(strstr(text.text, rows[i].reason));
	}
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_from_everywhere),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
