/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client that a forwarder names by its hardware address: EDNS options of the range for local
 * use (RFC 6891, 9), as dnsmasq sends them with add-mac.  Pure.
 *
 * Such a client has the link-local IPv6 address that an interface makes of its hardware address
 * (EUI-64: RFC 4291, appendix A), so that it is an address wherever one is expected, and the
 * hardware address can be had back from it.
 */
#ifndef WHO_MAC_H
#define WHO_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

#define MAC_OCTETS 6U
#define MAC_WORD "mac:"	 /* before one that stands where networks are named */
#define MAC_TEXT_MAX 18U /* octets of a text, with the zero */

/* Reads the `len` octets of the option's data, as sent: the address as it is.  `ret_client` is the
 * client.  ERR_SYNTAX: it has another length, or is of a group or of nobody. */
enum err mac_read(const uint8_t *data, size_t len, struct ip *ret_client) MUST_CHECK;

/* The same of a text, "02:00:5e:00:53:01" (or with "-"), or in base64, which has eight letters. */
enum err mac_read_text(const uint8_t *data, size_t len, struct ip *ret_client) MUST_CHECK;

/* Writes the hardware address that the client has been given its address for to `buf`, in lower
 * case, and returns it; NULL: it was given none so. */
const char *mac_text(const struct ip *client, char buf[MAC_TEXT_MAX]);

#endif
