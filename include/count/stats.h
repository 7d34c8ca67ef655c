/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters.  Each is one row of STATS_ROWS; the struct, the names, the help and whatever shows
 * them are drawn from it.  A worker counts into its own struct; others read it at any time.
 */
#ifndef COUNT_STATS_H
#define COUNT_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "match/policy.h"

/* X(field, help) */
#define STATS_ROWS(X)                                                                              \
	X(queries_udp, "queries that came over UDP")                                               \
	X(queries_tcp, "queries that came over TCP")                                               \
	X(dropped, "messages not answered: no queries, from ports that loop, or a list's action")  \
	X(formerr, "malformed queries, answered FORMERR")                                          \
	X(notimp, "queries of a kind that is not served, answered NOTIMP")                         \
	X(badvers, "queries of an unknown EDNS version")                                           \
	X(not_allowed, "queries of clients that may not ask, answered REFUSED")                    \
	X(chaos, "queries of class CHAOS")                                                         \
	X(refused, "queries refused for another reason (class, no recursion desired)")             \
	X(blocked_name, "queries whose name a list blocks")                                        \
	X(blocked_cname, "queries whose answer leads to a name that a list blocks")                \
	X(blocked_address, "queries whose answer has an address that a list blocks")               \
	X(blocked_server, "queries for names whose name server a zone blocks")                     \
	X(blocked_client, "queries of clients that a zone blocks")                                 \
	X(server_lookups, "questions for the name servers of zones, and for their addresses")      \
	X(servers_unknown,                                                                         \
	  "answers that passed though the servers of their zones could not be known")              \
	X(rebinding, "queries for public names that have a private address")                       \
	X(logged, "queries whose name or answer a list has that only logs")                        \
	X(local_answers, "queries for the operator's own names, answered from the configuration")  \
	X(special_use, "queries for special-use names, canaries, single labels, answered here")    \
	X(filtered_types, "queries for types of filter-types, answered that there are none")       \
	X(blocked_upstream, "queries whose answer says that the upstream blocks the name")         \
	X(passed, "queries that a list lets pass")                                                 \
	X(cache_hits, "queries answered from the cache")                                           \
	X(stale_answers, "queries answered from the cache past the TTL")                           \
	X(servfail_cached, "queries answered SERVFAIL from the cache")                             \
	X(prefetches, "cached names in demand asked for anew before they expire")                  \
	X(stale_rechecks, "expired names that are given asked for anew")                           \
	X(cache_misses, "queries that the cache could not answer")                                 \
	X(forwarded, "questions sent to an upstream")                                              \
	X(joined, "queries that joined a question in flight")                                      \
	X(resolved, "queries answered by an upstream")                                             \
	X(servfail, "queries answered SERVFAIL: no upstream answered well")                        \
	X(client_overload, "queries not forwarded: their client has too many that wait")           \
	X(overload, "queries not forwarded: too many in flight")                                   \
	X(retransmissions, "queries sent again while they waited")                                 \
	X(waiters_refused, "queries not forwarded: too many of their client wait for the same")    \
	X(waiters_crowded_out, "queries that waited and made room for others")                     \
	X(rate_exceeded, "queries over UDP beyond their client's rate")                            \
	X(rate_dropped, "queries beyond their client's rate that were not answered")               \
	X(burst_truncated, "answers truncated, as too much left for their client at one time")     \
	X(truncated, "answers truncated to fit the client's buffer")                               \
	X(upstream_retries, "retransmissions, and questions put to the next upstream")             \
	X(upstream_hedges, "questions put to a second upstream, as the first took long")           \
	X(upstream_probes, "questions doubled to learn how an upstream is")                        \
	X(upstream_looks, "questions of our own, to learn whether an upstream is there")           \
	X(upstream_crowded_out, "questions given up early to make room for newer ones")            \
	X(upstream_forged, "upstream questions at whose port guesses came, asked again over TCP")  \
	X(upstream_unbelieved, "upstream answers without the letters' case or the cookie sent")    \
	X(upstream_timeouts, "upstream questions without an answer in time")                       \
	X(upstream_tcp, "upstream questions asked again over TCP")                                 \
	X(upstream_failures, "upstream answers of SERVFAIL, REFUSED and their like")               \
	X(upstream_bad, "upstream answers that were malformed")                                    \
	X(upstream_pruned, "upstream answers that had records of other names, which were removed") \
	X(upstream_unsolicited, "upstream answers that fit no question: late, or forged")          \
	X(tcp_accepted, "TCP connections accepted")                                                \
	X(tcp_refused, "TCP connections refused by a limit")                                       \
	X(tcp_evicted, "idle TCP connections closed to make room")                                 \
	X(proxy_bad, "datagrams and connections of proxies without a good PROXY header: dropped")  \
	X(proxy_refused, "PROXY headers that came from who is no proxy: dropped")                  \
	X(kernel_drops, "datagrams lost because a socket's receive buffer was full")               \
	X(send_errors, "answers that could not be sent")                                           \
	X(findings, "queries for names of lists that were counted as findings")                    \
	X(findings_lost, "queries that were not, for want of room")                                \
	X(ledger_written, "findings written to the ledger, or merged with such as it has")         \
	X(ledger_failures, "batches of findings that could not be written, to be tried again")     \
	X(ledger_lost, "queries whose findings could not be kept until they were written")         \
	X(ledger_sent, "findings that the database of evidence.store has taken")                   \
	X(ledger_again, "batches that it had taken before, and did not count twice")               \
	X(ledger_removed, "findings removed from the ledger for their age, or for its size")       \
	X(hunt_written, "clients with names of a day written down for hunts")                      \
	X(hunt_failures, "batches of those that could not be written, to be tried again")          \
	X(hunt_lost, "queries that hunts know nothing of: no room, or the thread too slow")        \
	X(hunt_found, "clients with names that asked before a list had the name")                  \
	X(landing_requests, "requests that the landing page was given for")                        \
	X(landing_hellos, "TLS connections to the landing addresses: read, and closed")            \
	X(landing_others, "connections to other ports of the landing addresses: closed")           \
	X(landing_refused, "connections to the landing addresses beyond what a client may have")   \
	X(visits_lost, "visits to the landing addresses that were not written down")               \
	X(names_read, "times that a file of client-names was read")                                \
	X(names_failed, "times that one could not be read, or had too much")                       \
	X(ptr_asked, "clients whose name the upstreams were asked for (PTR)")                      \
	X(ptr_answered, "of these, answered: with a name, or that there is none")                  \
	X(ptr_failed, "of these, not answered, or by what is no message")                          \
	X(ptr_checked, "names of clients whose addresses the upstreams were asked for")            \
	X(ptr_confirmed, "clients whose name leads back to their address")                         \
	X(ptr_lost, "clients whose name was not asked for: too many waited, or others of their "   \
		    "network were answered late or not at all")

