/* SPDX-License-Identifier: BSD-2-Clause */
/* What has to be asked before a reply can be judged by name servers, and what is said of it then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "query/query.h"
#include "support/pipeline.h"

#define KNOWN_MAX 64U
#define BYTES (1U << 18)

/* A reply that was asked for. */
struct told {
	struct query_known known;
	struct reply reply;
	struct message msg;
};

struct world {
	struct pipeline p;
	struct pipeline_question question;
	struct message msg;
	struct message asked; /* the reply as it came */
	struct query_seek seek;
	struct reply reply; /* as it was judged */
	struct verdict verdict;
	struct told told[KNOWN_MAX];
	unsigned int count;
};

static const struct list_row one_zone[] = {
	{.name = "feed",
	 .action = ACTION_NXDOMAIN,
	 .rules = "^evil.net %198.18.0.0/24",
	 .zone = true},
};

static void open_lists(struct world *w, const struct list_row *rows, size_t count)
{
	memset(w, 0, sizeof(*w));
	pipeline_open(&w->p, rows, count, BYTES);
	w->p.snapshot->conf->outgoing.ns_lookup = CONF_NSLOOKUP_WAIT;
}

static void open_again(struct world *w, const struct list_row *rows, size_t count)
{
	pipeline_close(&w->p);
	open_lists(w, rows, count);
}

static int set_up(void **state)
{
	static struct world w;

	open_lists(&w, one_zone, 1);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	pipeline_close(&w->p);
	return 0;
}

static void ask(struct world *w, const char *name, uint16_t type)
{
	struct message m;

	message_query(&m, name, type);
	assert_int_equal(pipeline_ask(&w->p, TRANSPORT_UDP, &m, &w->question), QUERY_FORWARD);
	message_reply(&w->asked, name, type, 0);
}

static void parse(struct world *w, const struct query_key *key, struct message *m,
		  struct reply *ret_reply)
{
	assert_int_equal(
		reply_parse(m->octets, m->len, key->question_len, &w->p.snapshot->ttl, ret_reply),
		ERR_OK);
}

/* Judges the reply by what was told. */
static enum query_outcome judge(struct world *w, bool last)
{
	w->msg = w->asked;
	parse(w, &w->question.key, &w->msg, &w->reply);
	w->seek.known = w->count ? &w->told[w->count - 1].known : NULL;
	w->seek.last = last;
	assert_true(query_seeks(&w->p.env, &w->question.key));
	return query_resolve_seeking(&w->p.env, &w->question.key, w->msg.octets, w->msg.len,
				     &w->reply, &w->seek, &w->verdict);
}

/* That this is to be asked, as the `place`-th. */
static void wants(const struct world *w, unsigned int place, const char *name, uint16_t type)
{
	const struct query_key *key = &w->seek.keys[place];
	struct name wanted;

	assert_true(place < w->seek.count);
	assert_int_equal(name_from_text(name, strlen(name), &wanted), ERR_OK);
	assert_int_equal(key->question_len, wanted.len + 4);
	assert_memory_equal(key->question, wanted.wire, wanted.len);
	assert_int_equal(key->qtype, type);
	assert_true(key->lent && key->leave.done && !query_seeks(&w->p.env, key));
}

static struct told *next(struct world *w, const char *name, uint16_t type)
{
	struct told *t = &w->told[w->count];

	assert_true(w->count < KNOWN_MAX);
	t->known.next = w->count ? &w->told[w->count - 1].known : NULL;
	t->known.type = type;
	assert_int_equal(name_from_text(name, strlen(name), &t->known.name), ERR_OK);
	w->count++;
	return t;
}

static void tell_nothing(struct world *w, const char *name, uint16_t type)
{
	next(w, name, type);
}

static void tell(struct world *w, struct told *t)
{
	size_t question_len = t->known.name.len + 4U;

	assert_int_equal(reply_parse(t->msg.octets, t->msg.len, question_len, &w->p.snapshot->ttl,
				     &t->reply),
			 ERR_OK);
	t->known.reply = &t->reply;
}

static void tell_apex(struct world *w, const char *name, uint16_t type, const char *apex)
{
	struct told *t = next(w, name, type);

	message_reply(&t->msg, name, type, 0);
	message_soa(&t->msg, apex, 60, 60);
	tell(w, t);
}

static void tell_server(struct world *w, const char *zone, const char *server)
{
	struct told *t = next(w, zone, TYPE_NS);

	message_reply(&t->msg, zone, TYPE_NS, 0);
	message_rr_name(&t->msg, MESSAGE_AN, zone, TYPE_NS, 60, server);
	tell(w, t);
}

