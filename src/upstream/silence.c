/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones in which nobody answers.  Where no server answered a question though they answer others,
 * the silence is its zone's (RFC 9520): for some seconds a name below is sent once, and once more,
 * however long it is waited for.  Nothing is answered by this, so a hash is enough to know a zone.
 */
#include "upstream/engine.h"

#define QTYPE_QCLASS 4U

static void suffixes_of(const struct upstreams *up, const struct query_key *key,
			struct name_suffixes *ret_suffixes)
{
	struct name qname;

	name_copy(&qname, key->question, key->question_len - QTYPE_QCLASS);
	name_hash_suffixes(&up->loop->env.name_key, &qname, ret_suffixes);
	for (unsigned int i = 0; i < ret_suffixes->labels; i++)
		ret_suffixes->hash[i] ^= key->pool_salt; /* others may know it well */
}

static bool is_silent(const struct upstreams *up, uint64_t hash)
{
	const struct silences *s = &up->silences;
	size_t place = hash % SILENCES;

	return s->zones[place].hash == hash && s->zones[place].until_ms > up->loop->env.now_ms;
}

/* A top-level domain is none: too much lies below it. */
void silence_note(struct upstreams *up, const struct query_key *key)
{
	const struct query_env *env = &up->loop->env;
	uint64_t until_ms = env->now_ms + 1000ULL * env->snapshot->conf->cache.servfail_ttl_s;
	struct silences *s = &up->silences;
	struct name_suffixes suffixes;
	size_t place;

	suffixes_of(up, key, &suffixes);
	if (suffixes.labels < 3)
		return;
	place = suffixes.hash[1] % SILENCES;
	s->zones[place].hash = suffixes.hash[1];
	s->zones[place].until_ms = until_ms;
	s->latest_ms = until_ms > s->latest_ms ? until_ms : s->latest_ms;
}

void silence_end(struct upstreams *up, const struct query_key *key)
{
	struct silences *s = &up->silences;
	struct name_suffixes suffixes;

	if (s->latest_ms <= up->loop->env.now_ms)
		return;
	suffixes_of(up, key, &suffixes);
	for (unsigned int i = 0; i < suffixes.labels; i++)
		if (is_silent(up, suffixes.hash[i]))
			s->zones[suffixes.hash[i] % SILENCES].until_ms = 0;
}

void silence_enter(struct question *q)
{
	struct silences *s = &q->upstreams->silences;

	q->in_silence = true;
	TAILQ_INSERT_TAIL(&s->questions, q, hush);
	s->count++;
}

void silence_leave(struct question *q)
{
	struct silences *s = &q->upstreams->silences;

	if (!q->in_silence)
		return;
	q->in_silence = false;
	TAILQ_REMOVE(&s->questions, q, hush);
	s->count--;
}

bool silence_covers(const struct upstreams *up, const struct query_key *key)
{
	struct name_suffixes suffixes;

	if (up->silences.latest_ms <= up->loop->env.now_ms)
		return false;
	suffixes_of(up, key, &suffixes);
	for (unsigned int i = 1; i < suffixes.labels; i++)
		if (is_silent(up, suffixes.hash[i]))
			return true;
	return false;
}
