/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: read from YAML, checked, and from then on never changed.
 *
 * The structs are made from the rows of conf/options.h.  A field is called as its key in
 * the file, with '_' for '-' and its unit at the end (_ms, _s, _bytes, _percent; `case` is
 * case_id).  A list is a pointer with its length in <field>_count.  What each type is in C is
 * below; texts are never NULL ("" when not given), an address not given has the family 0.
 *
 *     conf->server.listen[0 .. listen_count)          struct endpoint
 *     conf->server.drain_timeout_ms                   uint32_t
 *     conf->cache.size_bytes                          uint64_t
 *     conf->upstreams[0 .. upstreams_count).address   struct endpoint
 *     conf->local.names[0 .. names_count).ipv4[i]   struct ip
 *     conf->lists[0 .. lists_count).sinkhole.ipv4     struct ip
 *     conf->lists[i].authority.court                  char *
 *     conf->guard.protected[0 .. protected_count)     char *
 *     conf->state.directory                           char *
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/options.h"
#include "match/policy.h"
#include "list/report.h"

/* A configuration file larger than this is refused. */
#define CONF_FILE_MAX (1024U * 1024U)

#define CONF_ENUMERATOR(enumerator, word) enumerator,
enum conf_match { CONF_WORDS_MATCH(CONF_ENUMERATOR) };
enum conf_policy { CONF_WORDS_POLICY(CONF_ENUMERATOR) };
enum conf_transport { CONF_WORDS_TRANSPORT(CONF_ENUMERATOR) };
#undef CONF_ENUMERATOR

/* clang-format off */

/* What each type of option is in C. */
#define CONF_C_UINT(f)      uint32_t f;
#define CONF_C_SIZE(f)      uint64_t f;                       /* octets */
#define CONF_C_DURATION(f)  uint32_t f;                       /* milliseconds */
#define CONF_C_TTL(f)       uint32_t f;                       /* seconds */
#define CONF_C_BOOL(f)      bool f;
#define CONF_C_STRING(f)    char *f;                          /* UTF-8 without controls */
#define CONF_C_PATH(f)      char *f;
#define CONF_C_LISTNAME(f)  char *f;
#define CONF_C_DATE(f)      char *f;                          /* "YYYY-MM-DD" or "" */
#define CONF_C_URL(f)       char *f;                          /* http, https, mailto; or "" */
#define CONF_C_HOST(f)      char *f;                          /* lower case, no final dot; or "" */
#define CONF_C_PINS(f)      char **f; size_t f##_count;       /* "sha256/" and Base64 */
#define CONF_C_OWNER(f)     char *f;                          /* as HOST, or "*." and such */
#define CONF_C_TEXTS(f)     char **f; size_t f##_count;       /* as STRING */
#define CONF_C_NAMES(f)     char **f; size_t f##_count;       /* host names, lower case */
#define CONF_C_ENDPOINT(f)  struct endpoint f;
#define CONF_C_ENDPOINTS(f) struct endpoint *f; size_t f##_count;
#define CONF_C_PREFIXES(f)  struct prefix *f; size_t f##_count;
#define CONF_C_RRTYPE(f)    uint16_t f;
#define CONF_C_IPV4(f)      struct ip f;                      /* family 0: not given */
#define CONF_C_IPV6(f)      struct ip f;                      /* family 0: not given */
#define CONF_C_IPV4S(f)     struct ip *f; size_t f##_count;
#define CONF_C_IPV6S(f)     struct ip *f; size_t f##_count;
#define CONF_C_LOGLEVEL(f)  enum log_level f;
#define CONF_C_POLICY(f)    enum conf_policy f;
#define CONF_C_TRANSPORT(f) enum conf_transport f;
#define CONF_C_FORMAT(f)    enum list_format f;
#define CONF_C_MATCH(f)     enum conf_match f;
#define CONF_C_ACTION(f)    enum action f;
#define CONF_C_REASON(f)    enum reason f;
#define CONF_C_SERVER(f)    struct conf_server f;
#define CONF_C_CACHE(f)     struct conf_cache f;
#define CONF_C_OUTGOING(f)  struct conf_outgoing f;
#define CONF_C_LOCAL(f)     struct conf_local f;
#define CONF_C_SINKHOLE(f)  struct conf_sinkhole f;
#define CONF_C_AUTHORITY(f) struct conf_authority f;
#define CONF_C_GUARD(f)     struct conf_guard f;
#define CONF_C_STATE(f)     struct conf_state f;
#define CONF_C_UPSTREAMS(f) struct conf_upstream *f; size_t f##_count;
#define CONF_C_CACHETYPES(f) struct conf_cachetype *f; size_t f##_count;
#define CONF_C_FORWARDS(f)  struct conf_forward *f; size_t f##_count;
#define CONF_C_LOCALNAMES(f) struct conf_local_name *f; size_t f##_count;
#define CONF_C_LISTS(f)     struct conf_list *f; size_t f##_count;

