/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection that a proxy has opened becomes one of the client that its header names. */
#include "net/conn.h"

/* Has the client's connection that was idle for longest closed later in this turn of the loop: from
 * within the work on another one, which may be one of a row. */
static bool retire_own(struct stream *stream, const struct ip *client)
{
	struct conn *conn;

	TAILQ_FOREACH(conn, &stream->idle, idle_entry) {
		if (ip_equal(&conn->client, client) && !conn_is_expected(conn) && !conn->ended)
			break;
	}
	if (!conn)
		return false;
	stats_inc(stream->loop->env.stats, tcp_evicted);
	conn->ended = true;
	event_active(&conn->writable, EV_WRITE, 0);
	return true;
}

static bool take_place(struct loop *loop, const struct ip *client, uint32_t limit)
{
	return tally_take(&loop->shared->tcp_clients, loop_client_hash(loop, client), limit);
}

bool stream_rename(struct conn *conn, const struct endpoint *client)
{
	struct stream *stream = conn->stream;
	struct loop *loop = stream->loop;
	uint32_t limit = stream_conf(stream)->tcp_connections_per_client;
	struct ip address = ip_from_sockaddr(&client->u.sa);
	struct ip share = loop_client(loop, &address);

	if (!take_place(loop, &share, limit) &&
	    !take_place(loop, &share,
			retire_own(stream, &share) ? UINT32_MAX : stream_with_slack(limit)))
		return false;
	tally_give(&loop->shared->tcp_clients, conn->client_hash);
	conn->peer = *client;
	conn->address = address;
	conn->client = share;
	conn->client_hash = loop_client_hash(loop, &share);
	return true;
}
