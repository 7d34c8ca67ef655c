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

#define NX(label, above) HEAD("NXDOMAIN", label "." above, "A") SOA(above) " ede 15 nx"
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
	struct query_wait wait = a->question.wait;
	struct verdict verdict;
	struct query_key key;
	struct reply reply;
	size_t len = 0;

	memset(msg, 0xa5, sizeof(msg));
	if (!query_stale(&p->env, &a->question.key, failed, msg, &reply, &verdict))
		return "none";
	assert_memory_equal(msg + WIRE_HEADER, a->question.key.question,
			    a->question.key.question_len);
	assert_int_equal(reply.question_end, WIRE_HEADER + a->question.key.question_len);
	assert_ptr_equal(reply.body, msg + reply.question_end);
	if (query_resume(&p->env, &wait, &reply, &verdict, &key, buf, sizeof(buf), &len) !=
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
	struct edes ede = {.len = 0};

	if (text && *text)
		edes_set(&ede, (enum ede_code)6, text);
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
	assert_string_equal(ask(p, name, &a), NX("www", "blocked.example."));
	assert_false(a.q.refresh);

	/* stale, and asked for before the block */
	pipeline_reload(p, unrelated, COUNT(unrelated));
	p->env.now_ms += 101 * S;
	ask_upstream(p, name, &waiting);
	assert_memory_equal(give_stale(p, &waiting, true), "NOERROR", 7);
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_string_equal(ask(p, name, &a), NX("www", "blocked.example."));
	assert_string_equal(give_stale(p, &waiting, true), NX("www", "blocked.example."));

	/* failed */
	remember_failure(p, &waiting, QUERY_FAIL_NETWORK, NULL);
	assert_string_equal(ask(p, name, &a), NX("www", "blocked.example."));

	/* lifted: nothing of the block stays */
	p->env.now_ms += 100 * S;
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
	assert_string_equal(ask(p, "www.example", &a), NX("www", "example."));
	assert_true(a.q.refresh); /* as of any name in demand */
	pipeline_reload(p, unrelated, COUNT(unrelated));
	assert_memory_equal(ask(p, "www.example", &a), "NOERROR", 7);

	/* stale: to who waits */
	p->env.now_ms += 101 * S;
	ask_upstream(p, "www.example", &waiting);
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_string_equal(give_stale(p, &waiting, false), NX("www", "example."));
	assert_string_equal(ask(p, "www.example", &a), NX("www", "example."));
	p->env.now_ms += 36 * S; /* long enough for it to be waited for again */

	/* stale: to who asks */
	pipeline_reload(p, unrelated, COUNT(unrelated));
	cache_reply(p, "www.example", make_chain);
	p->env.now_ms += 101 * S;
	ask_upstream(p, "www.example", &waiting);
	assert_memory_equal(give_stale(p, &waiting, true), "NOERROR", 7);
	assert_memory_equal(ask(p, "www.example", &a), "NOERROR", 7);
	pipeline_reload(p, blocking, COUNT(blocking));
	assert_string_equal(ask(p, "www.example", &a), NX("www", "example."));

	/* lifted */
	pipeline_reload(p, unrelated, COUNT(unrelated));
	assert_memory_equal(ask(p, "www.example", &a), "NOERROR", 7);
	assert_int_equal(asked_counter(p, "blocked_cname"), 4);
}

/* ---- DO and CD, and what is newer */

#define SETTINGS 4U /* of DO and CD */

/* As ask, with a setting of the two; over TCP, so that all fits. */
static const char *ask_set(struct pipeline *p, const char *name, unsigned int type,
			   unsigned int setting, struct pipeline_question *ret_question)
{
	static struct message m;

	message_begin(&m, 1, FLAG_RD | (setting & 2 ? FLAG_CD : 0));
	message_question(&m, name, type, CLASS_IN);
	message_opt(&m, 1232, setting & 1 ? MESSAGE_DO : 0);
	return asked(p, TRANSPORT_TCP, &m, ret_question);
}

static void reply_set(struct pipeline *p, const char *name, unsigned int type, unsigned int setting,
		      struct message *reply)
{
	struct pipeline_question question;

