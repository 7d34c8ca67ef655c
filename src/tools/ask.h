/* SPDX-License-Identifier: BSD-2-Clause */
/* A command, from its words to the daemon's answer. */
#ifndef TOOLS_ASK_H
#define TOOLS_ASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "web/commands.h"

#define WORDS_MAX 12
#define TARGET_MAX 8000

/* The command line. */
struct line {
	const char *socket;
	bool json;
	bool help; /* what the command does is wanted */
	enum web_command command;
	size_t count; /* of the words behind the command */
	char *words[WORDS_MAX];
};

/* Tells what went wrong; returns EXIT_FAILURE. */
int fail(const char *what, const char *why);

/* Tells that the option lacks its value; returns EXIT_FAILURE. */
int fail_to_give(const char *option);

/* Tells why the daemon has refused, as its answer has it; returns EXIT_FAILURE. */
int fail_refused(const struct line *line, const char *body);

/* The parameters of the command line, by their names; NULL: it was told what is wrong.  To be
 * released, as all answers. */
json_t *read_parameters(const struct line *line);

/* The command's route with the parameters in its query. */
void make_target(const struct line *line, json_t *given, char target[TARGET_MAX]);

/* The answer's object.  NULL: it was told why there is none. */
json_t *ask(const struct line *line, const char *method, const char *target, const char *body);

/* Asks what the command asks, with its parameters. */
json_t *ask_command(const struct line *line, json_t *given);

/* Members of an object: 0 and "" where there are none. */
json_int_t number_of(const json_t *object, const char *key);
const char *text_of(const json_t *object, const char *key);

#endif
