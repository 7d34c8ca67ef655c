/* SPDX-License-Identifier: BSD-2-Clause */
/* A question is begun, or joined where it is in flight; another may have to make room for it. */
#include "upstream/engine.h"

#define CROWDED_MS 500U /* in flight for longer, a question may have to make room */

static struct question *if_old(const struct upstreams *up, struct question *q)
{
	return q && q->begun_ms + CROWDED_MS <= up->loop->env.now_ms ? q : NULL;
}

/* The question that is to give its place to one of `client`: of those who have far more, the
 * oldest; else one of a silent zone, where the other is not; else the one that has been in flight
 * for longest, if that is long.  NULL: there is none. */
static struct question *find_victim(const struct upstreams *up, uint32_t load, bool in_silence)
{
	const struct client *heavy = client_heaviest(&up->clients);
	struct question *hushed = TAILQ_FIRST(&up->silences.questions);

	if (heavy && heavy->count / 2 > load + 1)
		return TAILQ_FIRST(&heavy->questions);
	if (hushed && !in_silence)
		return hushed;
	return if_old(up, question_oldest(up));
}

/* The victim ends from the loop. */
static void crowd_out(struct upstreams *up, struct question *victim)
{
	if (!victim || victim->crowded_out)
		return;
	stats_inc(up->loop->env.stats, upstream_crowded_out);
	wait_crowd_out(victim);
}

/* When nearly all places are taken, another question goes for one that is likelier to be answered.
 */
static void make_room(struct upstreams *up, const struct ip *client, uint64_t client_hash,
		      bool in_silence)
{
	if (up->in_flight - up->ending >= up->in_flight_max - up->in_flight_max / 8)
		crowd_out(up, find_victim(up, client_load(up, client, client_hash), in_silence));
}

/* Names of silent zones have half of the places, whoever asks for them: addresses are easily
 * pretended, and that a name is not answered is not.  False: there is no place. */
static bool make_room_in_silence(struct upstreams *up)
{
	struct silences *s = &up->silences;

	if (s->count < up->in_flight_max / 2)
		return true;
	crowd_out(up, if_old(up, TAILQ_FIRST(&s->questions)));
	return s->count < up->in_flight_max / 2;
}

struct question *ask_begin(struct upstreams *up, const struct query_key *key,
			   const struct ip *client, uint64_t client_hash)
{
	bool in_silence = silence_covers(up, key);
	struct question *q;

	if (in_silence && !make_room_in_silence(up))
		return NULL;
	make_room(up, client, client_hash, in_silence);
	q = question_begin(up, key, client, client_hash);
	if (!q)
		return NULL;
	if (in_silence)
		silence_enter(q);
	stats_inc(up->loop->env.stats, forwarded);
	return q;
}

enum err ask_or_join(struct upstreams *up, const struct query_key *key,
		     struct upstream_waiter *waiter, struct question **ret_new)
{
	struct question *q = question_find(up, key);
	enum err err = q ? waiting_may_join(q, waiter) : ERR_OK;

	*ret_new = NULL;
	if (err != ERR_OK)
		return err;
	if (q)
		stats_inc(up->loop->env.stats, joined);
	else
		q = *ret_new = ask_begin(up, key, &waiter->client, waiter->client_hash);
	return q ? waiting_join(q, waiter) : ERR_REFUSED;
}

enum err ask_from_loop(struct upstreams *up, const struct query_key *key,
		       struct upstream_waiter *waiter)
{
	struct question *q;
	enum err err = ask_or_join(up, key, waiter, &q);

	if (q) {
		q->unsent = true;
		question_is_due(q);
	}
	return err;
}
