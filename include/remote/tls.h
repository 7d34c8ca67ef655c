/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of DNS over TLS (RFC 7858, 8310): whom a connection is made with is checked
 * always, by the name in the certificate, by the digest of its public key, or by both.
 *
 * No sockets here: an SSL is handed out, and whoever has it gives it a socket and drives it.
 */
#ifndef REMOTE_TLS_H
#define REMOTE_TLS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* What connections to all servers have in common: whom they trust, and what they offer (TLS 1.2
 * or later, ALPN "dot").  One thread. */
struct tls_client;

/* One server: how it is known, and the sessions that it gave us to resume.  One thread. */
struct tls_peer;

/*
 * Trusts the certificates of `ca_file` (PEM), or those that the system trusts when it is "".
 * Also the way to find out whether the file is good.  ERR_CONFIG: it is not, `text` names it and
 * the reason.  ERR_NOMEM.
 */
enum err tls_client_create(const char *ca_file, struct tls_client **ret_client,
			   struct err_text *text) MUST_CHECK;
/* True when the system has a certificate that it trusts, in OpenSSL's default file or directory:
 * without any, no server can prove its name.  Reads the directory; any thread. */
bool tls_system_trusts(void);
/* True when one that is made of `ca_file` now would be the same: the file has not changed. */
bool tls_client_current(const struct tls_client *client, const char *ca_file);
/* Peers made of the client may outlive it.  NULL is fine. */
void tls_client_free(struct tls_client *client);

/*
 * A server that must prove to be `name`, a host name or an address, by a certificate that leads
 * to one of those trusted; or, by `count` > 0 pins ("sha256/" and Base64, RFC 7858, 4.2), to have
 * one of these public keys.  With both, both must hold, and the pin may be that of any
 * certificate on the way to the trusted one.  With pins alone, that of its own certificate must
 * match, and nothing else in it is looked at.  One of the two must be given ("" and 0: not).
 * ERR_SYNTAX: neither, or what cannot be a pin.  ERR_NOMEM.
 */
enum err tls_peer_create(const struct tls_client *client, const char *name, char *const *pins,
			 size_t count, struct tls_peer **ret_peer) MUST_CHECK;
/* The SSLs made for the peer are freed before.  NULL is fine. */
void tls_peer_free(struct tls_peer *peer);

/*
 * An SSL for one more connection to the server, the caller's, ready for SSL_set_fd and
 * SSL_connect, which will fail unless the server proves who it is.  It resumes a session if there
 * is one; each TLS 1.3 ticket is used once (RFC 8446, C.4).  NULL: no memory.
 */
SSL *tls_peer_ssl(struct tls_peer *peer);

/* Why the call on `ssl` that just failed did, as a phrase for the log; reads the thread's queue of
 * OpenSSL errors, which the caller cleared before the call, and errno. */
void tls_failure(const SSL *ssl, struct err_text *ret_text);

#endif
