/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdlib.h>

struct mac {
	EVP_MAC_CTX *context;
	bool failed;
};

static EVP_MAC_CTX *make_context(void)
{
	EVP_MAC *kind = EVP_MAC_fetch(NULL, "GMAC", NULL);
	EVP_MAC_CTX *context = kind ? EVP_MAC_CTX_new(kind) : NULL;

	EVP_MAC_free(kind);
	return context;
}

enum err mac_create(const uint8_t key[MAC_KEY_OCTETS], const uint8_t nonce[MAC_NONCE_OCTETS],
		    struct mac **ret_mac)
{
	char cipher[] = "AES-256-GCM";
	uint8_t iv[MAC_NONCE_OCTETS];
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, iv, sizeof(iv)),
		OSSL_PARAM_construct_end(),
	};
	struct mac *mac = calloc(1, sizeof(*mac));

	if (!mac)
		return ERR_NOMEM;
	for (size_t i = 0; i < sizeof(iv); i++)
		iv[i] = nonce[i];
	mac->context = make_context();
	if (!mac->context || EVP_MAC_init(mac->context, key, MAC_KEY_OCTETS, params) != 1) {
		mac_free(mac);
		return ERR_NOMEM;
	}
	*ret_mac = mac;
	return ERR_OK;
}

void mac_free(struct mac *mac)
{
	if (!mac)
		return;
	EVP_MAC_CTX_free(mac->context);
	free(mac);
}

void mac_add(struct mac *mac, const void *data, size_t len)
{
	if (!mac->failed)
		mac->failed = EVP_MAC_update(mac->context, data, len) != 1;
}

enum err mac_end(struct mac *mac, uint8_t ret_code[MAC_OCTETS])
{
	size_t len = 0;

	if (mac->failed || EVP_MAC_final(mac->context, ret_code, &len, MAC_OCTETS) != 1 ||
	    len != MAC_OCTETS)
		return ERR_NOMEM;
	return ERR_OK;
}
