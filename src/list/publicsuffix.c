/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/publicsuffix.h"

#include <stdio.h>
#include <string.h>

#include "line/host.h"

#define ICANN_BEGIN "===BEGIN ICANN DOMAINS==="
#define ICANN_END "===END ICANN DOMAINS==="

/* Takes a line of the ICANN section: a name, "*.name", "!name", or a comment.  ERR_NOMEM. */
static enum err take(const char *line, publicsuffix_fn *fn, void *arg)
{
	size_t len = strcspn(line, " \t\r\n");
	bool below = strncmp(line, "*.", 2) == 0;
	size_t before = below ? 2 : *line == '!';
	struct name name;
	enum err err;

	if (len == 0 || strncmp(line, "//", 2) == 0)
		return ERR_OK;
	err = host_from_text(line + before, len - before, &name);
	if (err == ERR_OK)
		fn(arg, &name, below);
	return err == ERR_NOMEM ? err : ERR_OK;
}

enum err publicsuffix_read(const char *path, publicsuffix_fn *fn, void *arg)
{
	FILE *file = fopen(path, "re");
	enum err err = ERR_OK;
	char line[1024];
	bool inside = false;
	bool ended = false;

	if (!file)
		return ERR_NOTFOUND;
	while (err == ERR_OK && !ended && fgets(line, sizeof(line), file)) {
		ended = inside && strstr(line, ICANN_END);
		if (inside && !ended)
			err = take(line, fn, arg);
		inside = inside || strstr(line, ICANN_BEGIN);
	}
	fclose(file);
	return err == ERR_OK && !ended ? ERR_NOTFOUND : err;
}