	assert_string_equal(ask_set(p, name, type, setting, &question), "forward");
	assert_string_not_equal(asked_reply(p, &question, reply), "drop");
}

static void add_signature(struct message *m, unsigned int section, const char *owner,
			  unsigned int type)
{
	message_rr_begin(m, section, owner, TYPE_RRSIG, 100);
	message_add16(m, type);
	message_add(m, "\15\2\0\0\0\144\0\0\0\0\0\0\0\0\0\1\7example\0SIGNATURE", 34);
	message_end(m);
}

static void make_signed(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NOERROR);
	m->octets[3] |= FLAG_AD;
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 100, ADDRESS, 4);
	add_signature(m, MESSAGE_AN, NULL, TYPE_A);
}

/* Whoever asks first, all others are answered from what came; each with what it asked for. */
static void test_one_entry(void **state)
{
	static const struct list_row none[] = {{.name = "nx", .rules = "unrelated.example"}};

	for (unsigned int first = 0; first < SETTINGS; first++) {
		static struct message reply;
		struct pipeline p;

		pipeline_open(&p, none, COUNT(none), 1U << 20);
		make_signed(&reply);
		reply_set(&p, "www.example", TYPE_A, first, &reply);
		for (unsigned int setting = 0; setting < SETTINGS; setting++) {
			const char *text = ask_set(&p, "www.example", TYPE_A, setting, NULL);
			bool whole = setting & 1;

			assert_int_equal(strncmp(text, "NOERROR", 7), 0);
			assert_int_equal(strstr(text, "RRSIG") != NULL, whole);
			assert_int_equal(strstr(text, " ad") != NULL, whole);
			assert_non_null(strstr(text, "IN A 192.0.2.80"));
		}
		assert_int_equal(cache_stats(p.env.cache).entries, 1);
		pipeline_close(&p);
	}
}

/* What was refused without CD is not answered from what came with it, in either order. */
static void test_refused(void **state)
{
	struct pipeline *p = *state;
	struct edes bogus = {.len = 0};
	struct pipeline_question question;
	struct pipeline_question unchecked;
	static struct message reply;

	assert_string_equal(ask_set(p, "www.example", TYPE_A, 0, &question), "forward");
	query_remember_failure(&p->env, &question.key, QUERY_FAIL_NETWORK, &bogus);
	assert_memory_equal(ask_set(p, "www.example", TYPE_A, 0, NULL), "SERVFAIL", 8);
	assert_string_equal(ask_set(p, "www.example", TYPE_A, 2, &unchecked), "forward");
	assert_int_equal(unchecked.key.flags, CACHE_FLAG_CD);
	make_signed(&reply);
	assert_memory_equal(asked_reply(p, &unchecked, &reply), "NOERROR", 7);
	for (unsigned int i = 0; i < 2; i++) {
		assert_memory_equal(ask_set(p, "www.example", TYPE_A, 2, NULL), "NOERROR", 7);
		assert_memory_equal(ask_set(p, "www.example", TYPE_A, 3, NULL), "NOERROR", 7);
	}
	assert_memory_equal(ask_set(p, "www.example", TYPE_A, 0, NULL), "SERVFAIL", 8);
	assert_memory_equal(ask_set(p, "www.example", TYPE_A, 1, NULL), "SERVFAIL", 8);
	p->env.now_ms += 6 * S; /* the failure is forgotten; what came with CD is not for them */
	assert_string_equal(ask_set(p, "www.example", TYPE_A, 0, &question), "forward");
	assert_string_equal(give_stale(p, &(struct asking){.question = question}, true), "none");
	assert_memory_equal(ask_set(p, "www.example", TYPE_A, 2, NULL), "NOERROR", 7);
	/* silence is no refusal: nobody is asked again at once */
	query_remember_failure(&p->env, &question.key, QUERY_FAIL_NO_REPLY, NULL);
	p->env.now_ms += 100 * S;
	assert_string_equal(ask_set(p, "other.example", TYPE_A, 0, &question), "forward");
	query_remember_failure(&p->env, &question.key, QUERY_FAIL_NO_REPLY, NULL);
	assert_memory_equal(ask_set(p, "other.example", TYPE_A, 2, NULL), "SERVFAIL", 8);
}

