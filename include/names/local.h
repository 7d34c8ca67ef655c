/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's own names: those of the configuration's `local` section, those of a hosts file,
 * and the names of their addresses (PTR).  Built once, then only read.
 *
 * A name of the configuration is as that says, whatever the hosts file says of it.  The PTR of an
 * address is the one that the configuration gives to its reverse name, or else the first name
 * that has the address.  A wildcard stands for every name below it that has no entry of its own.
 */
#ifndef NAMES_LOCAL_H
#define NAMES_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "list/report.h"

#define LOCAL_RECORDS_MAX 256U /* records of a name; further ones of a hosts file are left out */

struct local;

struct local_record {
	uint16_t type;
	uint16_t rdlen;
	uint32_t ttl_s;
	const uint8_t *rdata; /* names in it are not compressed, in lower case */
};

/* The records of a name: at least one; if one is a CNAME, that alone. */
struct local_name {
	const struct local_record *records;
	uint32_t count;
};

/*
 * Builds what `conf` says, for names hashed by `key`, together with the hosts file `hosts` (NULL:
 * none), whose bad lines are told in `ret_report`.  `*ret_local` is NULL when there are no names.
 * ERR_SYS, ERR_REFUSED with `text`: the hosts file cannot be taken.  ERR_NOMEM.
 */
enum err local_create(const struct conf_local *conf, const char *hosts, const struct hash_key *key,
		      struct local **ret_local, struct list_report *ret_report,
		      struct err_text *text) MUST_CHECK;

/* NULL is fine. */
void local_free(struct local *local);

/* Names in `local`, wildcards and reverse names counted.  NULL has none. */
size_t local_count(const struct local *local);

/*
 * Finds the records of a lower-case name, whose suffixes were hashed by the key; false when the
 * name is not one of them.  `local` may be NULL.  Any thread; no allocation, no lock.
 */
bool local_find(const struct local *local, const struct name *name,
		const struct name_suffixes *suffixes, struct local_name *ret_name);

/* True when the name is one of them or lies above one.  `local` may be NULL. */
bool local_has(const struct local *local, const struct name *name,
	       const struct name_suffixes *suffixes);

#endif