static void tell_address(struct world *w, const char *server, uint8_t third)
{
	struct told *t = next(w, server, TYPE_A);
	const uint8_t octets[4] = {198, 18, third, 1};

	message_reply(&t->msg, server, TYPE_A, 0);
	message_rr(&t->msg, MESSAGE_AN, server, TYPE_A, 60, octets, 4);
	tell(w, t);
}

static void answer_with_address(struct world *w, const char *owner)
{
	const uint8_t octets[4] = {192, 0, 2, 1};

	message_rr(&w->asked, MESSAGE_AN, owner, TYPE_A, 60, octets, 4);
}

/* Asks for the address of a name that has one. */
static void ask_address(struct world *w, const char *name)
{
	ask(w, name, TYPE_A);
	answer_with_address(w, name);
}

/* ---- */

/* From the name up to the zone, its servers and their addresses: each step follows from the last.
 */
static void test_walk(void **state)
{
	struct world *w = *state;

	ask_address(w, "a.b.www.example.com");
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_int_equal(w->seek.count, 1);
	wants(w, 0, "a.b.www.example.com", TYPE_NS);
	tell_apex(w, "a.b.www.example.com", TYPE_NS, "example.com");
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_int_equal(w->seek.count, 1);
	wants(w, 0, "example.com", TYPE_NS);
	tell_server(w, "example.com", "ns.good.net");
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_int_equal(w->seek.count, 2);
	wants(w, 0, "ns.good.net", TYPE_A);
	wants(w, 1, "ns.good.net", TYPE_AAAA);
	tell_apex(w, "ns.good.net", TYPE_AAAA, "good.net");
	tell_address(w, "ns.good.net", 0);
	assert_int_equal(judge(w, false), QUERY_ANSWERED);
	assert_true(w->verdict.matched && w->verdict.trigger == TRIGGER_SERVER_ADDRESS);
}

/* A name that is listed decides before its address is asked for. */
static void test_name_decides(void **state)
{
	struct world *w = *state;

	ask_address(w, "www.example.com");
	tell_apex(w, "www.example.com", TYPE_NS, "example.com");
	tell_server(w, "example.com", "ns.evil.net");
	assert_int_equal(judge(w, false), QUERY_ANSWERED);
	assert_true(w->verdict.matched && w->verdict.trigger == TRIGGER_SERVER);
}

/* Each zone on the way counts, and what is not told goes up by a label. */
static void test_zones_above(void **state)
{
	struct world *w = *state;

	ask_address(w, "www.sub.example.com");
	tell_nothing(w, "www.sub.example.com", TYPE_NS);
	tell_server(w, "sub.example.com", "ns.good.net");
	tell_address(w, "ns.good.net", 9);
	tell_apex(w, "ns.good.net", TYPE_AAAA, "good.net");
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_int_equal(w->seek.count, 1);
	wants(w, 0, "example.com", TYPE_NS);
	tell_server(w, "example.com", "x.evil.net");
	assert_int_equal(judge(w, false), QUERY_ANSWERED);
	assert_true(w->verdict.matched);
}

/* What is not known passes, is counted, and asked for anew by the next query. */
static void test_not_known(void **state)
{
	struct world *w = *state;
	struct message m;

	ask_address(w, "www.example.com");
	tell_nothing(w, "www.example.com", TYPE_NS);
	tell_nothing(w, "example.com", TYPE_NS);
	assert_int_equal(judge(w, false), QUERY_ANSWERED);
	assert_true(!w->verdict.matched && w->seek.unknown);
	assert_int_equal(w->p.stats.servers_unknown, 1);
	message_query(&m, "www.example.com", TYPE_A);
	assert_int_equal(pipeline_ask(&w->p, TRANSPORT_UDP, &m, &w->question), QUERY_FORWARD);
}

/* What is clean is remembered so, and costs nothing any more. */
static void test_clean(void **state)
{
	struct world *w = *state;
	struct message m;

	ask_address(w, "www.example.com");
	tell_apex(w, "www.example.com", TYPE_NS, "example.com");
	tell_server(w, "example.com", "ns.good.net");
	tell_address(w, "ns.good.net", 9);
	tell_apex(w, "ns.good.net", TYPE_AAAA, "good.net");
	assert_int_equal(judge(w, false), QUERY_ANSWERED);
	assert_true(!w->verdict.matched && !w->seek.unknown);
	message_query(&m, "www.example.com", TYPE_A);
	assert_int_equal(pipeline_ask(&w->p, TRANSPORT_UDP, &m, &w->question), QUERY_ANSWERED);
	assert_int_equal(w->p.stats.servers_unknown, 0);
}

