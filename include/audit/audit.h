/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit log: what was put in force, refused, lapsed or said by command, a line of JSON each, in
 * an append-only file that tells when a line of it was edited, removed or moved.
 *
 * Each line has the SHA-256 of the line before it (`prev`, the algorithm beside it) and of itself
 * (`hash`, of all octets before it), so that an OCSF record_integrity object can be made of it. The
 * end of the log is signed (Ed25519, RFC 8032) into a file of its own each time, and into the log
 * now and then: who has copied that file elsewhere notices that the end was cut off.
 *
 *   audit.log         the lines
 *   audit.checkpoint  number and hash of the last line, signed
 *   audit.key, .pub   what signs, and what proves a signature (PEM)
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <jansson.h>

#include "base/err.h"

#define AUDIT_LOG "audit.log"
#define AUDIT_CHECKPOINT "audit.checkpoint"
#define AUDIT_KEY "audit.key"
#define AUDIT_PUBLIC_KEY "audit.pub"
#define AUDIT_PENDING_MAX 4096U /* events that wait for a disk; those beyond are counted */

struct audit;

/*
 * The log of `directory`, which is there; a key is made when there is none.  Nothing is read of the
 * log until something is written.  ERR_SYS, ERR_SYNTAX (the key is none), ERR_NOMEM, with `text`.
 */
enum err audit_open(const char *directory, struct audit **ret_audit,
		    struct err_text *text) MUST_CHECK;

/* Writes what waits, unless it could not be written before, and ends it.  NULL: nothing. */
void audit_close(struct audit *audit);

/*
 * Notes an event, with the time; `fields` (an object, taken over) are put into its line.  Touches
 * no disk.  `audit` NULL: no log is kept.  Any thread.
 */
void audit_note(struct audit *audit, const char *event, json_t *fields);

/*
 * Writes what was noted, in one piece, and returns when it is on the disk, with its checkpoint.
 * What cannot be written waits for the next call, and is logged.  Two processes may share a log, as
 * at a hand-over.  NULL: nothing.  Any thread; blocks.
 */
void audit_commit(struct audit *audit);

#endif
