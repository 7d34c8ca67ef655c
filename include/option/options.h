/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every option, one row each.  From these rows are made: the structs of conf/conf.h, what the
 * YAML is read by, the defaults, the range checks, --dump-config, the list of what needs a restart,
 * and the tables of sinkholed.yaml(5).
 *
 * Columns: section, field of struct conf_<section>, key in the file, type, default, least, most,
 * unit, RELOAD or RESTART, help.
 *
 * - The default is text, read as the file's would be; a list's items are parted by spaces.
 *   CONF_REQUIRED: there is none.  "" of an address, a date or a URL: not given.
 * - Least and most bound a number, a size in octets, a duration in milliseconds, a TTL in
 *   seconds, the octets of a text, or the items of a list.  For the rest they are 0.
 * - RELOAD: a change acts at the next SIGHUP.  RESTART: it is named in the log as needing one.
 */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <stddef.h>

#define CONF_REQUIRED NULL

#define CONF_LISTS_MAX 4096
#define CONF_UPSTREAMS_MAX 16
#define CONF_FORWARDS_MAX 256
#define CONF_PINS_MAX 8
#define CONF_CACHE_TYPES_MAX 8
#define CONF_LISTEN_MAX 64
#define CONF_FILTER_TYPES_MAX 16
#define CONF_PREFIXES_MAX 1024
#define CONF_RATE_NETWORKS_MAX 16
#define CONF_RATE_MAX 100000 /* queries a second: ten microseconds each */
#define CONF_NAMES_MAX 4096
#define CONF_PORTS_MAX 256
#define CONF_PATH_MAX 4095
#define CONF_LOCAL_NAMES_MAX 4096
#define CONF_LOCAL_RECORDS_MAX 32 /* of a type, of one name: all fit into one message */
#define CONF_CNAMES_MAX 8U	  /* one leading to the next */
#define CONF_TEXT_MAX 1024	  /* octets of an item of a list of texts */
#define CONF_DOORS_MAX 4	  /* addresses of control, and of metrics */

#define CONF_DAY_S 86400U
/* Of machines and networks of one's own: unspecified, private, shared, loopback, link-local. */
#define CONF_PRIVATE_NETWORKS                                                                      \
	"0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 "             \
	"192.168.0.0/16 "                                                                          \
	"::/127 fc00::/7 fe80::/10 fec0::/10"
#define CONF_WEEK_S (7U * CONF_DAY_S)

/* clang-format off */

