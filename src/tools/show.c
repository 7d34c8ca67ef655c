/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void show_text(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static void print_words(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		fputs(i > 0 ? " " : "", stdout);
		show_text(json_string_value(json_array_get(array, i)));
	}
}

void show_value(const json_t *value)
{
	if (json_is_string(value))
		show_text(json_string_value(value));
	else if (json_is_integer(value))
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_array(value))
		print_words(value);
	else
		fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-", stdout);
}

/* ---- times, which are numbers in the API */

void show_time(json_int_t s)
{
	time_t t = (time_t)s;
	char when[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fputs(when, stdout);
}

/* In its two largest units: "3 d 4 h". */
static void show_span(json_int_t s)
{
	static const struct {
		json_int_t s;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	while (i < 3 && s < units[i].s)
		i++;
	printf("%" JSON_INTEGER_FORMAT " %s", s / units[i].s, units[i].unit);
	if (i < 3)
		printf(" %" JSON_INTEGER_FORMAT " %s", s % units[i].s / units[i + 1].s,
		       units[i + 1].unit);
}

static void show_moment(json_int_t s)
{
	json_int_t ago = (json_int_t)time(NULL) - s;

	if (s == 0) {
		putchar('-');
		return;
	}
	show_time(s);
	if (ago < 0)
		return;
	fputs(" (", stdout);
	show_span(ago);
	fputs(" ago)", stdout);
}

/* The value of a key, of which these are times. */
static void show_member(const char *key, const json_t *value)
{
	static const struct {
		const char *key;
		void (*show)(json_int_t s);
	} times[] = {
		{"started", show_moment},
		{"ended", show_moment},
		{"loaded", show_moment},
		{"uptime", show_span},
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (strcmp(key, times[i].key) != 0 || !json_is_integer(value))
			continue;
		times[i].show(json_integer_value(value));
		return;
	}
	show_value(value);
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
		if (json_is_array(value) && json_is_object(json_array_get(value, 0)))
			continue;
		printf("%s%s%s: ", prefix, *prefix ? "." : "", key);
		show_member(key, value);
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
			show_value(item);
	}
}

void show_answer(json_t *root)
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
