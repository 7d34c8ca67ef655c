/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom and what a report is asked about, from a person's text to the form that stores have it in.
 * Pure; any thread. */
#ifndef REPORT_SUBJECT_H
#define REPORT_SUBJECT_H

#include "base/err.h"
#include "base/ipcrypt.h"
#include "dns/name.h"
#include "evidence/client.h"

/*
 * An address, a prefix, or a hardware address behind "mac:", made the one text that it has in
 * stores: a mapped IPv4 address is IPv4, and what is held under one way of writing is let go under
 * another.  With `key` (NULL: there is none) an
 * address is encrypted, as the store has it.  ERR_SYNTAX with `text`, which names what was given.
 */
enum err subject_client(const char *given, struct ipcrypt *key, char ret_client[CLIENT_TEXT_MAX],
			struct err_text *text) MUST_CHECK;

/* A name, an IDN too, in lower case and without its last dot.  ERR_SYNTAX as above, of the root as
 * well: no list has it. */
enum err subject_name(const char *given, char ret_name[NAME_TEXT_MAX],
		      struct err_text *text) MUST_CHECK;

#endif
