/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a network calls its machines: hosts files, and the leases that DHCP servers keep (dnsmasq,
 * Kea's CSV, ISC's dhcpd.leases), each found out by what stands in it.  One thread.
 */
#ifndef REPORT_LEASES_H
#define REPORT_LEASES_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

#define LEASES_MAX (1024U * 1024)
#define LEASES_FILE_MAX (256U * 1024 * 1024) /* octets */
#define LEASE_NAME_MAX 254U
#define LEASE_MAC_MAX 18U

/* One address; of several leases of one address the last in the files. */
struct lease {
	struct ip ip;
	uint32_t since_s; /* Unix time: so long the address has been this machine's; 0: not known */
	char name[LEASE_NAME_MAX]; /* letters, digits, '-', '_', '.'; "": none */
	char mac[LEASE_MAC_MAX];   /* "00:11:22:33:44:55", lower case; "": not known */
};

struct leases;

/* None.  ERR_NOMEM. */
enum err leases_create(struct leases **ret_leases) MUST_CHECK;

/* NULL is fine. */
void leases_free(struct leases *leases);

/* Adds what the `len` octets of a file have; lines that are no leases are passed over.  ERR_NOMEM,
 * also when there are more than LEASES_MAX. */
enum err leases_add(struct leases *leases, const char *text, size_t len) MUST_CHECK;

/* Adds what the files have, whose paths stand with commas between.  ERR_SYS, ERR_RANGE, ERR_NOMEM
 * with `text`. */
enum err leases_read(struct leases *leases, const char *paths, struct err_text *text) MUST_CHECK;

/* What is known of the address at that time; NULL: nothing, or of another machine by then. */
const struct lease *leases_find(struct leases *leases, const struct ip *ip, uint32_t at_s);

#endif
