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

#include "tools/client.h"
#include "tools/generate.h"
#include "tools/parameters.h"
#include "tools/show.h"

#define SOCKET_DEFAULT "/run/sinkholed/control.sock"
#define WORDS_MAX 12
#define TARGET_MAX 8000
#define POLL_NS 100000000L /* between two looks whether a reload is over */

/* The command line. */
struct line {
	const char *socket;
	bool json;
	enum web_command command;
	size_t count; /* of the words behind the command */
	char *words[WORDS_MAX];
};

static int usage(FILE *out)
{
	fputs("usage: sinkholectl [--socket PATH] [--json] COMMAND ...\n", out);
	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++)
		fprintf(out, "  %s%s%s\n\t%s\n", commands[i].name,
			*commands[i].parameters ? " " : "", commands[i].parameters,
			commands[i].help);
	return out == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "sinkholectl: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

/* The answer's object.  NULL: it was told why there is none.  To be released. */
static json_t *ask(const struct line *line, const char *method, const char *target,
		   const char *body)
{
	struct answer answer;
	json_t *root;

	if (!client_exchange(line->socket, method, target, body, &answer))
		return NULL;
	root = json_loads(answer.body, 0, NULL);
	if (!root) {
		fail(target, "the answer is no JSON");
	} else if (answer.status >= 400) {
		const char *why = json_string_value(json_object_get(root, "error"));

		fail(commands[line->command].name, why ? why : "refused");
		json_decref(root);
		root = NULL;
	}
	free(answer.text);
	return root;
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

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Waits for reload `wanted`; how the last load ended, NULL: the daemon is gone. */
static json_t *wait_for(const struct line *line, json_int_t wanted)
{
	static const struct timespec pause = {.tv_nsec = POLL_NS};
	json_t *status;
	json_t *load;

	for (;;) {
		status = ask(line, "GET", commands[WEB_STATUS].route, "");
		load = json_object_get(status, "load");
		if (!status || number(load, "covered") >= wanted)
			return status;
		json_decref(status);
		nanosleep(&pause, NULL);
	}
}

/* A line of what became of the list; true when it was refused. */
static bool tell_list(const json_t *list)
{
	const char *reason = json_string_value(json_object_get(list, "reason"));
	bool refused = reason && *reason;

	fputs("list ", stdout);
	show_value(json_object_get(list, "name"));
	printf(": %" JSON_INTEGER_FORMAT " names in force, %" JSON_INTEGER_FORMAT
	       " held back, %" JSON_INTEGER_FORMAT " bad lines",
	       number(list, "names"), number(list, "held"), number(list, "bad"));
	if (refused) {
		fputs("; REFUSED: ", stdout);
		show_text(reason);
	}
	putchar('\n');
	return refused;
}

static int tell_lists(const struct line *line)
{
	json_t *root = ask(line, "GET", commands[WEB_LISTS].route, "");
	int status = root ? EXIT_SUCCESS : EXIT_FAILURE;
	size_t i;
	json_t *list;

	json_array_foreach(json_object_get(root, "lists"), i, list)
	{
		if (tell_list(list))
			status = EXIT_FAILURE;
	}
	json_decref(root);
	return status;
}

static int reload(const struct line *line)
{
	const struct command *command = &commands[WEB_RELOAD];
	json_t *asked = ask(line, command->method, command->route, "{}");
	json_t *status;
	json_t *load;
	int result = EXIT_FAILURE;

	if (!asked)
		return EXIT_FAILURE;
	status = wait_for(line, number(asked, "reload"));
	load = json_object_get(status, "load");
	if (json_is_true(json_object_get(load, "failed"))) {
		fputs("FAILED, all stays as it was: ", stdout);
		show_value(json_object_get(load, "reason"));
		putchar('\n');
	} else if (status) {
		printf("%" JSON_INTEGER_FORMAT " names in force, loaded in %" JSON_INTEGER_FORMAT
		       " ms\n",
		       number(status, "names"), number(load, "took_ms"));
		result = tell_lists(line);
	}
	json_decref(asked);
	json_decref(status);
	return result;
}

static const char *text(const json_t *object, const char *key)
{
	const char *found = json_string_value(json_object_get(object, key));

	return found ? found : "";
}

/* What a query for the name is answered now, and which list says so. */
static void tell_now(const json_t *now)
{
	size_t i;
	json_t *rule;

	printf("now %s, answered: ", text(now, "verdict"));
	show_text(text(now, "answer"));
	json_array_foreach(json_object_get(now, "rules"), i, rule)
	{
		if (!json_is_true(json_object_get(rule, "decides")))
			continue;
		printf(", by list %s%s", text(rule, "list"),
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
	show_text(text(said, "of"));
	printf("%s%s\n", *text(said, "until") ? ", until " : "", text(said, "until"));
	if (now)
		tell_now(now);
	json_decref(said);
	if (!kept)
		return fail("it holds until the next restart alone",
			    "the daemon's log says why it cannot be kept");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : fail("standard output", strerror(errno));
}

static int metrics(const struct line *line)
{
	struct answer answer;

	if (!client_exchange(line->socket, "GET", commands[WEB_METRICS].route, "", &answer))
		return EXIT_FAILURE;
	fputs(answer.body, stdout);
	free(answer.text);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : fail("standard output", strerror(errno));
}

/* For a URL: what is neither letter nor digit as %XX. */
static size_t escape(const char *text, char *buf, size_t size)
{
	size_t len = 0;

	for (; *text && len + 4 < size; text++) {
		if (isalnum((unsigned char)*text))
			buf[len++] = *text;
		else
			len += (size_t)snprintf(buf + len, size - len, "%%%02X",
						(unsigned char)*text);
	}
	buf[len] = '\0';
	return len;
}

/* The command's parameter that the word is an option of; NULL: none. */
static const struct parameter *find_option(const struct parameter *list, size_t count,
					   const char *word)
{
	for (size_t i = 0; i < count && strncmp(word, "--", 2) == 0; i++)
		if (list[i].option && strcmp(list[i].name, word + 2) == 0)
			return &list[i];
	return NULL;
}

/* The next parameter that is given without an option, and was not yet; NULL: none. */
static const struct parameter *next_word(const struct parameter *list, size_t count,
					 const json_t *given)
{
	for (size_t i = 0; i < count; i++)
		if (!list[i].option && !json_object_get(given, list[i].name))
			return &list[i];
	return NULL;
}

/* Adds the word at `*i`, and what belongs to it, to `given`.  False: it was told what is wrong. */
static bool take_word(const struct line *line, const struct parameter *list, size_t count,
		      size_t *i, json_t *given)
{
	const char *word = line->words[*i];
	const struct parameter *p = find_option(list, count, word);
	json_t *value;

	if (!p && strncmp(word, "--", 2) != 0)
		p = next_word(list, count, given);
	else if (p && !p->flag)
		word = ++*i < line->count ? line->words[*i] : NULL;
	if (!p || !word) {
		fail(line->words[*i - (word ? 0 : 1)],
		     p ? "lacks what it is to be" : "there is no such option or parameter");
		return false;
	}
	value = p->flag ? json_true() : json_string(word);
	if (!value)
		fail(word, "no UTF-8");
	return value && json_object_set_new(given, p->name, value) == 0;
}

/* The parameters of the command line, by their names; NULL: it was told what is wrong. */
static json_t *read_parameters(const struct line *line)
{
	const struct command *command = &commands[line->command];
	struct parameter list[PARAMETERS_MAX];
	size_t count = parameters_of(command, list);
	json_t *given = json_object();
	bool good = given != NULL;

	for (size_t i = 0; i < line->count && good; i++)
		good = take_word(line, list, count, &i, given);
	for (size_t i = 0; i < count && good; i++) {
		if (!list[i].required || json_object_get(given, list[i].name))
			continue;
		fprintf(stderr, "usage: sinkholectl %s %s\n", command->name, command->parameters);
		good = false;
	}
	if (good)
		return given;
	json_decref(given);
	return NULL;
}

/* Asks with the parameters in the query of the route. */
static json_t *ask_query(const struct line *line, json_t *given)
{
	const struct command *command = &commands[line->command];
	char target[TARGET_MAX];
	size_t len = (size_t)snprintf(target, sizeof(target), "%s", command->route);
	const char *key;
	json_t *value;

	json_object_foreach(given, key, value)
	{
		len += (size_t)snprintf(target + len, sizeof(target) - len,
					"%c%s=", strchr(target, '?') ? '&' : '?', key);
		len += escape(json_is_true(value) ? "true" : json_string_value(value), target + len,
			      sizeof(target) - len);
	}
	return ask(line, command->method, target, "");
}

/* Asks with the parameters as the body. */
static json_t *ask_body(const struct line *line, json_t *given)
{
	const struct command *command = &commands[line->command];
	char *text = json_dumps(given, JSON_COMPACT);
	json_t *root = text ? ask(line, command->method, command->route, text) : NULL;

	free(text);
	return root;
}

static json_t *ask_command(const struct line *line, json_t *given)
{
	bool get = strcmp(commands[line->command].method, "GET") == 0;

	return get ? ask_query(line, given) : ask_body(line, given);
}

static int run_with(const struct line *line, json_t *given)
{
	switch (line->command) {
	case WEB_RELOAD:
		return reload(line);
	case WEB_METRICS:
		return metrics(line);
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

/* Options may stand before and behind the command. */
static bool read_line(int argc, char **argv, struct line *line)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			line->json = true;
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			line->socket = argv[++i];
		else if (line->count < WORDS_MAX)
			line->words[line->count++] = argv[i];
		else
			return false;
	}
	return line->count > 0;
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

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("sinkholectl " SINKHOLED_VERSION) < 0;
	if (argc == 3 && strcmp(argv[1], "--generate") == 0)
		return generate(argv[2]) ? EXIT_SUCCESS : usage(stderr);
	if (!read_line(argc, argv, &line) || !find_command(&line))
		return usage(stderr);
	return run(&line);
}
