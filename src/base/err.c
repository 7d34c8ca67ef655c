/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const reasons[ERR_COUNT] = {
	[ERR_OK] = "no error",
	[ERR_NOMEM] = "out of memory",
	[ERR_SYS] = "system call failed",
	[ERR_SYNTAX] = "syntax error",
	[ERR_RANGE] = "out of range",
	[ERR_TRUNCATED] = "cut off",
	[ERR_LABEL] = "a label is empty or over 63 octets",
	[ERR_NAME] = "the name is over 255 octets",
	[ERR_CHAR] = "a character that cannot stand in a host name",
	[ERR_POINTER] = "a compression pointer that does not point backward",
	[ERR_EXISTS] = "exists already",
	[ERR_NOTFOUND] = "not found",
	[ERR_REFUSED] = "refused",
	[ERR_CONFIG] = "configuration error",
	[ERR_CANCELLED] = "given up",
};

const char *err_str(enum err err)
{
	if ((unsigned int)err >= ERR_COUNT)
		return "unknown error";
	return reasons[err];
}

enum err err_set(struct err_text *text, enum err err, const char *fmt, ...)
{
	va_list args;

	if (text) {
		va_start(args, fmt);
		vsnprintf(text->text, sizeof(text->text), fmt, args);
		va_end(args);
	}
	return err;
}
