/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header of the PROXY protocol, version 2, by which a proxy says whose query it hands on: it
 * stands at the start of a datagram, or of a connection, before the DNS message.  The specification
 * is HAProxy's proxy-protocol.txt.  Pure: octets in, addresses out.
 *
 * Version 1, a line of text, is not read: no DNS server speaks it over UDP.
 */
#ifndef WHO_PROXY_H
#define WHO_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"

#define PROXY_SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define PROXY_SIGNATURE_LEN 12U
#define PROXY_FIXED 16U /* octets of a header without addresses and TLVs */

/* The longest header that is taken, TLVs and all.  Less than the frame that its first two octets
 * are the length of (dns/frame.h), so that a header that has come in part is never taken for a
 * whole message. */
#define PROXY_MAX 2048U

enum proxy_verdict {
	PROXY_PARTIAL, /* more octets are needed; over UDP: it is cut off */
	PROXY_CLIENT,  /* it names a client */
	PROXY_ITSELF,  /* LOCAL, or of no family: the proxy asks on its own behalf */
	PROXY_BAD,     /* it is none, or not as it has to be */
};

struct proxy_header {
	size_t len;		/* octets, addresses and TLVs included */
	struct endpoint client; /* of PROXY_CLIENT alone */
	bool stream;		/* likewise: the client came over TCP, not by datagrams */
};

/*
 * Reads the header that the `len` octets begin with.  `ret_header` is set for PROXY_CLIENT and
 * PROXY_ITSELF.  TLVs are passed over, once it was checked that they end where the header does.
 * Any thread.
 */
enum proxy_verdict proxy_read(const uint8_t *octets, size_t len, struct proxy_header *ret_header);

/* True when `octets` (PROXY_SIGNATURE_LEN at least) begin a header. */
static inline bool proxy_is_signed(const uint8_t *octets)
{
	return memcmp(octets, PROXY_SIGNATURE, PROXY_SIGNATURE_LEN) == 0;
}

#endif