static void make_nxdomain_bare(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NXDOMAIN);
}

static void make_nodata_bare(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NOERROR);
}

static void make_ttl_zero(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NOERROR);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 0, ADDRESS, 4);
}

static void make_nxdomain_ttl_zero(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NXDOMAIN);
	message_soa(m, "example", 0, 0);
}

/* What is newer and may not be kept takes away what is older, whoever asks. */
static void test_newer(void **state)
{
	static void (*const makes[])(struct message * m) = {make_nxdomain_bare, make_nodata_bare,
							    make_ttl_zero, make_nxdomain_ttl_zero};
	struct pipeline *p = *state;

	for (unsigned int i = 0; i < COUNT(makes) * SETTINGS * SETTINGS; i++) {
		unsigned int before = i % SETTINGS;
		unsigned int newer = i / SETTINGS % SETTINGS;
		static struct message reply;

		make_signed(&reply);
		reply_set(p, "www.example", TYPE_A, before, &reply);
		p->env.now_ms += 200 * S;
		makes[i / SETTINGS / SETTINGS](&reply);
		reply_set(p, "www.example", TYPE_A, newer, &reply);
		assert_int_equal(cache_stats(p->env.cache).entries, 0);
		for (unsigned int setting = 0; setting < SETTINGS; setting++) {
			struct asking a = {.q = {.refresh = false}};

			assert_string_equal(ask_set(p, "www.example", TYPE_A, setting, &a.question),
					    "forward");
			assert_string_equal(give_stale(p, &a, true), "none");
		}
	}
}

static void make_typed(struct message *m, unsigned int type)
{
	message_reply(m, "www.example", type, RCODE_NOERROR);
	message_rr(m, MESSAGE_AN, NULL, type, 100, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1",
		   type == TYPE_A ? 4 : 16);
}

static void make_nxdomain_of(struct message *m, unsigned int type)
{
	message_reply(m, "www.example", type, RCODE_NXDOMAIN);
	message_soa(m, "example", 100, 100);
}

/* That there is no such name is told once, and ends what has expired of all its types. */
static void test_nxdomain_of_all_types(void **state)
{
	static const unsigned int types[] = {TYPE_A, TYPE_AAAA, TYPE_TXT, 65, 65280};
	struct pipeline *p = *state;
	static struct message reply;

	for (size_t i = 0; i < COUNT(types); i++) {
		make_typed(&reply, types[i]);
		reply_set(p, "www.example", types[i], 0, &reply);
	}
	assert_int_equal(cache_stats(p->env.cache).entries, COUNT(types));
	p->env.now_ms += 101 * S;
	make_nxdomain_of(&reply, TYPE_MX);
	reply_set(p, "www.example", TYPE_MX, 0, &reply);
	assert_int_equal(cache_stats(p->env.cache).entries, 1);
	for (size_t i = 0; i < COUNT(types); i++)
		assert_memory_equal(ask_set(p, "www.example", types[i], 3, NULL), "NXDOMAIN", 8);
	assert_string_equal(ask_set(p, "other.example", TYPE_A, 0, NULL), "forward");

	/* a newer answer of any type ends it */
	p->env.now_ms += 101 * S;
	make_typed(&reply, TYPE_AAAA);
	reply_set(p, "www.example", TYPE_AAAA, 0, &reply);
	assert_string_equal(ask_set(p, "www.example", TYPE_A, 0, NULL), "forward");
	assert_int_equal(cache_stats(p->env.cache).entries, 1);
}

/* Behind a CNAME it is another name that does not exist. */
static void test_nxdomain_behind_cname(void **state)
{
	struct pipeline *p = *state;
	static struct message reply;

	message_reply(&reply, "www.example", TYPE_A, RCODE_NXDOMAIN);
	message_rr_name(&reply, MESSAGE_AN, NULL, TYPE_CNAME, 100, "none.example");
	message_soa(&reply, "example", 100, 100);
	reply_set(p, "www.example", TYPE_A, 0, &reply);
	assert_memory_equal(ask_set(p, "www.example", TYPE_A, 0, NULL), "NXDOMAIN", 8);
	assert_string_equal(ask_set(p, "www.example", TYPE_CNAME, 0, NULL), "forward");
}

