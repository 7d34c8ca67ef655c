/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom a TLS connection is made with: the two sides shake hands through memory, without sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remote/tls.h"
#include "support/alloc_fail.h"
#include "support/certs.h"
#include "support/scratch.h"

#define ROUNDS 16 /* of a handshake: more than any takes */
#define MINUTE_S 60L
#define ALLOCATIONS_MAX 20000UL

/* Who there is to be talked to. */
enum who {
	ROOT,
	OTHER_ROOT, /* nobody trusts it */
	INTERMEDIATE,
	RIGHT, /* dns.example and 192.0.2.1, of ROOT */
	VIA,   /* the same, of INTERMEDIATE */
	EXPIRED,
	EARLY, /* not yet valid */
	UNKNOWN,
	SELF_SIGNED,
	COMMON_NAME, /* dns.example in its subject alone */
	WILDCARD,    /* *.wild.example */
	PARTIAL,     /* d*.wild.example */
	AS_CLIENT,   /* may not be a server's */
	WHO_COUNT
};

struct world {
	struct scratch scratch;
	struct cert certs[WHO_COUNT];
	char pins[WHO_COUNT][CERT_PIN_MAX];
	struct tls_client *client;
};

/* One connection. */
struct pair {
	SSL *client;
	SSL *server;
};

static const char names[] = "DNS:dns.example,IP:192.0.2.1,IP:2001:db8::1";

static void make_certs(struct world *w)
{
	struct cert *c = w->certs;
	const struct cert_spec specs[WHO_COUNT] = {
		[ROOT] = {.subject = "root", .ca = true},
		[OTHER_ROOT] = {.subject = "other root", .ca = true},
		[INTERMEDIATE] = {.subject = "intermediate", .ca = true, .issuer = &c[ROOT]},
		[RIGHT] = {.subject = "right", .names = names, .issuer = &c[ROOT]},
		[VIA] = {.subject = "via", .names = names, .issuer = &c[INTERMEDIATE]},
		[EXPIRED] = {.subject = "expired",
			     .names = names,
			     .issuer = &c[ROOT],
			     .from_s = -CERT_DAY_S,
			     .to_s = -MINUTE_S},
		[EARLY] = {.subject = "early",
			   .names = names,
			   .issuer = &c[ROOT],
			   .from_s = MINUTE_S * 10,
			   .to_s = CERT_DAY_S},
		[UNKNOWN] = {.subject = "unknown", .names = names, .issuer = &c[OTHER_ROOT]},
		[SELF_SIGNED] = {.subject = "dns.example", .names = names},
		[COMMON_NAME] = {.subject = "dns.example", .issuer = &c[ROOT]},
		[WILDCARD] = {.subject = "wild", .names = "DNS:*.wild.example", .issuer = &c[ROOT]},
		[PARTIAL] = {.subject = "wild", .names = "DNS:d*.wild.example", .issuer = &c[ROOT]},
		[AS_CLIENT] = {.subject = "client",
			       .names = names,
			       .issuer = &c[ROOT],
			       .as_client = true},
	};

	for (int i = 0; i < WHO_COUNT; i++) {
		cert_make(&c[i], &specs[i]);
		cert_pin(&c[i], w->pins[i]);
	}
}

static struct tls_client *make_client(const char *ca_file)
{
	struct tls_client *client;
	struct err_text text;

	assert_int_equal(tls_client_create(ca_file, &client, &text), ERR_OK);
	return client;
}

static const char *write_cas(struct world *w, const char *name, enum who a, enum who b)
{
	const struct cert *const cas[] = {&w->certs[a], &w->certs[b]};
	const char *path = scratch_path(&w->scratch, name);

	cert_write(path, cas, a == b ? 1 : 2);
	return path;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	scratch_make(&w->scratch);
	make_certs(w);
	w->client = make_client(write_cas(w, "ca.pem", ROOT, ROOT));
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tls_client_free(w->client);
	for (int i = 0; i < WHO_COUNT; i++)
		cert_free(&w->certs[i]);
	scratch_remove(&w->scratch);
	free(w);
	return 0;
}

/* ---- connections */

