/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/live.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/show.h"

#define TOP_NS 999999999L   /* between two looks */
#define WATCH_NS 300000000L /* the last 512 queries are to be seen */
#define CLEAR "\x1b[H\x1b[2J"

static void pause_ns(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

static int as_json(json_t *root)
{
	if (!root)
		return EXIT_FAILURE;
	json_dumpf(root, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(root);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- top */

static void show_table(const char *title, const json_t *rows)
{
	size_t i;
	json_t *row;

	printf("%s\n", title);
	json_array_foreach(rows, i, row)
	{
		printf("%10" JSON_INTEGER_FORMAT "  ", number_of(row, "count"));
		show_text(text_of(row, "of"));
		putchar('\n');
	}
}

static void show_top(const json_t *root)
{
	show_table("names", json_object_get(root, "names"));
	show_table("blocked names", json_object_get(root, "blocked"));
	show_table("clients", json_object_get(root, "clients"));
	fflush(stdout);
}

int live_top(const struct line *line, json_t *given)
{
	bool again = isatty(STDOUT_FILENO) == 1 && !line->json;
	json_t *root = ask_command(line, given); /* from now on queries are told */
	bool there = root != NULL;

	for (bool first = true; there && (first || again); first = false) {
		json_decref(root);
		pause_ns(TOP_NS);
		root = ask_command(line, given);
		there = root != NULL;
		if (line->json)
			return as_json(root);
		fputs(again ? CLEAR : "", stdout);
		show_top(root);
	}
	json_decref(root);
	return there ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- watch */

static void show_query(const json_t *query)
{
	json_int_t ms = number_of(query, "at_ms");
	time_t s = (time_t)(ms / 1000);
	char when[16];
	struct tm tm;

	localtime_r(&s, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	printf("%s.%03d %s ", when, (int)(ms % 1000), text_of(query, "client"));
	show_text(text_of(query, "name"));
	printf(" %s %s %s%s%s\n", text_of(query, "type"), text_of(query, "outcome"),
	       text_of(query, "rcode"), *text_of(query, "list") ? " by list " : "",
	       text_of(query, "list"));
}

static void show_queries(const struct line *line, const json_t *root)
{
	size_t i;
	json_t *query;

	json_array_foreach(json_object_get(root, "queries"), i, query)
	{
		if (!line->json) {
			show_query(query);
			continue;
		}
		json_dumpf(query, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	}
}

int live_watch(const struct line *line, json_t *given)
{
	for (;;) {
		json_t *root = ask_command(line, given);
		char after[24];

		if (!root)
			return EXIT_FAILURE;
		show_queries(line, root);
		snprintf(after, sizeof(after), "%" JSON_INTEGER_FORMAT, number_of(root, "last"));
		json_object_set_new(given, "after", json_string(after));
		json_decref(root);
		if (fflush(stdout) != 0)
			return EXIT_FAILURE;
		pause_ns(WATCH_NS);
	}
}

/* ---- clients */

static void show_when(json_int_t s)
{
	show_time(s);
	fputs("  ", stdout);
}

/* The name, and who says so. */
static void show_called(const char *name, const char *from)
{
	if (*name)
		printf("%s (%s)", name, from);
	putchar('\n');
}

int live_clients(const struct line *line, json_t *root)
{
	size_t i;
	json_t *row;

	if (line->json || !root)
		return as_json(root);
	printf("%-40s%-22s%-22s%12s%12s%8s  %s\n", "client", "first", "last", "queries", "proven",
	       "names", "called");
	json_array_foreach(json_object_get(root, "clients"), i, row)
	{
		printf("%-40s", text_of(row, "client"));
		show_when(number_of(row, "first"));
		show_when(number_of(row, "last"));
		printf("%12" JSON_INTEGER_FORMAT "%12" JSON_INTEGER_FORMAT "%8" JSON_INTEGER_FORMAT
		       "  ",
		       number_of(row, "count"), number_of(row, "proven"), number_of(row, "names"));
		show_called(text_of(row, "hostname"), text_of(row, "hostname_from"));
	}
	if (!json_is_true(json_object_get(root, "whole")))
		fputs("there are more than could be read in a moment: sinkholed --report has all\n",
		      stderr);
	json_decref(root);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
