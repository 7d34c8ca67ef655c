/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/line.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_KEY ",\"hash\":\""
#define HASH_TAIL                                                                                  \
	(sizeof(HASH_KEY) - 1 + DIGEST_TEXT_MAX - 1 + 2) /* with the quote and the brace */

static enum err digest_of(const char *text, size_t len, char ret_hash[DIGEST_TEXT_MAX])
{
	struct digest *digest;
	enum err err = digest_create(&digest);

	if (err != ERR_OK)
		return err;
	digest_add(digest, text, len);
	err = digest_text(digest, ret_hash);
	digest_free(digest);
	return err;
}

/* The whole line without its hash, as JSON that ends by a brace. */
static char *body_of(json_t *event, const struct line_end *end)
{
	json_t *root = json_pack("{s:I}", "seq", (json_int_t)end->seq + 1);
	char *text;

	json_object_update(root, event);
	json_object_set_new(root, "algorithm", json_string("SHA-256"));
	json_object_set_new(root, "prev", json_string(end->seq > 0 ? end->hash : LINE_FIRST));
	text = root ? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(root);
	return text;
}

enum err line_make(json_t *event, struct line_end *end, char **ret_line, size_t *ret_len)
{
	char hash[DIGEST_TEXT_MAX];
	char *body = body_of(event, end);
	char *line;
	size_t len;

	if (!body)
		return ERR_NOMEM;
	len = strlen(body) - 1;
	line = malloc(len + HASH_TAIL + 2);
	if (!line || digest_of(body, len, hash) != ERR_OK) {
		free(line);
		free(body);
		return ERR_NOMEM;
	}
	*ret_len = (size_t)sprintf(line, "%.*s" HASH_KEY "%s\"}\n", (int)len, body, hash);
	free(body);
	*ret_line = line;
	end->seq++;
	memcpy(end->hash, hash, sizeof(hash));
	return ERR_OK;
}

/* The text is shown to people; no line of ours has another character. */
static bool is_printable(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return *text == '\0';
}

static bool take(struct line *line)
{
	const char *time = json_string_value(json_object_get(line->root, "time"));
	const char *hash = json_string_value(json_object_get(line->root, "hash"));
	json_int_t seq = json_integer_value(json_object_get(line->root, "seq"));

	line->prev = json_string_value(json_object_get(line->root, "prev"));
	if (time && !is_printable(time))
		return false;
	if (!hash || strlen(hash) != DIGEST_TEXT_MAX - 1 || !line->prev || seq <= 0)
		return false;
	line->seq = (uint64_t)seq;
	memcpy(line->hash, hash, sizeof(line->hash));
	return true;
}

enum err line_read(const char *text, size_t len, struct line *ret_line)
{
	struct line line = {.root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL)};
	char hash[DIGEST_TEXT_MAX];
	enum err err;

	if (!line.root || !take(&line) || len <= HASH_TAIL ||
	    strncmp(text + len - HASH_TAIL, HASH_KEY, sizeof(HASH_KEY) - 1) != 0) {
		json_decref(line.root);
		return ERR_SYNTAX;
	}
	err = digest_of(text, len - HASH_TAIL, hash);
	if (err != ERR_OK) {
		json_decref(line.root);
		return err;
	}
	*ret_line = line;
	return strcmp(hash, line.hash) == 0 ? ERR_OK : ERR_REFUSED;
}

void line_free(struct line *line)
{
	json_decref(line->root);
	line->root = NULL;
}
