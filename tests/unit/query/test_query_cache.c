/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients are given of the cache when the upstreams fail, or are slow, and what lists that
 * have changed since say to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "query/query.h"
#include "support/alloc_fail.h"
#include "support/asked.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define S 1000U
#define NO_ALLOCATIONS 1000000UL

#define NX(name) HEAD("NXDOMAIN", name, "A") SOA(name) " ede 15 nx"
#define FAILED(name, ede) HEAD("SERVFAIL", name, "A") "; opt 1232 ede " ede

static const struct list_row unrelated[] = {
	{.name = "nx", .action = ACTION_NXDOMAIN, .rules = "unrelated.example"},
};
static const struct list_row blocking[] = {
	{.name = "nx",
	 .action = ACTION_NXDOMAIN,
	 .rules = "host.example www.blocked.example",
	 .reason = REASON_OPERATOR},
	{.name = "pass", .action = ACTION_PASS, .rules = "pass.example"},
};

static int set_up(void **state)
{
	return asked_set_up(state, unrelated, COUNT(unrelated));
}

/* What a question became, and where it is kept when it waits. */
struct asking {
	struct query q;
	struct pipeline_question question;
	struct message m;
};

/* Asks for the name's address; the answer as text, "forward", or "drop". */
static const char *ask(struct pipeline *p, const char *name, struct asking *a)
{
	struct sockaddr_in client = pipeline_client("127.0.0.1");
	enum query_outcome outcome;
	size_t len = 0;

	message_query(&a->m, name, TYPE_A);
	message_opt(&a->m, 1232, 0);
	query_begin(&a->q, &p->env, a->m.octets, a->m.len, (const struct sockaddr *)&client,
		    TRANSPORT_UDP);
	outcome = query_decide(&a->q, &p->env, a->m.octets, a->m.octets, 4096, &len);
	if (outcome == QUERY_FORWARD)
		query_suspend(&a->q, &p->env, a->m.octets, &a->question.key, &a->question.wait);
	return asked_text(outcome, a->m.octets, len);
}

/* As ask, but it must have to wait. */
static void ask_upstream(struct pipeline *p, const char *name, struct asking *a)
{
	assert_string_equal(ask(p, name, a), "forward");
	assert_false(a->q.refresh);
}

/* What a client that waits is given when its upstreams have failed, or are slow. */
static const char *give_stale(struct pipeline *p, const struct asking *a, bool failed)
{
	static uint8_t msg[WIRE_MESSAGE_MAX];
	static uint8_t buf[4096];
	struct verdict verdict;
	struct reply reply;
	size_t len = 0;

	memset(msg, 0xa5, sizeof(msg));
	if (!query_stale(&p->env, &a->question.key, failed, msg, &reply, &verdict))
		return "none";
	assert_memory_equal(msg + WIRE_HEADER, a->question.key.question,
			    a->question.key.question_len);
	assert_int_equal(reply.question_end, WIRE_HEADER + a->question.key.question_len);
	assert_ptr_equal(reply.body, msg + reply.question_end);
	if (query_resume(&p->env, &a->question.wait, &reply, &verdict, buf, sizeof(buf), &len) !=
	    QUERY_ANSWERED)
		return "drop";
	return render(buf, len);
}

static void make_address(struct message *m, const char *name)
{
	message_reply(m, name, TYPE_A, RCODE_NOERROR);
	m->octets[3] |= FLAG_AD;
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 100, ADDRESS, 4);
	message_opt(m, 1232, 0);
}

static void make_chain(struct message *m, const char *name)
{
	message_reply(m, name, TYPE_A, RCODE_NOERROR);
	message_rr_name(m, MESSAGE_AN, NULL, TYPE_CNAME, 100, "host.example");
	message_rr(m, MESSAGE_AN, "host.example", TYPE_A, 100, ADDRESS, 4);
}

static void make_nxdomain(struct message *m, const char *name)
{
	message_reply(m, name, TYPE_A, RCODE_NXDOMAIN);
	message_soa(m, "example", 100, 100);
	message_opt_begin(m, 1232, 0);
	message_option(m, OPTION_EDE, "\0\35text", 6);
	message_end(m);
}

static void make_nodata(struct message *m, const char *name)
{
	message_reply(m, name, TYPE_A, RCODE_NOERROR);
	message_soa(m, "example", 100, 100);
}

typedef void make_fn(struct message *m, const char *name);

/* Has the name's reply cached; its TTL is 100 s. */
static void cache_reply(struct pipeline *p, const char *name, make_fn *make)
{
	static struct message reply;
	static struct asking a;

	ask_upstream(p, name, &a);
	make(&reply, name);
	assert_string_not_equal(asked_reply(p, &a.question, &reply), "drop");
}

