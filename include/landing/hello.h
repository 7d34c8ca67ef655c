/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first message of a TLS client (ClientHello, RFC 8446, 4.1.2), read for the name that it asks
 * for (RFC 6066, 3) and for its fingerprint (JA4).  Whatever the octets are, no more than `len` of
 * them is read.  Pure: any thread.
 */
#ifndef LANDING_HELLO_H
#define LANDING_HELLO_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HELLO_MAX 16384U	 /* octets of a hello, its records' heads included */
#define HELLO_NAME_MAX 256U	 /* room for the name, and NUL */
#define HELLO_FINGERPRINT_MAX 37 /* "t13d1516h2_8daaf6152771_e5627efa2ab1", and NUL */

/* What a hello says. */
struct hello {
	char name[HELLO_NAME_MAX]; /* as it is sent, printable; "": none, or none that can be */
	char ja4[HELLO_FINGERPRINT_MAX];
};

/*
 * Reads the hello that begins with the `len` octets at `data`, which may lie in several records
 * (RFC 8446, 5.1).  ERR_TRUNCATED: so far it is one, and more is to come.  ERR_SYNTAX: it is none,
 * or longer than HELLO_MAX.  ERR_NOMEM.
 */
enum err hello_read(const uint8_t *data, size_t len, struct hello *ret_hello) MUST_CHECK;

#endif
