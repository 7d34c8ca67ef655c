/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/move.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "keep/keep.h"
#include "match/policy.h"

#define SUFFIX ".order"

static int is_order(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(SUFFIX) && strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static void take(void *copy, const void *data, size_t len)
{
	keep_take(copy, data, len);
}

static enum err copy_list(const char *from, const char *to, const char *name, struct err_text *text)
{
	struct keep_copy copy;
	char path[PATH_MAX];
	bool is_new;
	bool whole;
	enum err err;
	int fd;

	keep_path(from, name, path);
	if (file_open(path, &fd) != ERR_OK)
		return err_set(text, ERR_SYS, "%s: %s", path, file_reason(errno));
	keep_begin(to, name, &copy);
	whole = file_each(fd, take, &copy);
	close(fd);
	err = keep_end(&copy, whole, &is_new, text);
	if (err == ERR_OK && !whole)
		return err_set(text, ERR_SYS, "%s cannot be read", path);
	return err == ERR_OK && is_new ? keep_commit(to, name, text) : err;
}

static enum err copy_record(const char *from, const char *to, const char *file,
			    struct err_text *text)
{
	char path[PATH_MAX];
	size_t len;
	char *data;
	enum err err;

	snprintf(path, sizeof(path), "%s/%s", from, file);
	err = file_read(path, CONF_FILE_MAX, &data, &len);
	if (err != ERR_OK)
		return err_set(text, err, "%s cannot be read", path);
	snprintf(path, sizeof(path), "%s/%s", to, file);
	err = file_replace(path, data, len);
	free(data);
	return err_set(text, err, "%s: %s", path, strerror(errno));
}

/* What a mandatory list holds, and the record by which it is known. */
static void move_one(const char *from, const char *to, const char *file)
{
	const int len = (int)(strlen(file) - strlen(SUFFIX));
	struct err_text text = {"out of memory"};
	char name[POLICY_LIST_NAME_MAX];
	enum err err;

	snprintf(name, sizeof(name), "%.*s", len, file);
	err = copy_list(from, to, name, &text);
	if (err == ERR_OK)
		err = copy_record(from, to, file, &text);
	if (err != ERR_OK)
		log_error("%s: %s: a restart will not know what mandatory list %s holds", to,
			  text.text, name);
}

/* To where nothing is kept. */
static enum err move_nowhere(const char *from, bool known, struct err_text *text)
{
	return known ? ERR_OK
		     : err_set(text, ERR_REFUSED,
			       "no state.directory is configured: without %s it cannot be told "
			       "what mandatory lists hold",
			       from);
}

static void move_all(const char *from, const char *to, struct dirent **files, int count)
{
	struct err_text text;

	if (keep_prepare(to, geteuid(), getegid(), &text) != ERR_OK) {
		log_error("%s: a restart will not know what mandatory lists hold", text.text);
		return;
	}
	for (int i = 0; i < count; i++)
		move_one(from, to, files[i]->d_name);
}

enum err keep_move(const char *from, const char *to, bool known, struct err_text *text)
{
	enum err err = ERR_OK;
	struct dirent **files;
	int count;

	if (!*from || strcmp(from, to) == 0)
		return ERR_OK;
	count = scandir(from, &files, is_order, alphasort);
	if (count < 0)
		return ERR_OK;
	if (count > 0 && !*to)
		err = move_nowhere(from, known, text);
	else
		move_all(from, to, files, count);
	for (int i = 0; i < count; i++)
		free(files[i]);
	free(files);
	return err;
}
