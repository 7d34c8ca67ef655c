/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/slices.h"

#include <stdalign.h>
#include <string.h>

#include "base/ahead.h"
#include "base/pastcache.h"
#include "base/priority.h"
#include "line/plain.h"

#define SLICE_BYTES ((size_t)256 << 10)
#define LINES_A_TURN 1024U /* a quarter of a millisecond's work */
#define LINES_AT_ONCE 16U

/* What is noted of a line; the spelt name stands behind it. */
struct note {
	uint16_t line_len; /* 0: the line is no plain one, or empty */
	uint8_t flags;
	uint16_t spelt_len;
};

#define NOTE_MAX (sizeof(struct note) + DOMSET_SPELT_MAX)

/* Of a shorter line more might be noted than there is room for, LISTFILE_NOTES_OCTETS for each of
 * its octets; it is left to the reader. */
#define NOTED_MIN 2U
/* As the end of a name is not in the dictionary: its octets of text, and two. */
#define NOTE_OF(line_len) (sizeof(struct note) + sizeof(uint64_t) + (line_len) + 2U)
_Static_assert(NOTE_OF(NOTED_MIN) <= LISTFILE_NOTES_OCTETS * (NOTED_MIN + 1U),
	       "what is noted of a line and its newline has room; of longer ones there is more");
_Static_assert(sizeof(struct note) <= LISTFILE_NOTES_OCTETS, "so has what is noted of none");

enum flag {
	FLAG_ITSELF = 1, /* the rule's scope; else both */
	FLAG_PASSES = 2, /* the gate has nothing against it */
};

/* Lines of a file, all of them whole, and what is noted of them. */
struct slice {
	const struct listfile_options *options;
	const struct domset_builder *builder;
	enum list_format format;
	struct pages text;
	size_t from;
	size_t to;
	uint64_t file_bytes; /* read until then */
	struct pages notes;
};

struct slices {
	struct pages self; /* this structure's own */
	struct ahead *ahead;
	unsigned int next; /* place of the slice that is filled next */
	struct slice places[AHEAD_PIECES];
};

/* ---- looking ahead: by any thread */

static bool passes(const struct listfile_options *options, const struct listline_rule *rule)
{
	return !options->guard ||
	       guard_passes(options->guard, &rule->owner, &rule->kind, options->allowed);
}

/* Notes on their way to the slice. */
struct notes {
	uint8_t *out;
	size_t have;
	alignas(PASTCACHE_STEP)
		uint8_t octets[PASTCACHE_STEP + LINES_AT_ONCE * NOTE_MAX + DOMSET_SPELT_PAD];
};

/* Has the notes go to the slice, but for what is no whole step yet. */
static void send_notes(struct notes *notes)
{
	size_t whole = notes->have & ~(PASTCACHE_STEP - (size_t)1);

	pastcache_copy(notes->out, notes->octets, whole);
	notes->out += whole;
	notes->have -= whole;
	memcpy(notes->octets, notes->octets + whole, PASTCACHE_STEP);
}

static void send_rest(struct notes *notes)
{
	notes->have += PASTCACHE_STEP - 1;
	send_notes(notes);
	pastcache_end();
}

/* Notes the line, of which look_at has found what its rule is. */
static void write_note(const struct slice *slice, struct notes *notes, struct note note,
		       const struct listline_rule *rule)
{
	uint8_t *spelt = notes->octets + notes->have + sizeof(note);

	if (note.line_len > 0) {
		note.flags = rule->kind.scope == DOMSET_SCOPE_ITSELF ? FLAG_ITSELF : 0;
		note.flags |= passes(slice->options, rule) ? FLAG_PASSES : 0;
		note.spelt_len =
			(uint16_t)domset_builder_spell(slice->builder, &rule->owner, spelt);
	}
	memcpy(spelt - sizeof(note), &note, sizeof(note));
	notes->have += sizeof(note) + note.spelt_len;
}

/* The line that begins at `text`; what stands near the end of the slice is left to the reader. */
static struct note look_at(const struct slice *slice, const char *text, const char *end,
			   struct listline_rule *rule)
{
	struct note note = {.line_len = 0};

