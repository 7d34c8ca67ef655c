/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#define ERR_TEXT(name, text) [name] = (text),
static const char *const reasons[ERR_COUNT] = {ERR_ROWS(ERR_TEXT)};

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
