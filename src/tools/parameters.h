/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands with their parameters taken apart. */
#ifndef TOOLS_PARAMETERS_H
#define TOOLS_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>

#include "web/commands.h"

#define PARAMETERS_MAX 8
#define PARAMETER_TEXT_MAX 32

struct command {
	const char *name;
	const char *method;
	const char *route;
	const char *parameters;
	const char *help;
};

extern const struct command commands[WEB_COMMAND_COUNT];

/* One parameter of a command: NAME, --for TIME, or [--dry-run]. */
struct parameter {
	char name[PARAMETER_TEXT_MAX]; /* as the API calls it */
	bool option;		       /* given as --NAME */
	bool flag;		       /* an option with nothing behind it */
	bool required;
};

/* The parameters of a command in their order; returns how many. */
size_t parameters_of(const struct command *c, struct parameter ret_list[PARAMETERS_MAX]);

#endif
