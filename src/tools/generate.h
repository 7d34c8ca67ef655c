/* SPDX-License-Identifier: BSD-2-Clause */
/* What is made of the table of commands, beside the help. */
#ifndef TOOLS_GENERATE_H
#define TOOLS_GENERATE_H

#include <stdbool.h>

#include "web/commands.h"

struct command {
	const char *name;
	const char *method;
	const char *route;
	const char *parameters;
	const char *help;
};

extern const struct command commands[WEB_COMMAND_COUNT];

/* Writes what `what` names to standard output: "bash", "zsh", "fish": completions; "man": the
 * commands as mdoc(7); "openapi": the API as OpenAPI 3.0 in JSON.  False: there is no such thing,
 * or writing failed. */
bool generate(const char *what);

#endif
