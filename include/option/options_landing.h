/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h for what answers at the addresses that names are cut off by. */
#ifndef CONF_OPTIONS_LANDING_H
#define CONF_OPTIONS_LANDING_H

#define CONF_LANDING_ADDRESSES_MAX 16
#define CONF_LANDING_SOCKETS_MAX 256U /* addresses times ports */

/* clang-format off */

#define CONF_ROWS_LANDING(X) \
	X(landing, listen, "listen", ADDRESSES, "", 0, CONF_LANDING_ADDRESSES_MAX, "", RESTART, \
	  "The addresses, as lists answer with them by action sinkhole.  Without any there is no landing.") \
	X(landing, http_ports, "http-ports", PORTS, "80", 0, CONF_PORTS_MAX, "", RESTART, \
	  "The ports where HTTP is answered, with a page that says why a name is cut off and how a " \
	  "machine is cleaned.") \
	X(landing, tls_ports, "tls-ports", PORTS, "443", 0, CONF_PORTS_MAX, "", RESTART, \
	  "The ports where the first message of TLS is read for the name that it asks for, and the " \
	  "connection closed, so that a browser comes over HTTP.") \
	X(landing, ports, "ports", PORTS, "", 0, CONF_PORTS_MAX, "", RESTART, \
	  "Further ports where connections are counted, and closed at once.") \
	X(landing, contact, "contact", STRING, "", 0, 255, "", RELOAD, \
	  "Whom the page names where a list has no authority.contact.") \
	X(landing, remedy, "remedy", URL, "", 0, 1023, "", RELOAD, \
	  "Which page it leads to where a list has no authority.remedy.")

/* clang-format on */

#endif
