/* SPDX-License-Identifier: BSD-2-Clause */
/* Privileges, given up in processes of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "system/privilege.h"
#include "support/scratch.h"

#define SOMEBODY 12345U /* an ID that is nobody's */
#define LINE_MAX_ 256
#define ALL_GOOD 0
#define FILES_LOW 64U

/* Runs `fn` in a child; what it returns.  The line of the check that failed is a good value. */
static int in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int rc = fn();

		if (rc)
			fprintf(stderr, "%s:%d: failed in the child\n", __FILE__, rc);
		_exit(rc == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

/* A field of /proc/self/status, such as "CapEff:", as a number of base 16. */
static unsigned long long status_field(const char *field)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long long value = ~0ULL;
	char line[LINE_MAX_];

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			sscanf(line + strlen(field), "%llx", &value);
	if (f)
		fclose(f);
	return value;
}

static bool has_no_capability(void)
{
	return status_field("CapEff:") == 0 && status_field("CapPrm:") == 0 &&
	       status_field("CapAmb:") == 0;
}

static bool set_capabilities(uint32_t low)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = low, .permitted = low, .inheritable = low}};

	return syscall(SYS_capset, &header, data) == 0;
}

/* ---- whom to become */

static void test_find(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	struct privilege_user user = {0};
	struct err_text text = {""};

	if (geteuid() != 0 || !nobody)
		skip();
	assert_int_equal(privilege_find("nobody", &user, &text), ERR_OK);
	assert_int_equal(user.uid, nobody->pw_uid);
	assert_int_equal(user.gid, nobody->pw_gid);
	assert_int_equal(privilege_find("root", &user, &text), ERR_OK);
	assert_int_equal(user.uid, 0);
}

static void test_find_default(void **state)
{
	const struct passwd *pw = getpwnam("sinkholed");
	struct privilege_user user = {0};
	struct err_text text = {""};

	if (!pw)
		pw = getpwnam("nobody");
	if (geteuid() != 0 || !pw)
		skip();
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(privilege_find("sinkholed", &user, &text), ERR_OK);
	assert_int_equal(user.uid, pw->pw_uid);
}

static void test_find_unknown(void **state)
{
	struct privilege_user user = {.uid = 7, .gid = 8};
	struct err_text text = {""};

	if (geteuid() != 0)
		skip();
	assert_int_equal(privilege_find("no-such-user", &user, &text), ERR_NOTFOUND);
	assert_non_null(strstr(text.text, "no-such-user"));
	assert_non_null(strstr(text.text, "server.user"));
	assert_int_equal(user.uid, 7);
	assert_int_equal(user.gid, 8);
}

/* Whoever asks. */
static void test_check(void **state)
{
	struct err_text text = {""};

	assert_int_equal(privilege_check("root", &text), ERR_OK);
	assert_int_equal(privilege_check("sinkholed", &text), ERR_OK);
	assert_int_equal(privilege_check("no-such-user", &text), ERR_NOTFOUND);
	assert_non_null(strstr(text.text, "server.user: there is no user no-such-user"));
}

/* Who is not root stays who he is, whatever is configured. */
static int find_as_somebody(void)
{
	struct privilege_user user = {0};
	struct err_text text;

	CHECK(geteuid() != 0 || (setgid(SOMEBODY) == 0 && setuid(SOMEBODY) == 0));
	CHECK(privilege_find("no-such-user", &user, &text) == ERR_OK);
	CHECK(user.uid == getuid() && user.gid == getgid());
	return ALL_GOOD;
}

static void test_find_not_root(void **state)
{
	assert_int_equal(in_child(find_as_somebody), ALL_GOOD);
}

/* ---- given up */

