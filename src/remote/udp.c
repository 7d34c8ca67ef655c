/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions over UDP: an ID is drawn for each, and what comes back is compared with it. */
#include <errno.h>
#include <sys/socket.h>

#include "remote/remote.h"

#define STRAYS_MAX 16U /* at one port, between two answers, beside those that may be late */

/* Nothing that waits at this port will be answered. */
static void source_failed(struct source *s)
{
	struct attempt *a;

	while ((a = LIST_FIRST(&s->attempts))) {
		LIST_REMOVE(a, entry);
		attempt_failed(a, FAILURE_NETWORK);
	}
}

static struct attempt *find_attempt(struct source *s, const uint8_t *msg, size_t len)
{
	struct attempt *a;

	LIST_FOREACH(a, &s->attempts, entry) {
		if (attempt_matches(a, msg, len))
			return a;
	}
	return NULL;
}

/* More than there are questions whose answers may be late are guesses: the port is given up. */
static enum received take_stray(struct source *s)
{
	stats_inc(s->server->upstreams->loop->env.stats, upstream_unsolicited);
	if (++s->strays < STRAYS_MAX + s->unanswered || s->is_guessed_at)
		return RECEIVED_OTHER;
	s->is_guessed_at = true;
	source_retire(s);
	return RECEIVED_GUESSES;
}

enum received udp_receive(struct source *s, struct attempt **ret_a, size_t *ret_len)
{
	struct upstreams *up = s->server->upstreams;
	ssize_t n = recv(s->fd, up->message, sizeof(up->message), MSG_DONTWAIT);
	struct attempt *a;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return RECEIVED_NOTHING;
	if (n < 0) {
		source_failed(s);
		return RECEIVED_END;
	}
	a = find_attempt(s, up->message, (size_t)n);
	if (!a)
		return take_stray(s);
	s->strays = 0;
	s->unanswered -= s->unanswered > 0;
	*ret_a = a;
	*ret_len = (size_t)n;
	return RECEIVED_ANSWER;
}

/* An ID that no other attempt at this source has. */
static uint16_t draw_id(struct upstreams *up, const struct source *s)
{
	const struct attempt *a;
	uint16_t id;

	do {
		id = (uint16_t)random_u32(&up->random);
		LIST_FOREACH(a, &s->attempts, entry) {
			if (a->id == id)
				break;
		}
	} while (a);
	return id;
}

/*
 * The error that send() tells may be an earlier datagram's (ICMP), and ours was not sent then; the
 * second try is told its own.  A full buffer is a lost datagram: the timer sees to it.
 */
static bool send_message(int fd, const uint8_t *msg, size_t len)
{
	for (int i = 0; i < 2; i++)
		if (send(fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN)
			return true;
	return false;
}

enum err udp_send(struct upstreams *up, struct attempt *a)
{
	uint8_t msg[QUERY_UPSTREAM_MAX];
	struct source *s;
	size_t len;
	enum err err = source_draw(up, a->server, &s);

	if (err != ERR_OK)
		return err;
	a->id = draw_id(up, s);
	a->source = s;
	len = attempt_message(a, msg);
	if (!send_message(s->fd, msg, len))
		return ERR_SYS;
	s->unanswered++;
	a->sent_us = up->loop->now_us;
	LIST_INSERT_HEAD(&s->attempts, a, entry);
	return ERR_OK;
}
