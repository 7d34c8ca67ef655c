/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any packet, asked of lists with every action, of a warm cache and of an upstream.  Whatever is
 * answered is a message to ldns, no longer than the client takes, with the ID, the opcode and the
 * question that were sent, and an OPT if one was.
 *
 * Input: an octet that says how it is asked, the packet.  Of the octet, bit 0: over TCP; bit 1:
 * from a client that may not ask; bit 2: the answer has a buffer of its own; bit 3: a small one;
 * bits 4 to 6: what becomes of it upstream.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/local.h"
#include "map/namemap.h"
#include "query/query.h"
#include "names/special.h"
#include "support/pipeline.h"
#include "fuzz.h"
#include "ldns_read.h"

#define HOW_TCP 1U
#define HOW_STRANGER 2U
#define HOW_BESIDE 4U
#define HOW_SMALL 8U
#define HOW_UPSTREAM(how) ((how) >> 4 & 7U)

#define CACHE_BYTES (1U << 18)
#define OUR_UDP_SIZE 1232U

static const struct list_row lists[] = {
	{.name = "court",
	 .action = ACTION_SINKHOLE,
	 .rules = "sink.example",
	 .reason = REASON_ORDER,
	 .mandatory = true,
	 .ipv4 = "192.0.2.1",
	 .ipv6 = "2001:db8::1",
	 .case_number = "7"},
	{.name = "nx", .action = ACTION_NXDOMAIN, .rules = "nx.example"},
	{.name = "nodata", .action = ACTION_NODATA, .rules = "nodata.example"},
	{.name = "refused", .action = ACTION_REFUSED, .rules = "refused.example"},
	{.name = "drop", .action = ACTION_DROP, .rules = "drop.example"},
	{.name = "tcp", .action = ACTION_TCP_ONLY, .rules = "tcp.example"},
	{.name = "pass", .action = ACTION_PASS, .rules = "pass.nx.example pass.sink.example"},
};

static const char local_yaml[] = "local:\n"
				 "  names:\n"
				 "  - {name: own.example, ipv4: [192.0.2.7], txt: [text]}\n"
				 "  - {name: out1.example, cname: clean.example}\n"
				 "  - {name: out2.example, cname: large.example}\n"
				 "  - {name: out3.example, cname: old.example}\n"
				 "  - {name: out4.example, cname: gone.example}\n"
				 "  - {name: out5.example, cname: www.zone.example}\n"
				 "  - {name: out6.example, cname: x.onion}\n"
				 "  - {name: alias.example, cname: own.example}\n"
				 "  - {name: sunk.example, cname: own.sink.example}\n"
				 "  - {name: own.sink.example, ipv4: [192.0.2.8]}\n"
				 "  - {name: own.nx.example.net, ipv4: [192.0.2.9]}\n"
				 "  - {name: '*.wild.example', ipv6: ['2001:db8::9']}\n";

static struct pipeline pipeline;

/* What is in the cache when a packet is asked.  Generation 1 is that of older lists. */
static struct {
	const char *qname;
	uint64_t generation;
	const char *target; /* of a CNAME; NULL: none */
	unsigned int records;
	bool denied; /* NXDOMAIN with an SOA */
	struct message msg;
	struct reply reply;
	struct name name;
} warm[] = {
	{.qname = "cached.example", .generation = 2, .records = 2},
	{.qname = "large.example", .generation = 2, .records = 60},
	{.qname = "gone.example", .generation = 2, .denied = true},
	{.qname = "clean.example", .generation = 1, .target = "host.example", .records = 1},
	{.qname = "old.example", .generation = 1, .target = "host.nx.example", .records = 1},
	{.qname = "oldtcp.example", .generation = 1, .target = "host.tcp.example", .records = 1},
	{.qname = "olddrop.example", .generation = 1, .target = "drop.example", .records = 1},
	{.qname = "oldlarge.example", .generation = 1, .records = 60},
};

/* A reply of a CNAME, if there is a target, and address records. */
static void add_records(struct message *m, const char *target, unsigned int records)
{
	if (target)
		message_rr_name(m, MESSAGE_AN, NULL, TYPE_CNAME, 300, target);
	for (unsigned int i = 0; i < records; i++)
		message_rr(m, MESSAGE_AN, target, TYPE_A, 300, "\300\0\2\x50", 4);
}

static void make_warm(size_t i)
{
	struct message *m = &warm[i].msg;
	size_t question_len;

	message_reply(m, warm[i].qname, TYPE_A, warm[i].denied ? RCODE_NXDOMAIN : RCODE_NOERROR);
	question_len = m->len - WIRE_HEADER;
	add_records(m, warm[i].target, warm[i].records);
	if (warm[i].denied)
		message_soa(m, "example", 300, 300);
	require(name_from_text(warm[i].qname, strlen(warm[i].qname), &warm[i].name) == ERR_OK);
	require(reply_parse(m->octets, m->len, question_len, &pipeline.env.snapshot->ttl,
			    &warm[i].reply) == ERR_OK);
}

