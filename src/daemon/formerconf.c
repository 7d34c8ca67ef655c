/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/formerconf.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

static void make_path(const char *directory, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/former.yaml", directory);
}

/* With all values; NULL: out of memory. */
static char *dump(const struct conf *conf)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	enum err err = out ? conf_dump(conf, out) : ERR_NOMEM;

	if (out && fclose(out) != 0)
		err = ERR_NOMEM;
	if (err == ERR_OK)
		return text;
	free(text);
	return NULL;
}

void formerconf_note(const struct conf *before, const struct conf *after)
{
	char path[PATH_MAX];
	char *old;
	char *new;

	if (!*before->state.directory)
		return;
	make_path(before->state.directory, path);
	old = dump(before);
	new = dump(after);
	if (old && new &&strcmp(old, new) != 0 && file_replace(path, old, strlen(old)) != ERR_OK)
		log_warning("%s: %s: reload --back will not find the configuration before", path,
			    strerror(errno));
	free(old);
	free(new);
}

enum err formerconf_read(const char *directory, struct conf **ret_conf, struct err_text *text)
{
	char path[PATH_MAX];

	make_path(directory, path);
	if (!*directory || access(path, F_OK) != 0)
		return err_set(text, ERR_NOTFOUND,
			       "no former configuration is known: none was changed by a reload");
	return conf_load(path, ret_conf, text);
}
