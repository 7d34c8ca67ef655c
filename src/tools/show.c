/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/show.h"

#include <stdio.h>

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
		show_value(value);
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
