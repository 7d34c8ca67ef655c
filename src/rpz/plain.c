/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/plain.h"

#include <string.h>

#include "base/priority.h"
#include "line/plain.h"
#include "line/word.h"
#include "list/listfile.h"
#include "rpz/lines.h"
#include "rpz/owners.h"
#include "rpz/trigger.h"

#define LINES_A_TURN 1024U /* a quarter of a millisecond's work */
#define LINE_ROOM (2 + PLAIN_ROOM)
#define TTL_DIGITS_MAX 9U /* more may be too many */

_Static_assert(sizeof(struct plain_head) + sizeof(struct name) <= LISTFILE_NOTES_ROOM,
	       "the notes have room for their head, and may be read behind their end");

/*
 * As it lies behind the head; the hash and the name follow where the line is a plain one.  Of the
 * shortest, of ten octets and a newline, 15 are noted.
 */
struct packed {
	uint16_t line_len;
	uint8_t flags; /* the answer, and FLAG_ */
	uint8_t name_len;
};

#define ANSWER_MASK 0x0fU
#define FLAG_BELOW 0x10U
#define FLAG_PASSES 0x20U
#define FLAG_TTL 0x40U

_Static_assert(DOMSET_ANSWER_COUNT <= ANSWER_MASK + 1, "an answer has four bits");

/* ---- words */

static const char *skip_blanks(const char *text, const char *limit)
{
	while (text < limit && lines_is_gap(*text))
		text++;
	return text;
}

/* Moves `text` behind a word, which is in lower case here, if it begins so. */
static bool take(const char **text, const char *limit, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(limit - *text) < len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name_lower((uint8_t)(*text)[i]) != (uint8_t)word[i])
			return false;
	*text += len;
	return true;
}

/* Moves `text` behind blanks, of which there is one at least. */
static bool take_blanks(const char **text, const char *limit)
{
	const char *begin = *text;

	*text = skip_blanks(begin, limit);
	return *text > begin;
}

/* What stands between the owner and the target: "[TTL] [IN] CNAME". */
static bool take_front(const char **text, const char *limit, bool *ret_ttl)
{
	const char *begin;

	if (!take_blanks(text, limit))
		return false;
	begin = *text;
	while (*text < limit && **text >= '0' && **text <= '9')
		++*text;
	*ret_ttl = *text > begin;
	if (*text - begin > TTL_DIGITS_MAX || (*ret_ttl && !take_blanks(text, limit)))
		return false;
	if (take(text, limit, "in") && !take_blanks(text, limit))
		return false;
	return take(text, limit, "cname") && take_blanks(text, limit);
}

static bool take_target(const char **text, const char *limit, uint8_t *ret_answer)
{
	if (take(text, limit, "."))
		*ret_answer = DOMSET_ANSWER_NXDOMAIN;
	else if (take(text, limit, "*."))
		*ret_answer = DOMSET_ANSWER_NODATA;
	else if (take(text, limit, "rpz-passthru."))
		*ret_answer = DOMSET_ANSWER_PASS;
	else if (take(text, limit, "rpz-drop."))
		*ret_answer = DOMSET_ANSWER_DROP;
	else if (take(text, limit, "rpz-tcp-only."))
		*ret_answer = DOMSET_ANSWER_TCP_ONLY;
	else
		return false;
	return true;
}

/* ---- owners */

/* Takes the zone's name from the end of a name that lies below it. */
static bool strip_apex(struct name *name, const struct name *apex)
{
	size_t at = (size_t)name->len - apex->len;
	size_t label = 0;

	if (name->len <= apex->len || memcmp(name->wire + at, apex->wire, apex->len) != 0)
		return false;
	while (label < at)
		label += name->wire[label] + 1U;
	name->wire[at] = 0;
	name->len = (uint8_t)(at + 1);
	return label == at;
}

/* Reads the owner into a name below the zone's; false: it is none, or one that is no plain name. */
static bool take_owner(const struct plain_head *head, const char **text, struct name *ret_name,
		       uint8_t *ret_scope)
{
	bool wildcard = (*text)[0] == '*' && (*text)[1] == '.';
	const char *host = *text + (wildcard ? 2 : 0);
	size_t len = plain_host(host, ret_name);
	size_t whole;

	if (len == 0)
		return false;
	whole = ret_name->len + (wildcard ? 2U : 0U);
	*ret_scope = wildcard ? DOMSET_SCOPE_BELOW : DOMSET_SCOPE_ITSELF;
	*text = host + len;
	if (host[len - 1] == '.')
		return whole <= NAME_WIRE_MAX && strip_apex(ret_name, &head->apex);
	return whole - 1 + head->origin.len <= NAME_WIRE_MAX &&
	       name_equal(&head->origin, &head->apex);
}

