/* SPDX-License-Identifier: BSD-2-Clause */
#include "system/files.h"

#include <sys/resource.h>

#include "base/log.h"

/* For loads, the log, the state directory, and what libraries open. */
#define SPARE_FILES 64U

#define LEAST_FILES 32U /* of these, without which there is no start, no load and no answer */

#define RESOLV_LIKELY 3U /* servers that a resolv.conf names at most, by its manual */

/* Eighths of what is left; the last one is for connections to upstreams. */
#define SOURCE_PARTS 4U
#define CLIENT_PARTS 3U
#define PARTS 8U

uint64_t files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return UINT64_MAX;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur;
}

enum err files_check(uint64_t limit, size_t fixed, struct err_text *text)
{
	if (limit >= fixed + LEAST_FILES)
		return ERR_OK;
	return err_set(text, ERR_RANGE,
		       "%llu files may be open (ulimit -n, LimitNOFILE), and it takes %zu at least",
		       (unsigned long long)limit, fixed + LEAST_FILES);
}

static uint64_t servers_of(const struct conf *conf)
{
	uint64_t count = conf->upstreams_count > 0 ? 0 : RESOLV_LIKELY;
	struct conf_upstreams set;

	for (size_t i = 0; conf_upstreams_at(conf, i, &set); i++)
		count += set.count;
	return count;
}

static uint32_t at_most(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

struct loop_files files_share(const struct conf *conf, uint64_t limit, size_t workers, size_t fixed)
{
	uint64_t sources = servers_of(conf) * conf->outgoing.ports; /* of a worker */
	uint64_t clients = conf->server.tcp_connections;
	uint64_t taken = fixed + SPARE_FILES;
	uint64_t left = limit > taken ? limit - taken : 0;
	struct loop_files files = {
		.sources = at_most(left / PARTS * SOURCE_PARTS / workers),
		.tcp_connections = at_most(left / PARTS * CLIENT_PARTS),
	};

	if (files.sources == 0)
		files.sources = 1;
	if (files.tcp_connections == 0)
		files.tcp_connections = 1;
	if (files.sources < sources || files.tcp_connections < clients)
		log_warning("%llu files may be open (ulimit -n, LimitNOFILE): %u source ports a "
			    "worker of %llu, %u TCP connections of %llu",
			    (unsigned long long)limit, files.sources, (unsigned long long)sources,
			    files.tcp_connections, (unsigned long long)clients);
	return files;
}