/* The operator's own names, special-use names, and a zone with upstreams of its own. */
static void add_names(struct snapshot *s)
{
	const struct hash_key key = LISTS_KEY;
	struct list_report report;
	struct conf *conf = NULL;
	struct name zone;

	require(conf_parse("fuzz", local_yaml, sizeof(local_yaml) - 1, &conf, NULL) == ERR_OK);
	require(local_create(&conf->local, NULL, &key, &s->local, &report, NULL) == ERR_OK);
	conf_free(conf);
	require(special_create(&key, NULL, 0, true, &s->special) == ERR_OK);
	require(namemap_create(&key, &s->zones) == ERR_OK);
	require(name_from_text("zone.example", 12, &zone) == ERR_OK);
	require(namemap_add(s->zones, &zone, 1) == ERR_OK);
	s->pools = calloc(2, sizeof(*s->pools));
	require(s->pools);
	s->pool_count = 2;
	s->pools[1].zone = zone;
	s->pools[1].salt = 1;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pipeline_open(&pipeline, NULL, 0, 0);
	cache_free(pipeline.env.cache);
	pipeline_reload(&pipeline, lists, sizeof(lists) / sizeof(lists[0]));
	add_names(pipeline.snapshot);
	for (size_t i = 0; i < sizeof(warm) / sizeof(warm[0]); i++)
		make_warm(i);
	return 0;
}

/* The same for each packet, so that what one found is found again. */
static void fill_cache(void)
{
	require(cache_create(CACHE_BYTES, &pipeline.env.cache) == ERR_OK);
	for (size_t i = 0; i < sizeof(warm) / sizeof(warm[0]); i++) {
		struct cache_key key = {
			.qname = &warm[i].name,
			.hash = cache_hash(name_hash(&pipeline.env.name_key, &warm[i].name),
					   TYPE_A),
			.qtype = TYPE_A,
		};

		cache_put(pipeline.env.cache, &pipeline.snapshot->conf->cache, &key,
			  pipeline.env.now_ms - 2500, warm[i].generation, &warm[i].reply);
	}
}

/* A packet as it came, and how. */
struct asked {
	const uint8_t *data;
	size_t size;
	unsigned int how;
	enum wire_verdict parsed;
	struct wire_query wire;
};

/* What the client takes. */
static size_t allowed_size(const struct asked *a)
{
	size_t theirs = a->wire.edns.present ? a->wire.edns.udp_size : 512;

	if (a->how & HOW_TCP)
		return WIRE_MESSAGE_MAX;
	if (theirs < 512)
		return 512;
	return theirs < OUR_UDP_SIZE ? theirs : OUR_UDP_SIZE;
}

static void require_header(const struct asked *a, const uint8_t *answer)
{
	uint16_t asked_flags = wire_get16(a->data + 2);
	uint16_t flags = wire_get16(answer + 2);

	require(wire_get16(answer) == wire_get16(a->data));
	require((flags & FLAG_QR) && !(flags & FLAG_AA) && !(flags & 0x0040));
	if (asked_flags & FLAG_OPCODE) /* RA and CD are of QUERY alone */
		asked_flags &= (uint16_t)~FLAG_CD;
	require(!(flags & FLAG_RA) == ((asked_flags & FLAG_OPCODE) != 0));
	require((flags & (FLAG_OPCODE | FLAG_RD | FLAG_CD)) ==
		(asked_flags & (FLAG_OPCODE | FLAG_RD | FLAG_CD)));
	if (flags & FLAG_TC)
		require(wire_get32(answer + 6) == 0);
	require(wire_get16(answer + 4) == (a->wire.qname_len > 0));
	require(memcmp(answer + WIRE_HEADER, a->data + WIRE_HEADER,
		       a->wire.question_end - WIRE_HEADER) == 0);
}

static void require_answer(const struct asked *a, const uint8_t *answer, size_t len, size_t cap)
{
	uint8_t *copy;
	ldns_pkt *pkt = NULL;

	require(len >= WIRE_HEADER && len <= cap && len <= allowed_size(a));
	require_header(a, answer);
	copy = malloc(len);
	require(copy != NULL);
	memcpy(copy, answer, len);
	require(ldns_read(&pkt, copy, len) == LDNS_STATUS_OK);
	require(ldns_pkt_edns(pkt) == a->wire.edns.present);
	if (ldns_pkt_edns(pkt))
		require(ldns_pkt_edns_udp_size(pkt) == OUR_UDP_SIZE);
	ldns_pkt_free(pkt);
	free(copy);
}

