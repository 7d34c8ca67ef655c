/* SPDX-License-Identifier: BSD-2-Clause */
/* A question sent once: what is written, and what is taken for an answer to it (RFC 5452, 9.1). */
#include <string.h>

#include "remote/remote.h"

#define PADDING_BLOCK 128U /* RFC 8467, 4.1 */
#define QTYPE_QCLASS 4U

/* Only what can be forged from afar needs to be hard to guess, and only what is believed: any reply
 * to a probe will do. */
static void harden(struct attempt *a)
{
	struct upstreams *up = a->server->upstreams;
	const struct conf_outgoing *conf = &up->loop->env.snapshot->conf->outgoing;
	bool needed = a->source && a->question->kind != QUESTION_PROBE;
	uint64_t now_ms = up->loop->env.now_ms;
	struct server *server = a->server;

	a->with_case = needed && conf->case_randomization && trait_try(&server->spells, now_ms);
	a->case_bits = 0;
	if (a->with_case)
		a->case_bits = (uint64_t)random_u32(&up->random) << 32 | random_u32(&up->random);
	a->with_cookie = needed && conf->cookies && a->edns == EDNS_WHOLE &&
			 trait_try(&server->cookies, now_ms);
}

size_t attempt_message(struct attempt *a, uint8_t buf[QUERY_UPSTREAM_MAX])
{
	const struct question *q = a->question;
	const struct conf *conf = q->upstreams->loop->env.snapshot->conf;
	struct query_form form = {.id = a->id};
	size_t len;

	harden(a);
	if (a->edns != EDNS_NONE)
		form.udp_size = (uint16_t)conf->outgoing.udp_size;
	if (a->with_cookie) {
		form.cookie = a->server->cookie;
		form.cookie_len = a->server->cookie_len;
	}
	if (a->link && a->server->transport == SERVER_TLS)
		form.block = PADDING_BLOCK;
	len = query_upstream_message(&q->key, &form, buf);
	name_mix_case(buf + WIRE_HEADER, q->key.question_len - QTYPE_QCLASS, a->case_bits);
	return len;
}

bool attempt_matches(const struct attempt *a, const uint8_t *msg, size_t len)
{
	const struct query_key *key = &a->question->key;

	return len >= WIRE_HEADER && a->id == wire_get16(msg) &&
	       reply_matches(msg, len, key->question, key->question_len);
}

bool attempt_case_kept(const struct attempt *a, const uint8_t *msg)
{
	const struct query_key *key = &a->question->key;
	size_t qname_len = key->question_len - QTYPE_QCLASS;
	uint8_t sent[NAME_WIRE_MAX];

	if (!a->with_case || wire_get16(msg + 4) == 0) /* an error that does not repeat it */
		return true;
	memcpy(sent, key->question, qname_len);
	name_mix_case(sent, qname_len, a->case_bits);
	return memcmp(msg + WIRE_HEADER, sent, qname_len) == 0;
}

void attempt_failed(struct attempt *a, enum failure failure)
{
	struct upstreams *up = a->server->upstreams;

	a->source = NULL;
	a->link = NULL;
	a->failure = failure;
	LIST_INSERT_HEAD(&up->failed, a, entry);
	upstreams_wake(up);
}