/* A stale record's TTL is never more than it once had. */
static void test_stale_ttl_of_short(void **state)
{
	struct pipeline *p = *state;
	static struct message reply;
	struct asking a = {.q = {.refresh = false}};

	message_reply(&reply, "www.example", TYPE_A, RCODE_NOERROR);
	message_rr(&reply, MESSAGE_AN, NULL, TYPE_A, 5, ADDRESS, 4);
	reply_set(p, "www.example", TYPE_A, 0, &reply);
	p->env.now_ms += 6 * S;
	assert_string_equal(ask_set(p, "www.example", TYPE_A, 0, &a.question), "forward");
	assert_non_null(strstr(give_stale(p, &a, true), "www.example. 5 IN A"));
	assert_non_null(strstr(ask_set(p, "www.example", TYPE_A, 0, NULL), "www.example. 5 IN A"));
}

/* A name that is blocked for what it leads to: asked for once, and blocked when nobody answers any
 * more; what it once led to is forgotten. */
static void test_blocked_is_remembered(void **state)
{
	struct pipeline *p = *state;
	static struct asking a;

	cache_reply(p, "www.example", make_address);
	p->env.now_ms += 101 * S;
	pipeline_reload(p, blocking, COUNT(blocking));
	cache_reply(p, "www.example", make_chain);
	for (unsigned int i = 0; i < 20; i++)
		assert_string_equal(ask(p, "www.example", &a), NX("www", "example."));
	p->env.now_ms += 101 * S;
	ask_upstream(p, "www.example", &a);
	assert_string_equal(give_stale(p, &a, true), NX("www", "example."));
	assert_string_equal(ask(p, "www.example", &a), NX("www", "example."));
}

/* ---- additional records */

static void add_target(struct message *m, const char *name)
{
	message_rr_begin(m, MESSAGE_AN, NULL, TYPE_MX, 100);
	message_add16(m, 1);
	message_add_name(m, name);
	message_end(m);
}

/* Two mail exchangers with their addresses; the name of the second points into that of the first.
 */
static void make_exchangers(struct message *m)
{
	size_t first;

	message_reply(m, "www.example", TYPE_MX, RCODE_NOERROR);
	add_target(m, "www.blocked.example");
	add_target(m, "mx2.example");
	first = m->len;
	message_rr(m, MESSAGE_AR, "www.blocked.example", TYPE_A, 100, "\300\0\2\x51", 4);
	message_add8(m, 3);
	message_add(m, "mx2", 3);
	message_add16(m, (unsigned int)(0xc000U + first + 12));
	message_record(m, MESSAGE_AR, TYPE_A, CLASS_IN, 100);
	message_add(m, ADDRESS, 4);
	message_end(m);
}

#define EXCHANGERS                                                                                 \
	HEAD("NOERROR", "www.example.", "MX")                                                      \
	"; an www.example. 100 IN MX 1 www.blocked.example., www.example. 100 IN MX 1 "            \
	"mx2.example."
#define LISTED_ADDRESS "www.blocked.example. 100 IN A 192.0.2.81"
#define GOOD_ADDRESS "mx2.example. 100 IN A 192.0.2.80"
#define BOTH_ADDRESSES EXCHANGERS "; ar " LISTED_ADDRESS ", " GOOD_ADDRESS "; opt 1232"
#define ONE_ADDRESS EXCHANGERS "; ar " GOOD_ADDRESS "; opt 1232"

/* Asks for the exchangers; true when they are to be asked for anew. */
static bool ask_exchangers(struct pipeline *p, enum transport transport, const char *expected,
			   struct asking *a)
{
	struct sockaddr_in client = pipeline_client("127.0.0.1");
	enum query_outcome outcome;
	size_t len = 0;

