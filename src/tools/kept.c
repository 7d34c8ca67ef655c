/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/client.h"
#include "tools/show.h"

static int end_of(int status)
{
	return fflush(stdout) == 0 ? status : fail("standard output", strerror(errno));
}

static void ask_after(json_t *given, json_int_t number)
{
	char after[24];

	snprintf(after, sizeof(after), "%" JSON_INTEGER_FORMAT, number);
	json_object_set_new(given, "after", json_string(after));
}

/* ---- receipts */

static size_t print_objects(const json_t *receipts, bool first)
{
	size_t i;
	json_t *receipt;

	json_array_foreach(receipts, i, receipt)
	{
		fputs(first && i == 0 ? "\n" : ",\n", stdout);
		json_dumpf(receipt, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	}
	return json_array_size(receipts);
}

/* One array of them all. */
static int receipts_json(const struct line *line, json_t *given)
{
	json_t *root = ask_command(line, given);
	bool first = true;
	bool there = root != NULL;

	if (there)
		putchar('[');
	while (there && print_objects(json_object_get(root, "receipts"), first) > 0) {
		first = false;
		ask_after(given, number_of(root, "last"));
		json_decref(root);
		root = ask_command(line, given);
		there = root != NULL;
	}
	json_decref(root);
	if (!there)
		return EXIT_FAILURE;
	puts(first ? "]" : "\n]");
	return end_of(EXIT_SUCCESS);
}

/* The number that the last line begins with; 0: there is no line but that of the columns. */
static json_int_t last_number(const char *text)
{
	size_t at = strlen(text);

	while (at > 0 && (text[at - 1] == '\n' || text[at - 1] == '\r'))
		at--;
	while (at > 0 && text[at - 1] != '\n')
		at--;
	return strtoll(text + at, NULL, 10);
}

static int receipts_csv(const struct line *line, json_t *given)
{
	char target[TARGET_MAX];
	struct answer answer;
	json_int_t last;
	bool good;

	do {
		make_target(line, given, target);
		if (!client_exchange(line->socket, "GET", target, "", &answer))
			return EXIT_FAILURE;
		good = answer.status < 400;
		if (good)
			fputs(answer.body, stdout);
		else
			fail_refused(line, answer.body);
		last = last_number(answer.body);
		ask_after(given, last);
		free(answer.text);
	} while (good && last > 0);
	return end_of(good ? EXIT_SUCCESS : EXIT_FAILURE);
}

int kept_receipts(const struct line *line, json_t *given)
{
	const char *format = text_of(given, "format");

	if (line->json)
		json_object_set_new(given, "format", json_string("json"));
	if (line->json || strcmp(format, "json") == 0)
		return receipts_json(line, given);
	return receipts_csv(line, given);
}

/* ---- the audit log */

/* Time and kind of the event, and what else it says but how it is chained. */
static void print_event(json_t *event)
{
	const char *key;
	json_t *value;

	show_text(text_of(event, "time"));
	putchar(' ');
	show_text(text_of(event, "event"));
	json_object_foreach(event, key, value)
	{
		if (strcmp(key, "time") == 0 || strcmp(key, "event") == 0 ||
		    strcmp(key, "hash") == 0 || strcmp(key, "prev") == 0 ||
		    strcmp(key, "algorithm") == 0)
			continue;
		putchar(' ');
		show_text(key);
		putchar('=');
		show_value(value);
	}
	putchar('\n');
}

static void print_events(const json_t *root)
{
	size_t i;
	json_t *event;

	json_array_foreach(json_object_get(root, "events"), i, event)
	{
		print_event(event);
	}
	fputs("the log: ", stdout);
	show_text(text_of(root, "verdict"));
	putchar('\n');
}

int kept_audit(const struct line *line, json_t *root)
{
	bool sound = root && !json_is_false(json_object_get(root, "verified"));

	if (root && line->json) {
		json_dumpf(root, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
	} else if (root) {
		print_events(root);
	}
	json_decref(root);
	return end_of(sound ? EXIT_SUCCESS : EXIT_FAILURE);
}
