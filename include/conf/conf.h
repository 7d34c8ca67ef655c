/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: read from YAML, checked, and from then on never changed.
 *
 * The structs are made from the rows of conf/options.h.  A field is called as its key in
 * the file, with '_' for '-' and its unit at the end (_ms, _s, _bytes, _percent; `case` is
 * case_id).  A list is a pointer with its length in <field>_count behind it.  What each type is in
 * C is below; texts are never NULL ("" when not given), an address not given has the family 0.
 *
 *     conf->server.listen[0 .. listen_count)          struct endpoint
 *     conf->server.drain_timeout_ms                   uint32_t
 *     conf->cache.size_bytes                          uint64_t
 *     conf->upstreams[0 .. upstreams_count).address   struct endpoint
 *     conf->local.names[0 .. names_count).ipv4[i]     struct ip
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
#include "base/ports.h"
#include "conf/options.h"
#include "match/policy.h"
#include "list/report.h"

/* A configuration file larger than this is refused. */
#define CONF_FILE_MAX (1024U * 1024U)

#define CONF_ENUMERATOR(enumerator, word) enumerator,
enum conf_onheld { CONF_WORDS_ONHELD(CONF_ENUMERATOR) CONF_ONHELD_COUNT };
enum conf_match { CONF_WORDS_MATCH(CONF_ENUMERATOR) CONF_MATCH_COUNT };
enum conf_policy { CONF_WORDS_POLICY(CONF_ENUMERATOR) CONF_POLICY_COUNT };
enum conf_clients { CONF_WORDS_CLIENTS(CONF_ENUMERATOR) CONF_CLIENTS_COUNT };
enum conf_transport { CONF_WORDS_TRANSPORT(CONF_ENUMERATOR) CONF_TRANSPORT_COUNT };
#undef CONF_ENUMERATOR

/* clang-format off */

/*
 * What each type of option is: one value of its kind, several values, the options of a section, or
 * several such; the type of one in C; and who knows it, conf_type_... of src/conf/type.h or the
 * section.
 */
#define CONF_TYPE_UINT       VALUE,    uint32_t,               uint
#define CONF_TYPE_SIZE       VALUE,    uint64_t,               size       /* octets */
#define CONF_TYPE_DURATION   VALUE,    uint32_t,               duration   /* milliseconds */
#define CONF_TYPE_TTL        VALUE,    uint32_t,               ttl        /* seconds */
#define CONF_TYPE_BOOL       VALUE,    bool,                   flag
#define CONF_TYPE_STRING     VALUE,    char *,                 string     /* UTF-8, no controls */
#define CONF_TYPE_PATH       VALUE,    char *,                 path
#define CONF_TYPE_LISTNAME   VALUE,    char *,                 listname
#define CONF_TYPE_DATE       VALUE,    char *,                 date       /* YYYY-MM-DD; or "" */
#define CONF_TYPE_URL        VALUE,    char *,                 url        /* http, https; or "" */
#define CONF_TYPE_HOST       VALUE,    char *,                 host       /* lower case, no final
									     dot; or "" */
#define CONF_TYPE_PINS       VALUES,   char *,                 pin        /* "sha256/", Base64 */
#define CONF_TYPE_OWNER      VALUE,    char *,                 owner      /* as HOST, or "*." and
									     such */
#define CONF_TYPE_TEXTS      VALUES,   char *,                 text       /* as STRING */
#define CONF_TYPE_NAMES      VALUES,   char *,                 host
#define CONF_TYPE_ENDPOINT   VALUE,    struct endpoint,        endpoint
#define CONF_TYPE_ENDPOINTS  VALUES,   struct endpoint,        endpoint
#define CONF_TYPE_PREFIXES   VALUES,   struct prefix,          prefix
#define CONF_TYPE_PORTS      VALUES,   struct port_range,       portrange
#define CONF_TYPE_RRTYPE     VALUE,    uint16_t,               rrtype
#define CONF_TYPE_RRTYPES    VALUES,   uint16_t,               rrtype
#define CONF_TYPE_IPV4       VALUE,    struct ip,              ipv4       /* family 0: not given */
#define CONF_TYPE_IPV6       VALUE,    struct ip,              ipv6       /* family 0: not given */
#define CONF_TYPE_IPV4S      VALUES,   struct ip,              ipv4
#define CONF_TYPE_IPV6S      VALUES,   struct ip,              ipv6
#define CONF_TYPE_LOGLEVEL   VALUE,    enum log_level,         loglevel
#define CONF_TYPE_POLICY     VALUE,    enum conf_policy,       policy
#define CONF_TYPE_TRANSPORT  VALUE,    enum conf_transport,    transport
#define CONF_TYPE_FORMAT     VALUE,    enum list_format,       format
#define CONF_TYPE_MATCH      VALUE,    enum conf_match,        match
#define CONF_TYPE_ONHELD     VALUE,    enum conf_onheld,       onheld
#define CONF_TYPE_ACTION     VALUE,    enum action,            action
#define CONF_TYPE_REASON     VALUE,    enum reason,            reason
#define CONF_TYPE_CLIENTS    VALUE,    enum conf_clients,      clients
#define CONF_TYPE_SERVER     SECTION,  struct conf_server,     server
#define CONF_TYPE_RATELIMIT  SECTION,  struct conf_ratelimit,  ratelimit
#define CONF_TYPE_CACHE      SECTION,  struct conf_cache,      cache
#define CONF_TYPE_OUTGOING   SECTION,  struct conf_outgoing,   outgoing
#define CONF_TYPE_LOCAL      SECTION,  struct conf_local,      local
#define CONF_TYPE_SINKHOLE   SECTION,  struct conf_sinkhole,   sinkhole
#define CONF_TYPE_AUTHORITY  SECTION,  struct conf_authority,  authority
#define CONF_TYPE_GUARD      SECTION,  struct conf_guard,      guard
#define CONF_TYPE_STATE      SECTION,  struct conf_state,      state
#define CONF_TYPE_RATENETWORKS SECTIONS, struct conf_ratenetwork, ratenetwork
#define CONF_TYPE_EVIDENCE   SECTION,  struct conf_evidence,   evidence
#define CONF_TYPE_CONTROL    SECTION,  struct conf_control,    control
#define CONF_TYPE_METRICS    SECTION,  struct conf_metrics,    metrics
#define CONF_TYPE_UPSTREAMS  SECTIONS, struct conf_upstream,   upstream
#define CONF_TYPE_CACHETYPES SECTIONS, struct conf_cachetype,  cachetype
#define CONF_TYPE_FORWARDS   SECTIONS, struct conf_forward,    forward
#define CONF_TYPE_LOCALNAMES SECTIONS, struct conf_local_name, local_name
#define CONF_TYPE_LISTS      SECTIONS, struct conf_list,       list

