/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pattern: a rule on names that is no name, compiled once and then asked of many.
 *
 * There are two kinds.  A glob is text in which '*' stands for any octets, dots among them, or
 * none; it may have to begin where a label does, or the name, and to end with the name.  A regular
 * expression is as PCRE2 has it (perlre), not anchored, and reads POSIX extended ones and those of
 * RE2 as they are meant, but for what is seldom seen in lists.
 *
 * Both see a name as text: in lower case, without the final dot.  A dot inside a label, which no
 * host has, is no dot to them.
 */
#ifndef PATTERN_PATTERN_H
#define PATTERN_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"

#define PATTERN_TEXT_MAX 1000U /* octets of a pattern as it is written */
#define PATTERN_SHOWN_MAX (PATTERN_TEXT_MAX + 4U)

/* How the text is meant, as bits.  PATTERN_REGEX stands alone. */
#define PATTERN_REGEX 1U
#define PATTERN_AT_LABEL 2U /* of a glob: begins where a label does, as "||" has it */
#define PATTERN_AT_START 4U /* begins where the name does, as "|" has it */
#define PATTERN_TO_END 8U   /* ends with the name, as "^" has it */

/* A pattern as it is written, without what the form says. */
struct pattern_source {
	const char *text;
	size_t len;
	uint8_t form;
};

struct pattern;

/*
 * Compiles a pattern, with one reference.
 * ERR_SYNTAX: it is not valid, or could never match a host's name.  ERR_RANGE: it is over
 * PATTERN_TEXT_MAX octets.  ERR_REFUSED: it costs too much: compiled it is over some KiB, or there
 * are names on which it goes back too often.  ERR_NOMEM.
 */
enum err pattern_create(const struct pattern_source *source,
			struct pattern **ret_pattern) MUST_CHECK;

/* One more, and one less who holds it.  Any thread.  NULL is fine for the latter. */
struct pattern *pattern_ref(struct pattern *pattern);
void pattern_unref(struct pattern *pattern);

/* The pattern as filter lists write it: "||ads-*.x^", "/ads[0-9]/".  As long as it is held. */
const char *pattern_text(const struct pattern *pattern);

/*
 * True when the pattern has no fixed text by which names could be told that it cannot match, so
 * that it has to be tried on each.
 */
bool pattern_is_loose(const struct pattern *pattern);

enum pattern_outcome {
	PATTERN_MATCHES_NOT,
	PATTERN_MATCHES,
	PATTERN_UNDECIDED, /* it has gone back as often as it may: the name was made for that */
};

/* Whether it matches a lower-case name.  Neither allocates nor locks.  Any thread. */
enum pattern_outcome pattern_match(const struct pattern *pattern, const struct name *name);

#endif
