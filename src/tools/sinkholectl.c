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

#define SOCKET_DEFAULT "/run/sinkholed/control.sock"
#define WORDS_MAX 8
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

/* Names and reasons come from files and packets: no control character reaches the terminal. */
static void print_text(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static void print_value(const json_t *value)
{
	if (json_is_string(value))
		print_text(json_string_value(value));
	else if (json_is_integer(value))
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-", stdout);
}

/* A line for each value, those of inner objects behind the name of theirs. */
static void print_object(const char *prefix, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (json_is_object(value)) {
			print_object(key, value);
			continue;
		}
		printf("%s%s%s: ", prefix, *prefix ? "." : "", key);
		print_value(value);
		putchar('\n');
	}
}

/* A block for each object of the array. */
static void print_array(const json_t *array)
{
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item)
	{
		if (i > 0)
			putchar('\n');
		if (json_is_object(item))
			print_object("", item);
		else
			print_value(item);
	}
}

static void print_answer(json_t *root)
{
	const char *key;
	json_t *value;

	json_object_foreach(root, key, value)
	{
		if (json_is_array(value)) {
			print_array(value);
			json_object_del(root, key);
			break;
		}
	}
	print_object("", root);
}

static int show(const struct line *line, json_t *root)
{
	int status = root ? EXIT_SUCCESS : EXIT_FAILURE;

	if (root && line->json) {
		json_dumpf(root, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
	} else if (root) {
		print_answer(root);
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
	print_value(json_object_get(list, "name"));
	printf(": %" JSON_INTEGER_FORMAT " names in force, %" JSON_INTEGER_FORMAT
	       " held back, %" JSON_INTEGER_FORMAT " bad lines",
	       number(list, "names"), number(list, "held"), number(list, "bad"));
	if (refused) {
		fputs("; REFUSED: ", stdout);
		print_text(reason);
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
		print_value(json_object_get(load, "reason"));
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

static int metrics(const struct line *line)
{
	struct answer answer;

	if (!client_exchange(line->socket, "GET", commands[WEB_METRICS].route, "", &answer))
		return EXIT_FAILURE;
	fputs(answer.body, stdout);
	free(answer.text);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : fail("standard output", strerror(errno));
}

/* One word, which the daemon is sent as `key`. */
static int send_word(const struct line *line, const char *key)
{
	const struct command *command = &commands[line->command];
	json_t *body;
	char *text;
	int status;

	if (line->count != 1)
		return fail(command->name, command->parameters);
	body = json_pack("{s:s}", key, line->words[0]);
	text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	if (!text)
		return fail(line->words[0], "no UTF-8");
	status = show(line, ask(line, command->method, command->route, text));
	free(text);
	return status;
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

/* NAME [--type TYPE] [--client ADDRESS], as the query of the route. */
static int explain(const struct line *line)
{
	static const char *const options[] = {"type", "client"};
	char target[4096];
	size_t len =
		(size_t)snprintf(target, sizeof(target), "%s?name=", commands[WEB_EXPLAIN].route);

	if (line->count % 2 == 0)
		return fail("explain", commands[WEB_EXPLAIN].parameters);
	len += escape(line->words[0], target + len, sizeof(target) - len);
	for (size_t i = 1; i + 1 < line->count; i += 2) {
		bool type = strcmp(line->words[i], "--type") == 0;

		if (!type && strcmp(line->words[i], "--client") != 0)
			return fail(line->words[i], "there is no such option");
		len += (size_t)snprintf(target + len, sizeof(target) - len,
					"&%s=", options[type ? 0 : 1]);
		len += escape(line->words[i + 1], target + len, sizeof(target) - len);
	}
	return show(line, ask(line, "GET", target, ""));
}

static int run(const struct line *line)
{
	switch (line->command) {
	case WEB_EXPLAIN:
		return explain(line);
	case WEB_RELOAD:
		return reload(line);
	case WEB_METRICS:
		return metrics(line);
	case WEB_FLUSH:
		return send_word(line, "name");
	case WEB_LOG_LEVEL:
		return send_word(line, "level");
	default:
		return show(line, ask(line, "GET", commands[line->command].route, ""));
	}
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

/* Takes the command off the words. */
static bool find_command(struct line *line)
{
	for (size_t i = 0; i < WEB_COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, line->words[0]) != 0)
			continue;
		line->command = (enum web_command)i;
		memmove(line->words, line->words + 1, --line->count * sizeof(line->words[0]));
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
	if (!*commands[line.command].parameters && line.count > 0)
		return fail(commands[line.command].name, "takes nothing behind it");
	return run(&line);
}
