/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct digest {
	EVP_MD_CTX *context;
	bool failed;
};

enum err digest_create(struct digest **ret_digest)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (!digest)
		return ERR_NOMEM;
	digest->context = EVP_MD_CTX_new();
	if (digest->context)
		digest_reset(digest);
	if (!digest->context || digest->failed) {
		digest_free(digest);
		return ERR_NOMEM;
	}
	*ret_digest = digest;
	return ERR_OK;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

void digest_reset(struct digest *digest)
{
	digest->failed = EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1;
}

void digest_add(struct digest *digest, const void *data, size_t len)
{
	if (!digest->failed)
		digest->failed = EVP_DigestUpdate(digest->context, data, len) != 1;
}

enum err digest_text(struct digest *digest, char ret_text[DIGEST_TEXT_MAX])
{
	unsigned char octets[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (digest->failed || EVP_DigestFinal_ex(digest->context, octets, &len) != 1 ||
	    2 * len + 1 != DIGEST_TEXT_MAX)
		return ERR_NOMEM;
	for (unsigned int i = 0; i < len; i++)
		snprintf(ret_text + (size_t)2 * i, 3, "%02x", octets[i]);
	return ERR_OK;
}
