/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message authentication code of what comes piece by piece, five times as fast as a digest: GMAC
 * (NIST SP 800-38D) by AES-256.  A nonce must not be used twice with a key.
 */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define MAC_KEY_OCTETS 32U
#define MAC_NONCE_OCTETS 12U
#define MAC_OCTETS 16U

struct mac;

/* A code of nothing so far.  One thread at a time.  ERR_NOMEM. */
enum err mac_create(const uint8_t key[MAC_KEY_OCTETS], const uint8_t nonce[MAC_NONCE_OCTETS],
		    struct mac **ret_mac) MUST_CHECK;
void mac_free(struct mac *mac);

/* Takes `len` octets more. */
void mac_add(struct mac *mac, const void *data, size_t len);

/* The code of all that was added, after which nothing may come.  ERR_NOMEM when an earlier step
 * failed. */
enum err mac_end(struct mac *mac, uint8_t ret_code[MAC_OCTETS]) MUST_CHECK;

#endif
