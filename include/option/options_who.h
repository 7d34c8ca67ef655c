/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the section server of option/options.h for who the client is. */
#ifndef CONF_OPTIONS_WHO_H
#define CONF_OPTIONS_WHO_H

/* clang-format off */
#define CONF_ROWS_WHO(X) \
	X(server, proxies, "proxy-protocol-from", PREFIXES, "", 0, CONF_PREFIXES_MAX, "", RELOAD, \
	  "Proxies that say whose query they hand on by the PROXY protocol, version 2, at the start of " \
	  "each datagram and of each TCP connection, as dnsdist does with useProxyProtocol.  That " \
	  "client is meant wherever clients are spoken of, and allow holds for it.  What comes from " \
	  "these networks without such a header is dropped, and so is a header that comes from others.") \
	X(server, forwarders, "client-subnet-from", PREFIXES, "", 0, CONF_PREFIXES_MAX, "", RELOAD, \
	  "Forwarders that say by EDNS client subnet (RFC 7871) whose query they send on: that client, an " \
	  "address or a prefix, is the one of findings, of groups and of the query log.  allow, " \
	  "rate-limit and all other bounds hold for the forwarder.  What others say so is not looked at.") \
	X(server, mac_forwarders, "client-mac-from", PREFIXES, "", 0, CONF_PREFIXES_MAX, "", RELOAD, \
	  "The same by the client's hardware address, as dnsmasq's add-mac does (EDNS options 65001, 65073).  The " \
	  "client is the link-local address made of it (EUI-64), whatever client-subnet-from would have it be.  " \
	  "Where networks are named it may be written mac:02:00:5e:00:53:01.")

/* clang-format on */

#endif
