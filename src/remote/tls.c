/* SPDX-License-Identifier: BSD-2-Clause */
#include "remote/tls.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/addr.h"

#define PIN_PREFIX "sha256/"
#define PIN_DIGITS 44U /* of Base64 */
#define PIN_OCTETS 32U
#define SESSIONS_MAX 4U /* kept to resume: one for each connection that is opened at once */

struct tls_client {
	SSL_CTX *ctx;
	char *ca_file;
	struct stat seen; /* of the CA file when it was read; zero when there is none */
};

struct tls_peer {
	SSL_CTX *ctx;
	char *name;	 /* "": known by its pins alone */
	bool is_address; /* the name is an IP address */
	size_t session_count;
	SSL_SESSION *sessions[SESSIONS_MAX]; /* the newest last */
	size_t pin_count;
	uint8_t pins[][PIN_OCTETS];
};

/* ---- who the server is */

static bool pin_matches(const struct tls_peer *peer, X509 *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	uint8_t *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
	bool done = len > 0 && EVP_Digest(spki, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(spki);
	for (size_t i = 0; done && i < peer->pin_count; i++)
		if (memcmp(digest, peer->pins[i], PIN_OCTETS) == 0)
			return true;
	return false;
}

/* TLS has the server prove that it has the private key to its own certificate, so a pin of that
 * is enough by itself; others count only on a way that was verified. */
static bool pinned(const struct tls_peer *peer, X509_STORE_CTX *store)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);

	if (!*peer->name)
		return pin_matches(peer, X509_STORE_CTX_get0_cert(store));
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (pin_matches(peer, sk_X509_value(chain, i)))
			return true;
	return false;
}

/* Instead of OpenSSL's own verification, at the end of which the chain is known. */
static int verify(X509_STORE_CTX *store, void *arg)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls_peer *peer = SSL_get_app_data(ssl);

	(void)arg;
	if (*peer->name && X509_verify_cert(store) != 1)
		return 0;
	if (peer->pin_count > 0 && !pinned(peer, store)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

/* ---- sessions */

/* A ticket came; over TLS 1.3 that is after the handshake. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_peer *peer = SSL_get_app_data(ssl);

	if (peer->session_count == SESSIONS_MAX) {
		SSL_SESSION_free(peer->sessions[0]);
		for (size_t i = 1; i < SESSIONS_MAX; i++)
			peer->sessions[i - 1] = peer->sessions[i];
		peer->session_count--;
	}
	peer->sessions[peer->session_count++] = session;
	return 1; /* the session is ours now */
}

static void resume(struct tls_peer *peer, SSL *ssl)
{
	SSL_SESSION *session;

	if (peer->session_count == 0)
		return;
	session = peer->sessions[--peer->session_count];
	SSL_set_session(ssl, session); /* without memory for the session: a full handshake */
	if (SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION &&
	    SSL_SESSION_is_resumable(session))
		peer->session_count++;
	else
		SSL_SESSION_free(session);
}

/* ---- the client */

static const char *openssl_reason(void)
{
	unsigned long code = ERR_peek_error();
	const char *reason;

	if (ERR_SYSTEM_ERROR(code))
		return strerror(ERR_GET_REASON(code));
	reason = ERR_reason_error_string(code);
	return reason ? reason : "no reason known";
}

static bool set_offer(SSL_CTX *ctx)
{
	static const uint8_t alpn[] = "\3dot";

	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_read_ahead(ctx, 1); /* one read() takes many records */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1) == 0;
}