static SSL_CTX *make_server(struct world *w, enum who who)
{
	return cert_server(&w->certs[who], who == VIA ? &w->certs[INTERMEDIATE] : NULL);
}

static struct tls_peer *make_peer(const struct tls_client *client, const char *name,
				  const char *pin)
{
	char *pins[] = {(char *)(uintptr_t)pin};
	struct tls_peer *peer;

	assert_int_equal(tls_peer_create(client, name, pins, pin != NULL, &peer), ERR_OK);
	return peer;
}

static void pair_open(struct pair *pair, struct tls_peer *peer, SSL_CTX *server)
{
	BIO *near;
	BIO *far;

	pair->client = tls_peer_ssl(peer);
	pair->server = SSL_new(server);
	assert_true(pair->client && pair->server);
	assert_int_equal(BIO_new_bio_pair(&near, 0, &far, 0), 1);
	SSL_set_bio(pair->client, near, near);
	SSL_set_bio(pair->server, far, far);
}

/* True when the client agreed; else `text` says why it did not. */
static bool shake_hands(struct pair *pair, struct err_text *text)
{
	for (int i = 0; i < ROUNDS; i++) {
		int rc;

		ERR_clear_error();
		rc = SSL_connect(pair->client);
		if (rc != 1 && SSL_get_error(pair->client, rc) != SSL_ERROR_WANT_READ) {
			tls_failure(pair->client, text);
			return false;
		}
		if (SSL_accept(pair->server) == 1 && rc == 1)
			return true;
	}
	fail_msg("the handshake does not end");
	return false;
}

/* An octet each way: what the server sent after the handshake is read. */
static void talk(struct pair *pair)
{
	char octet = 'x';

	assert_int_equal(SSL_write(pair->client, &octet, 1), 1);
	assert_int_equal(SSL_read(pair->server, &octet, 1), 1);
	assert_int_equal(SSL_write(pair->server, &octet, 1), 1);
	assert_int_equal(SSL_read(pair->client, &octet, 1), 1);
}

static void pair_close(struct pair *pair)
{
	SSL_shutdown(pair->client);
	SSL_free(pair->client);
	SSL_free(pair->server);
}

/* One connection; true when it was agreed on. */
static bool meet(struct tls_peer *peer, SSL_CTX *server, struct err_text *text)
{
	struct pair pair;
	bool agreed;

	pair_open(&pair, peer, server);
	agreed = shake_hands(&pair, text);
	if (agreed)
		talk(&pair);
	pair_close(&pair);
	return agreed;
}

/* ---- who it is */

struct identity_row {
	const char *what;
	const char *name;
	int pin; /* of whom; -1: none */
	enum who who;
	const char *reason; /* NULL: agreed */
};

static const char name_reason[] = "its certificate is not for ";
static const char pin_reason[] = "its public key has none of the pins";

static const struct identity_row identity_rows[] = {
	{"right", "dns.example", -1, RIGHT, NULL},
	{"by address", "192.0.2.1", -1, RIGHT, NULL},
	{"by an IPv6 address", "2001:db8::1", -1, RIGHT, NULL},
	{"by way of an intermediate", "dns.example", -1, VIA, NULL},
	{"a wildcard", "dns.wild.example", -1, WILDCARD, NULL},
	{"another name", "other.example", -1, RIGHT, name_reason},
	{"a name below", "a.dns.example", -1, RIGHT, name_reason},
	{"a wildcard is one label", "a.dns.wild.example", -1, WILDCARD, name_reason},
	{"a partial wildcard", "dns.wild.example", -1, PARTIAL, name_reason},
	{"another address", "192.0.2.2", -1, RIGHT, name_reason},
	{"a name in the subject alone", "dns.example", -1, COMMON_NAME, name_reason},
	{"expired", "dns.example", -1, EXPIRED, "expired"},
	{"not yet valid", "dns.example", -1, EARLY, "not yet valid"},
	{"unknown issuer", "dns.example", -1, UNKNOWN, "unable to get local issuer"},
	{"self-signed", "dns.example", -1, SELF_SIGNED, "self-signed certificate"},
	{"not for a server", "dns.example", -1, AS_CLIENT, "purpose"},
	{"a pin alone", "", SELF_SIGNED, SELF_SIGNED, NULL},
	{"a pin alone, expired", "", EXPIRED, EXPIRED, NULL},
	{"another pin", "", SELF_SIGNED, RIGHT, pin_reason},
	{"the issuer's pin alone", "", INTERMEDIATE, VIA, pin_reason},
	{"name and pin", "dns.example", RIGHT, RIGHT, NULL},
	{"name and the issuer's pin", "dns.example", INTERMEDIATE, VIA, NULL},
	{"name and the root's pin", "dns.example", ROOT, VIA, NULL},
	{"name and another pin", "dns.example", OTHER_ROOT, RIGHT, pin_reason},
	{"pin and another name", "other.example", RIGHT, RIGHT, name_reason},
	{"pin and an unknown issuer", "dns.example", SELF_SIGNED, SELF_SIGNED, "self-signed"},
};