/* In the background the answer is given meanwhile, and asked for anew. */
static void test_background(void **state)
{
	struct world *w = *state;
	struct message m;

	w->p.snapshot->conf->outgoing.ns_lookup = CONF_NSLOOKUP_BACKGROUND;
	ask_address(w, "www.example.com");
	assert_int_equal(judge(w, true), QUERY_ANSWERED);
	message_query(&m, "www.example.com", TYPE_A);
	assert_int_equal(pipeline_ask(&w->p, TRANSPORT_UDP, &m, &w->question), QUERY_ANSWERED);
	assert_int_equal(w->p.stats.servers_unknown, 2);
}

/* An answer that is given while servers are not known lacks what lists have of all that stands
 * beside. */
static void test_beside(void **state)
{
	static const struct list_row lists[] = {
		{.name = "feed", .action = ACTION_NXDOMAIN, .rules = "^evil.net", .zone = true},
		{.name = "nets", .action = ACTION_NODATA, .rules = "#192.0.2.0/24"},
	};
	const uint8_t octets[4] = {192, 0, 2, 1};
	struct world *w = *state;
	struct message m;

	open_again(w, lists, 2);
	w->p.snapshot->conf->outgoing.ns_lookup = CONF_NSLOOKUP_BACKGROUND;
	ask(w, "example.com", TYPE_MX);
	message_rr_begin(&w->asked, MESSAGE_AN, "example.com", TYPE_MX, 60);
	message_add16(&w->asked, 10);
	message_add_name(&w->asked, "mail.example.com");
	message_end(&w->asked);
	message_rr(&w->asked, MESSAGE_AR, "mail.example.com", TYPE_A, 60, octets, 4);
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_int_equal(w->reply.arcount, 1);
	assert_int_equal(judge(w, true), QUERY_ANSWERED);
	assert_int_equal(w->reply.arcount, 0);
	for (unsigned int i = 0; i < 2; i++) {
		message_query(&m, "example.com", TYPE_MX);
		assert_int_equal(pipeline_ask(&w->p, TRANSPORT_UDP, &m, &w->question),
				 QUERY_ANSWERED);
		assert_int_equal(message_get16(&m, 6), 1);
		assert_int_equal(message_get16(&m, 10), 0);
	}
}

static void later(struct world *w, uint64_t s)
{
	w->p.env.now_ms += s * 1000;
	w->p.env.now_s += (uint32_t)s;
}

static bool is_stale_given(struct world *w)
{
	return query_stale(&w->p.env, &w->question.key, true, w->msg.octets, &w->reply,
			   &w->verdict);
}

/* What was blocked by servers that nobody remembers is not given while the upstreams fail: neither
 * to who has waited, nor to those who ask from then on. */
static void test_stale(void **state)
{
	static const enum conf_nslookup ways[] = {CONF_NSLOOKUP_WAIT, CONF_NSLOOKUP_BACKGROUND};
	struct world *w = *state;
	struct message m;

	for (unsigned int i = 0; i < 2; i++) {
		open_again(w, one_zone, 1);
		w->p.snapshot->conf->outgoing.ns_lookup = ways[i];
		ask_address(w, "example.com");
		tell_server(w, "example.com", "ns.evil.net");
		assert_int_equal(judge(w, false), QUERY_ANSWERED);
		assert_true(w->verdict.matched);
		later(w, 61);
		assert_false(is_stale_given(w));
		message_query(&m, "example.com", TYPE_A);
		assert_int_equal(pipeline_ask(&w->p, TRANSPORT_UDP, &m, &w->question),
				 QUERY_FORWARD);
	}
}

/* Puts the reply to the `place`-th question that is wanted into the cache, as if it had been asked.
 */
static void answer_wanted(struct world *w, unsigned int place, struct message *m)
{
	const struct query_key key = w->seek.keys[place];
	struct reply reply;

	parse(w, &key, m, &reply);
	(void)query_resolve(&w->p.env, &key, m->octets, m->len, &reply);
}

/* Servers that were known before the upstreams failed say nothing once they answer again. */
static void test_outage(void **state)
{
	struct world *w = *state;
	struct message m;

	ask_address(w, "example.com");
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	message_reply(&m, "example.com", TYPE_NS, 0);
	message_rr_name(&m, MESSAGE_AN, "example.com", TYPE_NS, 60, "ns.evil.net");
	answer_wanted(w, 0, &m);
	assert_int_equal(judge(w, false), QUERY_ANSWERED);
	assert_true(w->verdict.matched);
	later(w, 61);
	assert_true(is_stale_given(w) && w->verdict.matched);
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	wants(w, 0, "example.com", TYPE_NS);
}

