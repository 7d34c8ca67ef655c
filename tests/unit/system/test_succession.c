/* SPDX-License-Identifier: BSD-2-Clause */
/* What two processes say to each other when the one succeeds the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/loopback.h"
#include "system/succession.h"

#define MANY 150U /* sockets: more than fit into two messages */

struct pair {
	int before;
	int after;
};

static struct pair make_pair(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){fds[0], fds[1]};
}

/* As the successor finds it in its environment. */
static char state_before[SUCCESSION_STATE_MAX];

/* What came along, -1: nothing. */
static int said;

static void set_variable(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d /s t", fd);
	assert_int_equal(setenv(SUCCESSION_VARIABLE, number, 1), 0);
}

static void test_nobody_before(void **state)
{
	struct inherited inherited = {.count = 0};
	struct hash_key secret = {1, 2};
	struct hash_key same = secret;
	int channel = 7;

	unsetenv(SUCCESSION_VARIABLE);
	assert_int_equal(succession_begin(&channel, state_before, &inherited, &secret, &said),
			 ERR_OK);
	assert_int_equal(channel, -1);
	assert_string_equal(state_before, "");
	setenv(SUCCESSION_VARIABLE, "999", 1); /* no such file */
	assert_int_equal(succession_begin(&channel, state_before, &inherited, &secret, &said),
			 ERR_OK);
	assert_int_equal(channel, -1);
	assert_null(getenv(SUCCESSION_VARIABLE));
	assert_memory_equal(&secret, &same, sizeof(secret));
}

static void test_bequeathed(void **state)
{
	struct inherited inherited = {.count = 0};
	struct hash_key secret = {3, 4};
	struct hash_key got = {0, 0};
	struct pair p = make_pair();
	size_t files = loopback_open_files();
	int fds[MANY];
	int channel;

	for (size_t i = 0; i < MANY; i++)
		fds[i] = STDIN_FILENO;
	assert_int_equal(succession_bequeath(p.before, fds, MANY, &secret, STDIN_FILENO), ERR_OK);
	set_variable(p.after);
	assert_int_equal(succession_begin(&channel, state_before, &inherited, &got, &said), ERR_OK);
	assert_int_equal(channel, p.after);
	assert_string_equal(state_before, "/s t");
	assert_int_equal(inherited.count, MANY);
	assert_memory_equal(&got, &secret, sizeof(got));
	assert_true(said > STDERR_FILENO);
	close(said);
	inherited_fini(&inherited);
	assert_int_equal(loopback_open_files(), files);
	close(p.before);
	close(p.after);
}

static void test_words(void **state)
{
	struct pair p = make_pair();
	size_t files = loopback_open_files();
	enum succession_word word;
	int fd;

	assert_int_equal(succession_say(p.before, SUCCESSION_GO, STDIN_FILENO), ERR_OK);
	assert_int_equal(succession_hear(p.after, 1000, &word, &fd), ERR_OK);
	assert_int_equal(word, SUCCESSION_GO);
	assert_true(fd > STDERR_FILENO);
	close(fd);
	/* one that nobody expects is closed */
	assert_int_equal(succession_say(p.before, SUCCESSION_MAIN, STDIN_FILENO), ERR_OK);
	assert_int_equal(succession_hear(p.after, 1000, &word, NULL), ERR_OK);
	assert_int_equal(word, SUCCESSION_MAIN);
	assert_int_equal(loopback_open_files(), files);
	/* silence, nonsense, the end */
	assert_int_equal(succession_hear(p.after, 1, &word, &fd), ERR_SYS);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(send(p.before, "nonsense", 8, 0), 8);
	assert_int_equal(succession_hear(p.after, 1000, &word, &fd), ERR_SYS);
	assert_int_equal(errno, EPROTO);
	close(p.before);
	assert_int_equal(succession_hear(p.after, 1000, &word, &fd), ERR_OK);
	assert_int_equal(word, SUCCESSION_END);
	assert_int_equal(succession_say(p.after, SUCCESSION_LOADED, -1), ERR_SYS);
	close(p.after);
}

/* The process before ends, or speaks of something else, before all is bequeathed. */
static void test_half(void **state)
{
	struct inherited inherited = {.count = 0};
	struct hash_key secret = {0, 0};
	struct pair p = make_pair();
	int channel = -1;

	assert_int_equal(succession_say(p.before, SUCCESSION_SOCKETS, STDIN_FILENO), ERR_OK);
	assert_int_equal(send(p.before, "x", 1, 0), 1);
	set_variable(p.after);
	assert_int_equal(succession_begin(&channel, state_before, &inherited, &secret, &said),
			 ERR_SYS);
	assert_int_equal(inherited.count, 1);
	inherited_fini(&inherited);
	close(p.before);
	close(p.after);
}

static void test_spawn(void **state)
{
	char shell[] = "/bin/sh";
	char option[] = "-c";
	char script[] = "set -- $" SUCCESSION_VARIABLE
			"; test -S /proc/self/fd/$1 && test $2 = /state && exit 9";
	char *const argv[] = {shell, option, script, NULL};
	enum succession_word word;
	int status;
	int channel;
	pid_t pid;

	set_variable(77); /* that of a process which was a successor itself */
	assert_int_equal(succession_spawn("/bin/sh", argv, "/state", &channel, &pid), ERR_OK);
	assert_int_equal(succession_hear(channel, 10000, &word, NULL), ERR_OK);
	assert_int_equal(word, SUCCESSION_END);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 9);
	close(channel);
	unsetenv(SUCCESSION_VARIABLE);
	assert_int_equal(succession_spawn("/no/such/program", argv, "", &channel, &pid), ERR_SYS);
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_before), cmocka_unit_test(test_bequeathed),
		cmocka_unit_test(test_words),	      cmocka_unit_test(test_half),
		cmocka_unit_test(test_spawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