#define EXAMPLE_SOA "; ns example. 30 IN SOA ns.example. admin.example. 1 3600 600 86400 100"

static const struct {
	make_fn *make;
	const char *text;
} stales[] = {
	{make_address, HEAD("NOERROR", "www.example.", "A") "; an www.example. 30 IN A 192.0.2.80;"
							    " opt 1232 ede 3"},
	{make_chain, HEAD("NOERROR", "www.example.",
			  "A") "; an www.example. 30 IN CNAME host.example., host.example."
			       " 30 IN A 192.0.2.80; opt 1232 ede 3"},
	{make_nxdomain, HEAD("NXDOMAIN", "www.example.", "A") EXAMPLE_SOA "; opt 1232 ede 19"},
	{make_nodata, HEAD("NOERROR", "www.example.", "A") EXAMPLE_SOA "; opt 1232 ede 3"},
};

/* To who waits, and then at once to those who ask for some time. */
static void test_stale(void **state)
{
	struct pipeline *p = *state;
	static struct asking a;

	for (int failed = 0; failed < 2; failed++) {
		uint32_t recheck_s = failed ? 30 : 5;

		for (size_t i = 0; i < COUNT(stales); i++) {
			cache_reply(p, "www.example", stales[i].make);
			p->env.now_ms += 101 * S;
			ask_upstream(p, "www.example", &a);
			assert_string_equal(give_stale(p, &a, failed), stales[i].text);
			p->env.now_ms += (recheck_s - 1) * S;
			assert_string_equal(ask(p, "www.example", &a), stales[i].text);
			assert_false(a.q.refresh);
			p->env.now_ms += 1 * S;
			assert_string_equal(ask(p, "www.example", &a), stales[i].text);
			assert_true(a.q.refresh);
			assert_string_equal(ask(p, "www.example", &a), stales[i].text);
			assert_false(a.q.refresh);
			p->env.now_ms += 90000 * S; /* gone */
		}
	}
	assert_int_equal(asked_counter(p, "stale_answers"), 2 * COUNT(stales) * 4);
	assert_int_equal(asked_counter(p, "stale_rechecks"), 2 * COUNT(stales));
	assert_int_equal(asked_counter(p, "resolved"), 2 * COUNT(stales));
	assert_int_equal(asked_counter(p, "cache_hits") + asked_counter(p, "prefetches"), 0);
}

/* The letters as they are asked; what is configured counts. */
static void test_stale_ttl(void **state)
{
	struct pipeline *p = *state;
	static struct asking a;

	p->snapshot->conf->cache.stale_ttl_s = 7;
	cache_reply(p, "www.example", make_address);
	p->env.now_ms += 200 * S;
	ask_upstream(p, "Www.eXample", &a);
	assert_string_equal(
		give_stale(p, &a, true),
		HEAD("NOERROR", "Www.eXample.", "A") "; an Www.eXample. 7 IN A 192.0.2.80;"
						     " opt 1232 ede 3");
	p->snapshot->conf->cache.serve_stale_s = 0;
	assert_string_equal(give_stale(p, &a, true), "none");
	ask_upstream(p, "www.example", &a);
}

static void test_stale_none(void **state)
{
	struct pipeline *p = *state;
	static struct asking a;

	ask_upstream(p, "www.example", &a);
	assert_string_equal(give_stale(p, &a, true), "none");
	cache_reply(p, "www.example", make_address);
	p->env.now_ms += (100 + 86400) * S;
	assert_string_equal(give_stale(p, &a, true), "none");
}

/* An answer that another worker was given while this one waited. */
static void test_stale_finds_live(void **state)
{
	struct pipeline *p = *state;
	static struct asking a;

	ask_upstream(p, "www.example", &a);
	cache_reply(p, "www.example", make_address);
	p->env.now_ms += 4 * S;
	assert_string_equal(
		give_stale(p, &a, false),
		HEAD("NOERROR", "www.example.", "A") "; an www.example. 96 IN A 192.0.2.80;"
						     " opt 1232");
	assert_int_equal(asked_counter(p, "stale_answers"), 0);
}

/* The question that nobody waits for is the one that was asked. */
static void test_refresh_key(void **state)
{
	struct pipeline *p = *state;
	struct query_key key;
	static struct asking a;
	static struct asking first;

	ask_upstream(p, "wWw.Example", &first);
	cache_reply(p, "www.example", make_address);
	p->env.now_ms += 200 * S;
	give_stale(p, &first, true);
	p->env.now_ms += 30 * S;
	(void)ask(p, "Www.example", &a);
	assert_true(a.q.refresh);
	memset(a.m.octets, 0xa5, sizeof(a.m.octets)); /* the message is not looked at */
	query_refresh_key(&a.q, &p->env, &key);
	assert_true(query_key_equal(&key, &first.question.key));
	assert_int_equal(key.qtype, TYPE_A);
	assert_memory_equal(key.question, "\3www\7example\0\0\1\0\1", 17);
}

