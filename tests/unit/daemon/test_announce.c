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

#include "daemon/announce.h"
#include "support/rig.h"
#include "support/scratch.h"

#define YAML_MAX 1024

/* Loads a list of these rules that is answered by `action`. */
static struct snapshot *loaded(const struct scratch *s, const char *rules, const char *action,
			       struct load_result *result)
{
	struct snapshot *snapshot = NULL;
	struct conf *conf = NULL;
	struct err_text text = {""};
	char yaml[YAML_MAX];

	snprintf(yaml, sizeof(yaml),
		 "upstreams: [{address: 192.0.2.53}]\n"
		 "forward: [{zone: corp.example, upstreams: [{address: 192.0.2.54@5300}]}]\n"
		 "lists: [{name: a, file: %s, action: %s}]\n",
		 scratch_write(s, "names", rules), action);
	if (conf_parse("f", yaml, strlen(yaml), &conf, &text) != ERR_OK ||
	    loader_load(conf, &rig_key, NULL, NULL, &snapshot, result, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return snapshot;
}

/* What a person is told to try is a name that is blocked indeed, where it is listened. */
static void test_try(void **state)
{
	static const struct {
		const char *rules;
		const char *action;
		const char *listen;
		const char *told; /* NULL: nothing to try */
	} rows[] = {
		{"one.example\n", "nxdomain", "192.0.2.1@5399",
		 "try: dig @192.0.2.1 -p 5399 one.example"},
		{"one.example\n", "nxdomain", "0.0.0.0@53",
		 "try: dig @127.0.0.1 -p 53 one.example"},
		{"one.example\n", "nxdomain", "::@53", "try: dig @::1 -p 53 one.example"},
		{"||one.example^\n@@||one.example^\n||two.example^\n", "nxdomain", "127.0.0.1@53",
		 "-p 53 two.example"},
		{"one.example\n", "drop", "127.0.0.1@53", NULL},
		{"one.example\n", "pass", "127.0.0.1@53", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *own = NULL; /* a log of its own */
		struct scratch *s = scratch_set_up(&own) == 0 ? own : NULL;
		struct load_result result;
		struct snapshot *snapshot = loaded(s, rows[i].rules, rows[i].action, &result);
		struct endpoint endpoint;
		struct listeners listeners = {.addresses = 1, .endpoints = &endpoint};
		bool tried;
		bool right;

		assert_int_equal(endpoint_parse(rows[i].listen, 53, &endpoint), ERR_OK);
		scratch_take_stderr(s);
		announce(snapshot, &result, &listeners, true);
		tried = scratch_logged(s, "try: dig ");
		right = rows[i].told ? scratch_logged(s, rows[i].told) : !tried;
		right = right && scratch_logged(s, "reload: kill -HUP ");
		scratch_give_stderr(s);
		snapshot_free(snapshot);
		(void)scratch_tear_down(&own);
		if (!right)
			fail_msg("row %zu", i);
	}
}

static void test_lines(void **state)
{
	static const char *const lines[] = {
		"upstream 192.0.2.53@53\n",
		"upstream 192.0.2.54@5300 of corp.example\n",
		"listening on 127.0.0.1@5399 (UDP and TCP)\n",
		"ready: 1 names of 1 lists in force, loaded in ",
	};
	struct scratch *s = *state;
	struct load_result result;
	struct snapshot *snapshot = loaded(s, "one.example\n", "nxdomain", &result);
	struct endpoint endpoint;
	struct listeners listeners = {.addresses = 1, .endpoints = &endpoint};
	const char *missed = NULL;

	assert_int_equal(endpoint_parse("127.0.0.1@5399", 53, &endpoint), ERR_OK);
	scratch_take_stderr(s);
	announce(snapshot, &result, &listeners, false);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!scratch_logged(s, lines[i]))
			missed = lines[i];
	if (scratch_logged(s, "try: ") || scratch_logged(s, "reload: "))
		missed = "nothing to try where nobody reads it";
	scratch_give_stderr(s);
	snapshot_free(snapshot);
	if (missed)
		fail_msg("%s", missed);
}

/* systemd is told the same, lists that were refused included. */
static void test_status(void **state)
{
	const struct load_result result = {.names = 273, .lists = 1, .refused = 2, .held = 1};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char status[256] = "";

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path(*state, "notify"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	announce_status(&result);
	unsetenv("NOTIFY_SOCKET");
	assert_true(recv(fd, status, sizeof(status) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(status,
			    "STATUS=273 names of 1 lists in force, 2 refused, 1 entry held back");
	close(fd);
}

/* Datagrams that found the buffer full while nobody read are told of, those before are not. */
static void test_lost(void **state)
{
	struct scratch *s = *state;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int client = socket(AF_INET, SOCK_DGRAM, 0);
	int small = 1;
	static const char datagram[1000];
	bool quiet;
	bool told;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	for (int i = 0; i < 100; i++)
		(void)sendto(client, datagram, sizeof(datagram), 0, (struct sockaddr *)&address,
			     len);
	scratch_take_stderr(s);
	announce_lost(&fd, 1, 100);
	quiet = !scratch_logged(s, "queries were lost");
	announce_lost(&fd, 1, 1);
	told = scratch_logged(s, "queries were lost");
	scratch_give_stderr(s);
	close(fd);
	close(client);
	assert_true(quiet);
	assert_true(told);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_try),
		TEST(test_lines),
		TEST(test_status),
		TEST(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
