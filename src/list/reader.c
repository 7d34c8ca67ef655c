/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/reader.h"

#include <string.h>

#include "base/priority.h"
#include "list/addrtake.h"

#define LINES_A_TURN 1024U /* a quarter of a millisecond's work */

void reader_begin_line(struct reader *reader, uint32_t line)
{
	reader->state = (struct line_state){.told = false};
	reader->report->lines = line;
	if (line % LINES_A_TURN == 0)
		priority_give_way();
}

static bool is_cancelled(const struct reader *reader)
{
	return reader->options->cancelled &&
	       atomic_load_explicit(reader->options->cancelled, memory_order_relaxed);
}

enum err reader_fill(struct reader *reader)
{
	enum err err = ERR_OK;
	size_t got;

	if (is_cancelled(reader))
		return err_set(reader->text, ERR_CANCELLED, "%s: %s", reader->options->path,
			       err_str(ERR_CANCELLED));
	while (err == ERR_OK && !reader->at_end && reader->have < reader->block.size) {
		err = source_read(reader->source, reader->block.base + reader->have,
				  reader->block.size - reader->have, &got, reader->text);
		if (err == ERR_OK) {
			reader->at_end = got == 0;
			reader->have += got;
		}
	}
	reader->report->bytes = source_file_bytes(reader->source);
	return err;
}

enum err reader_refused(const struct reader *reader, const char *what)
{
	return err_set(reader->text, ERR_REFUSED, "%s: %s", reader->options->path, what);
}

enum err reader_failed(const struct reader *reader, enum err err)
{
	return err_set(reader->text, err, "%s: line %u: %s", reader->options->path,
		       reader->report->lines,
		       err == ERR_REFUSED ? "the list has too many kinds of rules" : err_str(err));
}

/* What could not be read for want of memory is not bad: the list is not taken without it. */
enum err reader_not_taken(struct reader *reader, enum listline_verdict verdict, const char *text,
			  size_t len)
{
	struct list_report *report = reader->report;
	bool *counted = verdict == LISTLINE_BAD ? &reader->state.bad : &reader->state.skipped;

	if (verdict == LISTLINE_BAD && reader->rule.reason == LINE_NO_MEMORY)
		return err_set(reader->text, ERR_NOMEM, "%s: line %u: %s", reader->options->path,
			       report->lines, err_str(ERR_NOMEM));
	if (!*counted)
		report_not_taken(report, report->lines, reader->rule.reason, text, len);
	*counted = true;
	return ERR_OK;
}

enum err reader_take_rule(struct reader *reader, const char *text, size_t len)
{
	struct listline_rule *rule = &reader->rule;
	enum list_reason reason;
	enum err err = ruletake_add(&reader->take, rule, &reason);

	if (err != ERR_OK)
		return reader_failed(reader, err);
	if (reason == LIST_REASON_COUNT)
		return ERR_OK;
	rule->reason = reason;
	return reader_not_taken(reader, reason < LIST_REASON_SKIP ? LISTLINE_BAD : LISTLINE_SKIPPED,
				text, len);
}

enum err reader_take_range(struct reader *reader, const struct addrline_range *range,
			   const char *text, size_t len)
{
	const struct word line = {text, len};
	enum err err = addrtake_range(reader->options, reader->report, range,
				      reader->take.note_number, line);

	return err == ERR_OK ? ERR_OK : reader_failed(reader, err);
}
