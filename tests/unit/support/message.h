/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS messages for tests and fuzzers, put together octet by octet: nothing is checked, so that
 * wrong ones can be made as well.  Knows nothing of the code that is tested but its constants.
 */
#ifndef SUPPORT_MESSAGE_H
#define SUPPORT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/wire.h"

/* Where the header counts the records of a section. */
#define MESSAGE_QD 4U
#define MESSAGE_AN 6U
#define MESSAGE_NS 8U
#define MESSAGE_AR 10U

#define MESSAGE_QNAME 0xc00cU /* a pointer to the question's name */
#define MESSAGE_DO 0x8000U    /* in the TTL of an OPT */

struct message {
	size_t len;
	size_t rdata; /* where that of the record begun last begins */
	uint8_t octets[WIRE_MESSAGE_MAX];
};

static inline void message_add(struct message *m, const void *octets, size_t len)
{
	if (len > sizeof(m->octets) - m->len)
		abort();
	if (len > 0)
		memcpy(m->octets + m->len, octets, len);
	m->len += len;
}

static inline void message_add8(struct message *m, unsigned int value)
{
	uint8_t octet = (uint8_t)value;

	message_add(m, &octet, 1);
}

static inline void message_add16(struct message *m, unsigned int value)
{
	message_add8(m, value >> 8);
	message_add8(m, value);
}

static inline void message_add32(struct message *m, uint32_t value)
{
	message_add16(m, value >> 16);
	message_add16(m, value);
}

static inline void message_set16(struct message *m, size_t at, unsigned int value)
{
	m->octets[at] = (uint8_t)(value >> 8);
	m->octets[at + 1] = (uint8_t)value;
}

static inline unsigned int message_get16(const struct message *m, size_t at)
{
	return (unsigned int)m->octets[at] << 8 | m->octets[at + 1];
}

/* Labels by dots, letters as they are, no escapes; "." is the root. */
static inline void message_add_name(struct message *m, const char *name)
{
	while (*name && *name != '.') {
		size_t label = strcspn(name, ".");

		message_add8(m, (unsigned int)label);
		message_add(m, name, label);
		name += label + (name[label] == '.');
	}
	message_add8(m, 0);
}

static inline void message_begin(struct message *m, unsigned int id, unsigned int flags)
{
	m->len = 0;
	message_add16(m, id);
	message_add16(m, flags);
	message_add32(m, 0);
	message_add32(m, 0);
}

static inline void message_question(struct message *m, const char *name, unsigned int type,
				    unsigned int rrclass)
{
	message_add_name(m, name);
	message_add16(m, type);
	message_add16(m, rrclass);
	message_set16(m, MESSAGE_QD, message_get16(m, MESSAGE_QD) + 1);
}

/* Begins a record, whose owner stands there already; its rdata is added, then it is ended. */
static inline void message_record(struct message *m, unsigned int section, unsigned int type,
				  unsigned int rrclass, uint32_t ttl)
{
	message_add16(m, type);
	message_add16(m, rrclass);
	message_add32(m, ttl);
	message_add16(m, 0);
	m->rdata = m->len;
	message_set16(m, section, message_get16(m, section) + 1);
}

static inline void message_end(struct message *m)
{
	message_set16(m, m->rdata - 2, (unsigned int)(m->len - m->rdata));
}

/* A record of class IN; `owner` NULL: a pointer to the question's name. */
static inline void message_rr_begin(struct message *m, unsigned int section, const char *owner,
				    unsigned int type, uint32_t ttl)
{
	if (owner)
		message_add_name(m, owner);
	else
		message_add16(m, MESSAGE_QNAME);
	message_record(m, section, type, CLASS_IN, ttl);
}

static inline void message_rr(struct message *m, unsigned int section, const char *owner,
			      unsigned int type, uint32_t ttl, const void *rdata, size_t rdlen)
{
	message_rr_begin(m, section, owner, type, ttl);
	message_add(m, rdata, rdlen);
	message_end(m);
}

/* A record whose rdata is one name: CNAME, NS, and their like. */
static inline void message_rr_name(struct message *m, unsigned int section, const char *owner,
				   unsigned int type, uint32_t ttl, const char *target)
{
	message_rr_begin(m, section, owner, type, ttl);
	message_add_name(m, target);
	message_end(m);
}

static inline void message_soa(struct message *m, const char *owner, uint32_t ttl, uint32_t minimum)
{
	message_rr_begin(m, MESSAGE_NS, owner, TYPE_SOA, ttl);
	message_add_name(m, "ns.example");
	message_add_name(m, "admin.example");
	message_add32(m, 1);
	message_add32(m, 3600);
	message_add32(m, 600);
	message_add32(m, 86400);
	message_add32(m, minimum);
	message_end(m);
}

/* Begins an OPT: options are added, then it is ended. */
static inline void message_opt_begin(struct message *m, unsigned int udp_size, uint32_t ttl)
{
	message_add8(m, 0);
	message_record(m, MESSAGE_AR, TYPE_OPT, udp_size, ttl);
}

static inline void message_option(struct message *m, unsigned int code, const void *data,
				  size_t len)
{
	message_add16(m, code);
	message_add16(m, (unsigned int)len);
	message_add(m, data, len);
}

/* An OPT without options. */
static inline void message_opt(struct message *m, unsigned int udp_size, uint32_t ttl)
{
	message_opt_begin(m, udp_size, ttl);
	message_end(m);
}

/* An OPT with a COOKIE option. */
static inline void message_opt_cookie(struct message *m, unsigned int udp_size, uint32_t ttl,
				      const void *cookie, size_t len)
{
	message_opt_begin(m, udp_size, ttl);
	message_option(m, OPTION_COOKIE, cookie, len);
	message_end(m);
}

/* A query for one name of class IN. */
static inline void message_query(struct message *m, const char *name, unsigned int type)
{
	message_begin(m, 0x1234, FLAG_RD);
	message_question(m, name, type, CLASS_IN);
}

/* The same with an OPT. */
static inline void message_query_edns(struct message *m, const char *name, unsigned int type)
{
	message_query(m, name, type);
	message_opt(m, 1232, 0);
}

/* The reply to it so far: no records. */
static inline void message_reply(struct message *m, const char *name, unsigned int type,
				 unsigned int rcode)
{
	message_begin(m, 0x1234, FLAG_QR | FLAG_RD | FLAG_RA | rcode);
	message_question(m, name, type, CLASS_IN);
}

#endif