/* Counters that are one metric, told apart by a label: X(field, metric, label, its value).  What
 * stands under "answers" are the ways in which a query can end; a query has one of them. */
#define STATS_GROUPED(X)                                                                           \
	X(queries_udp, "queries", "transport", "udp")                                              \
	X(queries_tcp, "queries", "transport", "tcp")                                              \
	X(blocked_name, "answers", "verdict", "blocked-name")                                      \
	X(blocked_cname, "answers", "verdict", "blocked-cname")                                    \
	X(blocked_address, "answers", "verdict", "blocked-address")                                \
	X(blocked_server, "answers", "verdict", "blocked-server")                                  \
	X(blocked_client, "answers", "verdict", "blocked-client")                                  \
	X(rebinding, "answers", "verdict", "blocked-rebinding")                                    \
	X(local_answers, "answers", "verdict", "local")                                            \
	X(special_use, "answers", "verdict", "special-use")                                        \
	X(cache_hits, "answers", "verdict", "cached")                                              \
	X(stale_answers, "answers", "verdict", "stale")                                            \
	X(resolved, "answers", "verdict", "resolved")                                              \
	X(servfail, "answers", "verdict", "servfail")                                              \
	X(servfail_cached, "answers", "verdict", "servfail-cached")                                \
	X(not_allowed, "answers", "verdict", "not-allowed")                                        \
	X(refused, "answers", "verdict", "refused")                                                \
	X(chaos, "answers", "verdict", "chaos")                                                    \
	X(formerr, "answers", "verdict", "formerr")                                                \
	X(notimp, "answers", "verdict", "notimp")                                                  \
	X(badvers, "answers", "verdict", "badvers")

/* X(metric, help) */
#define STATS_GROUPS(X)                                                                            \
	X("queries", "queries that came, by transport")                                            \
	X("answers", "queries by what became of them")

/* What is counted of each group of clients: X(field, help).  Names of groups are the labels. */
#define STATS_VIEW_ROWS(X)                                                                         \
	X(queries, "queries of the group's clients")                                               \
	X(blocked, "queries of the group's clients that a list has ended")                         \
	X(filtered, "queries of the group's clients for types of filter-types")                    \
	X(servfail, "queries of the group's clients answered SERVFAIL")

/* The types of questions that are told apart; of the others there is the sum. */
#define STATS_TYPES(X)                                                                             \
	X(1, "A")                                                                                  \
	X(2, "NS")                                                                                 \
	X(5, "CNAME")                                                                              \
	X(6, "SOA")                                                                                \
	X(12, "PTR")                                                                               \
	X(15, "MX")                                                                                \
	X(16, "TXT")                                                                               \
	X(28, "AAAA")                                                                              \
	X(33, "SRV")                                                                               \
	X(35, "NAPTR")                                                                             \
	X(43, "DS")                                                                                \
	X(46, "RRSIG")                                                                             \
	X(48, "DNSKEY")                                                                            \
	X(52, "TLSA")                                                                              \
	X(64, "SVCB")                                                                              \
	X(65, "HTTPS")                                                                             \
	X(255, "ANY")                                                                              \
	X(257, "CAA")

