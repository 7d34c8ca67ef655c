/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a list file into a domset builder, block by block: the file is never held in memory.
 * The form of a single line is line/listline's; here are the file, the counting, the gate.
 */
#ifndef LIST_LISTFILE_H
#define LIST_LISTFILE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "addrs/addrset.h"
#include "set/domset.h"
#include "list/addrguard.h"
#include "list/answers.h"
#include "given/localdata.h"
#include "list/guard.h"
#include "list/report.h"
#include "table/table.h"

/* How the rows of a table are read (LIST_FORMAT_CSV, LIST_FORMAT_JSON). */
struct listfile_rows {
	struct table_map map;
	bool urls;		 /* a URL stands for its host; else it is skipped */
	uint32_t least_score;	 /* of rows that are taken */
	uint32_t below_score;	 /* theirs are below it; 0: no bound */
	struct localdata *notes; /* where families and tickets go; NULL: nowhere */
	uint64_t now_s;		 /* Unix time: by it dates have come or not */
	bool keeps;		 /* a row whose delete date has come is in force all the same */
	/* Begun by the caller: given the owners of rows whose delete date has come; NULL: nobody.
	 */
	struct domset_builder *over;
};

/* What a zone's pieces may be noted in: so many octets, and so many for each octet of text. */
#define LISTFILE_NOTES_ROOM 2048U
#define LISTFILE_NOTES_OCTETS 8U

/* Who takes the lines of a zone file. */
struct listfile_zone {
	void *zone;
	/* Takes a line without its newline, whose number the report has. */
	enum err (*line)(void *zone, const char *line, size_t len, struct err_text *text);
	/*
	 * Of a large file, pieces of whole lines, each line with its newline: put in the order of
	 * the file, when some before it may not have been taken; looked at by any thread; and taken
	 * in their order, when all before was taken.  `take` counts the lines in the report.
	 */
	void (*put)(void *zone, uint8_t *notes);
	void (*look)(uint8_t *notes, const char *piece, const char *end);
	enum err (*take)(void *zone, const uint8_t *notes, const char *piece, const char *end,
			 struct err_text *text);
};

struct listfile_options {
	const char *path;
	enum list_format format;
	struct listfile_rows rows;
	bool exact; /* `match: exact`: plain names do not cover what is below */
	bool pass;  /* it lets pass what it names: an exception is as good as a rule */
	const struct guard *guard; /* the entry gate; NULL lets all pass */
	unsigned int allowed;	   /* GUARD_ALLOW_: what passes the gate as well */
	/* Where its addresses go, as those of list `list`; NULL: they are skipped. */
	struct addrset_builder *addresses;
	uint32_t list;
	struct list_answers answers;
	const struct addrguard *addrguard; /* their gate; NULL lets all pass */
	uint64_t max_bytes; /* what it may come to, decompressed; 0: as much as is ever taken */
	const atomic_bool *cancelled; /* looked at between blocks of the file; NULL: never */
	/* Given every octet that is read, in order; NULL: nobody. */
	void (*taken)(void *arg, const void *data, size_t len);
	void *taken_arg;
	const struct report_ear *ear; /* told of what is not taken; NULL: nobody */
	/* Given the lines of a zone file; NULL: such a file is refused.  What fails ends the
	 * reading, with `text`. */
	const struct listfile_zone *zone;
};

/*
 * Reads the file into the list that `builder` began last, addresses into `addresses` of the
 * options; what is gzip, xz or zstd is decompressed.  Each line is judged for itself
 * (line/listline); one that is bad or skipped is counted and told in the report, and costs nothing
 * else.  Lines of a hosts file may have any length, others 256 KiB.  A rule that the gate holds is
 * not added.  LIST_FORMAT_AUTO decides by the first lines (list/listguess); the report says how.
 *
 * What is half written is not taken: the version of the file (inode, size, times) has to be the
 * same before and after, and where the kernel tells so, nobody may have it open for writing.
 *
 * ERR_SYS: it cannot be read (it is not there, a directory, a pipe, an I/O error).
 * ERR_REFUSED: it was being written (`unsteady` in the report), it is an HTML page, UTF-16 or an
 * archive, or damaged compressed data, or a zone file that nobody takes the lines of, or the set
 * has too many kinds of rules.  ERR_NOMEM.  ERR_CANCELLED, and what `zone` fails with.  Each
 * with `text` (may be NULL) naming the file.  On failure the builder has part of the rules (the
 * caller rolls back), and `ret_report` has been written as far as it went. Loader thread; blocks.
 */
enum err listfile_load(const struct listfile_options *options, struct domset_builder *builder,
		       struct list_report *ret_report, struct err_text *text) MUST_CHECK;

#endif