/* clang-format on */

#define CONF_MEMBER(section, field, key, type, def, least, most, unit, apply, help)                \
	CONF_C_##type(field)

struct conf_server {
	CONF_ROWS_SERVER(CONF_MEMBER)
};

struct conf_cachetype {
	CONF_ROWS_CACHETYPE(CONF_MEMBER)
};

struct conf_cache {
	CONF_ROWS_CACHE(CONF_MEMBER)
};

struct conf_outgoing {
	CONF_ROWS_OUTGOING(CONF_MEMBER)
};

struct conf_upstream {
	CONF_ROWS_UPSTREAM(CONF_MEMBER)
};

struct conf_forward {
	CONF_ROWS_FORWARD(CONF_MEMBER)
};

struct conf_local_name {
	CONF_ROWS_LOCAL_NAME(CONF_MEMBER)
};

struct conf_local {
	CONF_ROWS_LOCAL(CONF_MEMBER)
};

struct conf_sinkhole {
	CONF_ROWS_SINKHOLE(CONF_MEMBER)
};

struct conf_authority {
	CONF_ROWS_AUTHORITY(CONF_MEMBER)
};

struct conf_list {
	CONF_ROWS_LIST(CONF_MEMBER)
};

struct conf_guard {
	CONF_ROWS_GUARD(CONF_MEMBER)
};

struct conf_state {
	CONF_ROWS_STATE(CONF_MEMBER)
};

/* A whole configuration; owns all it points to. */
struct conf {
	CONF_ROWS_MAIN(CONF_MEMBER)
};

#undef CONF_MEMBER

/*
 * Reads and checks the file at `path`.  Relative paths in it stay as they are: they are meant
 * from the directory the process was started in.  The caller frees `*ret_conf`.  Any thread.
 * On failure `text` holds one line, "FILE:LINE:COLUMN: option: expected ..., got ..."; where
 * there is no place in the file to name (it cannot be read), "FILE: reason".
 * ERR_CONFIG: the text is wrong.  ERR_SYS: the file cannot be read.  ERR_NOMEM.
 */
enum err conf_load(const char *path, struct conf **ret_conf, struct err_text *text) MUST_CHECK;

/* As conf_load, of `len` octets of YAML at hand (NULL when 0); `name` stands for the file in
 * `text`. */
enum err conf_parse(const char *name, const char *yaml, size_t len, struct conf **ret_conf,
		    struct err_text *text) MUST_CHECK;

/* What an empty file would give.  The caller frees it.  ERR_NOMEM. */
enum err conf_default(struct conf **ret_conf) MUST_CHECK;

/* Frees it and all it owns; NULL is fine. */
void conf_free(struct conf *conf);

/*
 * Writes every option with its value as YAML; read again it gives the same configuration.
 * ERR_SYS when writing failed.
 */
enum err conf_dump(const struct conf *conf, FILE *out) MUST_CHECK;

/* Called with the full name of an option, such as "server.workers"; valid during the call. */
typedef void conf_option_fn(void *arg, const char *option);

/*
 * Calls `fn` for each option that differs between the two and that a running server cannot take
 * on; returns how many there were.  `fn` may be NULL.
 */
size_t conf_restart_needed(const struct conf *running, const struct conf *wanted,
			   conf_option_fn *fn, void *arg);

/* Writes the options as mdoc(7), section by section: what stands in sinkholed.yaml(5). */
enum err conf_write_man(FILE *out) MUST_CHECK;

/*
 * The resolvers of a resolv.conf(5), in its order, on port 53, at most CONF_UPSTREAMS_MAX: used
 * where conf->upstreams_count is 0.  Other lines are skipped, and as the C library does also
 * those whose address cannot be read.  Whether one of them is ourselves is not looked at.  The
 * caller frees `*ret_endpoints` by free().
 * ERR_SYS: the file cannot be read.  ERR_CONFIG: it names none.  ERR_NOMEM.  `text` as conf_load.
 */
enum err conf_read_resolv(const char *path, struct endpoint **ret_endpoints, size_t *ret_count,
			  struct err_text *text) MUST_CHECK;

#endif
