/* SPDX-License-Identifier: BSD-2-Clause */
/* What a match needs, on the stack of who asks: PCRE2 is given no other memory. */
#ifndef PATTERN_MATCHER_H
#define PATTERN_MATCHER_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "dns/name.h"
#include "pattern/literal.h"
#include "pattern/pattern.h"

#define MATCHER_ARENA_BYTES ((size_t)80 << 10)
#define MATCHER_STEPS 4000U    /* of one match: so often it may go back */
#define MATCHER_STEPS_FEW 100U /* once MATCHER_FULL have been tried on the name */
#define MATCHER_FULL 64U

struct pattern {
	uint32_t refs; /* atomic */
	pcre2_code *code;
	struct literals literals;
	char text[]; /* as pattern_text */
};

/* The name as text, with a dot before and behind it. */
struct subject {
	size_t len;
	char text[NAME_WIRE_MAX + NAME_PAD];
};

struct matcher {
	struct subject subject;
	pcre2_match_data *data; /* NULL: there was no room */
	pcre2_match_context *context;
	uint32_t tried;
	size_t used;
	alignas(16) uint8_t arena[MATCHER_ARENA_BYTES];
};

/* Makes the text of a lower-case name. */
void subject_set(struct subject *subject, const struct name *name);

/* Prepares for matching `name`, of which the subject was set. */
void matcher_begin(struct matcher *matcher, const struct name *name);

enum pattern_outcome matcher_try(struct matcher *matcher, const struct pattern *pattern);

#endif
