/* SPDX-License-Identifier: BSD-2-Clause */
/* The types that options have, a line each, and the enums of those that are one of several words.
 */
#ifndef VALUE_TYPES_H
#define VALUE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/log.h"
#include "base/ports.h"
#include "list/report.h"
#include "match/policy.h"
#include "option/options.h"
#include "table/table.h"

#define CONF_ENUMERATOR(enumerator, word) enumerator,
enum conf_onheld { CONF_WORDS_ONHELD(CONF_ENUMERATOR) CONF_ONHELD_COUNT };
enum conf_match { CONF_WORDS_MATCH(CONF_ENUMERATOR) CONF_MATCH_COUNT };
enum conf_wildcards { CONF_WORDS_WILDCARDS(CONF_ENUMERATOR) CONF_WILDCARDS_COUNT };
enum conf_policy { CONF_WORDS_POLICY(CONF_ENUMERATOR) CONF_POLICY_COUNT };
enum conf_nslookup { CONF_WORDS_NSLOOKUP(CONF_ENUMERATOR) CONF_NSLOOKUP_COUNT };
enum conf_clients { CONF_WORDS_CLIENTS(CONF_ENUMERATOR) CONF_CLIENTS_COUNT };
enum conf_transport { CONF_WORDS_TRANSPORT(CONF_ENUMERATOR) CONF_TRANSPORT_COUNT };
enum conf_day { CONF_WORDS_DAY(CONF_ENUMERATOR) CONF_DAY_COUNT };
#undef CONF_ENUMERATOR

/* clang-format off */

/*
 * What each type of option is: one value of its kind or several; the type of one in C; and who knows
 * it, value_type_... of value/value.h.
 */
#define CONF_TYPE_UINT       VALUE,    uint32_t,               uint
#define CONF_TYPE_SIZE       VALUE,    uint64_t,               size       /* octets */
#define CONF_TYPE_DURATION   VALUE,    uint32_t,               duration   /* milliseconds */
#define CONF_TYPE_TTL        VALUE,    uint32_t,               ttl        /* seconds */
#define CONF_TYPE_DAYTIME    VALUE,    uint32_t,               daytime    /* minutes of the day */
#define CONF_TYPE_DAYS       VALUES,   enum conf_day,          day
#define CONF_TYPE_BOOL       VALUE,    bool,                   flag
#define CONF_TYPE_STRING     VALUE,    char *,                 string     /* UTF-8, no controls */
#define CONF_TYPE_PATH       VALUE,    char *,                 path
#define CONF_TYPE_PATHS      VALUES,   char *,                 path
#define CONF_TYPE_LISTNAME   VALUE,    char *,                 listname
#define CONF_TYPE_LISTNAMES  VALUES,   char *,                 listname
#define CONF_TYPE_TIME       VALUE,    char *,                 time       /* RFC 3339; or "" */
#define CONF_TYPE_DATE       VALUE,    char *,                 date       /* YYYY-MM-DD; or "" */
#define CONF_TYPE_URL        VALUE,    char *,                 url        /* http, https; or "" */
#define CONF_TYPE_HTTPFIELD  VALUE,    char *,                 httpfield  /* "Name: value"; or ""; secret */
#define CONF_TYPE_PROXY      VALUE,    char *,                 proxy      /* of a proxy; or ""; secret */
#define CONF_TYPE_HOST       VALUE,    char *,                 host       /* lower case, no dot at the end; or "" */
#define CONF_TYPE_PINS       VALUES,   char *,                 pin        /* "sha256/", Base64 */
#define CONF_TYPE_OWNER      VALUE,    char *,                 owner      /* a host, or "*." and one */
#define CONF_TYPE_TEXTS      VALUES,   char *,                 string
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
#define CONF_TYPE_ADDRESSES  VALUES,   struct ip,              address
#define CONF_TYPE_LOGLEVEL   VALUE,    enum log_level,         loglevel
#define CONF_TYPE_POLICY     VALUE,    enum conf_policy,       policy
#define CONF_TYPE_NSLOOKUP   VALUE,    enum conf_nslookup,     nslookup
#define CONF_TYPE_TRANSPORT  VALUE,    enum conf_transport,    transport
#define CONF_TYPE_FORMAT     VALUE,    enum list_format,       format
#define CONF_TYPE_PRESET     VALUE,    enum table_preset,      preset
#define CONF_TYPE_MATCH      VALUE,    enum conf_match,        match
#define CONF_TYPE_LAPSE      VALUE,    enum lapse,             lapse
#define CONF_TYPE_WILDCARDS  VALUE,    enum conf_wildcards,    wildcards
#define CONF_TYPE_ONHELD     VALUE,    enum conf_onheld,       onheld
#define CONF_TYPE_ACTION     VALUE,    enum action,            action
#define CONF_TYPE_REASON     VALUE,    enum reason,            reason
#define CONF_TYPE_CLIENTS    VALUE,    enum conf_clients,      clients

/* clang-format on */

#endif
