/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets a place among the connections, and whose is taken for that. */
#include "net/conn.h"

#define EVICT_SEEN_MAX 4096U /* connections that are looked at for the one to go */

static bool take_place(struct stream *stream, uint32_t limit)
{
	atomic_uint *taken = &stream->loop->shared->tcp_connections;

	if (atomic_fetch_add(taken, 1) < limit)
		return true;
	atomic_fetch_sub(taken, 1);
	return false;
}

/* True when other workers have connections, among which may be one that can go. */
static bool has_others(const struct stream *stream)
{
	return atomic_load(&stream->loop->shared->tcp_connections) > stream->conn_count;
}

uint32_t stream_connections_of(const struct stream *stream, const struct ip *client)
{
	const struct loop *loop = stream->loop;

	return tally_count(&loop->shared->tcp_clients, loop_client_hash(loop, client));
}

static void evict(struct stream *stream, struct conn *conn)
{
	stats_inc(stream->loop->env.stats, tcp_evicted);
	conn_close(conn);
}

/* Closes the connection of the client that has been idle for longest; one whose query may be on its
 * way only if `newcomers` are to go too.  False: this worker has none. */
static bool evict_own(struct stream *stream, const struct ip *client, bool newcomers)
{
	struct conn *conn;

	TAILQ_FOREACH(conn, &stream->idle, idle_entry) {
		if (ip_equal(&conn->client, client) && (newcomers || !conn_is_expected(conn)))
			break;
	}
	if (conn)
		evict(stream, conn);
	return conn != NULL;
}

/* Of the client with most connections among those that have an idle one, the one that is idle for
 * longest.  NULL: none is idle. */
static struct conn *first_idle(const struct stream *stream, uint32_t *ret_count)
{
	struct conn *first = NULL;
	unsigned int seen = 0;
	struct conn *conn;

	*ret_count = 0;
	TAILQ_FOREACH(conn, &stream->idle, idle_entry) {
		uint32_t count = stream_connections_of(stream, &conn->client);

		if (!first || count > *ret_count) {
			first = conn;
			*ret_count = count;
		}
		if (++seen == EVICT_SEEN_MAX)
			break;
	}
	return first;
}

/* The same of those that are in use; of the client's, the one that came first. */
static struct conn *first_busy(const struct stream *stream, uint32_t *ret_count)
{
	struct conn *first = NULL;
	unsigned int seen = 0;
	struct conn *conn;

	*ret_count = 0;
	LIST_FOREACH(conn, &stream->conns, entry) {
		uint32_t count = conn->fd < 0 || conn->idle
					 ? 0
					 : stream_connections_of(stream, &conn->client);

		if (count > 0 && count >= *ret_count) {
			first = conn;
			*ret_count = count;
		}
		if (++seen == EVICT_SEEN_MAX)
			break;
	}
	return first;
}

/*
 * Closes one of the connections of the heaviest client, for one of a client that has `count` with
 * it.  One with questions in flight goes only when its client has more than that.  False: this
 * worker has none that may go.
 */
static bool evict_heaviest(struct stream *stream, uint32_t count)
{
	uint32_t idle_count;
	uint32_t busy_count;
	struct conn *first = first_idle(stream, &idle_count);
	struct conn *busy = first_busy(stream, &busy_count);

	if (busy_count > idle_count && busy_count > count)
		first = busy;
	if (first)
		evict(stream, first);
	return first != NULL;
}

static bool take_client_place(struct stream *stream, const struct ip *client, uint32_t limit)
{
	struct loop *loop = stream->loop;

	return tally_take(&loop->shared->tcp_clients, loop_client_hash(loop, client), limit);
}

/* A place of the client's own: at its limit, one of its idle connections gives its place, which no
 * other worker may take in the same moment, so that it is not asked whether there is one. */
static bool admit_client(struct stream *stream, const struct ip *client, uint32_t limit)
{
	if (take_client_place(stream, client, limit))
		return true;
	if (evict_own(stream, client, false))
		return take_client_place(stream, client, UINT32_MAX);
	if (has_others(stream) && take_client_place(stream, client, stream_with_slack(limit)))
		return true;
	return evict_own(stream, client, true) && take_client_place(stream, client, UINT32_MAX);
}

bool stream_admit(struct stream *stream, const struct ip *address, const struct ip *client)
{
	struct loop *loop = stream->loop;
	uint32_t limit = stream_places(stream);
	bool is_proxy = stream_is_proxy(stream, address);
	bool admitted;

	if (!admit_client(stream, client,
			  is_proxy ? UINT32_MAX : stream_conf(stream)->tcp_connections_per_client))
		return false;
	admitted = take_place(stream, limit);
	if (!admitted && (is_proxy || prefix_set_contains(loop->env.snapshot->allow, address))) {
		bool evicted = evict_heaviest(stream, stream_connections_of(stream, client));

		admitted = take_place(
			stream, evicted || has_others(stream) ? stream_with_slack(limit) : limit);
	}
	if (!admitted)
		tally_give(&loop->shared->tcp_clients, loop_client_hash(loop, client));
	return admitted;
}

void stream_trim(struct stream *stream)
{
	const struct conf_server *conf = stream_conf(stream);
	struct conn *next;

	if (atomic_load(&stream->loop->shared->tcp_connections) > stream_places(stream))
		(void)evict_heaviest(stream, UINT32_MAX);
	for (struct conn *conn = TAILQ_FIRST(&stream->idle); conn; conn = next) {
		next = TAILQ_NEXT(conn, idle_entry);
		if (!conn_is_expected(conn) &&
		    stream_connections_of(stream, &conn->client) > conf->tcp_connections_per_client)
			evict(stream, conn);
	}
}
