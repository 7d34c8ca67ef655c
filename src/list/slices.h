/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A large file read in slices of whole lines: threads look ahead for the plain lines (line/plain)
 * and for names that the gate lets pass for sure, and note them; the reader's thread does all else,
 * line after line, so that what comes of the file, and what is told of it, is the same as without.
 */
#ifndef LIST_SLICES_H
#define LIST_SLICES_H

#include "list/listfile.h"
#include "list/reader.h"

/* Below so many octets of a file it is not worth while. */
#define SLICES_FILE_BYTES (1 << 20)

struct slices;

/* What is done with the lines that are left to the reader. */
struct slices_calls {
	/* Takes a line without its newline. */
	enum err (*line)(struct reader *reader, const char *text, size_t len);
	/* Takes the rule of the reader, which a plain line says. */
	enum err (*rule)(struct reader *reader, const char *text, size_t len);
	/* Takes the block from octet `pos` on, its rest as well. */
	enum err (*block)(struct reader *reader, size_t pos);
};

/* NULL: such a file is read without, or there are no threads or no memory for it. */
struct slices *slices_create(const struct reader *reader);
void slices_free(struct slices *slices);

/* Takes the whole file, whose first block is there and begins at octet `pos`.  Errors as of the
 * calls and reader_fill. */
enum err slices_take(struct slices *slices, struct reader *reader, size_t pos,
		     const struct slices_calls *calls) MUST_CHECK;

#endif
