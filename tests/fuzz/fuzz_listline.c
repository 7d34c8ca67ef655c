/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line of a list of any format gives rules whose owners are proper names, and comes to an end.
 * The first octet chooses the format; the rest is the line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "list/listguess.h"
#include "line/listline.h"
#include "line/plain.h"
#include "fuzz.h"

static int is_host_octet(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The pattern is text of the line; compiled, it can be asked. */
static void check_pattern(const struct listline_rule *rule, const char *text, size_t len)
{
	static const struct name name = {.len = 13, .wire = "\4ads1\7example"};
	const struct pattern_source *source = &rule->pattern;
	struct pattern *pattern;

	require(source->text >= text && source->text + source->len <= text + len);
	if (pattern_create(source, &pattern) != ERR_OK)
		return;
	require(strlen(pattern_text(pattern)) < PATTERN_SHOWN_MAX);
	(void)pattern_match(pattern, &name);
	pattern_unref(pattern);
}

static void check_rule(const struct listline_rule *rule)
{
	const struct name *owner = &rule->owner;
	const uint8_t *label = owner->wire;

	require(rule->kind.scope >= DOMSET_SCOPE_ITSELF && rule->kind.scope <= DOMSET_SCOPE_BOTH);
	require(name_check(owner->wire, sizeof(owner->wire)) == owner->len);
	require(*label != 0);
	for (; *label; label += *label + 1) {
		for (uint8_t i = 1; i <= *label; i++)
			require(is_host_octet(label[i]));
	}
}

static void check_line(const char *text, size_t len, enum list_format format, bool exact)
{
	struct listline_rule rule;
	enum listline_verdict verdict;
	struct listline line;
	size_t things = 0;

	listline_init(&line, format, exact, text, len);
	while ((verdict = listline_next(&line, &rule)) != LISTLINE_END) {
		require(++things <= len);
		if (verdict == LISTLINE_RULE && rule.pattern.len > 0)
			check_pattern(&rule, text, len);
		else if (verdict == LISTLINE_RULE)
			check_rule(&rule);
		if (line.is_hosts)
			require(line.address >= text && line.address_len > 0 &&
				line.address + line.address_len <= text + len);
		if (verdict != LISTLINE_RULE)
			require((unsigned int)rule.reason < LIST_REASON_COUNT &&
				(rule.reason < LIST_REASON_SKIP) == (verdict == LISTLINE_BAD));
	}
	require(listline_next(&line, &rule) == LISTLINE_END);
}

/* What is read as a plain line is read so by listline, too. */
static void check_plain(const char *text, size_t len, enum list_format format, bool exact)
{
	char *copy = malloc(len + 1 + PLAIN_ROOM);
	struct listline_rule plain;
	struct listline_rule rule;
	struct listline line;
	size_t taken;

	require(copy != NULL);
	memcpy(copy, text, len);
	copy[len] = '\n';
	memset(copy + len + 1, '.', PLAIN_ROOM);
	taken = plain_line(copy, format, exact, &plain);
	if (taken > 0) {
		require(taken <= len && copy[taken] == '\n');
		listline_init(&line, format, exact, copy, taken);
		require(listline_next(&line, &rule) == LISTLINE_RULE);
		require(name_equal(&rule.owner, &plain.owner) && rule.pattern.len == 0);
		require(rule.kind.scope == plain.kind.scope && !rule.kind.exception);
		require(rule.kind.answer == plain.kind.answer && rule.kind.types == 0);
		require(listline_next(&line, &rule) == LISTLINE_END && !line.comment);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum list_format formats[] = {
		LIST_FORMAT_NAMES,
		LIST_FORMAT_HOSTS,
		LIST_FORMAT_ADBLOCK,
	};
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size > 1 ? size - 1 : 1); /* so that reading behind it is noticed */
	require(text != NULL);
	memcpy(text, data + 1, size - 1);
	(void)listguess_format(text, size - 1, data[0] & 8);
	(void)listguess_no_list(text, size - 1);
	check_line(text, size - 1, formats[data[0] % 3], data[0] & 4);
	check_plain(text, size - 1, formats[data[0] % 3], data[0] & 4);
	free(text);
	return 0;
}
