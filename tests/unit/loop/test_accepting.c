/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "loop/accepting.h"

struct seen {
	struct event_base *base;
	unsigned int failed;
	unsigned int accepted;
	struct rlimit limit; /* to be given back */
};

static void on_accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer,
			int len, void *arg)
{
	struct seen *seen = arg;

	(void)listener;
	(void)peer;
	(void)len;
	close(fd);
	seen->accepted++;
	event_base_loopbreak(seen->base);
}

/* At the third time there are files again. */
static void on_failed(struct evconnlistener *listener, void *arg)
{
	struct seen *seen = arg;

	accepting_rest(listener);
	if (++seen->failed == 3)
		setrlimit(RLIMIT_NOFILE, &seen->limit);
}

static int connect_to(struct evconnlistener *listener)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(getsockname(evconnlistener_get_fd(listener), (void *)&address, &len), 0);
	assert_int_equal(connect(fd, (void *)&address, len), 0);
	return fd;
}

static void without_files_is_tried_again_after_a_rest(void **state)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	struct seen seen = {.base = event_base_new()};
	struct evconnlistener *listener = evconnlistener_new_bind(
		seen.base, on_accepted, &seen, LEV_OPT_CLOSE_ON_FREE, 5, (void *)&any, sizeof(any));
	uint64_t begin_ms = clock_ms();
	struct rlimit none;
	int fd;

	(void)state;
	assert_non_null(listener);
	evconnlistener_set_error_cb(listener, on_failed);
	fd = connect_to(listener);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &seen.limit), 0);
	none = (struct rlimit){.rlim_cur = 3, .rlim_max = seen.limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	event_base_dispatch(seen.base);
	setrlimit(RLIMIT_NOFILE, &seen.limit);
	assert_int_equal(seen.failed, 3);
	assert_int_equal(seen.accepted, 1);
	/* the loop's clock may be late by some milliseconds */
	assert_true(clock_ms() - begin_ms >= 2 * ACCEPTING_REST_MS);
	close(fd);
	evconnlistener_free(listener);
	event_base_free(seen.base);
}

/* What is freed while it rests is enabled by nobody. */
static void ended_while_it_rests(void **state)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	struct event_base *base = event_base_new();
	struct evconnlistener *listener = evconnlistener_new_bind(
		base, on_accepted, NULL, LEV_OPT_CLOSE_ON_FREE, 5, (void *)&any, sizeof(any));

	(void)state;
	assert_non_null(listener);
	accepting_rest(listener);
	evconnlistener_free(listener);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_files_is_tried_again_after_a_rest),
		cmocka_unit_test(ended_while_it_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