/* A certificate in the file is trusted even if it is not the root of its chain. */
static bool set_trust(SSL_CTX *ctx, const char *ca_file)
{
	if (!*ca_file)
		return SSL_CTX_set_default_verify_paths(ctx) == 1;
	return SSL_CTX_load_verify_file(ctx, ca_file) == 1 &&
	       X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

static const char *chosen(const char *variable, const char *fallback)
{
	const char *value = getenv(variable);

	return value ? value : fallback;
}

/* A certificate in the directory is found by a name that ends with a number. */
static bool has_certificates(const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry = NULL;
	bool found = false;

	/* glibc's readdir is safe for a DIR that no other thread has */
	// cppcheck-suppress readdirCalled
	while (dir && !found && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		found = dot && dot > entry->d_name && dot[1] >= '0' && dot[1] <= '9';
	}
	if (dir)
		closedir(dir);
	return found;
}

bool tls_system_trusts(void)
{
	const char *file = chosen(X509_get_default_cert_file_env(), X509_get_default_cert_file());
	struct stat st;

	return (stat(file, &st) == 0 && st.st_size > 0) ||
	       has_certificates(
		       chosen(X509_get_default_cert_dir_env(), X509_get_default_cert_dir()));
}

static struct stat look_at(const char *ca_file)
{
	struct stat st;

	return *ca_file && stat(ca_file, &st) == 0 ? st : (struct stat){0};
}

bool tls_client_current(const struct tls_client *client, const char *ca_file)
{
	struct stat now = look_at(ca_file);
	const struct stat *seen = &client->seen;

	return strcmp(ca_file, client->ca_file) == 0 && now.st_dev == seen->st_dev &&
	       now.st_ino == seen->st_ino && now.st_size == seen->st_size &&
	       now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec;
}

enum err tls_client_create(const char *ca_file, struct tls_client **ret_client,
			   struct err_text *text)
{
	struct tls_client *client = calloc(1, sizeof(*client));
	enum err err = ERR_NOMEM;

	if (!client)
		return err_set(text, ERR_NOMEM, "TLS: out of memory");
	ERR_clear_error();
	client->seen = look_at(ca_file);
	client->ca_file = strdup(ca_file);
	client->ctx = SSL_CTX_new(TLS_client_method());
	if (!client->ca_file || !client->ctx || !set_offer(client->ctx)) {
		err_set(text, err, "TLS: %s", openssl_reason());
		goto fail;
	}
	if (!set_trust(client->ctx, ca_file)) {
		err = ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ? ERR_NOMEM
									       : ERR_CONFIG;
		err_set(text, err, "%s: %s", *ca_file ? ca_file : "the system's certificates",
			openssl_reason());
		goto fail;
	}
	*ret_client = client;
	return ERR_OK;
fail:
	ERR_clear_error();
	tls_client_free(client);
	return err;
}

void tls_client_free(struct tls_client *client)
{
	if (!client)
		return;
	SSL_CTX_free(client->ctx);
	free(client->ca_file);
	free(client);
}

/* ---- a peer */

static bool parse_pin(const char *text, uint8_t ret_pin[PIN_OCTETS])
{
	const char *base64 = text + sizeof(PIN_PREFIX) - 1;
	uint8_t octets[PIN_DIGITS / 4 * 3];

	if (strncmp(text, PIN_PREFIX, sizeof(PIN_PREFIX) - 1) != 0 ||
	    strlen(base64) != PIN_DIGITS ||
	    EVP_DecodeBlock(octets, (const uint8_t *)base64, PIN_DIGITS) != sizeof(octets))
		return false;
	memcpy(ret_pin, octets, PIN_OCTETS);
	return true;
}

enum err tls_peer_create(const struct tls_client *client, const char *name, char *const *pins,
			 size_t count, struct tls_peer **ret_peer)
{
	struct tls_peer *peer;
	struct ip ip;
	enum err err = ERR_SYNTAX;

	if (!*name && count == 0)
		return ERR_SYNTAX;
	peer = calloc(1, sizeof(*peer) + count * sizeof(peer->pins[0]));
	if (!peer)
		return ERR_NOMEM;
	for (; peer->pin_count < count; peer->pin_count++)
		if (!parse_pin(pins[peer->pin_count], peer->pins[peer->pin_count]))
			goto fail;
	err = ERR_NOMEM;
	peer->name = strdup(name);
	if (!peer->name || SSL_CTX_up_ref(client->ctx) != 1)
		goto fail;
	peer->ctx = client->ctx;
	peer->is_address = ip_parse(name, &ip) == ERR_OK;
	*ret_peer = peer;
	return ERR_OK;
fail:
	tls_peer_free(peer);
	return err;
}

void tls_peer_free(struct tls_peer *peer)
{
	if (!peer)
		return;
	for (size_t i = 0; i < peer->session_count; i++)
		SSL_SESSION_free(peer->sessions[i]);
	SSL_CTX_free(peer->ctx);
	free(peer->name);
	free(peer);
}

/* Names in the subject do not count, nor "x*.example" (RFC 9525, 6.3; RFC 8310, 8.1). */
static bool expect_name(SSL *ssl, const struct tls_peer *peer)
{
	if (!*peer->name)
		return true;
	if (peer->is_address)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), peer->name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
				       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(ssl, peer->name) == 1 &&
	       SSL_set_tlsext_host_name(ssl, peer->name) == 1;
}

SSL *tls_peer_ssl(struct tls_peer *peer)
{
	SSL *ssl = SSL_new(peer->ctx);

	if (!ssl)
		return NULL;
	if (SSL_set_app_data(ssl, peer) != 1 || !expect_name(ssl, peer)) {
		SSL_free(ssl);
		return NULL;
	}
	resume(peer, ssl);
	return ssl;
}

void tls_failure(const SSL *ssl, struct err_text *ret_text)
{
	const struct tls_peer *peer = SSL_get_app_data(ssl);
	long verdict = SSL_get_verify_result(ssl);
	int saved = errno;

	if (verdict == X509_V_ERR_APPLICATION_VERIFICATION)
		err_set(ret_text, ERR_REFUSED, "its public key has none of the pins");
	else if (verdict == X509_V_ERR_HOSTNAME_MISMATCH ||
		 verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
		err_set(ret_text, ERR_REFUSED, "its certificate is not for %s", peer->name);
	else if (verdict != X509_V_OK)
		err_set(ret_text, ERR_REFUSED, "its certificate: %s",
			X509_verify_cert_error_string(verdict));
	else if (ERR_peek_error() != 0)
		err_set(ret_text, ERR_REFUSED, "%s", openssl_reason());
	else if (saved != 0)
		err_set(ret_text, ERR_SYS, "%s", strerror(saved));
	else
		err_set(ret_text, ERR_TRUNCATED, "the connection was closed");
}