/* ---- lines */

static bool passes(const struct rpz_options *options, const struct name *name,
		   const struct plain_note *note)
{
	const struct domset_kind kind = {
		.scope = note->scope,
		.answer = options->cname	? DOMSET_ANSWER_DATA
			  : options->overridden ? DOMSET_ANSWER_LIST
						: note->answer,
	};

	return !options->guard ||
	       guard_passes(options->guard, name, &kind, options->allowed | GUARD_ALLOW_ROOT);
}

/* Reads the line at `text`, where LINE_ROOM octets can be read; line_len 0: it is not plain. */
static void read_line(const struct plain_head *head, const char *text, struct name *name,
		      struct plain_note *note)
{
	const char *limit = text + LINE_ROOM - 2;
	const char *at = text;

	note->line_len = 0;
	if (!take_owner(head, &at, name, &note->scope) || trigger_is_special(name) ||
	    !take_front(&at, limit, &note->has_ttl) || !take_target(&at, limit, &note->answer))
		return;
	at = skip_blanks(at, limit);
	at += *at == '\r';
	if (*at != '\n')
		return;
	note->line_len = (uint16_t)(at - text);
	note->name_len = name->len;
	note->passes = passes(head->options, name, note);
	note->hash = owners_hash(name_hash(head->options->key, name), note->scope);
}

static uint8_t *write_note(uint8_t *out, const struct plain_note *note, const struct name *name)
{
	struct packed packed = {.line_len = note->line_len};

	if (note->line_len > 0) {
		packed.flags = (uint8_t)(note->answer |
					 (note->scope == DOMSET_SCOPE_BELOW ? FLAG_BELOW : 0) |
					 (note->passes ? FLAG_PASSES : 0) |
					 (note->has_ttl ? FLAG_TTL : 0));
		packed.name_len = note->name_len;
	}
	memcpy(out, &packed, sizeof(packed));
	out += sizeof(packed);
	if (note->line_len == 0)
		return out;
	memcpy(out, &note->hash, sizeof(note->hash));
	memcpy(out + sizeof(note->hash), name->wire, note->name_len);
	return out + sizeof(note->hash) + note->name_len;
}

void plain_look(uint8_t *notes, const char *text, const char *end)
{
	uint8_t *out = notes + sizeof(struct plain_head);
	struct plain_note note;
	struct plain_head head;
	struct name name;

	memcpy(&head, notes, sizeof(head));
	for (head.lines = 0; text < end;) {
		note.line_len = 0;
		if (head.apex.len > 0 && (size_t)(end - text) >= LINE_ROOM)
			read_line(&head, text, &name, &note);
		out = write_note(out, &note, &name);
		if (note.line_len > 0)
			text += note.line_len + 1U;
		else
			text = (const char *)memchr(text, '\n', (size_t)(end - text)) + 1;
		if (++head.lines % LINES_A_TURN == 0)
			priority_give_way();
	}
	memcpy(notes, &head, sizeof(head));
}

/* ---- notes */

const uint8_t *plain_first(const uint8_t *notes)
{
	return notes + sizeof(struct plain_head);
}

const uint8_t *plain_next(const uint8_t *at, struct plain_note *ret_note)
{
	struct packed packed;

	memcpy(&packed, at, sizeof(packed));
	at += sizeof(packed);
	*ret_note = (struct plain_note){
		.line_len = packed.line_len,
		.answer = packed.flags & ANSWER_MASK,
		.scope = packed.flags & FLAG_BELOW ? DOMSET_SCOPE_BELOW : DOMSET_SCOPE_ITSELF,
		.passes = packed.flags & FLAG_PASSES,
		.has_ttl = packed.flags & FLAG_TTL,
		.name_len = packed.name_len,
		.name = at + sizeof(ret_note->hash),
	};
	if (packed.line_len == 0)
		return at;
	memcpy(&ret_note->hash, at, sizeof(ret_note->hash));
	return ret_note->name + packed.name_len;
}