	if ((size_t)(end - text) >= PLAIN_ROOM)
		note.line_len =
			(uint16_t)plain_line(text, slice->format, slice->options->exact, rule);
	if (note.line_len < NOTED_MIN)
		note.line_len = 0;
	return note;
}

/*
 * Several lines are looked at before the first is noted: a name that has only just been written
 * octet by octet cannot be read by words before it has come to the cache, behind all notes.
 */
static void look_at_lines(const struct slice *slice, const char *text, const char *end)
{
	struct notes sent = {.out = slice->notes.base};
	struct listline_rule rules[LINES_AT_ONCE];
	struct note notes[LINES_AT_ONCE];
	uint32_t lines = 0;
	uint32_t count;

	while (text < end) {
		for (count = 0; count < LINES_AT_ONCE && text < end; count++) {
			const char *newline;

			notes[count] = look_at(slice, text, end, &rules[count]);
			newline = text + notes[count].line_len;
			if (notes[count].line_len == 0)
				newline = memchr(text, '\n', (size_t)(end - text));
			text = newline + 1;
		}
		for (uint32_t i = 0; i < count; i++)
			write_note(slice, &sent, notes[i], &rules[i]);
		send_notes(&sent);
		lines += count;
		if (lines % LINES_A_TURN == 0)
			priority_give_way();
	}
	send_rest(&sent);
}

static void look_ahead(void *piece)
{
	const struct slice *slice = piece;
	const char *text = (const char *)slice->text.base + slice->from;
	const char *end = (const char *)slice->text.base + slice->to;

	if (slice->format == LIST_FORMAT_RPZ)
		slice->options->zone->look(slice->notes.base, text, end);
	else
		look_at_lines(slice, text, end);
}

/* ---- taking: by the reader's thread */

/* Sets the reader's rule to the one that was noted. */
static void read_rule(const uint8_t *spelt, struct domset_kind kind, struct reader *reader)
{
	struct listline_rule *rule = &reader->rule;

	domset_builder_read(reader->take.builder, spelt, &rule->owner);
	rule->kind = kind;
	rule->pattern.len = 0;
	rule->gives.type = 0;
	rule->denyallow = false;
	rule->badfilter = false;
}

static enum err take_plain(struct reader *reader, const struct note *note, const uint8_t *spelt,
			   const char *text, const struct slices_calls *calls)
{
	const struct domset_kind kind = {
		.scope = note->flags & FLAG_ITSELF ? DOMSET_SCOPE_ITSELF : DOMSET_SCOPE_BOTH,
	};
	enum err err;

	reader_begin_line(reader, reader->report->lines + 1);
	reader->report->told++;
	reader->state.told = true;
	if ((note->flags & FLAG_PASSES) && !reader->again) {
		err = ruletake_add_spelt(&reader->take, spelt, note->spelt_len, &kind);
		return err == ERR_OK ? ERR_OK : reader_failed(reader, err);
	}
	read_rule(spelt, kind, reader);
	reader->take.passes = note->flags & FLAG_PASSES;
	err = calls->rule(reader, text, note->line_len);
	reader->take.passes = false;
	return err;
}

static enum err take_slice(const struct slice *slice, struct reader *reader,
			   const struct slices_calls *calls)
{
	const char *text = (const char *)slice->text.base + slice->from;
	const char *end = (const char *)slice->text.base + slice->to;
	const uint8_t *at = slice->notes.base;
	enum err err = ERR_OK;

	reader->report->bytes = slice->file_bytes;
	if (slice->format == LIST_FORMAT_RPZ)
		return slice->options->zone->take(slice->options->zone->zone, at, text, end,
						  reader->text);
	while (err == ERR_OK && text < end) {
		const char *newline;
		struct note note;

		memcpy(&note, at, sizeof(note));
		at += sizeof(note);
		if (note.line_len > 0) {
			err = take_plain(reader, &note, at, text, calls);
			at += note.spelt_len;
			text += note.line_len + 1U;
			continue;
		}
		newline = memchr(text, '\n', (size_t)(end - text));
		err = calls->line(reader, text, (size_t)(newline - text));
		text = newline + 1;
	}
	return err;
}

/* ---- reading */