#define STATS_RCODES(X)                                                                            \
	X(0, "NOERROR")                                                                            \
	X(1, "FORMERR")                                                                            \
	X(2, "SERVFAIL")                                                                           \
	X(3, "NXDOMAIN")                                                                           \
	X(4, "NOTIMP")                                                                             \
	X(5, "REFUSED")

#define STATS_TYPE_COUNT 258U /* 0 stands for those from here on */
#define STATS_RCODE_COUNT 16U
#define STATS_BUCKETS 24U /* up to 8.4 s */
#define STATS_VIEWS_MAX 258U

/* How long answers took.  Bucket i has those of at most 2^i microseconds, but over 2^(i-1); the
 * last one has what took longer. */
struct stats_latency {
	_Atomic uint64_t buckets[STATS_BUCKETS + 1];
	_Atomic uint64_t sum_us;
};

struct stats_view {
#define X(field, help) _Atomic uint64_t field;
	STATS_VIEW_ROWS(X)
#undef X
};

/* Nothing but counters: see stats_sum. */
struct stats {
#define X(field, help) _Atomic uint64_t field;
	STATS_ROWS(X)
#undef X
	_Atomic uint64_t types[STATS_TYPE_COUNT];
	_Atomic uint64_t rcodes[STATS_RCODE_COUNT]; /* the header's: BADVERS is among NOERROR */
	_Atomic uint64_t list_hits[POLICY_PLACES];
	struct stats_view views[STATS_VIEWS_MAX]; /* by their numbers: those of groups */
	struct stats_latency took_direct;	  /* of what no upstream had to be asked for, UDP */
	struct stats_latency took_forwarded;	  /* from the query to the upstream's answer */
};

/* A row, for whatever shows counters. */
struct stats_row {
	const char *name;
	const char *help;
	size_t offset; /* in struct stats */
};

extern const struct stats_row stats_rows[];
extern const size_t stats_row_count;

/* Adds to a counter of the calling thread's own struct. */
#define stats_add(stats, field, n)                                                                 \
	atomic_store_explicit(&(stats)->field,                                                     \
			      atomic_load_explicit(&(stats)->field, memory_order_relaxed) +        \
				      (uint64_t)(n),                                               \
			      memory_order_relaxed)
#define stats_inc(stats, field) stats_add(stats, field, 1)

/* Counts a question of `qtype`. */
static inline void stats_type(struct stats *stats, uint16_t qtype)
{
	stats_inc(stats, types[qtype < STATS_TYPE_COUNT ? qtype : 0]);
}

/* Counts `count` answers that took `took_us` each. */
static inline void stats_took(struct stats_latency *latency, uint64_t took_us, size_t count)
{
	unsigned int bucket = took_us <= 1 ? 0 : 64U - (unsigned int)__builtin_clzll(took_us - 1);

	stats_add(latency, buckets[bucket < STATS_BUCKETS ? bucket : STATS_BUCKETS], count);
	stats_add(latency, sum_us, took_us * count);
}

/* The value of `row` in `stats`.  Any thread. */
uint64_t stats_value(const struct stats *stats, const struct stats_row *row);

/* Adds all of `stats` to `sum`, which is the caller's alone.  Any thread. */
void stats_sum(const struct stats *stats, struct stats *sum);

/* The word for an rcode, and "OTHER" for one that is not counted by itself. */
const char *stats_rcode_word(uint8_t rcode);

/* What lists are called, by their index. */
struct stats_lists {
	size_t count;
	char names[POLICY_LISTS_MAX][POLICY_LIST_NAME_MAX];
};

void stats_note_lists(const struct policy *policy, struct stats_lists *ret_lists);

/* Other lists are in force: each list keeps its hits, whatever its index is now, and a new one has
 * none.  The thread that counts; others may see a list's hits under another index meanwhile. */
void stats_move_lists(struct stats *stats, const struct stats_lists *before,
		      const struct policy *now);

/* What groups of clients are called, by the numbers of their views; "": no group's. */
struct stats_groups {
	size_t count; /* of views, and 1 for what is none's number */
	char names[STATS_VIEWS_MAX][POLICY_LIST_NAME_MAX];
};

void stats_note_groups(const struct policy *policy, struct stats_groups *ret_groups);

/* stats_move_lists, of groups. */
void stats_move_groups(struct stats *stats, const struct stats_groups *before,
		       const struct policy *now);

#endif
