/* SPDX-License-Identifier: BSD-2-Clause */
/* In what form the address of a client is written down. */
#ifndef EVIDENCE_CLIENT_H
#define EVIDENCE_CLIENT_H

#include <stddef.h>

#include "base/addr.h"
#include "base/ipcrypt.h"
#include "conf/conf.h"

#define CLIENT_TEXT_MAX 64U

/* What the form needs; ipcrypt is the caller's. */
struct client_form {
	enum conf_clients kind;
	uint8_t prefix_ipv4;
	uint8_t prefix_ipv6;
	struct ipcrypt *ipcrypt; /* of CONF_CLIENTS_ENCRYPTED */
};

/* The form that the configuration wants; its ipcrypt is to be freed by ipcrypt_free.  ERR_SYS,
 * ERR_SYNTAX, ERR_NOMEM: the key cannot be had, as `text` says. */
enum err client_form_make(const struct conf_evidence *conf, struct client_form *ret_form,
			  struct err_text *text) MUST_CHECK;

/* The address as it is written down. */
struct ip client_hide(const struct client_form *form, const struct ip *client);

/* The form that what client_hide gave has: of a client that was told as a prefix it is one. */
enum conf_clients client_form_of(const struct client_form *form, const struct ip *hidden);

/*
 * The same, as stores keep it: of an encrypted address also by which key, so that none is
 * deciphered with another: what comes of that looks like the address of somebody else.  client_kind
 * has the form of it; client_is_of tells whether it was encrypted, and by the key of `ipcrypt` as
 * far as that is known.
 */
int client_kept_form(const struct client_form *form, const struct ip *hidden);
enum conf_clients client_kind(int kept_form);
bool client_is_of(int kept_form, const struct ipcrypt *ipcrypt);

/* What client_hide gave, as text: "192.0.2.1", "192.0.2.0/24".  Returns `buf`. */
const char *client_text(const struct client_form *form, const struct ip *hidden,
			char buf[CLIENT_TEXT_MAX]);

/* True when the address or prefix `wide` has all of the address or prefix `narrow`, both as text;
 * what is neither has nothing. */
bool client_covers(const char *wide, const char *narrow);

#endif
