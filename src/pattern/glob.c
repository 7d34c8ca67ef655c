/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern/glob.h"

#include <stdbool.h>
#include <string.h>

/* Where the expression is written. */
struct output {
	char *text;
	size_t len;
	bool full;
};

static void put(struct output *out, const char *text, size_t len)
{
	if (out->len + len > GLOB_REGEX_MAX) {
		out->full = true;
		return;
	}
	memcpy(out->text + out->len, text, len);
	out->len += len;
}

static void put_text(struct output *out, const char *text)
{
	put(out, text, strlen(text));
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* The octets of a part, which stand for themselves. */
static void put_part(struct output *out, const char *part, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_plain(part[i]))
			put_text(out, "\\");
		put(out, part + i, 1);
	}
}

static enum err check(const struct pattern_source *glob)
{
	bool nothing = true;

	for (size_t i = 0; i < glob->len; i++) {
		char c = glob->text[i];

		if (!is_plain(c) && c != '.' && c != '*')
			return ERR_SYNTAX;
		nothing = nothing && (c == '*' || c == '.');
	}
	return nothing ? ERR_SYNTAX : ERR_OK;
}

/* The glob's part behind `*pos`, stars aside. */
static size_t next_part(const struct pattern_source *glob, size_t *pos, const char **ret_part)
{
	size_t start = *pos;
	size_t end;

	while (start < glob->len && glob->text[start] == '*')
		start++;
	for (end = start; end < glob->len && glob->text[end] != '*';)
		end++;
	*ret_part = glob->text + start;
	*pos = end;
	return end - start;
}

/* The first part, where it may not be anywhere. */
static void put_first(struct output *out, uint8_t form, const char *part, size_t len, bool last)
{
	put_text(out, last ? "(?:^" : "(?>^");
	put_part(out, part, len);
	if (form & PATTERN_AT_LABEL) {
		put_text(out, last ? "|.*\\." : "|.*?\\.");
		put_part(out, part, len);
	}
	put_text(out, last ? ")$" : ")");
}

/* A part that comes somewhere behind the one before, or last of all. */
static void put_next(struct output *out, const char *part, size_t len, bool last)
{
	put_text(out, last ? ".*" : "(?>.*?");
	put_part(out, part, len);
	put_text(out, last ? "$" : ")");
}

enum err glob_regex(const struct pattern_source *glob, char ret_regex[GLOB_REGEX_MAX],
		    size_t *ret_len)
{
	struct output out = {.text = ret_regex};
	enum err err = check(glob);
	bool fixed = err == ERR_OK && (glob->form & (PATTERN_AT_LABEL | PATTERN_AT_START)) &&
		     glob->text[0] != '*';
	size_t pos = 0;

	if (err != ERR_OK)
		return err;
	while (pos < glob->len) {
		const char *part;
		size_t len = next_part(glob, &pos, &part);
		bool last = pos == glob->len && (glob->form & PATTERN_TO_END);

		if (len == 0)
			break;
		if (fixed)
			put_first(&out, glob->form, part, len, last);
		else
			put_next(&out, part, len, last);
		fixed = false;
	}
	if (out.full)
		return ERR_REFUSED;
	*ret_len = out.len;
	return ERR_OK;
}