/* True for an ordinary question of a client that may ask: lists are asked about its name. */
static bool is_for_lists(const struct asked *a)
{
	uint16_t qtype = a->wire.qtype;

	return a->parsed == WIRE_QUERY && !(a->how & HOW_STRANGER) && a->wire.qclass == CLASS_IN &&
	       qtype != 0 && qtype != TYPE_OPT && (qtype < TYPE_TKEY || qtype > TYPE_MAILA);
}

static bool asks_below(const struct asked *a, const char *text)
{
	struct name above;
	struct name qname;

	require(name_from_text(text, strlen(text), &above) == ERR_OK);
	name_copy_lower(&qname, a->data + WIRE_HEADER, a->wire.qname_len);
	return name_is_below(&qname, &above);
}

static bool asks_for(const struct asked *a, const char *text)
{
	struct name name;
	struct name qname;

	require(name_from_text(text, strlen(text), &name) == ERR_OK);
	name_copy_lower(&qname, a->data + WIRE_HEADER, a->wire.qname_len);
	return name_equal(&qname, &name);
}

/* What the lists say can be said plainly of some names. */
static void require_judged(const struct asked *a, enum query_outcome outcome, const uint8_t *answer)
{
	if (!is_for_lists(a))
		return;
	if (asks_below(a, "wild.example") || asks_below(a, "localhost"))
		require(outcome != QUERY_DROPPED);
	if (asks_below(a, "onion") || asks_below(a, "d.f.ip6.arpa"))
		require(outcome == (a->wire.qtype == TYPE_DS && asks_for(a, "d.f.ip6.arpa") &&
						    (a->wire.flags & FLAG_RD)
					    ? QUERY_FORWARD
					    : QUERY_ANSWERED));
	if (asks_below(a, "drop.example"))
		require(outcome == QUERY_DROPPED);
	if (asks_below(a, "nx.example") && !asks_below(a, "pass.nx.example"))
		require(outcome == QUERY_ANSWERED && (answer[3] & 15) == RCODE_NXDOMAIN);
	if (asks_below(a, "refused.example"))
		require(outcome == QUERY_ANSWERED && (answer[3] & 15) == RCODE_REFUSED);
	if (asks_below(a, "sink.example"))
		require(outcome == QUERY_ANSWERED && (answer[3] & 15) == RCODE_NOERROR);
	if (asks_below(a, "tcp.example") && !(a->how & HOW_TCP))
		require(outcome == QUERY_ANSWERED && (answer[2] & 2));
}

/* The question as the upstream is asked it: a query, to us and to ldns, in lower case. */
static void require_upstream_message(const struct asked *a,
				     const struct pipeline_question *question)
{
	const struct query_key *key = &question->key;
	struct wire_query again;
	ldns_pkt *pkt = NULL;
	struct name qname;
	uint8_t msg[512];
	const struct query_form form = {.id = 0x7777, .udp_size = 1400};
	size_t len = query_upstream_message(key, &form, msg);

	require(len <= sizeof(msg));
	require(wire_parse_query(msg, len, &again) == WIRE_QUERY);
	require(ldns_read(&pkt, msg, len) == LDNS_STATUS_OK);
	ldns_pkt_free(pkt);
	require(again.id == 0x7777 && again.qtype == a->wire.qtype && again.qclass == CLASS_IN);
	require(again.edns.present && again.edns.udp_size == 1400 && !again.edns.cookie);
	require(again.edns.dnssec_ok && !(again.flags & FLAG_CD));
	if (question->wait.alias)
		return;
	name_copy_lower(&qname, a->data + WIRE_HEADER, a->wire.qname_len);
	require(again.qname_len == qname.len);
	require(memcmp(msg + WIRE_HEADER, qname.wire, qname.len) == 0);
}

/* Of an address, by the root. */
#define SIGNATURE "\0\1\15\2\0\0\1\54\0\0\0\0\0\0\0\0\0\1\0signature"

/* The upstream's reply, chosen by the input. */
static void make_reply(struct message *m, const struct query_key *key, unsigned int how)
{
	static const char *const targets[] = {"host.nx.example", "host.tcp.example", "drop.example",
					      NULL, NULL};

	message_begin(m, 0x7777, FLAG_QR | FLAG_RD | FLAG_RA | FLAG_AD);
	message_add(m, key->question, key->question_len);
	message_set16(m, MESSAGE_QD, 1);
	add_records(m, targets[how - 3], how == 7 ? 60 : 1);
	message_rr(m, MESSAGE_AN, NULL, TYPE_RRSIG, 300, SIGNATURE, sizeof(SIGNATURE) - 1);
	message_rr(m, MESSAGE_NS, NULL, TYPE_NS, 300, "\300\14", 2);
	message_opt(m, 4096, 0);
}

