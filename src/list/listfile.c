/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/listfile.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "list/addrtake.h"
#include "line/plain.h"
#include "list/listguess.h"
#include "list/reader.h"
#include "list/rows.h"
#include "list/ruletake.h"
#include "list/slices.h"

#define BLOCK_BYTES ((size_t)256 << 10)

static enum err unsteady(const struct reader *reader, const char *what)
{
	reader->report->unsteady = true;
	return reader_refused(reader, what);
}

/* Which version of the file is about to be read. */
static enum err note_version(struct reader *reader)
{
	int fd = source_fd(reader->source);

	if (file_has_writer(fd))
		return unsteady(reader, "somebody has it open for writing");
	if (fstat(fd, &reader->report->version) == 0)
		return ERR_OK;
	return err_set(reader->text, ERR_SYS, "%s: %s", reader->options->path, strerror(errno));
}

/* A file that is put in the place of the one that was read changes that one's times, too. */
static enum err check_version(const struct reader *reader)
{
	int fd = source_fd(reader->source);
	struct stat now;

	if (file_has_writer(fd) || fstat(fd, &now) != 0 ||
	    !file_same_version(&now, &reader->report->version))
		return unsteady(reader, "was changed while it was read");
	return ERR_OK;
}

/* Decides the format by the first block. */
static enum err decide(struct reader *reader)
{
	const char *text = (const char *)reader->block.base;
	enum list_format *format = &reader->report->format;
	const char *what = listguess_no_list(text, reader->have);

	if (what)
		return reader_refused(reader, what);
	if (*format == LIST_FORMAT_AUTO)
		*format = listguess_format(text, reader->have, reader->at_end);
	return ERR_OK;
}

/* Opens the file, reads its first block, and decides the format. */
static enum err start(struct reader *reader)
{
	enum err err = pages_map(&reader->block, BLOCK_BYTES);

	if (err != ERR_OK)
		return err_set(reader->text, err, "%s: %s", reader->options->path, err_str(err));
	err = source_open(reader->options->path, reader->options->taken, reader->options->taken_arg,
			  &reader->source, reader->text);
	if (err == ERR_OK && reader->options->max_bytes > 0)
		source_set_max(reader->source, reader->options->max_bytes);
	if (err == ERR_OK)
		err = note_version(reader);
	if (err == ERR_OK)
		err = reader_fill(reader);
	return err == ERR_OK ? decide(reader) : err;
}

static void finish(struct reader *reader)
{
	source_close(reader->source);
	pages_free(&reader->block);
}

/* What takes rules back is known once the whole file was read: then it is read again. */
static enum err note_taken_back(struct reader *reader)
{
	const struct listline_rule *rule = &reader->rule;
	enum err err = ERR_OK;

	if (!reader->again)
		err = takenback_add(&reader->taken_back, &rule->owner, &rule->kind);
	return err == ERR_OK ? ERR_OK : reader_failed(reader, err);
}

static bool is_taken_back(struct reader *reader)
{
	struct listline_rule *rule = &reader->rule;

	if (!reader->again || rule->pattern.len > 0 ||
	    !takenback_has(&reader->taken_back, &rule->owner, &rule->kind))
		return false;
	rule->reason = LINE_TAKEN_BACK;
	return true;
}

/* ---- addresses */

/* A line of a list of addresses. */
static enum err take_address_line(struct reader *reader, const char *text, size_t len)
{
	struct addrline_range range;
	enum listline_verdict verdict = addrline_parse(text, len, &range, &reader->rule.reason);

	if (verdict == LISTLINE_END)
		return ERR_OK;
	reader->report->told++;
	if (verdict == LISTLINE_RULE)
		return reader_take_range(reader, &range, text, len);
	return reader_not_taken(reader, verdict, text, len);
}

/* ---- lines */

/* Takes the reader's rule, which the line says. */
static enum err take_rule(struct reader *reader, const char *text, size_t len)
{
	if (reader->rule.badfilter)
		return note_taken_back(reader);
	if (is_taken_back(reader))
		return reader_not_taken(reader, LISTLINE_SKIPPED, text, len);
	return reader_take_rule(reader, text, len);
}

/* Takes a line, or what of it lies in the block. */
static enum err take_text(struct reader *reader, const char *text, size_t len)
{
	struct line_state *state = &reader->state;
	enum listline_verdict verdict;
	struct addrline_range range;
	struct listline line;
	enum err err = ERR_OK;

