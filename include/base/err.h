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

enum err {
	ERR_OK = 0,
	ERR_NOMEM,     /* out of memory, or a hard maximum reached */
	ERR_SYS,       /* a system call failed; errno says why */
	ERR_SYNTAX,    /* text that is not of the expected form */
	ERR_RANGE,     /* a number or a length outside its limits */
	ERR_TRUNCATED, /* input ended too early */
	ERR_LABEL,     /* a label is empty or over 63 octets (RFC 1035, 2.3.4) */
	ERR_NAME,      /* a name is over 255 octets (RFC 1035, 2.3.4) */
	ERR_CHAR,      /* an octet that cannot stand in a host name */
	ERR_POINTER,   /* a compression pointer that does not point backward */
	ERR_EXISTS,    /* what was to be made is there already */
	ERR_NOTFOUND,  /* what was looked for is not there */
	ERR_REFUSED,   /* a gate or a limit said no */
	ERR_CONFIG,    /* the configuration is wrong; the text says where */
	ERR_CANCELLED, /* the caller no longer wants the result */
	ERR_COUNT
};

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
