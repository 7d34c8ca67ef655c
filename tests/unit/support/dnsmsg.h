/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS messages for tests: queries as clients ask them, replies as upstreams give them. */
#ifndef SUPPORT_DNSMSG_H
#define SUPPORT_DNSMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

#define DNSMSG_MAX 4096U

#define DNSMSG_EDNS 1U /* with an OPT of 1232 octets */
#define DNSMSG_DO 2U   /* with an OPT that asks for DNSSEC records */
#define DNSMSG_CD 4U

struct dnsmsg {
	size_t len;
	uint8_t octets[DNSMSG_MAX];
};

/* A query, recursion desired; `options` are DNSMSG_ bits.  `name` is without escapes. */
void dnsmsg_query(struct dnsmsg *m, uint16_t id, const char *name, uint16_t qtype,
		  unsigned int options);

/* A reply without records to `query`: its ID and question, and `flags` beside QR and RA. */
void dnsmsg_reply(struct dnsmsg *m, const uint8_t *query, size_t len, unsigned int flags);

/* Appends the address record 192.0.2.`last` of the question's name. */
void dnsmsg_add_a(struct dnsmsg *m, uint8_t last, uint32_t ttl_s);

/* Appends a CNAME record from the question's name to `target`. */
void dnsmsg_add_cname(struct dnsmsg *m, const char *target, uint32_t ttl_s);

/* Appends an OPT with an Extended DNS Error. */
void dnsmsg_add_ede(struct dnsmsg *m, uint16_t code, const char *text);

/* Appends an OPT with a COOKIE option, and the high bits of `rcode`, whose others are set. */
void dnsmsg_add_cookie(struct dnsmsg *m, uint16_t rcode, const uint8_t *cookie, uint16_t len);

/* The COOKIE option that the message's OPT has, of `ret_len` octets; NULL: none. */
const uint8_t *dnsmsg_cookie(const uint8_t *msg, size_t len, uint8_t *ret_len);

/* Octets of the question; 0 when there is none that can be read. */
size_t dnsmsg_question_len(const uint8_t *msg, size_t len);

uint16_t dnsmsg_rcode(const uint8_t *msg);

/* The code of the EDE that the message's OPT has; -1: none. */
int dnsmsg_ede(const uint8_t *msg, size_t len);

/* The last octet of the first record, an address; -1: there is none. */
int dnsmsg_first_a(const uint8_t *msg, size_t len);

#endif