static void test_identity(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(identity_rows) / sizeof(identity_rows[0]); i++) {
		const struct identity_row *row = &identity_rows[i];
		struct tls_peer *peer =
			make_peer(w->client, row->name, row->pin >= 0 ? w->pins[row->pin] : NULL);
		SSL_CTX *server = make_server(w, row->who);
		struct err_text text = {"agreed"};
		bool agreed = meet(peer, server, &text);

		if (agreed != !row->reason || (row->reason && !strstr(text.text, row->reason)))
			fail_msg("%s: %s", row->what, text.text);
		SSL_CTX_free(server);
		tls_peer_free(peer);
	}
}

/* The reason names whom it should have been. */
static void test_name_in_reason(void **state)
{
	struct world *w = *state;
	struct tls_peer *peer = make_peer(w->client, "other.example", NULL);
	SSL_CTX *server = make_server(w, RIGHT);
	struct err_text text;

	assert_false(meet(peer, server, &text));
	assert_string_equal(text.text, "its certificate is not for other.example");
	SSL_CTX_free(server);
	tls_peer_free(peer);
}

/* Any one of several pins is enough. */
static void test_second_pin(void **state)
{
	struct world *w = *state;
	char *pins[] = {w->pins[UNKNOWN], w->pins[SELF_SIGNED]};
	SSL_CTX *server = make_server(w, SELF_SIGNED);
	struct tls_peer *peer;
	struct err_text text;

	assert_int_equal(tls_peer_create(w->client, "", pins, 2, &peer), ERR_OK);
	assert_true(meet(peer, server, &text));
	SSL_CTX_free(server);
	tls_peer_free(peer);
}

/* The certificate that is trusted need not be a root. */
static void test_intermediate_trusted(void **state)
{
	struct world *w = *state;
	struct tls_client *client = make_client(write_cas(w, "mid.pem", INTERMEDIATE, OTHER_ROOT));
	struct tls_peer *peer = make_peer(client, "dns.example", NULL);
	SSL_CTX *via = make_server(w, VIA);
	SSL_CTX *unknown = make_server(w, UNKNOWN);
	SSL_CTX *right = make_server(w, RIGHT);
	struct err_text text;

	tls_client_free(client); /* the peer keeps what it needs */
	assert_true(meet(peer, via, &text));
	assert_true(meet(peer, unknown, &text));
	SSL_CTX_free(via);
	SSL_CTX_free(unknown);
	tls_peer_free(peer);
	client = make_client(scratch_path(&w->scratch, "mid.pem"));
	peer = make_peer(client, "dns.example", NULL);
	assert_false(meet(peer, right, &text));
	SSL_CTX_free(right);
	tls_peer_free(peer);
	tls_client_free(client);
}

/* No file named: those of the system, which do not have our root. */
static void test_system_trust(void **state)
{
	struct world *w = *state;
	struct tls_client *client = make_client("");
	struct tls_peer *peer = make_peer(client, "dns.example", NULL);
	SSL_CTX *server = make_server(w, RIGHT);
	struct err_text text;

	assert_false(meet(peer, server, &text));
	assert_non_null(strstr(text.text, "unable to get local issuer certificate"));
	SSL_CTX_free(server);
	tls_peer_free(peer);
	tls_client_free(client);
}

