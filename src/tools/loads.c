/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/loads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/parameters.h"
#include "tools/show.h"

#define POLL_NS 100000000L /* between two looks whether a reload is over */

/* ---- reloads */

/* Waits for reload `wanted`; how the last load ended, NULL: the daemon is gone. */
static json_t *wait_for(const struct line *line, const char *covered, json_int_t wanted)
{
	static const struct timespec pause = {.tv_nsec = POLL_NS};
	json_t *status;
	json_t *load;

	for (;;) {
		status = ask(line, "GET", commands[WEB_STATUS].route, "");
		load = json_object_get(status, "load");
		if (!status || number_of(load, covered) >= wanted)
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
	       number_of(list, "names"), number_of(list, "held"), number_of(list, "bad"));
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

/* How the load ended, and what became of each list; `reason`: what says why one of its kind has
 * failed, as somebody else may have asked for one of another. */
static int tell_reload(const struct line *line, const json_t *status, const char *reason)
{
	const json_t *load = json_object_get(status, "load");

	if (*text_of(load, reason)) {
		fputs("FAILED, all stays as it was: ", stdout);
		show_text(text_of(load, reason));
		putchar('\n');
		return EXIT_FAILURE;
	}
	printf("%" JSON_INTEGER_FORMAT " names in force, loaded in %" JSON_INTEGER_FORMAT " ms\n",
	       number_of(status, "names"), number_of(load, "took_ms"));
	return tell_lists(line);
}

static void tell_side(const char *words, const json_t *side)
{
	size_t i;
	json_t *name;

	printf("%" JSON_INTEGER_FORMAT " %s\n", number_of(side, "count"), words);
	json_array_foreach(json_object_get(side, "first"), i, name)
	{
		fputs(json_is_true(json_object_get(name, "below")) ? "  *." : "  ", stdout);
		show_text(text_of(name, "name"));
		printf(" (%s)\n", text_of(name, "list"));
	}
	if (number_of(side, "count") > (json_int_t)json_array_size(json_object_get(side, "first")))
		puts("  ...");
}

static int tell_difference(const struct line *line)
{
	json_t *root = ask(line, "GET", commands[WEB_DIFFERENCE].route, "");
	bool good = root && !*text_of(root, "reason");

	if (good) {
		tell_side("names would be blocked that are not", json_object_get(root, "blocked"));
		tell_side("names would not be blocked any more", json_object_get(root, "lifted"));
	} else if (root) {
		fputs("it would FAIL: ", stdout);
		show_text(text_of(root, "reason"));
		putchar('\n');
	}
	json_decref(root);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int loads_reload(const struct line *line, json_t *given)
{
	bool dry = json_is_true(json_object_get(given, "dry-run"));
	bool back = json_is_true(json_object_get(given, "back"));
	json_t *asked = ask_command(line, given);
	json_t *status = NULL;
	int result = EXIT_FAILURE;

	if (asked)
		status = wait_for(line,
				  dry	 ? "covered_dry_run"
				  : back ? "covered_back"
					 : "covered",
				  number_of(asked, "reload"));
	if (status)
		result = dry ? tell_difference(line)
			     : tell_reload(line, status, back ? "reason_back" : "reason_new");
	json_decref(asked);
	json_decref(status);
	return result;
}

/* ---- fetches */

/* A line of how the list was fetched; true when it was not. */
static bool tell_fetch(const json_t *list)
{
	const json_t *how = json_object_get(list, "fetch");
	const char *failed = text_of(how, "failed");

	fputs("list ", stdout);
	show_value(json_object_get(list, "name"));
	fputs(*failed ? ": NOT fetched from " : ": fetched from ", stdout);
	show_text(text_of(how, "url"));
	fputs(*failed ? ": " : "", stdout);
	show_text(failed);
	putchar('\n');
	return *failed != '\0';
}

/* True while one of the lists, or that of the name, is under way. */
static bool is_fetching(const json_t *root, const char *name)
{
	size_t i;
	json_t *list;

	json_array_foreach(json_object_get(root, "lists"), i, list)
	{
		const json_t *how = json_object_get(list, "fetch");

		if (json_is_true(json_object_get(how, "under_way")) &&
		    (!*name || strcmp(text_of(list, "name"), name) == 0))
			return true;
	}
	return false;
}

/* Waits until what was asked for is over; NULL: the daemon is gone. */
static json_t *wait_for_fetch(const struct line *line, const char *name)
{
	static const struct timespec pause = {.tv_nsec = POLL_NS};
	json_t *root;

	for (;;) {
		root = ask(line, "GET", commands[WEB_LISTS].route, "");
		if (!root || !is_fetching(root, name))
			return root;
		json_decref(root);
		nanosleep(&pause, NULL);
	}
}

/* What came, and after the reload that it may have caused, what became of the lists. */
static int tell_fetches(const struct line *line, const json_t *root, const char *name)
{
	json_t *status = ask(line, "GET", commands[WEB_STATUS].route, "");
	json_int_t wanted = number_of(json_object_get(status, "load"), "wanted_new");
	int result = EXIT_SUCCESS;
	size_t i;
	json_t *list;

	json_decref(status);
	status = wait_for(line, "covered", wanted);
	json_array_foreach(json_object_get(root, "lists"), i, list)
	{
		if (json_object_get(list, "fetch") &&
		    (!*name || strcmp(text_of(list, "name"), name) == 0) && tell_fetch(list))
			result = EXIT_FAILURE;
	}
	if (!status || tell_reload(line, status, "reason_new") != EXIT_SUCCESS)
		result = EXIT_FAILURE;
	json_decref(status);
	return result;
}

/* When the process began that answers now; -1: the daemon is gone. */
static json_int_t started(const struct line *line)
{
	json_t *status = ask(line, "GET", commands[WEB_STATUS].route, "");
	json_int_t at = status ? number_of(status, "started") : -1;

	json_decref(status);
	return at;
}

int loads_fetch(const struct line *line, json_t *given)
{
	const char *name = text_of(given, "name");
	json_int_t before = started(line);
	json_t *asked = before >= 0 ? ask_command(line, given) : NULL;
	json_t *root = asked ? wait_for_fetch(line, name) : NULL;
	int result = root ? tell_fetches(line, root, name) : EXIT_FAILURE;

	if (root && started(line) != before)
		result = fail("fetch", "another process has taken over meanwhile: ask again");

	json_decref(asked);
	json_decref(root);
	return result;
}