static enum err parse(struct message *m, const struct query_key *key, struct reply *ret_reply)
{
	return reply_parse(m->octets, m->len, key->question_len, &pipeline.env.snapshot->ttl,
			   ret_reply);
}

/* What the upstream says of the name that its CNAMEs lead to, if they do and it was not said: all
 * is a reply again, to the same question, or a failure. */
static void follow(struct message *m, const struct query_key *key, struct reply *reply,
		   unsigned int how)
{
	static struct message other_msg;
	struct query_key other_key;
	struct reply other;

	if (reply->kind != REPLY_CNAME)
		return;
	if (query_follow(&pipeline.env, key, m->octets, reply, &other_key) == QUERY_ANSWERED)
		return;
	require(other_key.qtype == key->qtype && other_key.question_len > 4);
	make_reply(&other_msg, &other_key, how < 6 ? how + 2 : 7);
	if (parse(&other_msg, &other_key, &other) != ERR_OK)
		return;
	query_join(&pipeline.env, key, m->octets, reply, &other);
	if (reply->kind != REPLY_FAILURE)
		require(reply->body == m->octets + reply->question_end && reply->ancount > 1);
}

/* False: it is refused, since it answers but another type than the one asked for. */
static bool is_taken(const struct message *m, const struct query_key *key, unsigned int how)
{
	static struct message copy;
	struct reply reply;

	copy = *m;
	if (parse(&copy, key, &reply) == ERR_OK) {
		follow(&copy, key, &reply, how);
		return true;
	}
	require(how >= 6 && key->qtype != TYPE_A && key->qtype != TYPE_ANY &&
		key->qtype != TYPE_RRSIG);
	return false;
}

static void go_upstream(const struct asked *a, const struct pipeline_question *question)
{
	static struct message answer;
	static struct message reply;
	unsigned int how = HOW_UPSTREAM(a->how);

	require_upstream_message(a, question);
	require(question->key.leave.passed ==
		(asks_below(a, "pass.nx.example") || asks_below(a, "pass.sink.example")));
	if (how < 3) {
		answer.len = query_fail(&pipeline.env, &question->wait, (enum query_failure)how,
					answer.octets, 512);
		require_answer(a, answer.octets, answer.len, 512);
		require((answer.octets[3] & 15) == RCODE_SERVFAIL);
		return;
	}
	make_reply(&reply, &question->key, how);
	if (!is_taken(&reply, &question->key, how))
		return;
	if (pipeline_reply(&pipeline, question, &reply, &answer) == QUERY_ANSWERED)
		require_answer(a, answer.octets, answer.len, sizeof(answer.octets));
	else
		require(how == 5 && !question->key.leave.passed);
}

/* Asks it: the packet stands in memory of its size, or at the front of the answer's buffer. */
static void ask(const struct asked *a)
{
	struct sockaddr_in client =
		pipeline_client(a->how & HOW_STRANGER ? "198.51.100.1" : "127.0.0.1");
	size_t cap = a->how & HOW_SMALL ? 512 : a->how & HOW_TCP ? WIRE_MESSAGE_MAX : 4096;
	bool beside = (a->how & HOW_BESIDE) || a->size > cap;
	uint8_t *buf = malloc(cap);
	uint8_t *msg = beside ? malloc(a->size + 1) : buf;
	struct pipeline_question question;
	enum query_outcome outcome;
	struct query q;
	size_t len = 0;

	require(buf && msg);
	memset(buf, 0xa5, cap);
	if (a->size > 0)
		memcpy(msg, a->data, a->size);
	query_begin(&q, &pipeline.env, msg, a->size, (const struct sockaddr *)&client,
		    a->how & HOW_TCP ? TRANSPORT_TCP : TRANSPORT_UDP);
	outcome = query_decide(&q, &pipeline.env, msg, buf, cap, &len);
	require(q.parsed == a->parsed);
	if (a->parsed == WIRE_DROP)
		require(outcome == QUERY_DROPPED);
	if (outcome == QUERY_ANSWERED)
		require_answer(a, buf, len, cap);
	require_judged(a, outcome, buf);
	if (outcome == QUERY_FORWARD) {
		require(is_for_lists(a) && (a->wire.flags & FLAG_RD));
		query_suspend(&q, &pipeline.env, msg, &question.key, &question.wait);
		go_upstream(a, &question);
	}
	if (beside)
		free(msg);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct asked a = {.data = data + 1, .size = size - 1};

	if (size < 1)
		return 0;
	a.how = data[0];
	a.parsed = wire_parse_query(a.data, a.size, &a.wire);
	fill_cache();
	ask(&a);
	cache_free(pipeline.env.cache);
	return 0;
}
