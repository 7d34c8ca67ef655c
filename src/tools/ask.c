/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/client.h"
#include "tools/parameters.h"

int fail(const char *what, const char *why)
{
	fprintf(stderr, "sinkholectl: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

int fail_to_give(const char *option)
{
	return fail(option, "lacks its value");
}

static int tell_refused(const struct line *line, const json_t *root)
{
	const char *why = json_string_value(json_object_get(root, "error"));

	return fail(commands[line->command].name, why ? why : "refused");
}

int fail_refused(const struct line *line, const char *body)
{
	json_t *root = json_loads(body, 0, NULL);
	int status = tell_refused(line, root);

	json_decref(root);
	return status;
}

/* The answer's object.  NULL: it was told why there is none.  To be released. */
json_t *ask(const struct line *line, const char *method, const char *target, const char *body)
{
	struct answer answer;
	json_t *root;

	if (!client_exchange(line->socket, method, target, body, &answer))
		return NULL;
	root = json_loads(answer.body, 0, NULL);
	if (!root) {
		fail(target, "the answer is no JSON");
	} else if (answer.status >= 400) {
		tell_refused(line, root);
		json_decref(root);
		root = NULL;
	}
	free(answer.text);
	return root;
}

json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *text_of(const json_t *object, const char *key)
{
	const char *found = json_string_value(json_object_get(object, key));

	return found ? found : "";
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

/* The route with the parameters in its query. */
void make_target(const struct line *line, json_t *given, char target[TARGET_MAX])
{
	size_t len = (size_t)snprintf(target, TARGET_MAX, "%s", commands[line->command].route);
	const char *key;
	json_t *value;

	json_object_foreach(given, key, value)
	{
		len += (size_t)snprintf(target + len, TARGET_MAX - len,
					"%c%s=", strchr(target, '?') ? '&' : '?', key);
		len += escape(json_is_true(value) ? "true" : json_string_value(value), target + len,
			      TARGET_MAX - len);
	}
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

/* False: it was told what is wrong. */
static bool add_given(const struct parameter *p, const char *word, json_t *given)
{
	json_t *value = p->flag ? json_true() : json_string(word);

	if (!value)
		fail(word, "no UTF-8");
	return value && json_object_set_new(given, p->name, value) == 0;
}

/* Adds the word at `*i`, and what belongs to it, to `given`.  False: it was told what is wrong. */
static bool take_word(const struct line *line, const struct parameter *list, size_t count,
		      size_t *i, json_t *given)
{
	const char *word = line->words[*i];
	const struct parameter *p = find_option(list, count, word);

	if (!p && strncmp(word, "--", 2) != 0)
		p = next_word(list, count, given);
	else if (p && !p->flag)
		word = ++*i < line->count ? line->words[*i] : NULL;
	if (!p)
		fail(word, "there is no such option or parameter");
	else if (p->option && !p->flag && (!word || find_option(list, count, word)))
		fail_to_give(line->words[*i - 1]);
	else
		return add_given(p, word, given);
	return false;
}

/* The parameters of the command line, by their names; NULL: it was told what is wrong. */
json_t *read_parameters(const struct line *line)
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
	char target[TARGET_MAX];

	make_target(line, given, target);
	return ask(line, commands[line->command].method, target, "");
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

json_t *ask_command(const struct line *line, json_t *given)
{
	bool get = strcmp(commands[line->command].method, "GET") == 0;

	return get ? ask_query(line, given) : ask_body(line, given);
}
