/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/seal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "keep/keep.h"

#define MARK "\n# what is kept of it: " /* a line: what stands in a text is not meant */
#define ASIDE ".damaged"

/* ---- the seal */

static void add(void *digest, const void *data, size_t len)
{
	digest_add(digest, data, len);
}

void seal_make(const char *directory, const char *name, char ret_seal[DIGEST_TEXT_MAX])
{
	struct digest *digest;
	char path[PATH_MAX];
	int fd;

	ret_seal[0] = '\0';
	keep_path(directory, name, path);
	if (file_open(path, &fd) != ERR_OK)
		return;
	if (digest_create(&digest) == ERR_OK) {
		if (!file_each(fd, add, digest) || digest_text(digest, ret_seal) != ERR_OK)
			ret_seal[0] = '\0';
		digest_free(digest);
	}
	close(fd);
}

bool seal_read(const char *directory, const char *name, char ret_seal[DIGEST_TEXT_MAX])
{
	const char *found = NULL;
	char path[PATH_MAX];
	char *text;
	size_t len;

	keep_record_path(directory, name, path);
	if (file_read(path, CONF_FILE_MAX, &text, &len) != ERR_OK)
		return false;
	if (strlen(text) == len)
		found = strstr(text, MARK);
	if (found)
		snprintf(ret_seal, DIGEST_TEXT_MAX, "%s", found + strlen(MARK));
	free(text);
	return found;
}

void seal_write(FILE *out, const char *seal)
{
	if (*seal)
		fprintf(out, "%s%s\n", &MARK[1], seal);
}

bool seal_is_broken(const char *directory, const char *name)
{
	char expected[DIGEST_TEXT_MAX];
	char found[DIGEST_TEXT_MAX];

	if (!seal_read(directory, name, expected))
		return false;
	seal_make(directory, name, found);
	return *found && strcmp(expected, found) != 0;
}

/* ---- what is set aside */

void seal_aside_name(const char *name, char ret_name[POLICY_LIST_NAME_MAX])
{
	const size_t room = POLICY_LIST_NAME_MAX - sizeof(ASIDE);
	const size_t len = strlen(name);

	if (len >= strlen(ASIDE) && strcmp(name + len - strlen(ASIDE), ASIDE) == 0)
		snprintf(ret_name, POLICY_LIST_NAME_MAX, "%s", name);
	else
		snprintf(ret_name, POLICY_LIST_NAME_MAX, "%.*s" ASIDE, (int)room, name);
}

static enum err move_aside(const char *directory, const char *name, const char *aside)
{
	char from[PATH_MAX];
	char to[PATH_MAX];

	keep_record_path(directory, aside, to);
	if (access(to, F_OK) == 0)
		return ERR_EXISTS;
	keep_path(directory, name, from);
	keep_path(directory, aside, to);
	if ((unlink(to) != 0 && errno != ENOENT) || link(from, to) != 0)
		return ERR_SYS;
	keep_record_path(directory, name, from);
	keep_record_path(directory, aside, to);
	return file_rename(from, to);
}

enum err seal_set_aside(const char *directory, const char *name, const char *aside, bool moves)
{
	enum err err = moves ? move_aside(directory, name, aside) : ERR_OK;
	const char *reason = strerror(errno);

	log_error("%s/%s.list: DAMAGED: not what was kept of mandatory list %s; what can be read "
		  "of it stays in force as list %s, until: sinkholed --accept %s",
		  directory, name, name, aside, aside);
	if (err != ERR_SYS)
		return err;
	log_warning("%s/%s.list: %s: a restart will not know of it", directory, aside, reason);
	return ERR_OK;
}