static int drop_from_root(void)
{
	const struct privilege_user user = {.uid = SOMEBODY, .gid = SOMEBODY + 1};
	gid_t groups[] = {1, 2, 3};
	struct err_text text;
	uid_t uid[3];
	gid_t gid[3];

	CHECK(setgroups(3, groups) == 0);
	CHECK(privilege_drop(&user, &text) == ERR_OK);
	CHECK(getresuid(&uid[0], &uid[1], &uid[2]) == 0);
	CHECK(getresgid(&gid[0], &gid[1], &gid[2]) == 0);
	for (size_t i = 0; i < 3; i++)
		CHECK(uid[i] == SOMEBODY && gid[i] == SOMEBODY + 1);
	CHECK(getgroups(0, NULL) == 0);
	CHECK(setuid(0) != 0 && setgid(0) != 0);
	CHECK(has_no_capability());
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return ALL_GOOD;
}

static void test_drop(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop_from_root), ALL_GOOD);
}

static int drop_to_root(void)
{
	const struct privilege_user user = {.uid = 0, .gid = 0};
	struct err_text text;

	CHECK(privilege_drop(&user, &text) == ERR_OK);
	CHECK(geteuid() == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return ALL_GOOD;
}

/* Who asks for root stays root, but for what programs he starts. */
static void test_drop_to_root(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop_to_root), ALL_GOOD);
}

/* What a service manager lends for binding a low port: a user of its own with that capability. */
static int drop_lent_capability(void)
{
	const struct privilege_user user = {.uid = SOMEBODY, .gid = SOMEBODY};
	struct err_text text;

	CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHECK(setgid(SOMEBODY) == 0 && setuid(SOMEBODY) == 0);
	CHECK(set_capabilities(1U << CAP_NET_BIND_SERVICE));
	CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) == 0);
	CHECK(!has_no_capability());
	CHECK(privilege_drop(&user, &text) == ERR_OK);
	CHECK(getuid() == SOMEBODY);
	CHECK(has_no_capability());
	return ALL_GOOD;
}

static void test_drop_lent_capability(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop_lent_capability), ALL_GOOD);
}

static int drop_as_somebody(void)
{
	struct privilege_user user;
	struct err_text text;

	CHECK(geteuid() != 0 || (setgid(SOMEBODY) == 0 && setuid(SOMEBODY) == 0));
	user = (struct privilege_user){.uid = getuid(), .gid = getgid()};
	CHECK(privilege_drop(&user, &text) == ERR_OK);
	CHECK(getuid() == user.uid && getgid() == user.gid);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(has_no_capability());
	return ALL_GOOD;
}

static void test_drop_not_root(void **state)
{
	assert_int_equal(in_child(drop_as_somebody), ALL_GOOD);
}

/* A root that may not change its user must not go on. */
static int drop_without_right(void)
{
	const struct privilege_user user = {.uid = SOMEBODY, .gid = SOMEBODY};
	struct err_text text = {""};

	if (status_field("Threads:") > 1)
		return ALL_GOOD; /* a sanitizer's own keeps its rights, and the C library aborts */
	CHECK(set_capabilities(0));
	CHECK(geteuid() == 0);
	CHECK(privilege_drop(&user, &text) == ERR_SYS);
	CHECK(strstr(text.text, "cannot become user 12345: Operation not permitted") != NULL);
	return ALL_GOOD;
}

/* The ID that setresuid() takes as "as it is". */
static int drop_to_no_id(void)
{
	const struct privilege_user user = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	struct err_text text = {""};

	CHECK(privilege_drop(&user, &text) == ERR_SYS);
	CHECK(strstr(text.text, "privileges could be had back") != NULL);
	return ALL_GOOD;
}

static void test_drop_fails(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop_without_right), ALL_GOOD);
	assert_int_equal(in_child(drop_to_no_id), ALL_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),	      cmocka_unit_test(test_find_default),
		cmocka_unit_test(test_find_unknown),  cmocka_unit_test(test_check),
		cmocka_unit_test(test_find_not_root), cmocka_unit_test(test_drop),
		cmocka_unit_test(test_drop_to_root),  cmocka_unit_test(test_drop_lent_capability),
		cmocka_unit_test(test_drop_not_root), cmocka_unit_test(test_drop_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
