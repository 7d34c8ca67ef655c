/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "support/rig.h"

#define CACHE_OCTETS (4U << 20)

const struct hash_key rig_key = {.k0 = 0x0123456789abcdefULL, .k1 = 0xfedcba9876543210ULL};

static struct policy *make_policy(const char *blocked)
{
	static const struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	struct policy *policy = calloc(1, sizeof(*policy));
	struct domset_builder *builder;
	struct name owner;

	assert_non_null(policy);
	policy->list_count = 1;
	policy->lists[0].action = ACTION_NXDOMAIN;
	policy->lists[0].ttl_s = 60;
	policy_list_describe(&policy->lists[0], REASON_ORDER, "");
	assert_int_equal(name_from_text(blocked, strlen(blocked), &owner), ERR_OK);
	assert_int_equal(domset_builder_create(&rig_key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	assert_int_equal(domset_builder_add(builder, &owner, &kind, 1), ERR_OK);
	assert_int_equal(domset_builder_freeze(builder, &policy->set), ERR_OK);
	domset_builder_free(builder);
	return policy;
}

struct snapshot *rig_snapshot(uint64_t generation, const char *blocked)
{
	static const struct prefix allowed = {.ip = {.family = AF_INET, .bytes = {127}}, .len = 8};
	struct snapshot *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->generation = generation;
	assert_int_equal(conf_default(&s->conf), ERR_OK);
	assert_int_equal(prefix_set_create(&allowed, 1, &s->allow), ERR_OK);
	s->policy = make_policy(blocked);
	s->ttl = (struct reply_ttl_limits){.max_s = 86400, .max_negative_s = 3600};
	return s;
}

const struct upstream_pool *rig_pool(struct rig_pool *p, const struct endpoint *addresses,
				     size_t count)
{
	static char none[] = "";

	assert_true(count <= RIG_POOL_MAX);
	p->pool = (struct upstream_pool){.zone = {.len = 1}, .servers = p->servers, .count = count};
	for (size_t i = 0; i < count; i++)
		p->servers[i] = (struct conf_upstream){.address = addresses[i], .tls_name = none};
	return &p->pool;
}

static void on_pulse(evutil_socket_t fd, short what, void *arg)
{
}

static void on_break(evutil_socket_t fd, short what, void *arg)
{
	struct rig *rig = arg;
	uint64_t count;

	if (read(fd, &count, sizeof(count)) > 0)
		event_base_loopbreak(rig->loop.base);
}

static void add_breaker(struct rig *rig)
{
	rig->breaker_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(rig->breaker_fd >= 0);
	rig->breaker =
		event_new(rig->loop.base, rig->breaker_fd, EV_READ | EV_PERSIST, on_break, rig);
	assert_non_null(rig->breaker);
	assert_int_equal(event_add(rig->breaker, NULL), 0);
}

/* epoll tells of what is ready in the order in which it became so. */
void rig_break_next(struct rig *rig)
{
	uint64_t one = 1;

	assert_int_equal(write(rig->breaker_fd, &one, sizeof(one)), sizeof(one));
}

void rig_open(struct rig *rig)
{
	static const struct timeval pulse = {.tv_usec = 5000};

	memset(rig, 0, sizeof(*rig));
	rig->snapshot = rig_snapshot(RIG_GENERATION, "blocked.example");
	rig->loop.base = event_base_new();
	assert_non_null(rig->loop.base);
	rig->pulse = event_new(rig->loop.base, -1, EV_PERSIST, on_pulse, NULL);
	assert_non_null(rig->pulse);
	assert_int_equal(event_add(rig->pulse, &pulse), 0);
	add_breaker(rig);
	rig->loop.shared = &rig->shared;
	rig->loop.env.snapshot = rig->snapshot;
	rig->loop.env.stats = &rig->stats;
	rig->loop.env.name_key = rig_key;
	assert_int_equal(cache_create(CACHE_OCTETS, &rig->loop.env.cache), ERR_OK);
	loop_tick(&rig->loop);
}

void rig_close(struct rig *rig)
{
	event_free(rig->pulse);
	event_free(rig->breaker);
	close(rig->breaker_fd);
	event_base_free(rig->loop.base);
	cache_free(rig->loop.env.cache);
	snapshot_free(rig->snapshot);
}

void rig_turn(struct rig *rig)
{
	event_base_loop(rig->loop.base, EVLOOP_ONCE);
}