	if (!state->is_hosts &&
	    addrtake_is_range(reader->options, (struct word){text, len}, &range)) {
		reader->report->told++;
		return reader_take_range(reader, &range, text, len);
	}
	if (state->is_hosts)
		listline_init_more(&line, reader->options->exact, text, len);
	else
		listline_init(&line, reader->report->format, reader->options->exact, text, len);
	while (err == ERR_OK) {
		verdict = listline_next(&line, &reader->rule);
		if (verdict == LISTLINE_END)
			break;
		reader->report->told += !state->told;
		state->told = true;
		if (verdict != LISTLINE_RULE)
			err = reader_not_taken(reader, verdict, text, len);
		else
			err = take_rule(reader, text, len);
	}
	state->is_hosts = line.is_hosts;
	state->discarded = line.comment;
	return err;
}

static enum err take_line(struct reader *reader, const char *text, size_t len)
{
	if (!reader->in_line)
		reader_begin_line(reader, reader->report->lines + 1);
	reader->in_line = false;
	if (reader->state.discarded)
		return ERR_OK;
	if (reader->report->format == LIST_FORMAT_RPZ)
		return reader->options->zone->line(reader->options->zone->zone, text, len,
						   reader->text);
	return list_format_has_names(reader->report->format) ? take_text(reader, text, len)
							     : take_address_line(reader, text, len);
}

/* True where most lines are plain ones (line/plain), and one begins. */
static bool may_be_plain(const struct reader *reader)
{
	return !reader->in_line && !reader->options->addresses &&
	       list_format_has_names(reader->report->format);
}

/* Takes the line at `text`, in a block that ends at `end`, if it is a plain one, and moves `text`
 * behind it; else `text` stays. */
static enum err take_plain(struct reader *reader, const char **text, const char *end)
{
	const char *start = *text;
	size_t len;

	if ((size_t)(end - start) < PLAIN_ROOM)
		return ERR_OK;
	len = plain_line(start, reader->report->format, reader->options->exact, &reader->rule);
	if (len == 0)
		return ERR_OK;
	reader_begin_line(reader, reader->report->lines + 1);
	reader->report->told++;
	reader->state.told = true;
	*text = start + len + 1;
	return take_rule(reader, start, len);
}

/*
 * Takes what it can of a line that fills the block: the names of a hosts line up to the last
 * blank.  What is left has to be read on with.
 */
static enum err take_part(struct reader *reader, const char *text, size_t *len)
{
	const char *end = text + *len;
	struct listline probe;
	size_t part;
	enum err err = ERR_OK;

	if (!reader->in_line)
		reader_begin_line(reader, reader->report->lines + 1);
	reader->in_line = true;
	while (end > text && end[-1] != ' ' && end[-1] != '\t')
		end--;
	part = (size_t)(end - text);
	listline_init(&probe, reader->report->format, true, text, part);
	(void)listline_next(&probe, &reader->rule);
	if (!reader->state.discarded && part > 0 && list_format_has_names(reader->report->format) &&
	    (reader->state.is_hosts || probe.is_hosts)) {
		err = take_text(reader, text, part);
		*len -= part;
		return err;
	}
	if (!reader->state.discarded &&
	    !(probe.comment && list_format_has_names(reader->report->format))) {
		reader->report->told += !reader->state.told;
		reader->rule.reason = LINE_LONG;
		err = reader_not_taken(reader, LISTLINE_BAD, text, *len);
	}
	reader->state.discarded = true;
	*len = 0;
	return err;
}

/* Takes what is left without a newline: nothing, the start of a line, or the file's last. */
static enum err take_rest(struct reader *reader, const char *text, size_t len)
{
	const char *end = text + len;
	enum err err = ERR_OK;

	reader->report->open_end = len > 0 || reader->in_line;
	if (reader->at_end && (len > 0 || reader->in_line)) {
		err = take_line(reader, text, len);
		len = 0;
	} else if (len == reader->block.size) {
		err = take_part(reader, text, &len);
	}
	memmove(reader->block.base, end - len, len);
	reader->have = len;
	return err;
}

/* Takes the lines of the block, from octet `pos` on. */
static enum err take_block(struct reader *reader, size_t pos)
{
	const char *text = (const char *)reader->block.base + pos;
	const char *end = (const char *)reader->block.base + reader->have;
	const char *newline;
	const char *start;
	enum err err = ERR_OK;

