/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any text as a pattern, and a name: it is refused or compiled, and a set tells of it just what the
 * pattern itself does, so that its fixed text never hides a match.  The first octet is the form,
 * the second the length of the pattern; then come the pattern and the name.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "pattern/patternset.h"

static void tell(void *arg, uint32_t index, bool undecided)
{
	bool *told = arg;

	require(index == 0 && !*told);
	*told = true;
	(void)undecided;
}

static void check(struct pattern *pattern, const struct name *name)
{
	struct patternset_draft draft = {.count = 0};
	struct patternset *set;
	bool told = false;

	require(patternset_add(&draft, &(struct patternset_entry){pattern, 0, 1, 0}) == ERR_OK);
	require(patternset_freeze(&draft, &set) == ERR_OK);
	patternset_find(set, name, tell, &told);
	require(told == (pattern_match(pattern, name) != PATTERN_MATCHES_NOT));
	patternset_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pattern_source source;
	struct pattern *pattern;
	struct name name;
	char *text;

	if (size < 2 || size - 2 < data[1])
		return 0;
	source = (struct pattern_source){.len = data[1], .form = data[0] & 15U};
	if (source.form & PATTERN_REGEX)
		source.form = PATTERN_REGEX;
	text = malloc(source.len + 1); /* so that reading behind it is noticed */
	require(text != NULL);
	memcpy(text, data + 2, source.len);
	source.text = text;
	if (pattern_create(&source, &pattern) == ERR_OK) {
		if (name_from_text((const char *)data + 2 + source.len, size - 2 - source.len,
				   &name) == ERR_OK)
			check(pattern, &name);
		pattern_unref(pattern);
	}
	free(text);
	return 0;
}
