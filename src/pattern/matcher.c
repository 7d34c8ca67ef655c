/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern/matcher.h"

#include <string.h>

#define HEAP_KIB 40U /* of the arena, for where to go back to */
#define DEPTH 1000U
#define ODD_DOT '\1' /* for a dot inside a label */

void subject_set(struct subject *subject, const struct name *name)
{
	memcpy(subject->text, name->wire, sizeof(subject->text));
	subject->len = name->len;
	memset(subject->text + name->len, 0, 4); /* what is read, and does not matter */
	for (size_t pos = 0; pos < name->len; pos += name->wire[pos] + 1U)
		subject->text[pos] = '.';
}

/* Which no host has: the dots inside of labels are made something else. */
static void mark_odd_dots(struct subject *subject, const struct name *name)
{
	for (size_t pos = 0; name->wire[pos]; pos += name->wire[pos] + 1U)
		for (size_t i = pos + 1; i <= pos + name->wire[pos]; i++)
			if (subject->text[i] == '.')
				subject->text[i] = ODD_DOT;
}

static void *arena_take(PCRE2_SIZE size, void *arg)
{
	struct matcher *matcher = arg;
	size_t octets = (size + 15) / 16 * 16;
	void *at = matcher->arena + matcher->used;

	if (octets < size || octets > MATCHER_ARENA_BYTES - matcher->used)
		return NULL;
	matcher->used += octets;
	return at;
}

static void arena_give(void *at, void *arg)
{
	(void)at;
	(void)arg;
}

void matcher_begin(struct matcher *matcher, const struct name *name)
{
	pcre2_general_context *memory;

	mark_odd_dots(&matcher->subject, name);
	matcher->used = 0;
	matcher->tried = 0;
	matcher->data = NULL;
	memory = pcre2_general_context_create(arena_take, arena_give, matcher);
	if (!memory)
		return;
	matcher->context = pcre2_match_context_create(memory);
	if (!matcher->context)
		return;
	pcre2_set_match_limit(matcher->context, MATCHER_STEPS);
	pcre2_set_depth_limit(matcher->context, DEPTH);
	pcre2_set_heap_limit(matcher->context, HEAP_KIB);
	matcher->data = pcre2_match_data_create(1, memory);
}

enum pattern_outcome matcher_try(struct matcher *matcher, const struct pattern *pattern)
{
	const struct subject *subject = &matcher->subject;
	size_t len = subject->len > 1 ? subject->len - 2 : 0;
	int result;

	if (!matcher->data)
		return PATTERN_UNDECIDED;
	if (matcher->tried++ == MATCHER_FULL)
		pcre2_set_match_limit(matcher->context, MATCHER_STEPS_FEW);
	result = pcre2_match(pattern->code, (PCRE2_SPTR)(const void *)(subject->text + 1), len, 0,
			     0, matcher->data, matcher->context);
	if (result >= 0)
		return PATTERN_MATCHES;
	return result == PCRE2_ERROR_NOMATCH ? PATTERN_MATCHES_NOT : PATTERN_UNDECIDED;
}
