/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates, made as a test wants them.  What cannot be had fails the test. */
#ifndef SUPPORT_CERTS_H
#define SUPPORT_CERTS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#define CERT_DAY_S 86400L
#define CERT_PIN_MAX 64U

struct cert {
	X509 *x509;
	EVP_PKEY *key;
};

struct cert_spec {
	const char *subject; /* its common name */
	const char *names;   /* as OpenSSL writes them, "DNS:a.example,IP:127.0.0.1"; or NULL */
	const struct cert *issuer; /* NULL: itself */
	bool ca;
	bool as_client;	   /* may be a TLS client's only */
	long from_s, to_s; /* valid from now on; 0 and 0: a day either way */
};

void cert_make(struct cert *ret_cert, const struct cert_spec *spec);
void cert_free(struct cert *cert);

/* Writes the certificates, without keys, to a PEM file. */
void cert_write(const char *path, const struct cert *const *certs, size_t count);

/* Its pin as the configuration writes it. */
void cert_pin(const struct cert *cert, char ret_pin[CERT_PIN_MAX]);

/* A server's context with the certificate, and `via` (NULL: none) sent with it. */
SSL_CTX *cert_server(const struct cert *cert, const struct cert *via);

#endif
