/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/listfile.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/priority.h"
#include "list/addrtake.h"
#include "list/listguess.h"
#include "line/listline.h"
#include "list/ruletake.h"
#include "list/source.h"
#include "list/takenback.h"
#include "base/pages.h"

#define LINES_A_TURN 1024U /* a quarter of a millisecond's work */
#define BLOCK_BYTES ((size_t)256 << 10)

/* What the line that is being read turned out to be so far. */
struct line_state {
	bool told;	/* it says something */
	bool bad;	/* and something of it cannot be read */
	bool skipped;	/* and something of it is skipped */
	bool is_hosts;	/* it is an address and its names */
	bool discarded; /* nothing more of it is wanted */
};

/* A file being read into a builder. */
struct reader {
	const struct listfile_options *options;
	struct ruletake take;
	struct list_report *report;
	struct err_text *text;
	struct source *source;
	size_t addresses; /* in the builder before */
	struct pages block;
	size_t have; /* octets in the block that are not worked off */
	bool at_end;
	bool in_line; /* the block begins with the rest of a line that is longer than it */
	struct line_state state;
	struct listline_rule rule;
	struct takenback taken_back; /* filled by the first reading, used by the second */
	bool again;		     /* this is the second */
};

static bool is_cancelled(const struct reader *reader)
{
	return reader->options->cancelled &&
	       atomic_load_explicit(reader->options->cancelled, memory_order_relaxed);
}

/* Reads until the block is full or the file ends. */
static enum err fill_block(struct reader *reader)
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

static enum err refused(const struct reader *reader, const char *what)
{
	return err_set(reader->text, ERR_REFUSED, "%s: %s", reader->options->path, what);
}

static enum err unsteady(const struct reader *reader, const char *what)
{
	reader->report->unsteady = true;
	return refused(reader, what);
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
		return refused(reader, what);
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
		err = fill_block(reader);
	return err == ERR_OK ? decide(reader) : err;
}

static void finish(struct reader *reader)
{
	source_close(reader->source);
	pages_free(&reader->block);
}

static enum err add_failed(const struct reader *reader, enum err err)
{
	return err_set(reader->text, err, "%s: line %u: %s", reader->options->path,
		       reader->report->lines,
		       err == ERR_REFUSED ? "the list has too many kinds of rules" : err_str(err));
}

/* What takes rules back is known once the whole file was read: then it is read again. */
static enum err note_taken_back(struct reader *reader)
{
	const struct listline_rule *rule = &reader->rule;
	enum err err = ERR_OK;

	if (!reader->again)
		err = takenback_add(&reader->taken_back, &rule->owner, &rule->kind);
	return err == ERR_OK ? ERR_OK : add_failed(reader, err);
}

/* A line is counted once as bad and once as skipped, by the first thing that makes it so.  One that
 * could not be read for want of memory is not bad: the list is not taken without it. */
static enum err not_taken(struct reader *reader, enum listline_verdict verdict, const char *text,
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

static enum err take_rule(struct reader *reader, const char *text, size_t len)
{
	struct listline_rule *rule = &reader->rule;
	enum list_reason reason;
	enum err err = ruletake_add(&reader->take, rule, &reason);

	if (err != ERR_OK)
		return add_failed(reader, err);
	if (reason == LIST_REASON_COUNT)
		return ERR_OK;
	rule->reason = reason;
	return not_taken(reader, reason < LIST_REASON_SKIP ? LISTLINE_BAD : LISTLINE_SKIPPED, text,
			 len);
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

static enum err take_range(struct reader *reader, const struct addrline_range *range,
			   const char *text, size_t len)
{
	const struct word line = {text, len};
	enum err err = addrtake_range(reader->options, reader->report, range, line);

	return err == ERR_OK ? ERR_OK : add_failed(reader, err);
}

/* A line of a list of addresses. */
static enum err take_address_line(struct reader *reader, const char *text, size_t len)
{
	struct addrline_range range;
	enum listline_verdict verdict = addrline_parse(text, len, &range, &reader->rule.reason);

	if (verdict == LISTLINE_END)
		return ERR_OK;
	reader->report->told++;
	if (verdict == LISTLINE_RULE)
		return take_range(reader, &range, text, len);
	return not_taken(reader, verdict, text, len);
}

/* ---- lines */

static void begin_line(struct reader *reader)
{
	reader->state = (struct line_state){.told = false};
	if (++reader->report->lines % LINES_A_TURN == 0)
		priority_give_way();
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
		return take_range(reader, &range, text, len);
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
			err = not_taken(reader, verdict, text, len);
		else if (reader->rule.badfilter)
			err = note_taken_back(reader);
		else if (is_taken_back(reader))
			err = not_taken(reader, LISTLINE_SKIPPED, text, len);
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
		begin_line(reader);
	reader->in_line = false;
	if (reader->state.discarded)
		return ERR_OK;
	if (reader->report->format == LIST_FORMAT_RPZ)
		return reader->options->zone_line(reader->options->zone_arg, text, len,
						  reader->text);
	return list_format_has_names(reader->report->format) ? take_text(reader, text, len)
							     : take_address_line(reader, text, len);
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
		begin_line(reader);
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
		err = not_taken(reader, LISTLINE_BAD, text, *len);
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
	enum err err = ERR_OK;

	while (err == ERR_OK && text < end) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			break;
		err = take_line(reader, text, (size_t)(newline - text));
		text = newline + 1;
	}
	return err == ERR_OK ? take_rest(reader, text, (size_t)(end - text)) : err;
}

static enum err take_file(struct reader *reader)
{
	size_t bom = listguess_bom((const char *)reader->block.base, reader->have);
	enum err err;

	if (reader->report->format == LIST_FORMAT_RPZ && !reader->options->zone_line)
		return refused(reader, "is a zone file (format rpz)");
	if (reader->report->format == LIST_FORMAT_ADDRESSES && !reader->options->addresses)
		return refused(reader, "is a list of addresses, which are not taken here");
	err = take_block(reader, bom);
	while (err == ERR_OK && !reader->at_end) {
		err = fill_block(reader);
		if (err == ERR_OK)
			err = take_block(reader, 0);
	}
	return err;
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
		.take = {&again, reader->take.builder, reader->report, {0}},
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
		.take = {options, builder, ret_report, {0}},
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
