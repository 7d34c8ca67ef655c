/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/parameters.h"

#include <ctype.h>
#include <string.h>

const struct command commands[WEB_COMMAND_COUNT] = {
#define X(id, name, method, route, parameters, help)                                               \
	[WEB_##id] = {name, method, route, parameters, help},
	WEB_COMMANDS(X)
#undef X
};

/* Reads the parameter at `at`, and returns where the next one begins. */
static const char *read_one(const char *at, struct parameter *ret_parameter)
{
	struct parameter p = {.required = *at != '['};
	size_t len;

	at += !p.required;
	p.option = strncmp(at, "--", 2) == 0;
	at += p.option ? 2 : 0;
	len = strcspn(at, " ]");
	for (size_t i = 0; i < len && i + 1 < sizeof(p.name); i++)
		p.name[i] = (char)tolower((unsigned char)at[i]);
	at += len;
	p.flag = p.option && *at != ' ';
	if (p.option && !p.flag) /* the word for its value */
		at += 1 + strcspn(at + 1, " ]");
	at += *at == ']';
	*ret_parameter = p;
	return at + strspn(at, " ");
}

size_t parameters_of(const struct command *c, struct parameter ret_list[PARAMETERS_MAX])
{
	const char *at = c->parameters;
	size_t count = 0;

	while (*at && count < PARAMETERS_MAX)
		at = read_one(at, &ret_list[count++]);
	return count;
}