/* The members of a struct, from its rows. */
#define CONF_MEMBER(section, field, key, type, ...) CONF_MEMBER_EXPAND(CONF_TYPE_##type, field)
#define CONF_MEMBER_EXPAND(...)                     CONF_MEMBER_OF(__VA_ARGS__)
#define CONF_MEMBER_OF(kind, ctype, known, field)   CONF_MEMBER_##kind(ctype, field)
#define CONF_MEMBER_VALUE(ctype, field)             ctype field;
#define CONF_MEMBER_VALUES(ctype, field)            ctype *field; size_t field##_count;
#define CONF_MEMBER_SECTION(ctype, field)           ctype field;
#define CONF_MEMBER_SECTIONS(ctype, field)          ctype *field; size_t field##_count;

struct conf_server     { CONF_ROWS_SERVER(CONF_MEMBER) };
struct conf_ratenetwork { CONF_ROWS_RATENETWORK(CONF_MEMBER) };
struct conf_ratelimit  { CONF_ROWS_RATELIMIT(CONF_MEMBER) };
struct conf_cachetype  { CONF_ROWS_CACHETYPE(CONF_MEMBER) };
struct conf_cache      { CONF_ROWS_CACHE(CONF_MEMBER) };
struct conf_outgoing   { CONF_ROWS_OUTGOING(CONF_MEMBER) };
struct conf_upstream   { CONF_ROWS_UPSTREAM(CONF_MEMBER) };
struct conf_forward    { CONF_ROWS_FORWARD(CONF_MEMBER) };
struct conf_local_name { CONF_ROWS_LOCAL_NAME(CONF_MEMBER) };
struct conf_local      { CONF_ROWS_LOCAL(CONF_MEMBER) };
struct conf_sinkhole   { CONF_ROWS_SINKHOLE(CONF_MEMBER) };
struct conf_authority  { CONF_ROWS_AUTHORITY(CONF_MEMBER) };
struct conf_list       { CONF_ROWS_LIST(CONF_MEMBER) };
struct conf_guard      { CONF_ROWS_GUARD(CONF_MEMBER) };
struct conf_control    { CONF_ROWS_CONTROL(CONF_MEMBER) };
struct conf_metrics    { CONF_ROWS_METRICS(CONF_MEMBER) };
struct conf_state      { CONF_ROWS_STATE(CONF_MEMBER) };
struct conf_evidence   { CONF_ROWS_EVIDENCE(CONF_MEMBER) };

/* A whole configuration; owns all it points to. */
struct conf            { CONF_ROWS_MAIN(CONF_MEMBER) };

/* clang-format on */

#define CONF_MISTAKES_MAX 32

/* What is wrong with a file, in the order of its lines; if CONF_MISTAKES_MAX, there may be more. */
struct conf_mistakes {
	size_t count;
	struct conf_mistake {
		size_t line; /* from 1; 0: there is no place in the file to name */
		size_t column;
		struct err_text text;
	} list[CONF_MISTAKES_MAX];
};

/*
 * Reads and checks the file at `path`.  Relative paths in it stay as they are: they are meant
 * from the directory the process was started in.  The caller frees `*ret_conf`.  Any thread.
 * On failure each text of `mistakes` (filled anew) is one line,
 * "FILE:LINE:COLUMN: option: expected ..., got ..."; where there is no place in the file to name
 * (the file cannot be read), there is one mistake, "FILE: reason".
 * ERR_CONFIG: the text is wrong.  ERR_SYS: the file cannot be read.  ERR_NOMEM.
 */
enum err conf_load_all(const char *path, struct conf **ret_conf,
		       struct conf_mistakes *mistakes) MUST_CHECK;

/* As conf_load_all; `text` (may be NULL) is that of the first mistake. */
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
 * those whose address cannot be read.  Whether one of them is this daemon is not looked at.  The
 * caller frees `*ret_endpoints` by free().
 * ERR_SYS: the file cannot be read.  ERR_CONFIG: it names none.  ERR_NOMEM.  `text` as conf_load.
 */
enum err conf_read_resolv(const char *path, struct endpoint **ret_endpoints, size_t *ret_count,
			  struct err_text *text) MUST_CHECK;

#endif
