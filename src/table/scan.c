/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/scan.h"

#include <string.h>

static void scan_text(struct scan *scan, char c)
{
	bool escaped = scan->escaped;

	scan->escaped = !escaped && c == '\\';
	scan->cut = c == '\n';
	scan->in_text = !scan->cut && (escaped || c != '"');
}

#define KINDS 64U /* of deeper brackets it is not known which they are */

static void open_bracket(struct scan *scan, bool square)
{
	if (scan->depth < KINDS)
		scan->square = (scan->square & ~(1ULL << scan->depth)) | (uint64_t)square
										 << scan->depth;
	scan->depth++;
}

/* Ends the innermost that are of that kind, and what is in them without an end of its own; where
 * there are none it is out of place. */
static void close_bracket(struct scan *scan, bool square)
{
	uint32_t depth = scan->depth;

	if (depth > KINDS) {
		scan->depth--;
		return;
	}
	while (depth > 0 && (scan->square >> (depth - 1) & 1) != square)
		depth--;
	if (depth > 0)
		scan->depth = depth - 1;
}

void scan_octet(struct scan *scan, char c)
{
	if (scan->in_text)
		scan_text(scan, c);
	else if (c == '"')
		scan->in_text = true;
	else if (c == '{' || c == '[')
		open_bracket(scan, c == '[');
	else if (c == '}' || c == ']')
		close_bracket(scan, c == ']');
}

bool scan_is_over(const struct scan *scan)
{
	return scan->cut || (scan->depth == 0 && !scan->in_text);
}

bool scan_is_before_another(const char *text, size_t len)
{
	struct scan scan = {.depth = 0};
	size_t at = 0;

	while (at < len) {
		scan_octet(&scan, text[at++]);
		if (scan_is_over(&scan) || (at < len && text[at - 1] == '\n' && text[at] == '{'))
			break;
	}
	while (at < len && memchr(" \t\r\n", text[at], 4))
		at++;
	return at < len && text[at] == '{';
}
