/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/ipcrypt.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/file.h"

#define BLOCK 16
#define KEY_FILE_MAX 256U

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

struct ipcrypt {
	EVP_CIPHER_CTX *encrypt;
	EVP_CIPHER_CTX *decrypt;
	uint16_t mark;
};

static EVP_CIPHER_CTX *new_context(const uint8_t key[IPCRYPT_KEY], int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL, encrypt) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static struct ip crypt_block(EVP_CIPHER_CTX *ctx, const struct ip *ip)
{
	struct ip result = {.family = AF_INET6};
	uint8_t block[BLOCK];
	int len = 0;

	memcpy(block, ip->bytes, sizeof(block));
	if (ip->family == AF_INET) {
		memcpy(block, mapped, sizeof(mapped));
		memcpy(block + sizeof(mapped), ip->bytes, 4);
	}
	if (EVP_CipherUpdate(ctx, result.bytes, &len, block, BLOCK) != 1 || len != BLOCK)
		abort(); /* never: a whole block, and all memory is there; no address may slip by */
	if (memcmp(result.bytes, mapped, sizeof(mapped)) != 0)
		return result;
	memcpy(block, result.bytes + sizeof(mapped), 4);
	result = (struct ip){.family = AF_INET};
	memcpy(result.bytes, block, 4);
	return result;
}

/* By what the unspecified address becomes, which no client has. */
static uint16_t make_mark(const struct ipcrypt *c)
{
	const struct ip nobody = {.family = AF_INET6};
	const struct ip ip = crypt_block(c->encrypt, &nobody);

	return (uint16_t)((ip.bytes[0] << 8 | ip.bytes[1]) % (int)IPCRYPT_MARKS + 1);
}

enum err ipcrypt_create(const uint8_t key[IPCRYPT_KEY], struct ipcrypt **ret_ipcrypt)
{
	struct ipcrypt *c = calloc(1, sizeof(*c));

	if (!c)
		return ERR_NOMEM;
	c->encrypt = new_context(key, 1);
	c->decrypt = new_context(key, 0);
	if (!c->encrypt || !c->decrypt) {
		ipcrypt_free(c);
		return ERR_NOMEM;
	}
	c->mark = make_mark(c);
	*ret_ipcrypt = c;
	return ERR_OK;
}

uint16_t ipcrypt_mark(const struct ipcrypt *ipcrypt)
{
	return ipcrypt->mark;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_key(const char *text, uint8_t key[IPCRYPT_KEY])
{
	while (isspace((unsigned char)*text))
		text++;
	for (size_t i = 0; i < IPCRYPT_KEY; i++, text += 2) {
		int high = digit(text[0]);
		int low = high < 0 ? -1 : digit(text[1]);

		if (low < 0)
			return false;
		key[i] = (uint8_t)(high << 4 | low);
	}
	while (isspace((unsigned char)*text))
		text++;
	return *text == '\0';
}

enum err ipcrypt_read(const char *path, struct ipcrypt **ret_ipcrypt, struct err_text *text)
{
	uint8_t key[IPCRYPT_KEY];
	char *hex;
	size_t len;
	enum err err = file_read(path, KEY_FILE_MAX, &hex, &len);

	if (err == ERR_SYS)
		return err_set(text, err, "%s: %s", path, strerror(errno));
	if (err != ERR_OK)
		return err_set(text, err, "%s: no key: %s", path, err_str(err));
	if (strlen(hex) != len || !parse_key(hex, key))
		err = err_set(text, ERR_SYNTAX, "%s: a key is 32 hexadecimal digits", path);
	OPENSSL_cleanse(hex, len);
	free(hex);
	if (err == ERR_OK)
		err = err_set(text, ipcrypt_create(key, ret_ipcrypt), "%s: out of memory", path);
	OPENSSL_cleanse(key, sizeof(key));
	return err;
}

void ipcrypt_free(struct ipcrypt *ipcrypt)
{
	if (!ipcrypt)
		return;
	EVP_CIPHER_CTX_free(ipcrypt->encrypt);
	EVP_CIPHER_CTX_free(ipcrypt->decrypt);
	free(ipcrypt);
}

struct ip ipcrypt_encrypt(struct ipcrypt *ipcrypt, const struct ip *ip)
{
	return crypt_block(ipcrypt->encrypt, ip);
}

struct ip ipcrypt_decrypt(struct ipcrypt *ipcrypt, const struct ip *ip)
{
	return crypt_block(ipcrypt->decrypt, ip);
}
