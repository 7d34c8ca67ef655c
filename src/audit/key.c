/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/key.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define KEY_FILE_MAX 4096U
#define SIGNATURE_OCTETS 64U
#define SIGNED_MAX 128U

struct key {
	EVP_PKEY *pkey;
};

static enum err wrap(EVP_PKEY *pkey, struct key **ret_key)
{
	struct key *key = pkey ? malloc(sizeof(*key)) : NULL;

	if (!key) {
		EVP_PKEY_free(pkey);
		return ERR_NOMEM;
	}
	key->pkey = pkey;
	*ret_key = key;
	return ERR_OK;
}

void key_free(struct key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

/* ---- files */

/* Writes what `put` makes of the key to a file that only its owner reads. */
static enum err write_pem(const char *path, EVP_PKEY *pkey, bool is_public, struct err_text *text)
{
	BIO *out = BIO_new(BIO_s_mem());
	enum err err = ERR_NOMEM;
	char *data;
	long len;

	if (out && (is_public ? PEM_write_bio_PUBKEY(out, pkey)
			      : PEM_write_bio_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL))) {
		len = BIO_get_mem_data(out, &data);
		err = file_replace(path, data, (size_t)len);
	}
	BIO_free(out);
	return err_set(text, err, "%s: %s", path, err == ERR_SYS ? strerror(errno) : err_str(err));
}

static enum err read_pem(const char *path, bool is_public, struct key **ret_key,
			 struct err_text *text)
{
	EVP_PKEY *pkey;
	char *data;
	size_t len;
	BIO *in;
	enum err err = file_read(path, KEY_FILE_MAX, &data, &len);

	if (err != ERR_OK)
		return err_set(text, err, "%s: %s", path,
			       err == ERR_SYS ? file_reason(errno) : err_str(err));
	in = BIO_new_mem_buf(data, (int)len);
	pkey = !in	   ? NULL
	       : is_public ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL)
			   : PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	BIO_free(in);
	free(data);
	if (!pkey || EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(pkey);
		return err_set(text, ERR_SYNTAX, "%s: no Ed25519 key in PEM", path);
	}
	return err_set(text, wrap(pkey, ret_key), "out of memory");
}

static enum err make(const char *path, const char *public_path, struct key **ret_key,
		     struct err_text *text)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	enum err err = err_set(text, pkey ? ERR_OK : ERR_NOMEM, "out of memory");

	if (err == ERR_OK)
		err = write_pem(public_path, pkey, true, text);
	if (err == ERR_OK)
		err = write_pem(path, pkey, false, text);
	if (err == ERR_OK)
		return err_set(text, wrap(pkey, ret_key), "out of memory");
	EVP_PKEY_free(pkey);
	return err;
}

enum err key_open(const char *path, const char *public_path, struct key **ret_key,
		  struct err_text *text)
{
	enum err err = read_pem(path, false, ret_key, text);

	return err == ERR_SYS && errno == ENOENT ? make(path, public_path, ret_key, text) : err;
}

enum err key_read_public(const char *path, struct key **ret_key, struct err_text *text)
{
	return read_pem(path, true, ret_key, text);
}

/* ---- signatures */

static size_t signed_text(const struct line_end *end, char text[SIGNED_MAX])
{
	return (size_t)snprintf(text, SIGNED_MAX, "sinkholed audit %llu %s",
				(unsigned long long)end->seq, end->hash);
}

enum err key_sign(struct key *key, const struct line_end *end,
		  char ret_signature[SIGNATURE_TEXT_MAX])
{
	unsigned char signature[SIGNATURE_OCTETS];
	size_t len = sizeof(signature);
	char text[SIGNED_MAX];
	size_t text_len = signed_text(end, text);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
		    EVP_DigestSign(context, signature, &len, (const unsigned char *)text,
				   text_len) == 1;

	EVP_MD_CTX_free(context);
	if (!done)
		return ERR_NOMEM;
	for (size_t i = 0; i < SIGNATURE_OCTETS; i++)
		sprintf(ret_signature + 2 * i, "%02x", signature[i]);
	return ERR_OK;
}

static bool read_hex(const char *text, unsigned char octets[SIGNATURE_OCTETS])
{
	if (strlen(text) != SIGNATURE_TEXT_MAX - 1 ||
	    strspn(text, "0123456789abcdef") != SIGNATURE_TEXT_MAX - 1)
		return false;
	for (size_t i = 0; i < SIGNATURE_OCTETS; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

		octets[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return true;
}

bool key_proves(struct key *key, const struct line_end *end, const char *signature)
{
	unsigned char octets[SIGNATURE_OCTETS];
	char text[SIGNED_MAX];
	size_t len = signed_text(end, text);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool proves = context && signature && read_hex(signature, octets) &&
		      EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
		      EVP_DigestVerify(context, octets, sizeof(octets), (const unsigned char *)text,
				       len) == 1;

	EVP_MD_CTX_free(context);
	return proves;
}

bool key_read_checkpoint(struct key *key, const char *path, struct line_end *ret_end)
{
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	const char *hash = json_string_value(json_object_get(root, "of_hash"));
	const char *signature = json_string_value(json_object_get(root, "signature"));
	json_int_t seq = json_integer_value(json_object_get(root, "of"));
	struct line_end end = {.seq = 0};
	bool proven = false;

	if (hash && strlen(hash) == DIGEST_TEXT_MAX - 1 && seq > 0) {
		end.seq = (uint64_t)seq;
		memcpy(end.hash, hash, sizeof(end.hash));
		proven = key_proves(key, &end, signature);
	}
	json_decref(root);
	if (proven)
		*ret_end = end;
	return proven;
}
