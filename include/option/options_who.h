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
	  "Where networks are named it may be written mac:02:00:5e:00:53:01.") \
	X(server, client_names, "client-names", PATHS, "", 0, 16, "", RELOAD, \
	  "Files that say what clients are called, for sinkholectl clients and report: hosts files, and the " \
	  "leases of dnsmasq, Kea (CSV) and ISC's dhcpd, each found out by what stands in it, and read " \
	  "anew when it has changed.  A lease's name is what the client calls itself.  A file that cannot be " \
	  "read is logged, and what was known stays.") \
	X(server, client_ptr, "client-ptr", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether the upstreams are asked what clients are called that have asked for names of the lists, " \
	  "by the reverse names of their addresses (PTR), for sinkholectl clients and report.  An address " \
	  "of a private network is asked for only where a zone of forward has its reverse name, as " \
	  "168.192.in-addr.arpa.  Upstreams learn so who asks for such names; what they say is marked ptr.")

/* clang-format on */

#endif
