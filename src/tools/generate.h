/* SPDX-License-Identifier: BSD-2-Clause */
/* What is made of the table of commands, beside the help. */
#ifndef TOOLS_GENERATE_H
#define TOOLS_GENERATE_H

#include <stdbool.h>

/* Writes what `what` names to standard output: "bash", "zsh", "fish": completions; "man": the
 * commands as mdoc(7); "openapi": the API as OpenAPI 3.0 in JSON.  False: there is no such thing,
 * or writing failed. */
bool generate(const char *what);

#endif