/* ---- what is offered */

static int on_alpn(SSL *ssl, const uint8_t **out, uint8_t *outlen, const uint8_t *in,
		   unsigned int inlen, void *arg)
{
	bool *dot = arg;

	*dot = inlen == 4 && memcmp(in, "\3dot", 4) == 0;
	*out = in + 1;
	*outlen = 3;
	return SSL_TLSEXT_ERR_OK;
}

static int on_sni(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	snprintf(arg, 64, "%s", name ? name : "none");
	return SSL_TLSEXT_ERR_OK;
}

static void test_offer(void **state)
{
	static const char *const sni_rows[][2] = {{"dns.example", "dns.example"},
						  {"192.0.2.1", "none"}};
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *server = make_server(w, RIGHT);
		struct tls_peer *peer = make_peer(w->client, sni_rows[i][0], NULL);
		struct err_text text;
		char sni[64] = "";
		bool dot = false;

		SSL_CTX_set_alpn_select_cb(server, on_alpn, &dot);
		SSL_CTX_set_tlsext_servername_callback(server, on_sni);
		SSL_CTX_set_tlsext_servername_arg(server, sni);
		assert_true(meet(peer, server, &text));
		assert_true(dot);
		assert_string_equal(sni, sni_rows[i][1]);
		SSL_CTX_free(server);
		tls_peer_free(peer);
	}
}

static void test_versions(void **state)
{
	static const struct {
		int most;
		const char *agreed;
	} rows[] = {{TLS1_1_VERSION, NULL}, {TLS1_2_VERSION, "TLSv1.2"}, {0, "TLSv1.3"}};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_peer *peer = make_peer(w->client, "dns.example", NULL);
		SSL_CTX *server = make_server(w, RIGHT);
		struct err_text text;
		struct pair pair;

		SSL_CTX_set_security_level(server, 0);
		SSL_CTX_set_min_proto_version(server, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(server, rows[i].most);
		pair_open(&pair, peer, server);
		assert_int_equal(shake_hands(&pair, &text), rows[i].agreed != NULL);
		if (rows[i].agreed)
			assert_string_equal(SSL_get_version(pair.client), rows[i].agreed);
		else
			assert_non_null(strstr(text.text, "version"));
		pair_close(&pair);
		SSL_CTX_free(server);
		tls_peer_free(peer);
	}
}

/* ---- sessions */

/* True when the connection resumed an earlier one. */
static bool meet_again(struct tls_peer *peer, SSL_CTX *server)
{
	struct err_text text;
	struct pair pair;
	bool reused;

	pair_open(&pair, peer, server);
	assert_true(shake_hands(&pair, &text));
	talk(&pair);
	reused = SSL_session_reused(pair.client);
	assert_int_equal(SSL_session_reused(pair.server), reused);
	pair_close(&pair);
	return reused;
}

static void test_resumption(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct tls_peer *peer = make_peer(w->client, "dns.example", w->pins[RIGHT]);
		struct tls_peer *other = make_peer(w->client, "dns.example", NULL);
		SSL_CTX *server = make_server(w, RIGHT);

		SSL_CTX_set_max_proto_version(server, versions[i]);
		assert_false(meet_again(peer, server));
		for (int j = 0; j < 8; j++)
			assert_true(meet_again(peer, server));
		assert_false(meet_again(other, server)); /* it has sessions of its own */
		SSL_CTX_free(server);
		tls_peer_free(peer);
		tls_peer_free(other);
	}
}

/* Connections that are opened together have each a ticket of their own, or none. */
static void test_tickets_once(void **state)
{
	struct world *w = *state;
	struct tls_peer *peer = make_peer(w->client, "dns.example", NULL);
	SSL_CTX *server = make_server(w, RIGHT);
	struct err_text text;
	struct pair pairs[3];
	size_t reused = 0;

	SSL_CTX_set_num_tickets(server, 2);
	assert_false(meet_again(peer, server));
	for (size_t i = 0; i < 3; i++)
		pair_open(&pairs[i], peer, server);
	for (size_t i = 0; i < 3; i++) {
		assert_true(shake_hands(&pairs[i], &text));
		reused += (size_t)SSL_session_reused(pairs[i].client);
		for (size_t j = 0; j < i; j++)
			assert_true(SSL_get0_session(pairs[i].client) !=
				    SSL_get0_session(pairs[j].client));
	}
	assert_int_equal(reused, 2);
	for (size_t i = 0; i < 3; i++)
		pair_close(&pairs[i]);
	SSL_CTX_free(server);
	tls_peer_free(peer);
}

