/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "support/certs.h"

static void extend(X509 *x509, const struct cert_spec *spec, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&ctx, spec->issuer ? spec->issuer->x509 : x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void set_times(X509 *x509, const struct cert_spec *spec)
{
	bool given = spec->from_s != 0 || spec->to_s != 0;

	assert_non_null(
		X509_gmtime_adj(X509_getm_notBefore(x509), given ? spec->from_s : -CERT_DAY_S));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), given ? spec->to_s : CERT_DAY_S));
}

void cert_make(struct cert *ret_cert, const struct cert_spec *spec)
{
	const struct cert *issuer = spec->issuer ? spec->issuer : ret_cert;
	X509 *x509 = X509_new();
	X509_NAME *subject = X509_get_subject_name(x509);

	ret_cert->x509 = x509;
	ret_cert->key = EVP_EC_gen("P-256");
	assert_non_null(ret_cert->key);
	assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1 + spec->ca), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
						    (const uint8_t *)spec->subject, -1, -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(issuer->x509)), 1);
	assert_int_equal(X509_set_pubkey(x509, ret_cert->key), 1);
	set_times(x509, spec);
	extend(x509, spec, NID_basic_constraints, spec->ca ? "critical,CA:TRUE" : "CA:FALSE");
	extend(x509, spec, NID_subject_key_identifier, "hash");
	extend(x509, spec, NID_authority_key_identifier, "keyid");
	if (spec->names)
		extend(x509, spec, NID_subject_alt_name, spec->names);
	if (spec->as_client)
		extend(x509, spec, NID_ext_key_usage, "clientAuth");
	assert_true(X509_sign(x509, issuer->key, EVP_sha256()) > 0);
}

void cert_free(struct cert *cert)
{
	X509_free(cert->x509);
	EVP_PKEY_free(cert->key);
}

void cert_write(const char *path, const struct cert *const *certs, size_t count)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(PEM_write_X509(file, certs[i]->x509), 1);
	assert_int_equal(fclose(file), 0);
}

void cert_pin(const struct cert *cert, char ret_pin[CERT_PIN_MAX])
{
	static const char prefix[] = "sha256/";
	uint8_t digest[EVP_MAX_MD_SIZE];
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(cert->key, &der);

	assert_true(len > 0);
	assert_int_equal(EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL), 1);
	OPENSSL_free(der);
	memcpy(ret_pin, prefix, sizeof(prefix));
	EVP_EncodeBlock((uint8_t *)ret_pin + sizeof(prefix) - 1, digest, 32);
}

SSL_CTX *cert_server(const struct cert *cert, const struct cert *via)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	assert_non_null(ctx);
	assert_int_equal(SSL_CTX_use_certificate(ctx, cert->x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, cert->key), 1);
	if (via)
		assert_int_equal(SSL_CTX_add1_chain_cert(ctx, via->x509), 1);
	SSL_CTX_set_session_id_context(ctx, (const uint8_t *)"test", 4);
	return ctx;
}
