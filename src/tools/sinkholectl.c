/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sinkholectl: asks the running daemon, and tells it what to do.  It speaks HTTP to the Unix socket
 * and knows nothing of the daemon but the table of commands.
 */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/ask.h"
#include "tools/client.h"
#include "tools/generate.h"
#include "tools/kept.h"
#include "tools/live.h"
#include "tools/loads.h"
#include "tools/parameters.h"
#include "tools/show.h"

#define SOCKET_DEFAULT "/run/sinkholed/control.sock"

static void describe(FILE *out, const char *front, const struct command *command)
{
	fprintf(out, "%s%s%s%s\n\t%s\n", front, command->name, *command->parameters ? " " : "",
		command->parameters, command->help);
}

static int usage(FILE *out)
{
	fputs("usage: sinkholectl [--socket PATH] [--json] COMMAND ...\n", out);
	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++)
		describe(out, "  ", &commands[i]);
	return out == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- what is shown */

static int show(const struct line *line, json_t *root)
{
	int status = root ? EXIT_SUCCESS : EXIT_FAILURE;

	if (root && line->json) {
		json_dumpf(root, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
	} else if (root) {
		show_answer(root);
	}
	json_decref(root);
	return fflush(stdout) == 0 ? status : fail("standard output", strerror(errno));
}

/* ---- commands */

/* What a query for the name is answered now, and which list says so. */
static void tell_now(const json_t *now)
{
	size_t i;
	json_t *rule;

	printf("now %s, answered: ", text_of(now, "verdict"));
	show_text(text_of(now, "answer"));
	json_array_foreach(json_object_get(now, "rules"), i, rule)
	{
		if (!json_is_true(json_object_get(rule, "decides")))
			continue;
		printf(", by list %s%s", text_of(rule, "list"),
		       json_is_true(json_object_get(rule, "mandatory")) ? " (mandatory)" : "");
	}
	putchar('\n');
}

/* What was said by command, and what comes of it. */
static int tell_said(const struct line *line, json_t *said)
{
	bool kept = json_is_true(json_object_get(said, "kept"));
	const json_t *now = json_object_get(said, "now");

	if (!said || line->json)
		return show(line, said);
	printf("%s: ", commands[line->command].name);
	show_text(text_of(said, "of"));
	printf("%s%s\n", *text_of(said, "until") ? ", until " : "", text_of(said, "until"));
	if (now)
		tell_now(now);
	json_decref(said);
	if (!kept)
		return fail("it holds until the next restart alone",
			    "the daemon's log says why it cannot be kept");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : fail("standard output", strerror(errno));
}

/* What is no JSON, as it comes: metrics and reports, which are safe for terminals. */
static int show_raw(const struct line *line, json_t *given)
{
	char target[TARGET_MAX];
	struct answer answer;
	bool good;

	make_target(line, given, target);
	if (!client_exchange(line->socket, "GET", target, "", &answer))
		return EXIT_FAILURE;
	good = answer.status < 400;
	if (good)
		fputs(answer.body, stdout);
	else
		fail_refused(line, answer.body);
	free(answer.text);
	if (!good)
		return EXIT_FAILURE;
	return fflush(stdout) == 0 ? EXIT_SUCCESS : fail("standard output", strerror(errno));
}

static int run_with(const struct line *line, json_t *given)
{
	switch (line->command) {
	case WEB_RELOAD:
		return loads_reload(line, given);
	case WEB_FETCH:
		return loads_fetch(line, given);
	case WEB_METRICS:
	case WEB_REPORT:
		return show_raw(line, given);
	case WEB_RECEIPTS:
		return kept_receipts(line, given);
	case WEB_AUDIT:
		return kept_audit(line, ask_command(line, given));
	case WEB_TOP:
		return live_top(line, given);
	case WEB_WATCH:
		return live_watch(line, given);
	case WEB_CLIENTS:
		return live_clients(line, ask_command(line, given));
	case WEB_BLOCK:
	case WEB_UNBLOCK:
	case WEB_WITHDRAW:
	case WEB_LIST_OFF:
	case WEB_LIST_ON:
		return tell_said(line, ask_command(line, given));
	default:
		return show(line, ask_command(line, given));
	}
}

static int run(const struct line *line)
{
	json_t *given = read_parameters(line);
	int status = given ? run_with(line, given) : EXIT_FAILURE;

	json_decref(given);
	return status;
}

/* ---- the command line */

/* True when the word at `i` is the option, and its value is missing. */
static bool lacks_value(int argc, char **argv, int i, const char *option)
{
	return strcmp(argv[i], option) == 0 &&
	       (i + 1 == argc || strncmp(argv[i + 1], "--", 2) == 0);
}

/* Options may stand before and behind the command. */
static bool read_line(int argc, char **argv, struct line *line)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			line->json = true;
		else if (strcmp(argv[i], "--socket") == 0)
			line->socket = argv[++i];
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			line->help = true;
		else if (line->count < WORDS_MAX)
			line->words[line->count++] = argv[i];
		else
			return false;
	}
	return line->count > 0 || line->help;
}

/* How many of the words are the command's name: 1, or 2 where that has a blank; 0: it is another.
 */
static size_t words_of(const struct line *line, const char *name)
{
	size_t first = strcspn(name, " ");

	if (strlen(line->words[0]) != first || strncmp(name, line->words[0], first) != 0)
		return 0;
	if (!name[first])
		return 1;
	return line->count > 1 && strcmp(name + first + 1, line->words[1]) == 0 ? 2 : 0;
}

/* Takes the command off the words. */
static bool find_command(struct line *line)
{
	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++) {
		size_t words = words_of(line, commands[i].name);

		if (words == 0)
			continue;
		line->command = (enum web_command)i;
		line->count -= words;
		memmove(line->words, line->words + words, line->count * sizeof(line->words[0]));
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct line line = {.socket = SOCKET_DEFAULT};

	for (int i = 1; i < argc; i++)
		if (lacks_value(argc, argv, i, "--socket") ||
		    (i == 1 && lacks_value(argc, argv, i, "--generate")))
			return fail_to_give(argv[i]);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("sinkholectl " SINKHOLED_VERSION) < 0;
	if (argc == 3 && strcmp(argv[1], "--generate") == 0)
		return generate(argv[2]) ? EXIT_SUCCESS : usage(stderr);
	if (!read_line(argc, argv, &line))
		return usage(stderr);
	if (line.count == 0 || strcmp(line.words[0], "help") == 0)
		return usage(stdout);
	if (!find_command(&line)) {
		fprintf(stderr, "sinkholectl: this is no command: %s%s%s; --help has them all\n",
			line.words[0], line.count > 1 ? " " : "",
			line.count > 1 ? line.words[1] : "");
		return EXIT_FAILURE;
	}
	if (line.help) {
		describe(stdout, "usage: sinkholectl ", &commands[line.command]);
		return EXIT_SUCCESS;
	}
	return run(&line);
}
