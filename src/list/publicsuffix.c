/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/publicsuffix.h"

#include <stdio.h>
#include <string.h>

#include "list/host.h"

#define ICANN_BEGIN "===BEGIN ICANN DOMAINS==="
#define ICANN_END "===END ICANN DOMAINS==="

/* Takes a line of the ICANN section: a name, "*.name", "!name", or a comment. */
static void take(const char *line, publicsuffix_fn *fn, void *arg)
{
	size_t len = strcspn(line, " \t\r\n");
	bool below = strncmp(line, "*.", 2) == 0;
	size_t before = below ? 2 : *line == '!';
	struct name name;

	if (len == 0 || strncmp(line, "//", 2) == 0)
		return;
	if (host_from_text(line + before, len - before, &name) == ERR_OK)
		fn(arg, &name, below);
}

bool publicsuffix_read(const char *path, publicsuffix_fn *fn, void *arg)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	bool inside = false;
	bool ended = false;

	if (!file)
		return false;
	while (!ended && fgets(line, sizeof(line), file)) {
		ended = inside && strstr(line, ICANN_END);
		if (inside && !ended)
			take(line, fn, arg);
		inside = inside || strstr(line, ICANN_BEGIN);
	}
	fclose(file);
	return ended;
}