	message_query(&a->m, "www.example", TYPE_MX);
	message_opt(&a->m, 1232, 0);
	query_begin(&a->q, &p->env, a->m.octets, a->m.len, (const struct sockaddr *)&client,
		    transport);
	outcome = query_decide(&a->q, &p->env, a->m.octets, a->m.octets, 4096, &len);
	if (outcome != QUERY_ANSWERED || a->q.refresh)
		query_suspend(&a->q, &p->env, a->m.octets, &a->question.key, &a->question.wait);
	assert_string_equal(asked_text(outcome, a->m.octets, len), expected);
	return a->q.refresh;
}

/* The generation of the exchangers' entry. */
static uint64_t generation_of_exchangers(struct pipeline *p, const struct asking *a)
{
	struct cache_key key = {
		.qname = &a->q.qname, .hash = a->q.cache_hash, .qtype = TYPE_MX, .flags = 0};
	struct cache_found found;
	struct reply reply;
	uint8_t buf[512];

	assert_true(cache_get(p->env.cache, &p->snapshot->conf->cache, &key, p->env.now_ms, buf,
			      sizeof(buf), &reply, &found));
	return found.generation;
}

static const struct list_row addresses[] = {
	{.name = "nx", .action = ACTION_NXDOMAIN, .rules = "#192.0.2.81"},
};

/* A list that comes later takes its address alone, and has the entry asked for anew,
 * once, which is as the list wants it then. */
static void test_additional(void **state)
{
	struct pipeline *p = *state;
	static struct message reply;
	static struct asking a;

	assert_false(ask_exchangers(p, TRANSPORT_UDP, "forward", &a));
	make_exchangers(&reply);
	assert_string_equal(asked_reply(p, &a.question, &reply), BOTH_ADDRESSES);
	pipeline_reload(p, addresses, COUNT(addresses));
	assert_true(ask_exchangers(p, TRANSPORT_UDP, ONE_ADDRESS, &a));
	make_exchangers(&reply);
	for (unsigned int i = 0; i < 2; i++) {
		static struct asking again;

		assert_false(ask_exchangers(p, TRANSPORT_TCP, ONE_ADDRESS, &again));
		assert_int_not_equal(generation_of_exchangers(p, &again), p->snapshot->generation);
	}
	assert_string_equal(asked_reply(p, &a.question, &reply), ONE_ADDRESS);
	assert_false(ask_exchangers(p, TRANSPORT_UDP, ONE_ADDRESS, &a));
	assert_int_equal(generation_of_exchangers(p, &a), p->snapshot->generation);
}

/* What is to be asked for over TCP is not given beside another answer. */
static void test_additional_tcp_only(void **state)
{
	static const struct list_row tcp_only[] = {
		{.name = "tcp", .action = ACTION_TCP_ONLY, .rules = "#192.0.2.81"},
	};
	struct pipeline *p = *state;
	static struct message reply;
	static struct asking a;

	pipeline_reload(p, tcp_only, COUNT(tcp_only));
	assert_false(ask_exchangers(p, TRANSPORT_UDP, "forward", &a));
	make_exchangers(&reply);
	assert_string_equal(asked_reply(p, &a.question, &reply), ONE_ADDRESS);
	assert_false(ask_exchangers(p, TRANSPORT_UDP, ONE_ADDRESS, &a));
	assert_int_equal(generation_of_exchangers(p, &a), p->snapshot->generation);
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
		cmocka_unit_test_setup_teardown(test_additional, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_additional_tcp_only, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_pass, set_up, asked_tear_down),
		cmocka_unit_test(test_one_entry),
		cmocka_unit_test_setup_teardown(test_refused, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_newer, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_nxdomain_of_all_types, set_up,
						asked_tear_down),
		cmocka_unit_test_setup_teardown(test_nxdomain_behind_cname, set_up,
						asked_tear_down),
		cmocka_unit_test_setup_teardown(test_stale_ttl_of_short, set_up, asked_tear_down),
		cmocka_unit_test_setup_teardown(test_blocked_is_remembered, set_up,
						asked_tear_down),
		cmocka_unit_test_setup_teardown(test_allocates_nothing, set_up, asked_tear_down),
	};

	return cmocka_run_group_tests_name("query_cache", tests, NULL, NULL);
}
