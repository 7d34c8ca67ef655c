/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS messages as they come in (RFC 1035, 4): a query is parsed in place into a small view, and
 * the records of any message are walked one by one.  Every length is checked here.
 */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"

#define WIRE_HEADER 12U				   /* octets of the header */
#define WIRE_QNAME_POINTER (0xc000U | WIRE_HEADER) /* points to the question's name */
#define WIRE_MESSAGE_MAX 65535U
#define WIRE_RR_FIXED 10U /* octets of a record but owner and rdata: type, class, TTL, RDLENGTH */
#define WIRE_OPTION_FIXED 4U /* octets of an EDNS option without its data: code, length */

/* Bits of the flags word, the third and fourth octet of the header. */
#define FLAG_QR 0x8000U
#define FLAG_AA 0x0400U
#define FLAG_TC 0x0200U
#define FLAG_RD 0x0100U
#define FLAG_RA 0x0080U
#define FLAG_AD 0x0020U
#define FLAG_CD 0x0010U
#define FLAG_OPCODE 0x7800U
#define FLAG_RCODE 0x000fU

enum rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_YXDOMAIN = 6,
	RCODE_BADVERS = 16,
	RCODE_BADCOOKIE = 23,
};

enum rrtype {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_MD = 3,
	TYPE_MF = 4,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_MB = 7,
	TYPE_MG = 8,
	TYPE_MR = 9,
	TYPE_PTR = 12,
	TYPE_MINFO = 14,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_RP = 17,
	TYPE_AFSDB = 18,
	TYPE_RT = 21,
	TYPE_PX = 26,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_DNAME = 39,
	TYPE_OPT = 41,
	TYPE_DS = 43,
	TYPE_RRSIG = 46,
	TYPE_NSEC = 47,
	TYPE_NSEC3 = 50,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
	TYPE_TKEY = 249,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_MAILA = 254,
	TYPE_ANY = 255,
};

enum rrclass {
	CLASS_IN = 1,
	CLASS_CH = 3,
};

/* Options of the OPT record that we read or write (RFC 6891, 6.1.2, and the registry). */
enum edns_option {
	OPTION_NSID = 3,       /* RFC 5001 */
	OPTION_SUBNET = 8,     /* RFC 7871 */
	OPTION_COOKIE = 10,    /* RFC 7873 */
	OPTION_KEEPALIVE = 11, /* RFC 7828 */
	OPTION_PADDING = 12,   /* RFC 7830 */
	OPTION_EDE = 15,       /* RFC 8914 */
	/* of the range for local use, as dnsmasq and others use it: */
	OPTION_MAC = 65001,
	OPTION_MAC_TEXT = 65073,
};

/* The OPT record of a message (RFC 6891), and the options that we read. */
struct edns {
	bool present;
	bool dnssec_ok; /* DO, RFC 3225 */
	bool keepalive; /* an edns-tcp-keepalive option is there (RFC 7828) */
	uint8_t version;
	uint8_t ext_rcode;  /* upper 8 bits of the rcode */
	bool subnet;	    /* a client-subnet option is there (RFC 7871): wire_find_option */
	uint16_t udp_size;  /* as the record says: may be under 512 */
	uint16_t cookie;    /* offset of the COOKIE option's data in the message; 0: none */
	uint8_t cookie_len; /* 8, or 16 to 40 */
	bool nsid;	    /* the server's identity is asked for (RFC 5001) */
	bool others;	    /* there are options of codes above OPTION_EDE */
	bool structured;    /* why a name is blocked is wanted as JSON; set by who knows the code */
};

/* A query as it stands in its message.  Offsets, no pointers: of use only beside its buffer. */
struct wire_query {
	uint16_t id;
	uint16_t flags;
	uint16_t qtype;
	uint16_t qclass;
	uint16_t question_end; /* offset behind the question; WIRE_HEADER when there is none */
	uint8_t qname_len;     /* octets of the qname at offset WIRE_HEADER; 0: no question */
	struct edns edns;
};

/* What a message that came to our port is. */
enum wire_verdict {
	WIRE_QUERY,   /* a query for one name */
	WIRE_COOKIE,  /* no question, but a COOKIE option: asks for a server cookie (RFC 7873, 5.4)
		       */
	WIRE_FORMERR, /* to be answered with that rcode */
	WIRE_NOTIMP,
	WIRE_BADVERS,
	WIRE_DROP, /* too short for a header, or a response: no answer, or two servers would talk
		      for ever; or a PROXY header (who/proxy.h), which is not looked for here */
};

/* One record of a message, by offsets. */
struct wire_rr {
	size_t owner;
	size_t ttl_at;
	size_t rdata;
	size_t end;
	uint32_t ttl_s;
	uint16_t type;
	uint16_t rrclass;
	uint16_t rdlen;
};

static inline uint16_t wire_get16(const uint8_t *p)
{
	return (uint16_t)((p[0] << 8) | p[1]);
}

static inline uint32_t wire_get32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static inline void wire_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void wire_put32(uint8_t *p, uint32_t v)
{
	wire_put16(p, (uint16_t)(v >> 16));
	wire_put16(p + 2, (uint16_t)v);
}

/*
 * Parses a query.  `ret_query` is filled as far as the message could be read, whatever the
 * verdict (but not for WIRE_DROP): the answer to a broken query echoes what could be read.
 * Any thread; allocates nothing.
 */
enum wire_verdict wire_parse_query(const uint8_t *msg, size_t len, struct wire_query *ret_query);

/*
 * Reads the record at `*pos` and moves `*pos` behind it.  The owner is checked by name_skip,
 * the rdata only for its length.
 * ERR_TRUNCATED, ERR_LABEL, ERR_NAME, ERR_POINTER.
 */
enum err wire_next_rr(const uint8_t *msg, size_t len, size_t *pos,
		      struct wire_rr *ret_rr) MUST_CHECK;

/*
 * Reads the OPT record `rr` into `ret_edns`, of a version above 0 without its options.
 * ERR_SYNTAX when its owner is not the root, an option is cut off, or a COOKIE option has a length
 * that cannot be (RFC 7873, 5.2.2).
 */
enum err wire_read_opt(const uint8_t *msg, const struct wire_rr *rr,
		       struct edns *ret_edns) MUST_CHECK;

/* Finds the first option of the OPT of a message of `len` octets, which `query` was parsed from,
 * that has the code.  False: there is none. */
bool wire_find_option(const uint8_t *msg, size_t len, const struct wire_query *query, uint16_t code,
		      size_t *ret_data, uint16_t *ret_len);

#endif
