/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h for what clients are told as JSON. */
#ifndef CONF_OPTIONS_STRUCTURED_H
#define CONF_OPTIONS_STRUCTURED_H

#define CONF_CONTACTS_MAX 8
#define CONF_PUBLIC_RECORDS_MAX 8
#define CONF_CONTACT_OCTETS_MAX 160U /* all that is told has to fit into an EDE of 512 octets */
#define CONF_PUBLIC_RECORD_OCTETS_MAX 160U

/* clang-format off */

#define CONF_ROWS_STRUCTURED(X) \
	X(structured, option, "option", UINT, "0", 0, 65534, "", RELOAD, \
	  "The code of the EDNS option by which a client says that it reads JSON.  None is assigned yet; " \
	  "those from 65001 on are for experiments (RFC 6891).  0: no client is told JSON.") \
	X(structured, contact, "contact", TEXTS, "", 0, CONF_CONTACTS_MAX, "", RELOAD, \
	  "URIs (tel, sips, mailto) of at most 160 octets each where to complain that a name is blocked.  " \
	  "An authority.contact that is such a URI, or a mail address, goes before them.  Of a list with " \
	  "neither no JSON is told, as that has to say whom to turn to.") \
	X(structured, organization, "organization", STRING, "", 0, 255, "", RELOAD, \
	  "Who it is that blocks names here.") \
	X(structured, language, "language", STRING, "", 0, 35, "", RELOAD, \
	  "The language of the texts, as a tag of BCP 47: de, or pt-BR.")

/* clang-format on */

#endif