/* ---- prefetch */

static void test_prefetch(void **state)
{
	struct pipeline *p = *state;
	static struct asking a;

	cache_reply(p, "www.example", make_address);
	for (uint32_t at_s = 0; at_s < 100; at_s++) {
		(void)ask(p, "www.example", &a);
		assert_int_equal(a.q.refresh, at_s == 90);
		p->env.now_ms += 1 * S;
	}
	assert_int_equal(asked_counter(p, "prefetches"), 1);
	assert_int_equal(asked_counter(p, "cache_hits"), 100);
	assert_string_equal(ask(p, "www.example", &a), "forward");
}

/* ---- failures */

static const struct {
	enum query_failure failure;
	const char *ede; /* of an upstream; NULL: none */
	const char *text;
} failures[] = {
	{QUERY_FAIL_NO_REPLY, NULL, FAILED("www.example.", "22 no upstream answered in time")},
	{QUERY_FAIL_NETWORK, NULL, FAILED("www.example.", "23 every upstream failed")},
	{QUERY_FAIL_NETWORK, "bogus", FAILED("www.example.", "6 bogus")},
	{QUERY_FAIL_NETWORK, "", FAILED("www.example.", "23 every upstream failed")},
	{QUERY_FAIL_OVERLOAD, NULL, "forward"},
};

static void remember_failure(struct pipeline *p, const struct asking *a, enum query_failure failure,
			     const char *text)
{
	struct ede ede = {.len = 0};

	if (text && *text)
		ede_set(&ede, (enum ede_code)6, text);
	query_remember_failure(&p->env, &a->question.key, failure, text ? &ede : NULL);
}

static void test_failures(void **state)
{
	struct pipeline *p = *state;
	static struct asking a;

	for (size_t i = 0; i < COUNT(failures); i++) {
		ask_upstream(p, "www.example", &a);
		remember_failure(p, &a, failures[i].failure, failures[i].ede);
		p->env.now_ms += 4999;
		assert_string_equal(ask(p, "www.example", &a), failures[i].text);
		assert_false(a.q.refresh);
		p->env.now_ms += 1;
		assert_string_equal(ask(p, "www.example", &a), "forward");
		p->env.now_ms += 400 * S; /* forgotten */
	}
	assert_int_equal(asked_counter(p, "servfail_cached"), 4);
	assert_int_equal(asked_counter(p, "cache_hits"), 0);
}

/* A failure does not take away what can be given instead. */
static void test_failure_and_stale(void **state)
{
	struct pipeline *p = *state;
	static struct asking a;

	cache_reply(p, "www.example", make_address);
	p->env.now_ms += 101 * S;
	ask_upstream(p, "www.example", &a);
	remember_failure(p, &a, QUERY_FAIL_NETWORK, NULL);
	assert_memory_equal(ask(p, "www.example", &a), "NOERROR", 7);
	assert_int_equal(asked_counter(p, "stale_answers"), 1);
}

/* ---- lists that have changed */

/* A name blocked since: whatever the cache has of it, the block is what is given. */
static void test_block_of_the_name(void **state)
{
	struct pipeline *p = *state;
	static const char name[] = "www.blocked.example";
	static struct asking waiting;
	static struct asking a;

	/* live */
	cache_reply(p, name, make_address);
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_string_equal(ask(p, name, &a), NX("www.blocked.example."));
	assert_false(a.q.refresh);

	/* stale, and asked for before the block */
	pipeline_reload(p, unrelated, COUNT(unrelated));
	p->env.now_ms += 101 * S;
	ask_upstream(p, name, &waiting);
	assert_memory_equal(give_stale(p, &waiting, true), "NOERROR", 7);
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_string_equal(ask(p, name, &a), NX("www.blocked.example."));
	assert_string_equal(give_stale(p, &waiting, true), NX("www.blocked.example."));
	assert_string_equal(give_stale(p, &waiting, true), "none"); /* it is gone with it */

	/* failed */
	remember_failure(p, &waiting, QUERY_FAIL_NETWORK, NULL);
	assert_string_equal(ask(p, name, &a), NX("www.blocked.example."));

	/* lifted: nothing of the block stays */
	p->env.now_ms += 10 * S;
	pipeline_reload(p, unrelated, COUNT(unrelated));
	cache_reply(p, name, make_address);
	assert_memory_equal(ask(p, name, &a), "NOERROR", 7);
}

