/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses encrypted so that the holder of the key has them back: ipcrypt-deterministic
 * (draft-denis-ipcrypt), one block of AES-128.  The same address always gives the same one, which
 * looks like any other; an IPv4 address is taken as the IPv6 address it is mapped to.
 */
#ifndef BASE_IPCRYPT_H
#define BASE_IPCRYPT_H

#include "base/addr.h"
#include "base/err.h"

#define IPCRYPT_KEY 16U /* octets */
#define IPCRYPT_MARKS 8191U

struct ipcrypt;

/* ERR_NOMEM. */
enum err ipcrypt_create(const uint8_t key[IPCRYPT_KEY], struct ipcrypt **ret_ipcrypt) MUST_CHECK;

/* As ipcrypt_create, with the key of a file: 32 hexadecimal digits, and blanks around them.
 * ERR_SYS: it cannot be read, ERR_SYNTAX: it holds something else, as `text` says.  ERR_NOMEM. */
enum err ipcrypt_read(const char *path, struct ipcrypt **ret_ipcrypt,
		      struct err_text *text) MUST_CHECK;

/* NULL is fine. */
void ipcrypt_free(struct ipcrypt *ipcrypt);

/* Tells one key from another, but for one in IPCRYPT_MARKS that has the same: 1 to IPCRYPT_MARKS.
 * Nothing of the key can be had from it. */
uint16_t ipcrypt_mark(const struct ipcrypt *ipcrypt);

/* One thread at a time. */
struct ip ipcrypt_encrypt(struct ipcrypt *ipcrypt, const struct ip *ip);
struct ip ipcrypt_decrypt(struct ipcrypt *ipcrypt, const struct ip *ip);

#endif
