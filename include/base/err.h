/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one list of reasons for failure, and the text of a failure.
 *
 * A function that can fail returns `enum err`; its out-parameters are untouched unless it
 * returned ERR_OK.  Where a person has to act on the failure, the function also takes a
 * `struct err_text`, and fills it with one line that names the file, the place and the reason.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* clang-format off */

/*
 * Each reason and its text.  ERR_NOMEM is also a hard maximum reached; after ERR_SYS errno says
 * why; ERR_LABEL and ERR_NAME are of RFC 1035, 2.3.4; ERR_REFUSED: a gate or a limit said no;
 * ERR_CONFIG: the text says where; ERR_CANCELLED: the caller no longer wants the result.
 */
#define ERR_ROWS(X) \
	X(ERR_OK, "no error") \
	X(ERR_NOMEM, "out of memory") \
	X(ERR_SYS, "system call failed") \
	X(ERR_SYNTAX, "syntax error") \
	X(ERR_RANGE, "out of range") \
	X(ERR_TRUNCATED, "cut off") \
	X(ERR_LABEL, "a label is empty or over 63 octets") \
	X(ERR_NAME, "the name is over 255 octets") \
	X(ERR_CHAR, "a character that cannot stand in a host name") \
	X(ERR_POINTER, "a compression pointer that does not point backward") \
	X(ERR_EXISTS, "exists already") \
	X(ERR_NOTFOUND, "not found") \
	X(ERR_REFUSED, "refused") \
	X(ERR_CONFIG, "configuration error") \
	X(ERR_CANCELLED, "given up")

/* clang-format on */

#define ERR_ENUMERATOR(name, text) name,
enum err { ERR_ROWS(ERR_ENUMERATOR) ERR_COUNT };
#undef ERR_ENUMERATOR

/* One line for a person, without a newline at its end. */
struct err_text {
	char text[512];
};

/* The reason as a short lower-case phrase.  Never NULL.  Any thread. */
const char *err_str(enum err err);

/*
 * Fills `text` as by printf and returns `err`, so that a failure is told and returned in one
 * line.  `text` may be NULL; a text too long is cut.  Any thread.
 */
enum err err_set(struct err_text *text, enum err err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