/* A server that was started anew does not know the ticket: then all is as the first time. */
static void test_ticket_unknown(void **state)
{
	struct world *w = *state;
	struct tls_peer *peer = make_peer(w->client, "dns.example", NULL);
	SSL_CTX *server = make_server(w, RIGHT);
	SSL_CTX *restarted = make_server(w, RIGHT);
	SSL_CTX *impostor = make_server(w, UNKNOWN);
	struct err_text text;

	assert_false(meet_again(peer, server));
	assert_false(meet_again(peer, restarted));
	assert_true(meet_again(peer, restarted));
	assert_false(meet(peer, impostor, &text));
	SSL_CTX_free(server);
	SSL_CTX_free(restarted);
	SSL_CTX_free(impostor);
	tls_peer_free(peer);
}

/* More tickets than are kept: the newest of them serve. */
static void test_many_tickets(void **state)
{
	struct world *w = *state;
	struct tls_peer *peer = make_peer(w->client, "dns.example", NULL);
	SSL_CTX *server = make_server(w, RIGHT);

	SSL_CTX_set_num_tickets(server, 20);
	for (int i = 0; i < 3; i++)
		assert_int_equal(meet_again(peer, server), i > 0);
	SSL_CTX_free(server);
	tls_peer_free(peer);
}

/* ---- what is wrong */