#define CONF_ROWS_MAIN(X) \
	X(main, server, "server", SECTION(server), "", 0, 0, "", RELOAD, \
	  "Where queries are taken, and from whom.") \
	X(main, rate_limit, "rate-limit", SECTION(ratelimit), "", 0, 0, "", RELOAD, \
	  "How many queries a second one client may have answered over UDP.  Beyond it real clients " \
	  "come by TCP, and an address that somebody pretends to have is sent nothing larger than what " \
	  "came in its name.  TCP, and who sends a good DNS cookie, are not limited.") \
	X(main, cache, "cache", SECTION(cache), "", 0, 0, "", RELOAD, \
	  "What is remembered of the upstreams' answers.") \
	X(main, outgoing, "outgoing", SECTION(outgoing), "", 0, 0, "", RELOAD, \
	  "How questions are asked of the upstreams.") \
	X(main, upstreams, "upstreams", SECTIONS(upstream), "", 0, CONF_UPSTREAMS_MAX, "", RELOAD, \
	  "The resolvers that are asked what no list decides.  Without any, those that " \
	  "/etc/resolv.conf names.") \
	X(main, forward, "forward", SECTIONS(forward), "", 0, CONF_FORWARDS_MAX, "", RELOAD, \
	  "Zones with upstreams of their own: names in such a zone are asked of these alone.  Of " \
	  "several the longest decides.") \
	X(main, lists, "lists", SECTIONS(list), "", 0, CONF_LISTS_MAX, "", RELOAD, \
	  "The block lists, and what is answered for their names.  Where several name the same, " \
	  "the first that is mandatory decides; else one with action pass; else the first.") \
	X(main, groups, "groups", SECTIONS(group), "", 0, CONF_GROUPS_MAX, "", RELOAD, \
	  "Groups of clients, for whom other lists hold, or who are answered with other addresses, than " \
	  "all others are.") \
	X(main, local, "local", SECTION(local), "", 0, 0, "", RELOAD, \
	  "Names that are answered here, without asking an upstream.") \
	X(main, guard, "guard", SECTION(guard), "", 0, 0, "", RELOAD, \
	  "What keeps a wrong list entry from blocking too much.") \
	X(main, rebinding, "rebinding", SECTION(rebinding), "", 0, 0, "", RELOAD, \
	  "What keeps names of others from having addresses of the network's own, by which a page from " \
	  "outside has a browser speak to what is inside (DNS rebinding).") \
	X(main, structured, "structured-errors", SECTION(structured), "", 0, 0, "", RELOAD, \
	  "Why a name is blocked, told as JSON to clients that ask for it (structured DNS errors).") \
	X(main, watch, "watch", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether lists, the hosts file and /etc/resolv.conf are watched: a second after one of them has " \
	  "changed, all is reloaded as by SIGHUP.") \
	X(main, control, "control", SECTION(control), "", 0, 0, "", RELOAD, \
	  "How the running daemon is asked and told what to do: see sinkholectl(8).") \
	X(main, manual, "manual", SECTION(manual), "", 0, 0, "", RELOAD, \
	  "What becomes of names that are blocked by command: see block of sinkholectl(8).") \
	X(main, querylog, "query-log", SECTION(querylog), "", 0, 0, "", RELOAD, \
	  "A file with a line of JSON for each query, by the names of the Elastic Common Schema.  Clients " \
	  "are written as evidence.clients says.") \
	X(main, metrics, "metrics", SECTION(metrics), "", 0, 0, "", RELOAD, \
	  "Where Prometheus reads the counters.") \
	X(main, state, "state", SECTION(state), "", 0, 0, "", RELOAD, \
	  "What is kept over a restart.") \
	X(main, evidence, "evidence", SECTION(evidence), "", 0, 0, "", RELOAD, \
	  "What is written down of clients that ask for names of the lists: who is infected.") \
	X(main, landing, "landing", SECTION(landing), "", 0, 0, "", RELOAD, \
	  "What answers at the addresses of action sinkhole: a page for people, and a note of who came.")

#define CONF_ROWS_SERVER(X) \
	X(server, listen, "listen", ENDPOINTS, "127.0.0.1@53 ::1@53", 1, CONF_LISTEN_MAX, "", \
	  RESTART, \
	  "The addresses answered on, over UDP and TCP; ::1 is left out where there is no IPv6.") \
	X(server, workers, "workers", UINT, "0", 0, 256, "", RESTART, \
	  "Threads that serve queries; 0 means one for each core.") \
	X(server, allow, "allow", PREFIXES, \
	  "127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 " \
	  "fc00::/7 fe80::/10", 0, CONF_PREFIXES_MAX, "", RELOAD, \
	  "The networks whose clients are served; others are answered REFUSED.") \
	CONF_ROWS_WHO(X) \
	X(server, udp_size, "udp-size", UINT, "1232", 512, 4096, "octets", RELOAD, \
	  "The largest answer sent over UDP; a larger one has the client come back over TCP.") \
	X(server, client_prefix_ipv4, "client-prefix-ipv4", UINT, "32", 8, 32, "bits", RELOAD, \
	  "How many bits of an IPv4 address make a client: what is limited per client is limited for " \
	  "all addresses that have them in common.") \
	X(server, client_prefix_ipv6, "client-prefix-ipv6", UINT, "64", 16, 128, "bits", RELOAD, \
	  "The same of an IPv6 address.  A network of 64 bits is one site, or one host.") \
	X(server, user, "user", STRING, "sinkholed", 1, 32, "", RESTART, \
	  "The user to become once the addresses are bound, when started as root.") \
	X(server, identity, "identity", STRING, "", 0, 255, "", RELOAD, \
	  "What id.server and hostname.bind are answered, and who asks for the name server's identifier " \
	  "(RFC 5001); empty: nothing.") \
	X(server, version, "version", STRING, "", 0, 255, "", RELOAD, \
	  "What version.server and version.bind are answered; empty: they are refused.") \
	X(server, compact_names, "compact-names", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether the names of lists are kept by shorter codes: in two thirds of the memory, for a load " \
	  "that takes more CPU time, and an eighth more instructions of a query that is blocked.") \
	X(server, log_level, "log-level", LOGLEVEL, "info", 0, 0, "", RELOAD, \
	  "The least urgent messages that are logged.") \
	X(server, drain_timeout_ms, "drain-timeout", DURATION, "2s", 0, 60000, "ms", RELOAD, \
	  "How long SIGTERM waits for the questions still in flight.") \
	X(server, handover_timeout_ms, "handover-timeout", DURATION, "2m", 100, 3600000, "ms", RELOAD, \
	  "How long after SIGUSR2 the new process may take until it serves; then it is ended, and this one " \
	  "goes on.") \
	X(server, cookies, "cookies", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether clients that send a DNS cookie (RFC 7873) are given a server cookie.") \
	X(server, filter_types, "filter-types", RRTYPES, "", 0, CONF_FILTER_TYPES_MAX, "", RELOAD, \
	  "Record types that clients are told there are none of (NODATA), such as AAAA for a network " \
	  "without IPv6; no upstream is asked for them.  With AAAA the ipv6hint goes from HTTPS and " \
	  "SVCB records, with A the ipv4hint.  Names of local and of lists are answered as they say.") \
	X(server, tcp_connections, "tcp-connections", UINT, "1024", 1, 65535, "", RELOAD, \
	  "TCP connections open at one time, over all workers.") \
	X(server, tcp_connections_per_client, "tcp-connections-per-client", UINT, "32", 1, 65535, "", \
	  RELOAD, \
	  "TCP connections one client may have open; for one more, the one of its own that was idle " \
	  "for longest is closed.") \
	X(server, tcp_idle_timeout_ms, "tcp-idle-timeout", DURATION, "10s", 100, 600000, "ms", RELOAD, \
	  "How long a TCP connection may be silent before it is closed.") \
	X(server, tcp_pipeline, "tcp-pipeline", UINT, "64", 1, 1024, "", RELOAD, \
	  "Questions of one TCP connection that are worked on at one time.") \
	X(server, burst_bytes, "burst-size", SIZE, "8KiB", 0, 1ULL << 30, "octets", RELOAD, \
	  "What may leave for one client over UDP within a tenth of a second of answers that were waited " \
	  "for for longer than that: who collects questions for names that are held back has no flood of " \
	  "their answers set off.  Beyond it answers are truncated, unless the query has a good DNS " \
	  "cookie.  0: no bound.")

#define CONF_ROWS_RATELIMIT(X) \
	X(ratelimit, rate, "rate", UINT, "0", 0, CONF_RATE_MAX, "queries a second", RELOAD, \
	  "For each client; see server.client-prefix-ipv4.  0: no limit.") \
	X(ratelimit, burst, "burst", UINT, "0", 0, CONF_RATE_MAX, "queries", RELOAD, \
	  "How many may come at once after a pause; 0: those of two seconds.") \
	X(ratelimit, slip, "slip", UINT, "1", 0, 100, "", RELOAD, \
	  "Of so many queries over the rate one is answered, with a truncated answer and no record, and " \
	  "the others not at all.  1: all are; 0: none is, and who does not send cookies has to wait.") \
	X(ratelimit, dry_run, "dry-run", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether what is over the rate is only counted and told of, and answered as ever: to learn " \
	  "which rate would do.") \
	X(ratelimit, exempt, "exempt", PREFIXES, "127.0.0.0/8 ::1/128", 0, CONF_PREFIXES_MAX, "", RELOAD, \
	  "Networks whose clients are not limited.") \
	X(ratelimit, networks, "networks", SECTIONS(ratenetwork), "", 0, CONF_RATE_NETWORKS_MAX, "", RELOAD, \
	  "Networks with a rate of their own, such as those where many share an address (carrier grade " \
	  "NAT).  Of several the first decides.")

#define CONF_ROWS_RATENETWORK(X) \
	X(ratenetwork, prefixes, "prefixes", PREFIXES, "100.64.0.0/10", 1, CONF_PREFIXES_MAX, "", RELOAD, \
	  "The networks.") \
	X(ratenetwork, rate, "rate", UINT, CONF_REQUIRED, 1, CONF_RATE_MAX, "queries a second", RELOAD, \
	  "For each of their clients.") \
	X(ratenetwork, burst, "burst", UINT, "0", 0, CONF_RATE_MAX, "queries", RELOAD, \
	  "How many may come at once after a pause; 0: those of two seconds.")

#define CONF_ROWS_CACHE(X) \
	X(cache, size_bytes, "size", SIZE, "64MiB", 0, 1ULL << 40, "octets", RESTART, \
	  "Memory for remembered answers; 0: none are remembered.") \
	X(cache, min_ttl_s, "min-ttl", TTL, "0", 0, CONF_DAY_S, "s", RELOAD, \
	  "The least time an answer is remembered, whatever its own TTL.") \
	X(cache, max_ttl_s, "max-ttl", TTL, "1d", 0, CONF_WEEK_S, "s", RELOAD, \
	  "The longest time an answer is remembered.") \
	X(cache, max_negative_ttl_s, "max-negative-ttl", TTL, "1h", 0, CONF_DAY_S, "s", RELOAD, \
	  "The longest time the absence of a name or of a type is remembered (RFC 2308).") \
	X(cache, serve_stale_s, "serve-stale", TTL, "1d", 0, CONF_WEEK_S, "s", RELOAD, \
	  "How long past its TTL an answer may still be given when the upstreams fail or take too long " \
	  "(RFC 8767); 0: not at all.") \
	X(cache, stale_ttl_s, "stale-ttl", TTL, "30s", 1, 3600, "s", RELOAD, \
	  "The TTL that such an answer is given with.") \
	X(cache, stale_timeout_ms, "stale-timeout", DURATION, "1800ms", 0, 4900, "ms", RELOAD, \
	  "How long a client waits for the upstreams before it is given such an answer; 0: until they " \
	  "have failed.") \
	X(cache, prefetch_percent, "prefetch", UINT, "10", 0, 90, "percent", RELOAD, \
	  "A name that is asked for when no more than this is left of its TTL, and was before, is " \
	  "asked of the upstreams anew, so that it does not expire; 0: none is.") \
	X(cache, servfail_ttl_s, "servfail-ttl", TTL, "5s", 0, 300, "s", RELOAD, \
	  "How long it is remembered that no upstream could answer, and twice as long each further " \
	  "time up to 5m (RFC 9520); 0: not at all.") \
	X(cache, nothing_below_nxdomain, "nothing-below-nxdomain", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether a name is taken not to exist while one above it is known not to (RFC 8020): fewer " \
	  "questions when made-up names are asked for.  Some servers wrongly deny names that have others " \
	  "below them, and these would be lost.  What lists, names of one's own and zones with upstreams " \
	  "of their own say comes first.") \
	X(cache, keep, "keep", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether the cache is written to state.directory at the end and read again at the start.") \
	X(cache, types, "types", SECTIONS(cachetype), "", 0, CONF_CACHE_TYPES_MAX, "", RELOAD, \
	  "Record types with limits of their own, against such as fill the cache with what is asked " \
	  "for once.")

#define CONF_ROWS_CACHETYPE(X) \
	X(cachetype, type, "type", RRTYPE, CONF_REQUIRED, 0, 0, "", RELOAD, \
	  "The record type.") \
	X(cachetype, max_ttl_s, "max-ttl", TTL, "1w", 0, CONF_WEEK_S, "s", RELOAD, \
	  "The longest time records of this type are remembered; max-ttl of the cache holds too.") \
	X(cachetype, share_percent, "share", UINT, "100", 0, 100, "percent", RELOAD, \
	  "How much of the cache answers to questions for this type may take; 0: none are remembered.")

#define CONF_ROWS_OUTGOING(X) \
	X(outgoing, timeout_ms, "timeout", DURATION, "4s", 500, 4900, "ms", RELOAD, \
	  "The time for one client's question, all tries together; then it is answered SERVFAIL.") \
	X(outgoing, retransmit_ms, "retransmit", DURATION, "400ms", 50, 2000, "ms", RELOAD, \
	  "The wait for an answer before the first further try, as long as nothing is known of how " \
	  "fast the upstream is; then it follows from that.") \
	X(outgoing, policy, "policy", POLICY, "fastest", 0, 0, "", RELOAD, \
	  "Which upstream of several is asked first: fastest, the one that answers soonest (the others " \
	  "are measured now and then); in-order, the first that is well; round-robin, each in turn.") \
	X(outgoing, hedge_percent, "hedge", UINT, "5", 0, 50, "percent", RELOAD, \
	  "How many further questions may be spent on asking a second upstream when the first takes " \
	  "longer than it does for 95 in 100, and on measuring the others; 0: none.") \
	X(outgoing, case_randomization, "case-randomization", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether the letters' case of a question is drawn at random, which a forger would have to " \
	  "guess; given up for an upstream that does not send it back.") \
	X(outgoing, cookies, "cookies", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether questions over UDP carry a DNS cookie (RFC 7873), against forged answers.") \
	X(outgoing, tls_ca, "tls-ca", PATH, "", 0, CONF_PATH_MAX, "", RELOAD, \
	  "A file with the certificates (PEM) that those of upstreams asked over TLS must lead to; " \
	  "empty: those that the system trusts.") \
	X(outgoing, connection_idle_ms, "connection-idle", DURATION, "10s", 1000, 600000, "ms", RELOAD, \
	  "How long a TCP or TLS connection to an upstream is kept open without a question.") \
	X(outgoing, queries_per_client, "queries-per-client", UINT, "1000", 1, 65535, "", RELOAD, \
	  "Queries of one client that may wait for upstreams at one time; more are answered SERVFAIL " \
	  "at once.") \
	X(outgoing, waiters_per_question, "waiters-per-question", UINT, "32", 1, 65535, "", RELOAD, \
	  "Queries of one client that may wait for the same question; more are dropped over UDP, and " \
	  "answered SERVFAIL over TCP.") \
	X(outgoing, in_flight, "in-flight", UINT, "4096", 16, 65535, "", RESTART, \
	  "Questions each worker may have open at the upstreams, and queries that may wait for them.") \
	X(outgoing, ports, "ports", UINT, "256", 16, 4096, "", RESTART, \
	  "UDP source ports each worker holds open for each upstream, as far as the limit of open files " \
	  "allows.") \
	X(outgoing, avoid_ports, "avoid-ports", PORTS, "", 0, CONF_PORTS_MAX, "", RELOAD, \
	  "Ports that no question is sent from, as 8053 or 8000-8100: those of other services of the " \
	  "machine.  What net.ipv4.ip_local_reserved_ports names is left alone as well.") \
	X(outgoing, ns_lookup, "ns-lookup", NSLOOKUP, "off", 0, 0, "", RELOAD, \
	  "Whether a name's servers are asked for where rules (rpz-nsdname, rpz-nsip) are for them: wait, " \
	  "its answer waits; background, it passes, and the next is judged; off, what it has has to do.") \
	X(outgoing, udp_size, "udp-size", UINT, "1232", 512, 4096, "octets", RELOAD, \
	  "The largest UDP answer that is asked of an upstream (EDNS).")

#define CONF_ROWS_UPSTREAM(X) \
	X(upstream, address, "address", ENDPOINT, CONF_REQUIRED, 0, 0, "", RELOAD, \
	  "Where the resolver is.") \
	X(upstream, transport, "transport", TRANSPORT, "auto", 0, 0, "", RELOAD, \
	  "How it is asked: udp, and tcp for what does not fit; tcp alone; tls, which needs tls-name or " \
	  "tls-pins (RFC 7858, never in clear text).  auto: tls if one of these is given, else udp.") \
	X(upstream, tls_name, "tls-name", HOST, "", 0, 0, "", RELOAD, \
	  "The host name that the upstream's certificate must be for.") \
	X(upstream, tls_pins, "tls-pins", PINS, "", 0, CONF_PINS_MAX, "", RELOAD, \
	  "Digests of the public keys, one of which its certificate must have: sha256/ and 44 " \
	  "characters of Base64.  Without tls-name a pin alone is enough.")

#define CONF_ROWS_FORWARD(X) \
	X(forward, zone, "zone", HOST, CONF_REQUIRED, 0, 0, "", RELOAD, \
	  "The zone: names equal to it or below it.") \
	X(forward, upstreams, "upstreams", SECTIONS(upstream), "", 0, CONF_UPSTREAMS_MAX, "", RELOAD, \
	  "The resolvers or name servers that are asked, as in upstreams.")

#define CONF_ROWS_LOCAL(X) \
	X(local, special_use, "special-use", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether special-use names are answered here and never asked upstream: localhost, invalid, " \
	  "test, local, onion, alt, home.arpa, resolver.arpa, and the reverse zones of private " \
	  "addresses (RFC 6303, RFC 6761).  Names of the options names and hosts-file and of a zone " \
	  "of forward are excepted.") \
	X(local, local_only, "local-only", NAMES, "", 0, CONF_NAMES_MAX, "", RELOAD, \
	  "Zones that no upstream knows of, such as lan, internal, fritz.box: they and all names below " \
	  "them are answered here, by names and hosts-file, or that they do not exist.  A zone of " \
	  "forward is excepted.") \
	X(local, single_labels, "single-labels", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether questions for A, AAAA and HTTPS of a name of one label, such as wpad, are answered " \
	  "here (NXDOMAIN), unless the name is a top-level domain of the list of public suffixes.") \
	X(local, canaries, "canaries", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether use-application-dns.net, mask.icloud.com and mask-h2.icloud.com are answered " \
	  "NXDOMAIN, by which Firefox keeps to the network's resolver instead of one over HTTPS, and " \
	  "devices of Apple turn iCloud Private Relay off.  A list with action pass that has the name " \
	  "excepts it; one with action sinkhole has it answered so in any case.") \
	X(local, hosts_file, "hosts-file", PATH, "", 0, CONF_PATH_MAX, "", RELOAD, \
	  "A hosts file, such as /etc/hosts, whose names are answered; empty: none.") \
	X(local, ttl_s, "ttl", TTL, "5m", 0, CONF_DAY_S, "s", RELOAD, \
	  "The TTL of answers from names and hosts-file.") \
	X(local, names, "names", SECTIONS(local_name), "", 0, CONF_LOCAL_NAMES_MAX, "", RELOAD, \
	  "The operator's own names.  Only a mandatory list blocks one of them.")

#define CONF_ROWS_LOCAL_NAME(X) \
	X(local_name, name, "name", OWNER, CONF_REQUIRED, 0, 0, "", RELOAD, \
	  "The name.  What has no record of the type asked for is answered that there is none.") \
	X(local_name, ipv4, "ipv4", IPV4S, "", 0, CONF_LOCAL_RECORDS_MAX, "", RELOAD, \
	  "Its A records.  The reverse name of each is answered as well, unless another name has it.") \
	X(local_name, ipv6, "ipv6", IPV6S, "", 0, CONF_LOCAL_RECORDS_MAX, "", RELOAD, \
	  "Its AAAA records, likewise.") \
	X(local_name, cname, "cname", HOST, "", 0, 0, "", RELOAD, \
	  "The name that it is another name of: one of these, or any other, which is then asked for.  " \
	  "Nothing else stands beside it.") \
	X(local_name, ptr, "ptr", HOST, "", 0, 0, "", RELOAD, \
	  "The name that a reverse name, such as 9.1.168.192.in-addr.arpa, stands for.") \
	X(local_name, txt, "txt", TEXTS, "", 0, CONF_LOCAL_RECORDS_MAX, "", RELOAD, \
	  "Its TXT records; one of over 255 octets is made of several strings.") \
	X(local_name, ttl_s, "ttl", TTL, "0", 0, CONF_DAY_S, "s", RELOAD, \
	  "The TTL of its records; 0: that of local.")

#define CONF_ROWS_REBINDING(X) \
	X(rebinding, enabled, "enabled", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether answers of the upstreams that give a public name an address of networks are " \
	  "answered as if the name had none (NODATA).  It is for networks whose clients browse; mail " \
	  "servers ask DNSBLs, whose answers are such addresses: zones of guard.dnsbl-zones, of " \
	  "forward and of local.local-only are excepted.") \
	X(rebinding, exceptions, "exceptions", NAMES, "", 0, CONF_NAMES_MAX, "", RELOAD, \
	  "Names that may have such addresses, with all names below them.  What counts is the name that " \
	  "is asked for.") \
	X(rebinding, networks, "networks", PREFIXES, CONF_PRIVATE_NETWORKS, 0, CONF_PREFIXES_MAX, "", \
	  RELOAD, \
	  "The networks that are meant; an IPv6 address with one of their addresses in it (IPv4-mapped, " \
	  "NAT64, 6to4) is one, too.")

/* The sections of rows, each behind those it holds. */
#define CONF_SECTIONS(S) \
	S(server, CONF_ROWS_SERVER) \
	S(ratenetwork, CONF_ROWS_RATENETWORK) \
	S(ratelimit, CONF_ROWS_RATELIMIT) \
	S(cachetype, CONF_ROWS_CACHETYPE) \
	S(cache, CONF_ROWS_CACHE) \
	S(outgoing, CONF_ROWS_OUTGOING) \
	S(upstream, CONF_ROWS_UPSTREAM) \
	S(forward, CONF_ROWS_FORWARD) \
	S(local_name, CONF_ROWS_LOCAL_NAME) \
	S(local, CONF_ROWS_LOCAL) \
	S(sinkhole, CONF_ROWS_SINKHOLE) \
	S(authority, CONF_ROWS_AUTHORITY) \
	S(columns, CONF_ROWS_COLUMNS) \
	S(list, CONF_ROWS_LIST) \
	S(schedule, CONF_ROWS_SCHEDULE) \
	S(group, CONF_ROWS_GROUP) \
	S(guard, CONF_ROWS_GUARD) \
	S(control, CONF_ROWS_CONTROL) \
	S(manual, CONF_ROWS_MANUAL) \
	S(querylog, CONF_ROWS_QUERYLOG) \
	S(metrics, CONF_ROWS_METRICS) \
	S(state, CONF_ROWS_STATE) \
	S(rebinding, CONF_ROWS_REBINDING) \
	S(structured, CONF_ROWS_STRUCTURED) \
	S(evidence, CONF_ROWS_EVIDENCE) \
	S(landing, CONF_ROWS_LANDING)

/* The words of the options that take one of several: enumerator, word. */
#define CONF_WORDS_POLICY(W) \
	W(CONF_POLICY_FASTEST, "fastest") \
	W(CONF_POLICY_IN_ORDER, "in-order") \
	W(CONF_POLICY_ROUND_ROBIN, "round-robin")
#define CONF_WORDS_NSLOOKUP(W) \
	W(CONF_NSLOOKUP_OFF, "off") \
	W(CONF_NSLOOKUP_WAIT, "wait") \
	W(CONF_NSLOOKUP_BACKGROUND, "background")
#define CONF_WORDS_TRANSPORT(W) \
	W(CONF_TRANSPORT_AUTO, "auto") \
	W(CONF_TRANSPORT_UDP, "udp") \
	W(CONF_TRANSPORT_TCP, "tcp") \
	W(CONF_TRANSPORT_TLS, "tls")
#define CONF_WORDS_LOGLEVEL(W) \
	W(LOG_LEVEL_ERROR, "error") \
	W(LOG_LEVEL_WARNING, "warning") \
	W(LOG_LEVEL_NOTICE, "notice") \
	W(LOG_LEVEL_INFO, "info") \
	W(LOG_LEVEL_DEBUG, "debug")
#define CONF_WORDS_FORMAT(W) \
	W(LIST_FORMAT_AUTO, "auto") \
	W(LIST_FORMAT_NAMES, "names") \
	W(LIST_FORMAT_HOSTS, "hosts") \
	W(LIST_FORMAT_ADBLOCK, "adblock") \
	W(LIST_FORMAT_ADDRESSES, "addresses") \
	W(LIST_FORMAT_RPZ, "rpz") \
	W(LIST_FORMAT_CSV, "csv") \
	W(LIST_FORMAT_JSON, "json")
#define CONF_WORDS_ONHELD(W) \
	W(CONF_ONHELD_LEAVE_OUT, "leave-out") \
	W(CONF_ONHELD_REFUSE, "refuse")
#define CONF_WORDS_MATCH(W) \
	W(CONF_MATCH_SUBTREE, "subtree") \
	W(CONF_MATCH_EXACT, "exact")
#define CONF_WORDS_WILDCARDS(W) \
	W(CONF_WILDCARDS_DNS, "dns") \
	W(CONF_WILDCARDS_NEAREST, "nearest")
#define CONF_WORDS_ACTION(W) \
	W(ACTION_SINKHOLE, "sinkhole") \
	W(ACTION_NXDOMAIN, "nxdomain") \
	W(ACTION_NODATA, "nodata") \
	W(ACTION_REFUSED, "refused") \
	W(ACTION_DROP, "drop") \
	W(ACTION_TCP_ONLY, "tcp-only") \
	W(ACTION_PASS, "pass") \
	W(ACTION_LOG, "log") \
	W(ACTION_GIVEN, "given")
#define CONF_WORDS_LAPSE(W) \
	W(LAPSE_KEEP, "keep") \
	W(LAPSE_LOG, "log") \
	W(LAPSE_LIFT, "lift")
#define CONF_WORDS_CLIENTS(W) \
	W(CONF_CLIENTS_WHOLE, "whole") \
	W(CONF_CLIENTS_PREFIX, "prefix") \
	W(CONF_CLIENTS_ENCRYPTED, "encrypted")
#define CONF_WORDS_REASON(W) \
	W(REASON_ORDER, "order") \
	W(REASON_OPERATOR, "operator") \
	W(REASON_REQUESTED, "requested")

/* clang-format on */

#include "option/options_evidence.h"
#include "option/options_group.h"
#include "option/options_landing.h"
#include "option/options_list.h"
#include "option/options_state.h"
#include "option/options_structured.h"
#include "option/options_watch.h"
#include "option/options_who.h"

#endif
