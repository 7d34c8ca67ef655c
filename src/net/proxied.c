/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/proxied.h"

#include "base/apart.h"
#include "base/log.h"

#define QUIET_MS 60000U /* between two warnings */

static APART void warn(struct proxied *proxied, const struct query_env *env,
		       const struct ip *address, const char *what)
{
	char name[INET6_ADDRSTRLEN];

	if (env->now_ms < proxied->quiet_until_ms)
		return;
	proxied->quiet_until_ms = env->now_ms + QUIET_MS;
	log_warning("%s %s: see server.proxy-protocol-from", ip_text(address, name, sizeof(name)),
		    what);
}

enum proxy_verdict proxied_read(struct proxied *proxied, const struct query_env *env,
				const struct ip *address, const uint8_t *octets, size_t len,
				bool whole, struct proxy_header *ret_header)
{
	enum proxy_verdict verdict = proxy_read(octets, len, ret_header);

	if (verdict == PROXY_PARTIAL && whole)
		verdict = PROXY_BAD;
	if (verdict == PROXY_BAD) {
		stats_inc(env->stats, proxy_bad);
		warn(proxied, env, address, "is a proxy, and sends no good PROXY header: dropped");
	}
	return verdict;
}

size_t proxied_begin(struct proxied *proxied, struct query *q, const struct query_env *env,
		     uint8_t *msg, size_t len, const struct sockaddr *peer)
{
	struct ip address = ip_from_sockaddr(peer);
	struct proxy_header header = {.len = 0};
	enum proxy_verdict verdict = PROXY_ITSELF;

	if (prefix_set_contains(env->snapshot->proxies, &address))
		verdict = proxied_read(proxied, env, &address, msg, len, true, &header);
	if (verdict == PROXY_BAD) {
		q->parsed = WIRE_DROP;
		return 0;
	}
	len -= header.len;
	if (header.len > 0)
		memmove(msg, msg + header.len, len);
	query_begin(q, env, msg, len, verdict == PROXY_CLIENT ? &header.client.u.sa : peer,
		    TRANSPORT_UDP);
	return len;
}

bool proxied_look(struct proxied *proxied, const struct query_env *env, const void *peer,
		  const uint8_t *octets, size_t len)
{
	struct ip address;

	if (len < PROXY_SIGNATURE_LEN || !proxy_is_signed(octets))
		return false;
	address = ip_from_sockaddr(peer);
	stats_inc(env->stats, proxy_refused);
	warn(proxied, env, &address, "sends a PROXY header where a query has to be: dropped");
	return true;
}
