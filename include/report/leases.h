/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a network calls its machines, and when: hosts files, and the leases that DHCP servers keep
 * (dnsmasq, Kea's CSV, ISC's dhcpd.leases), each found out by what stands in it.
 *
 * A line of a hosts file is the operator's word, for all times.  A lease is of a machine that had
 * the address from one time until another, and its name is what that machine calls itself: only
 * what can be the name of a host is taken.  One thread at a time.
 */
#ifndef REPORT_LEASES_H
#define REPORT_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

#define LEASES_MAX (1024U * 1024)
#define LEASES_FILE_MAX (256U * 1024 * 1024) /* octets */
#define LEASE_NAME_MAX 254U
#define LEASE_MAC_MAX 18U

struct lease {
	struct ip ip;
	bool hosts;	  /* of a hosts file */
	uint32_t since_s; /* Unix time: the machine has the address from then on; 0: not known */
	uint32_t until_s; /* and until then; 0: not known, or for ever */
	char name[LEASE_NAME_MAX]; /* as lease_name has it; "": none */
	char mac[LEASE_MAC_MAX];   /* "00:11:22:33:44:55", lower case; "": not known */
};

struct leases;

/*
 * Writes `name` as a host's: lower case, without a dot at its end; labels of 63 letters, digits,
 * hyphens and underscores at most, none of which begins or ends with a hyphen, and the last of
 * which is no number (RFC 1123, 2.1): no address is taken for a name, and no option of a command.
 * False: it is none.  Any thread.
 */
bool lease_name(const char *name, char ret_name[LEASE_NAME_MAX]);

/* None; there may be `max` of them.  ERR_NOMEM. */
enum err leases_create(size_t max, struct leases **ret_leases) MUST_CHECK;

/* NULL is fine. */
void leases_free(struct leases *leases);

/* Adds what the `len` octets of a file have; lines that are no leases are passed over.  Leases that
 * do not say since when they are began at `stamp_s`, 0: that is not known.  ERR_RANGE: there are
 * more than there may be.  ERR_NOMEM. */
enum err leases_add(struct leases *leases, const char *text, size_t len,
		    uint32_t stamp_s) MUST_CHECK;

/* Adds what the files have, whose paths stand with commas between.  ERR_SYS, ERR_RANGE, ERR_NOMEM
 * with `text`. */
enum err leases_read(struct leases *leases, const char *paths, struct err_text *text) MUST_CHECK;

/*
 * Adds the leases that the same file had `before` it was changed at `at_s`: also those that it has
 * no longer, which ended then, if the file has all there are and not what became of each (dnsmasq).
 * Those that ended before `oldest_s` are left out, and the oldest if they are too many.  ERR_NOMEM:
 * it is as it was.
 */
enum err leases_follow(struct leases *leases, const struct leases *before, uint32_t at_s,
		       uint32_t oldest_s) MUST_CHECK;

/* Joins leases of one machine that follow one upon the other.  To be called after what adds some,
 * before leases_find. */
void leases_settle(struct leases *leases);

/* How many there are. */
size_t leases_count(const struct leases *leases);

/*
 * What of so many files (each settled) is known of an address at that time: the name of a hosts
 * file, the last one that has it, or else of the lease that began last, if it had not ended. False:
 * nothing is.  Any thread, while none changes them.
 */
bool leases_find(const struct leases *const *files, size_t count, const struct ip *ip,
		 uint32_t at_s, struct lease *ret_lease);

#endif