	while (err == ERR_OK && text < end) {
		start = text;
		if (may_be_plain(reader))
			err = take_plain(reader, &text, end);
		if (text != start)
			continue;
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			break;
		err = take_line(reader, text, (size_t)(newline - text));
		text = newline + 1;
	}
	return err == ERR_OK ? take_rest(reader, text, (size_t)(end - text)) : err;
}

/* What a zone's lines say depends on what stands at its head, which is taken before others are
 * looked at. */
static enum err take_slices(struct slices *slices, struct reader *reader, size_t pos)
{
	static const struct slices_calls calls = {take_line, take_rule, take_block};
	enum err err = ERR_OK;

	if (reader->report->format == LIST_FORMAT_RPZ) {
		err = take_block(reader, pos);
		if (err != ERR_OK || reader->at_end)
			return err;
		err = reader_fill(reader);
		pos = 0;
	}
	return err == ERR_OK ? slices_take(slices, reader, pos, &calls) : err;
}

/* Takes a file of lines, whose first block is there and begins at octet `pos`. */
static enum err take_lines(struct reader *reader, size_t pos)
{
	struct slices *slices = slices_create(reader);
	enum err err;

	if (slices) {
		err = take_slices(slices, reader, pos);
		slices_free(slices);
		return err;
	}
	err = take_block(reader, pos);
	while (err == ERR_OK && !reader->at_end) {
		err = reader_fill(reader);
		if (err == ERR_OK)
			err = take_block(reader, 0);
	}
	return err;
}

static enum err take_file(struct reader *reader)
{
	size_t bom = listguess_bom((const char *)reader->block.base, reader->have);

	if (reader->report->format == LIST_FORMAT_RPZ && !reader->options->zone)
		return reader_refused(reader, "is a zone file (format rpz)");
	if (reader->report->format == LIST_FORMAT_ADDRESSES && !reader->options->addresses)
		return reader_refused(reader, "is a list of addresses, which are not taken here");
	if (list_format_is_table(reader->report->format))
		return rows_take_file(reader);
	return take_lines(reader, bom);
}

static enum err read_file(struct reader *reader)
{
	enum err err = start(reader);

	if (err == ERR_OK)
		err = take_file(reader);
	if (err == ERR_OK)
		err = check_version(reader);
	finish(reader);
	return err;
}

/* Reads the same version of the file once more, without the rules that are taken back. */
static enum err read_again(struct reader *reader, const struct listfile_options *options,
			   const struct domset_mark *mark)
{
	struct listfile_options again = *options;
	struct stat version = reader->report->version;
	struct takenback taken_back = reader->taken_back;
	enum err err;

	takenback_sort(&taken_back);
	domset_builder_rollback(reader->take.builder, mark);
	if (options->addresses)
		addrset_builder_rollback(options->addresses, reader->addresses);
	rewrites_fini(&reader->take.rewrites);
	again.taken = NULL; /* that was given to whom it may concern */
	report_init(reader->report, options->format);
	report_listen(reader->report, options->ear);
	*reader = (struct reader){
		.options = &again,
		.take = {.options = &again,
			 .builder = reader->take.builder,
			 .report = reader->report},
		.report = reader->report,
		.text = reader->text,
		.addresses = reader->addresses,
		.taken_back = taken_back,
		.again = true,
	};
	err = read_file(reader);
	if (err == ERR_OK && !file_same_version(&version, &reader->report->version))
		err = unsteady(reader, "was changed while it was read");
	return err;
}

enum err listfile_load(const struct listfile_options *options, struct domset_builder *builder,
		       struct list_report *ret_report, struct err_text *text)
{
	struct domset_mark mark = domset_builder_mark(builder);
	struct reader reader = {
		.options = options,
		.take = {.options = options, .builder = builder, .report = ret_report},
		.report = ret_report,
		.text = text,
		.addresses = options->addresses ? addrset_builder_mark(options->addresses) : 0,
	};
	enum err err;

	report_init(ret_report, options->format);
	report_listen(ret_report, options->ear);
	err = read_file(&reader);
	if (err == ERR_OK && reader.taken_back.count > 0)
		err = read_again(&reader, options, &mark);
	takenback_fini(&reader.taken_back);
	rewrites_fini(&reader.take.rewrites);
	return err;
}