/* Where the whole lines of the reader's block end; 0: it has none, or is not like others. */
static size_t end_of_lines(const struct reader *reader)
{
	const char *base = (const char *)reader->block.base;
	const char *newline;

	if (reader->at_end || reader->in_line)
		return 0;
	newline = memrchr(base, '\n', reader->have);
	return newline ? (size_t)(newline - base) + 1 : 0;
}

/* Has the lines of the block looked at; the rest of the last begins the next block. */
static void put_lines(struct slices *slices, struct reader *reader, size_t pos, size_t end)
{
	struct slice *slice = &slices->places[slices->next++ % AHEAD_PIECES];
	struct pages empty = slice->text;

	slice->options = reader->options;
	slice->builder = reader->take.builder;
	slice->format = reader->report->format;
	slice->text = reader->block;
	slice->from = pos;
	slice->to = end;
	slice->file_bytes = source_file_bytes(reader->source);
	reader->have -= end;
	memcpy(empty.base, slice->text.base + end, reader->have);
	reader->block = empty;
	if (slice->format == LIST_FORMAT_RPZ)
		slice->options->zone->put(slice->options->zone->zone, slice->notes.base);
	ahead_put(slices->ahead, slice);
}

/* Takes the next slice; without one, the block that could not be made one. */
static enum err take_next(struct slices *slices, struct reader *reader, size_t pos,
			  const struct slices_calls *calls)
{
	if (ahead_count(slices->ahead) > 0)
		return take_slice(ahead_take(slices->ahead), reader, calls);
	reader->report->bytes = source_file_bytes(reader->source);
	return calls->block(reader, pos);
}

/* What was read until it failed is told as it is without slices. */
static enum err end_reading(struct reader *reader, enum err read)
{
	reader->report->bytes = source_file_bytes(reader->source);
	return read;
}

enum err slices_take(struct slices *slices, struct reader *reader, size_t pos,
		     const struct slices_calls *calls)
{
	enum err read =
		ERR_OK; /* of the last reading; what was read before is taken all the same */
	enum err err = ERR_OK;

	for (;;) {
		size_t end = read == ERR_OK ? end_of_lines(reader) : 0;
		bool put = end > 0 && ahead_count(slices->ahead) < AHEAD_PIECES;
		bool last = ahead_count(slices->ahead) == 0;

		if (put)
			put_lines(slices, reader, pos, end);
		else if (read == ERR_CANCELLED || (last && read != ERR_OK))
			return end_reading(reader, read);
		else
			err = take_next(slices, reader, pos, calls);
		if (err != ERR_OK || (!put && last && reader->at_end))
			return err;
		if (!put && !last)
			continue;
		pos = 0;
		read = reader_fill(reader);
	}
}

/* ---- */

static bool has_slices(const struct reader *reader)
{
	if (reader->report->version.st_size < SLICES_FILE_BYTES)
		return false;
	if (reader->report->format == LIST_FORMAT_RPZ)
		return true;
	return !reader->options->addresses && list_format_has_names(reader->report->format);
}

struct slices *slices_create(const struct reader *reader)
{
	struct slices *slices;
	struct pages self;
	enum err err = ERR_OK;

	if (!has_slices(reader) || pages_map(&self, sizeof(*slices)) != ERR_OK)
		return NULL;
	slices = (void *)self.base;
	slices->self = self;
	for (unsigned int i = 0; i < AHEAD_PIECES && err == ERR_OK; i++) {
		err = pages_map(&slices->places[i].text, reader->block.size);
		if (err == ERR_OK)
			err = pages_map(&slices->places[i].notes,
					reader->block.size * LISTFILE_NOTES_OCTETS +
						LISTFILE_NOTES_ROOM);
	}
	if (err == ERR_OK)
		err = ahead_create("lines", look_ahead, &slices->ahead);
	if (err == ERR_OK)
		return slices;
	slices_free(slices);
	return NULL;
}

void slices_free(struct slices *slices)
{
	struct pages self;

	if (!slices)
		return;
	ahead_free(slices->ahead);
	for (unsigned int i = 0; i < AHEAD_PIECES; i++) {
		pages_free(&slices->places[i].text);
		pages_free(&slices->places[i].notes);
	}
	self = slices->self;
	pages_free(&self);
}