/* The same of a name that the answer leads to. */
static void test_block_of_a_target(void **state)
{
	struct pipeline *p = *state;
	static struct asking waiting;
	static struct asking a;

	/* live, and due for a prefetch */
	cache_reply(p, "www.example", make_chain);
	assert_memory_equal(ask(p, "www.example", &a), "NOERROR", 7);
	p->env.now_ms += 95 * S;
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_string_equal(ask(p, "www.example", &a), NX("www.example."));
	assert_false(a.q.refresh);
	pipeline_reload(p, unrelated, COUNT(unrelated));
	assert_string_equal(ask(p, "www.example", &a), "forward"); /* not kept, block or answer */

	/* stale: to who waits */
	cache_reply(p, "www.example", make_chain);
	p->env.now_ms += 101 * S;
	ask_upstream(p, "www.example", &waiting);
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_string_equal(give_stale(p, &waiting, false), NX("www.example."));
	assert_string_equal(give_stale(p, &waiting, false), "none");

	/* stale: to who asks */
	pipeline_reload(p, unrelated, COUNT(unrelated));
	cache_reply(p, "www.example", make_chain);
	p->env.now_ms += 101 * S;
	ask_upstream(p, "www.example", &waiting);
	assert_memory_equal(give_stale(p, &waiting, true), "NOERROR", 7);
	assert_memory_equal(ask(p, "www.example", &a), "NOERROR", 7);
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_string_equal(ask(p, "www.example", &a), NX("www.example."));

	/* lifted */
	pipeline_reload(p, unrelated, COUNT(unrelated));
	cache_reply(p, "www.example", make_chain);
	assert_memory_equal(ask(p, "www.example", &a), "NOERROR", 7);
	assert_int_equal(asked_counter(p, "blocked_cname"), 3);
}

/* What a list lets pass may lead where others may not, and its name may be let pass since. */
static void test_pass(void **state)
{
	static const struct list_row without[] = {
		{.name = "nx", .action = ACTION_NXDOMAIN, .rules = "host.example"},
	};
	struct pipeline *p = *state;
	static struct asking waiting;

	pipeline_reload(p, blocking, COUNT(blocking));
	cache_reply(p, "www.pass.example", make_chain);
	p->env.now_ms += 101 * S;
	ask_upstream(p, "www.pass.example", &waiting);
	assert_memory_equal(give_stale(p, &waiting, true), "NOERROR", 7);
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_memory_equal(give_stale(p, &waiting, true), "NOERROR", 7);
	pipeline_reload(p, without, COUNT(without));
	assert_memory_equal(give_stale(p, &waiting, true), "NXDOMAIN", 8);
}

/* None of it asks for memory. */
static void test_allocates_nothing(void **state)
{
	struct pipeline *p = *state;
	static uint8_t msg[WIRE_MESSAGE_MAX];
	struct sockaddr_in client = pipeline_client("127.0.0.1");
	struct verdict verdict;
	static struct asking a;
	struct reply reply;
	struct query_key key;
	bool stale;
	size_t len;

	cache_reply(p, "www.example", make_address);
	p->env.now_ms += 101 * S;
	ask_upstream(p, "www.example", &a);
	alloc_fail_start(NO_ALLOCATIONS, false);
	stale = query_stale(&p->env, &a.question.key, true, msg, &reply, &verdict);
	message_query(&a.m, "www.example", TYPE_A);
	query_begin(&a.q, &p->env, a.m.octets, a.m.len, (const struct sockaddr *)&client,
		    TRANSPORT_UDP);
	(void)query_decide(&a.q, &p->env, a.m.octets, a.m.octets, 4096, &len);
	query_refresh_key(&a.q, &p->env, &key);
	key.qtype = TYPE_TXT;
	query_remember_failure(&p->env, &key, QUERY_FAIL_NETWORK, NULL);
	assert_false(alloc_fail_stop());
	assert_int_equal(alloc_fail.left, NO_ALLOCATIONS);
	assert_true(stale);
	assert_int_equal(asked_counter(p, "stale_answers"), 1);
	assert_int_equal(cache_stats(p->env.cache).entries, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stale, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_stale_ttl, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_stale_none, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_stale_finds_live, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_refresh_key, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_prefetch, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_failures, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_failure_and_stale, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_block_of_the_name, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_block_of_a_target, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_pass, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_allocates_nothing, set_up, asked_tear_down),
	};

	return cmocka_run_group_tests_name("query_cache", tests, NULL, NULL);
}
