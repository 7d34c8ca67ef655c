/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "loop/loop.h"

/* What of a worker's loop these functions need. */
struct fixture {
	struct conf *conf;
	struct snapshot snapshot;
	struct stats stats;
	struct loop_shared shared;
	struct loop loop;
};

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	assert_int_equal(conf_default(&f.conf), ERR_OK);
	f.snapshot.conf = f.conf;
	f.loop.env.snapshot = &f.snapshot;
	f.loop.env.stats = &f.stats;
	f.loop.shared = &f.shared;
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	conf_free(f->conf);
	return 0;
}

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), ERR_OK);
	return ip;
}

static bool same_client(const struct fixture *f, const char *one, const char *other)
{
	struct ip a = ip_of(one);
	struct ip b = ip_of(other);
	struct ip a_client = loop_client(&f->loop, &a);
	struct ip b_client = loop_client(&f->loop, &b);

	return ip_equal(&a_client, &b_client);
}

/* A client is a prefix, of the length that is configured for its family. */
static void test_client(void **state)
{
	struct fixture *f = *state;

	assert_false(same_client(f, "192.0.2.1", "192.0.2.2"));
	assert_true(same_client(f, "2001:db8::1", "2001:db8:0:0:ffff::2"));
	assert_false(same_client(f, "2001:db8::1", "2001:db8:0:1::1"));
	f->conf->server.client_prefix_ipv4 = 24;
	f->conf->server.client_prefix_ipv6 = 128;
	assert_true(same_client(f, "192.0.2.1", "192.0.2.2"));
	assert_false(same_client(f, "192.0.2.1", "192.0.3.1"));
	assert_false(same_client(f, "2001:db8::1", "2001:db8::2"));
}

/* As many wait as may, whoever else does; one that waits no more makes room. */
static void test_waiting(void **state)
{
	struct fixture *f = *state;
	struct ip one = ip_of("192.0.2.1");
	struct ip other = ip_of("192.0.2.2");

	f->conf->outgoing.queries_per_client = 2;
	assert_true(loop_may_wait(&f->loop, loop_client_hash(&f->loop, &one)));
	assert_true(loop_may_wait(&f->loop, loop_client_hash(&f->loop, &one)));
	assert_false(loop_may_wait(&f->loop, loop_client_hash(&f->loop, &one)));
	assert_int_equal(f->stats.client_overload, 1);
	assert_true(loop_may_wait(&f->loop, loop_client_hash(&f->loop, &other)));
	loop_waited(&f->loop, loop_client_hash(&f->loop, &one));
	assert_true(loop_may_wait(&f->loop, loop_client_hash(&f->loop, &one)));
	assert_int_equal(f->stats.client_overload, 1);
}

static void test_tick(void **state)
{
	struct fixture *f = *state;
	uint64_t before_us = clock_us();

	loop_tick(&f->loop);
	assert_in_range(f->loop.now_us, before_us, clock_us());
	assert_int_equal(f->loop.env.now_ms, f->loop.now_us / 1000);
	assert_in_range(f->loop.env.now_s, clock_unix_s() - 60, clock_unix_s());
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_LOOP(test_client),
		IN_LOOP(test_waiting),
		IN_LOOP(test_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
