/* SPDX-License-Identifier: BSD-2-Clause */
/* Host names as lists write them: ASCII, or UTF-8 to be taken through IDNA 2008. */
#ifndef LINE_HOST_H
#define LINE_HOST_H

#include <stddef.h>

#include "base/err.h"
#include "dns/name.h"
#include "line/reason.h"

/*
 * Text to a wire name: as name_from_host, but octets from 0x80 on are taken as UTF-8 and the
 * name through IDNA 2008, non-transitional.  ERR_SYNTAX also: UTF-8 or an IDN that is none.
 * (IDNs allocate; when that fails they are ERR_NOMEM.)  Any thread.
 */
enum err host_from_text(const char *text, size_t len, struct name *ret_name) MUST_CHECK;

/*
 * A name as a person writes it on a command line: one with octets from 0x80 on is an IDN, as by
 * host_from_text, since clients ask for its A-label and never for these octets; any other is taken
 * as name_from_text has it, with the escapes that we write ourselves.  The errors of both.  Any
 * thread.
 */
enum err host_from_written(const char *text, struct name *ret_name) MUST_CHECK;

/* The failure of host_from_text as a reason for not taking a line. */
enum list_reason host_reason(enum err err);

#endif
