/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended DNS Errors (RFC 8914): why an answer is what it is, as options of its OPT.  There may be
 * several.  What an upstream says is handed on to our clients, who show it to people: its texts
 * are taken for hostile.
 */
#ifndef DNS_EDE_H
#define DNS_EDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EDE_CODE 2U	     /* octets of INFO-CODE */
#define EDE_TEXT_MAX 128U    /* octets of an EXTRA-TEXT */
#define EDES_OPTIONS_MAX 8U  /* of one answer */
#define EDES_OCTETS_MAX 512U /* of all of them, with the options' codes and lengths */

/* EDE codes (RFC 8914, 5.2, and the registry). */
enum ede_code {
	EDE_OTHER = 0,
	EDE_STALE_ANSWER = 3,
	EDE_FORGED_ANSWER = 4,
	EDE_BLOCKED = 15,
	EDE_CENSORED = 16,
	EDE_FILTERED = 17,
	EDE_PROHIBITED = 18,
	EDE_STALE_NXDOMAIN_ANSWER = 19,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21,
	EDE_NO_REACHABLE_AUTHORITY = 22,
	EDE_NETWORK_ERROR = 23,
};

/* EDE options as they stand in an OPT: option code, length, INFO-CODE, EXTRA-TEXT.  len 0: none. */
struct edes {
	uint16_t len;
	uint8_t data[EDES_OCTETS_MAX];
};

/* Makes it one EDE of ours; a text too long is cut between characters.  `text` may be NULL. */
void edes_set(struct edes *edes, enum ede_code code, const char *text);

/* Makes it one EDE of ours whose text is these `len` octets, as they are; false, with nothing
 * changed: they do not fit whole. */
bool edes_set_whole(struct edes *edes, enum ede_code code, const char *text, size_t len);

/*
 * Writes what of `text` has room into `to`, `size` octets with its NUL; what is not to be shown to
 * people is a question mark each, as edes_read has it.
 */
void ede_clean_text(const char *text, char *to, size_t size);

/*
 * Adds the EDE options among the `len` octets of an OPT's rdata at `options`, which were checked
 * by wire_read_opt, but no more than there may be.  In their texts, what is no UTF-8, a control
 * character, or not to be seen at all (RFC 8264, 9.13; marks that turn the direction of writing
 * too) is a question mark each; a text too long is cut between characters, and is left out before
 * its code is.  What is too short for a code is none, and what is there already is not said twice.
 */
void edes_read(struct edes *edes, const uint8_t *options, size_t len);

/* Adds those of `more` that are not there yet, as edes_read does. */
void edes_append(struct edes *edes, const struct edes *more);

/* True when one says that somebody does not want the name to be resolved: Blocked, Censored or
 * Filtered. */
bool edes_block(const struct edes *edes);

static inline void edes_copy(struct edes *to, const struct edes *from)
{
	to->len = from->len;
	memcpy(to->data, from->data, from->len);
}

#endif
