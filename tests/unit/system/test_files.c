/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/files.h"
#include "support/scratch.h"

#define LOW 64U

static struct conf *configured(uint32_t ports, uint32_t clients)
{
	struct conf *conf;

	assert_int_equal(conf_default(&conf), ERR_OK);
	conf->outgoing.ports = ports;
	conf->server.tcp_connections = clients;
	return conf;
}

/* Whatever the limit, the shares together leave files for loads; each has one at least. */
static void test_shares(void **state)
{
	static const uint64_t limits[] = {0, 50, 100, 300, 1024, 4096, 65536, 1U << 30, UINT64_MAX};
	struct conf *conf = configured(256, 1024);
	const size_t fixed = 24;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct loop_files files = files_share(conf, limits[i], 2, fixed);
		uint64_t used = 2 * (uint64_t)files.sources + files.tcp_connections + fixed;

		assert_true(files.sources > 0 && files.tcp_connections > 0);
		if (limits[i] >= 100)
			assert_true(used + 64 <= limits[i]);
	}
	conf_free(conf);
}

/* Too few for any service are an error that says how many it takes. */
static void test_too_few(void **state)
{
	struct err_text text = {""};

	assert_int_equal(files_check(55, 24, &text), ERR_RANGE);
	assert_string_equal(text.text, "55 files may be open (ulimit -n, LimitNOFILE), and it "
				       "takes 56 at least");
	assert_int_equal(files_check(56, 24, &text), ERR_OK);
	assert_int_equal(files_check(UINT64_MAX, 1 << 20, &text), ERR_OK);
}

/* It is told when the limit is too low for what is configured, and only then. */
static void test_told(void **state)
{
	struct conf *conf = configured(64, 100);
	struct scratch s = {.saved_stderr = -1};
	bool quiet;
	bool told;

	scratch_make(&s);
	scratch_take_stderr(&s);
	(void)files_share(conf, 1024, 2, 24); /* 936 are left: 234 a worker, 351 */
	quiet = !scratch_logged(&s, "warning");
	(void)files_share(conf, 300, 2, 24);
	told = scratch_logged(&s, "warning: 300 files may be open (ulimit -n, LimitNOFILE): 52 "
				  "source ports a worker of 192, 78 TCP connections of 100");
	scratch_remove(&s);
	conf_free(conf);
	assert_true(quiet);
	assert_true(told);
}

static int raise_in_child(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max <= LOW)
		return 1;
	limit.rlim_cur = LOW;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || files_raise() != limit.rlim_max)
		return 2;
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == limit.rlim_max ? 0 : 3;
}

static void test_raise(void **state)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(raise_in_child());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_too_few),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_raise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
