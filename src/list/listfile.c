/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/listfile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/priority.h"
#include "list/listguess.h"
#include "list/listline.h"
#include "match/pages.h"

#define LINES_A_TURN 1024U /* a quarter of a millisecond's work */
#define BLOCK_BYTES ((size_t)256 << 10)

/* A file being read into a builder. */
struct reader {
	const struct listfile_options *options;
	struct domset_builder *builder;
	struct list_report *report;
	struct err_text *text;
	struct pages block;
	size_t have; /* octets in the block that are not worked off */
	int fd;
	bool at_end;
	bool in_long_line; /* its report was made, its end is still to come */
	struct listline_rule rule;
};

static enum err open_list(const char *path, int *ret_fd, struct err_text *text)
{
	if (file_open(path, ret_fd) == ERR_OK)
		return ERR_OK;
	return err_set(text, ERR_SYS, "%s: %s", path,
		       errno == EISDIR	 ? "is a directory"
		       : errno == EINVAL ? "is not a regular file"
					 : strerror(errno));
}

static bool is_cancelled(const struct reader *reader)
{
	return reader->options->cancelled &&
	       atomic_load_explicit(reader->options->cancelled, memory_order_relaxed);
}

/* Reads until the block is full or the file ends. */
static enum err fill_block(struct reader *reader)
{
	if (is_cancelled(reader))
		return err_set(reader->text, ERR_CANCELLED, "%s: %s", reader->options->path,
			       err_str(ERR_CANCELLED));
	while (!reader->at_end && reader->have < reader->block.size) {
		ssize_t got = read(reader->fd, reader->block.base + reader->have,
				   reader->block.size - reader->have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(reader->text, ERR_SYS, "%s: %s", reader->options->path,
				       strerror(errno));
		reader->at_end = got == 0;
		if (reader->options->taken)
			reader->options->taken(reader->options->taken_arg,
					       reader->block.base + reader->have, (size_t)got);
		reader->have += (size_t)got;
		reader->report->bytes += (uint64_t)got;
	}
	return ERR_OK;
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
	if (file_has_writer(reader->fd))
		return unsteady(reader, "somebody has it open for writing");
	if (fstat(reader->fd, &reader->report->version) == 0)
		return ERR_OK;
	return err_set(reader->text, ERR_SYS, "%s: %s", reader->options->path, strerror(errno));
}

/* A file that is put in the place of the one that was read changes that one's times, too. */
static enum err check_version(const struct reader *reader)
{
	struct stat now;

	if (file_has_writer(reader->fd) || fstat(reader->fd, &now) != 0 ||
	    !file_same_version(&now, &reader->report->version))
		return unsteady(reader, "was changed while it was read");
	return ERR_OK;
}

/* Decides the format by the first block. */
static enum err decide(struct reader *reader)
{
	const char *text = (const char *)reader->block.base;
	enum list_format *format = &reader->report->format;

	if (listguess_is_markup(text, reader->have))
		return refused(reader, "is an HTML or XML page, not a list");
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
	err = open_list(reader->options->path, &reader->fd, reader->text);
	if (err == ERR_OK)
		err = note_version(reader);
	if (err == ERR_OK)
		err = fill_block(reader);
	return err == ERR_OK ? decide(reader) : err;
}

static void finish(struct reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	pages_free(&reader->block);
}

static enum err take_rule(struct reader *reader)
{
	const struct listline_rule *rule = &reader->rule;
	uint32_t line = reader->report->lines;
	const char *held = NULL;
	enum err err;

	if (reader->options->guard)
		held = guard_entry(reader->options->guard, &rule->owner, &rule->kind);
	if (held) {
		report_held(reader->report, line, held, &rule->owner);
		return ERR_OK;
	}
	reader->report->entries++;
	reader->report->exceptions += rule->kind.exception;
	err = domset_builder_add(reader->builder, &rule->owner, &rule->kind, line);
	if (err == ERR_OK)
		return ERR_OK;
	return err_set(reader->text, err, "%s: line %u: %s", reader->options->path, line,
		       err == ERR_REFUSED ? "the lists have too many kinds of rules"
					  : err_str(err));
}

static enum err take_line(struct reader *reader, const char *text, size_t len)
{
	struct list_report *report = reader->report;
	enum listline_verdict verdict;
	struct listline line;
	enum err err = ERR_OK;

	if (++report->lines % LINES_A_TURN == 0)
		priority_give_way();
	if (len > LISTLINE_MAX) {
		report_bad(report, report->lines, "the line is over 4096 octets", text, len);
		return ERR_OK;
	}
	listline_init(&line, report->format, reader->options->exact, text, len);
	while (err == ERR_OK) {
		verdict = listline_next(&line, &reader->rule);
		if (verdict == LISTLINE_END)
			break;
		if (verdict == LISTLINE_RULE)
			err = take_rule(reader);
		else if (verdict == LISTLINE_SKIPPED)
			report->skipped++;
		else
			report_bad(report, report->lines, reader->rule.reason, text, len);
	}
	return err;
}

/* Takes what is left without a newline: nothing, the start of a line, or the file's last. */
static enum err take_rest(struct reader *reader, const char *text, size_t len)
{
	enum err err = ERR_OK;

	reader->report->open_end = len > 0 || reader->in_long_line;
	if (reader->in_long_line)
		len = 0;
	if (len > LISTLINE_MAX || (reader->at_end && len > 0)) {
		reader->in_long_line = !reader->at_end;
		err = take_line(reader, text, len);
		len = 0;
	}
	memmove(reader->block.base, text, len);
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
		if (!reader->in_long_line)
			err = take_line(reader, text, (size_t)(newline - text));
		reader->in_long_line = false;
		text = newline + 1;
	}
	return err == ERR_OK ? take_rest(reader, text, (size_t)(end - text)) : err;
}

static enum err take_file(struct reader *reader)
{
	size_t bom = listguess_bom((const char *)reader->block.base, reader->have);
	enum err err;

	if (reader->report->format == LIST_FORMAT_RPZ)
		return refused(reader, "is a zone file (format rpz)");
	err = take_block(reader, bom);
	while (err == ERR_OK && !reader->at_end) {
		err = fill_block(reader);
		if (err == ERR_OK)
			err = take_block(reader, 0);
	}
	return err;
}

enum err listfile_detect(const char *path, enum list_format *ret_format, struct err_text *text)
{
	struct listfile_options options = {.path = path};
	struct list_report report;
	struct reader reader = {.options = &options, .report = &report, .text = text, .fd = -1};
	enum err err;

	report_init(&report, LIST_FORMAT_AUTO);
	err = start(&reader);
	finish(&reader);
	if (err == ERR_OK)
		*ret_format = report.format;
	return err;
}

enum err listfile_load(const struct listfile_options *options, struct domset_builder *builder,
		       struct list_report *ret_report, struct err_text *text)
{
	struct reader reader = {
		.options = options,
		.builder = builder,
		.report = ret_report,
		.text = text,
		.fd = -1,
	};
	enum err err;

	report_init(ret_report, options->format);
	err = start(&reader);
	if (err == ERR_OK)
		err = take_file(&reader);
	if (err == ERR_OK)
		err = check_version(&reader);
	finish(&reader);
	return err;
}