/* That a name does not exist is believed where it is proven, and else is said of its NS alone. */
static void test_absence(void **state)
{
	static const uint8_t flags[] = {0, 0x20}; /* AD */
	struct world *w = *state;
	struct message m;

	for (unsigned int i = 0; i < 2; i++) {
		open_again(w, one_zone, 1);
		ask(w, "to.example.com", TYPE_A);
		message_rr_name(&w->asked, MESSAGE_AN, "to.example.com", TYPE_CNAME, 60,
				"no.example.com");
		message_set16(&w->asked, 2, message_get16(&w->asked, 2) | 3);
		message_soa(&w->asked, "example.com", 60, 60);
		assert_int_equal(judge(w, false), QUERY_FORWARD);
		wants(w, 1, "no.example.com", TYPE_NS);
		message_reply(&m, "no.example.com", TYPE_NS, 3U | flags[i]);
		message_soa(&m, "example.com", 60, 60);
		answer_wanted(w, 1, &m);
		w->p.snapshot->conf->outgoing.ns_lookup = CONF_NSLOOKUP_OFF;
		message_query(&m, "no.example.com", TYPE_A);
		assert_int_equal(pipeline_ask(&w->p, TRANSPORT_UDP, &m, &w->question),
				 flags[i] ? QUERY_ANSWERED : QUERY_FORWARD);
	}
}

/* In the background a TTL of nothing has servers known long enough for the next query. */
static void test_background_without_ttl(void **state)
{
	struct world *w = *state;
	struct message m;

	w->p.snapshot->conf->outgoing.ns_lookup = CONF_NSLOOKUP_BACKGROUND;
	ask_address(w, "example.com");
	assert_int_equal(judge(w, true), QUERY_ANSWERED);
	message_reply(&m, "example.com", TYPE_NS, 0);
	message_rr_name(&m, MESSAGE_AN, "example.com", TYPE_NS, 0, "ns.evil.net");
	answer_wanted(w, 0, &m);
	message_query(&m, "example.com", TYPE_A);
	assert_int_equal(pipeline_ask(&w->p, TRANSPORT_UDP, &m, &w->question), QUERY_ANSWERED);
	assert_int_equal(m.octets[3] & 15, 3); /* NXDOMAIN */
}

/* The SOA of a reply without records says which zone it is of. */
static void test_negative(void **state)
{
	struct world *w = *state;

	ask(w, "no.example.com", TYPE_TXT);
	message_soa(&w->asked, "example.com", 60, 60);
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_int_equal(w->seek.count, 1);
	wants(w, 0, "example.com", TYPE_NS);
}

/* The reply may be what is looked for. */
static void test_own_question(void **state)
{
	struct world *w = *state;

	ask(w, "example.com", TYPE_NS);
	message_rr_name(&w->asked, MESSAGE_AN, "example.com", TYPE_NS, 60, "ns.good.net");
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_int_equal(w->seek.count, 2);
	wants(w, 0, "ns.good.net", TYPE_A);
}

/* No more is asked at one time than there is room for, and the rest is told of. */
static void test_many(void **state)
{
	struct world *w = *state;
	struct told *t;
	char server[32];

	ask_address(w, "example.com");
	t = next(w, "example.com", TYPE_NS);
	message_reply(&t->msg, "example.com", TYPE_NS, 0);
	for (unsigned int i = 0; i < 40; i++) {
		snprintf(server, sizeof(server), "ns%u.good.net", i);
		message_rr_name(&t->msg, MESSAGE_AN, "example.com", TYPE_NS, 60, server);
	}
	tell(w, t);
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_int_equal(w->seek.count, QUERY_SEEK_MAX);
	assert_true(w->seek.unknown);
	assert_int_equal(judge(w, true), QUERY_ANSWERED);
	assert_int_equal(w->p.stats.servers_unknown, 1);
}

/* Nothing is asked where something goes before all that servers could say. */
static void test_order_of_lists(void **state)
{
	static const struct list_row lists[] = {
		{.name = "first", .action = ACTION_NODATA, .rules = "#192.0.2.0/24", .zone = true},
		{.name = "feed", .action = ACTION_NXDOMAIN, .rules = "^evil.net", .zone = true},
		{.name = "later",
		 .action = ACTION_NXDOMAIN,
		 .rules = "#192.0.2.0/24",
		 .zone = true},
	};
	struct world *w = *state;

	open_again(w, lists, 3);
	ask_address(w, "www.example.com");
	assert_int_equal(judge(w, false), QUERY_ANSWERED);
	assert_true(w->verdict.matched && w->verdict.list == 0);
	open_again(w, lists + 1, 2);
	ask_address(w, "www.example.com");
	assert_int_equal(judge(w, false), QUERY_FORWARD);
	assert_true(w->verdict.matched && w->verdict.list == 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_walk),	TEST(test_name_decides),
		TEST(test_zones_above), TEST(test_not_known),
		TEST(test_clean),	TEST(test_background),
		TEST(test_negative),	TEST(test_own_question),
		TEST(test_many),	TEST(test_order_of_lists),
		TEST(test_beside),	TEST(test_stale),
		TEST(test_outage),	TEST(test_background_without_ttl),
		TEST(test_absence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