static void test_ca_file(void **state)
{
	struct world *w = *state;
	const struct {
		const char *path;
		const char *reason;
	} rows[] = {
		{scratch_path(&w->scratch, "missing.pem"), "No such file or directory"},
		{scratch_write(&w->scratch, "empty.pem", ""), "no certificate or crl found"},
		{scratch_write(&w->scratch, "bad.pem",
			       "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		 "wrong tag"},
		{w->scratch.path, "no certificate or crl found"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_client *client = NULL;
		struct err_text text = {""};

		assert_int_equal(tls_client_create(rows[i].path, &client, &text), ERR_CONFIG);
		assert_null(client);
		assert_int_equal(strncmp(text.text, rows[i].path, strlen(rows[i].path)), 0);
		assert_non_null(strstr(text.text, rows[i].reason));
		assert_int_equal(ERR_peek_error(), 0);
	}
	assert_int_equal(tls_client_create(rows[0].path, &w->client, NULL), ERR_CONFIG);
}

/* A file that was exchanged makes another client, one that is the same does not. */
static void test_current(void **state)
{
	struct world *w = *state;
	const char *path = scratch_path(&w->scratch, "current.pem");
	struct tls_client *client = make_client(write_cas(w, "current.pem", ROOT, ROOT));
	struct tls_client *of_system = make_client("");

	assert_true(tls_client_current(client, path));
	assert_false(tls_client_current(client, scratch_path(&w->scratch, "ca.pem")));
	assert_false(tls_client_current(client, ""));
	write_cas(w, "current.pem", ROOT, OTHER_ROOT);
	assert_false(tls_client_current(client, path));
	assert_int_equal(unlink(path), 0);
	assert_false(tls_client_current(client, path));
	assert_true(tls_client_current(of_system, ""));
	tls_client_free(client);
	tls_client_free(of_system);
}

static void test_no_identity(void **state)
{
	static char no_prefix[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	static char too_short[] = "sha256/AAAA";
	static char no_base64[] = "sha256/!!!!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	char *const wrong[] = {no_prefix, too_short, no_base64};
	struct world *w = *state;
	struct tls_peer *peer = NULL;

	assert_int_equal(tls_peer_create(w->client, "", NULL, 0, &peer), ERR_SYNTAX);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tls_peer_create(w->client, "dns.example", &wrong[i], 1, &peer),
				 ERR_SYNTAX);
	assert_null(peer);
	tls_peer_free(NULL);
	tls_client_free(NULL);
}

/* What is on the other side does not speak TLS, or goes away. */
static void test_no_tls(void **state)
{
	static const struct {
		const char *said;
		const char *reason;
	} rows[] = {{"220 mail.example ESMTP\r\n", "wrong version number"},
		    {"", "the connection was closed"}};
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct tls_peer *peer = make_peer(w->client, "dns.example", NULL);
		SSL *ssl = tls_peer_ssl(peer);
		BIO *said = BIO_new_mem_buf(rows[i].said, -1);
		BIO *heard = BIO_new(BIO_s_mem());
		struct err_text text;

		assert_true(ssl && said && heard);
		BIO_set_mem_eof_return(said, 0);
		SSL_set_bio(ssl, said, heard);
		ERR_clear_error();
		errno = 0;
		assert_int_not_equal(SSL_connect(ssl), 1);
		tls_failure(ssl, &text);
		assert_string_equal(text.text, rows[i].reason);
		SSL_free(ssl);
		tls_peer_free(peer);
	}
}

/* ---- no memory */

/* The server's side of a handshake, which is not meant to fail. */
static void answer(SSL *server)
{
	bool on = alloc_fail.on;

	alloc_fail.on = false;
	SSL_accept(server);
	alloc_fail.on = on;
}

/* All of it: a client, a peer, a connection.  False when memory ran out. */
static bool try_all(struct world *w, const char *ca_file, BIO *near, SSL *server)
{
	char *pins[] = {w->pins[RIGHT]};
	struct tls_client *client = NULL;
	struct tls_peer *peer = NULL;
	SSL *ssl = NULL;
	struct err_text text;
	bool agreed = false;

	if (tls_client_create(ca_file, &client, &text) != ERR_OK)
		return false;
	if (tls_peer_create(client, "dns.example", pins, 1, &peer) == ERR_OK)
		ssl = tls_peer_ssl(peer);
	if (ssl) {
		BIO_up_ref(near);
		SSL_set_bio(ssl, near, near);
		SSL_connect(ssl);
		answer(server);
		agreed = SSL_connect(ssl) == 1;
	}
	SSL_free(ssl);
	tls_peer_free(peer);
	tls_client_free(client);
	return agreed;
}

/* With the `nth` allocation failing.  Returns whether one failed. */
static bool try_without_memory(struct world *w, SSL_CTX *ctx, unsigned long nth)
{
	const char *ca_file = scratch_path(&w->scratch, "ca.pem");
	SSL *server = SSL_new(ctx);
	BIO *near;
	BIO *far;
	bool agreed;
	bool failed;

	assert_int_equal(BIO_new_bio_pair(&near, 0, &far, 0), 1);
	SSL_set_bio(server, far, far);
	alloc_fail_start(nth, false);
	agreed = try_all(w, ca_file, near, server);
	failed = alloc_fail_stop();
	ERR_clear_error();
	assert_true(agreed || failed);
	BIO_free(near);
	SSL_free(server);
	return failed;
}

static void test_no_memory(void **state)
{
	struct world *w = *state;
	SSL_CTX *ctx = make_server(w, RIGHT);
	unsigned long nth = 0;

	/* the first time OpenSSL makes what it keeps for good */
	assert_false(try_without_memory(w, ctx, ALLOCATIONS_MAX));
	while (try_without_memory(w, ctx, nth))
		nth += 1 + nth / 64;
	assert_true(nth > 0 && nth < ALLOCATIONS_MAX);
	SSL_CTX_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),     cmocka_unit_test(test_name_in_reason),
		cmocka_unit_test(test_second_pin),   cmocka_unit_test(test_intermediate_trusted),
		cmocka_unit_test(test_system_trust), cmocka_unit_test(test_offer),
		cmocka_unit_test(test_versions),     cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_tickets_once), cmocka_unit_test(test_ticket_unknown),
		cmocka_unit_test(test_many_tickets), cmocka_unit_test(test_ca_file),
		cmocka_unit_test(test_current),	     cmocka_unit_test(test_no_identity),
		cmocka_unit_test(test_no_tls),	     cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
