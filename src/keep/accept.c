/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/accept.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define TEXT_MAX 512 /* of the file: four lines */

static void make_path(const char *directory, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s.accept", directory, name);
}

/* All of the file: what was accepted is compared by it, and never parsed. */
static size_t make_text(char text[TEXT_MAX], const char *name, const char *file_digest,
			const char *conf_digest)
{
	int len = snprintf(text, TEXT_MAX,
			   "sinkholed accepts, once\nlist: %s\nfile: %s\nconfiguration: %s\n", name,
			   file_digest, conf_digest);

	return (size_t)len;
}

enum err accept_digest(const struct conf *conf, char ret_digest[DIGEST_TEXT_MAX])
{
	struct digest *digest = NULL;
	char *dump = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&dump, &len);
	enum err err = out ? conf_dump(conf, out) : ERR_NOMEM;

	if (out && (fclose(out) != 0 || !dump)) /* without memory for its end there is no text */
		err = ERR_NOMEM;
	if (err == ERR_OK)
		err = digest_create(&digest);
	if (err == ERR_OK) {
		digest_add(digest, dump, len);
		err = digest_text(digest, ret_digest);
	}
	digest_free(digest);
	free(dump);
	return err == ERR_OK ? ERR_OK : ERR_NOMEM;
}

enum err accept_write(const char *directory, const char *name, const char *file_digest,
		      const char *conf_digest, struct err_text *text)
{
	char path[PATH_MAX];
	char content[TEXT_MAX];
	size_t len = make_text(content, name, file_digest, conf_digest);

	make_path(directory, name, path);
	if (file_replace(path, content, len) == ERR_OK)
		return ERR_OK;
	return err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
}

bool accept_exists(const char *directory, const char *name)
{
	char path[PATH_MAX];

	make_path(directory, name, path);
	return access(path, F_OK) == 0;
}

bool accept_matches(const char *directory, const char *name, const char *file_digest,
		    const char *conf_digest)
{
	char path[PATH_MAX];
	char content[TEXT_MAX];
	size_t len = make_text(content, name, file_digest, conf_digest);

	make_path(directory, name, path);
	return file_holds(path, content, len);
}

enum err accept_remove(const char *directory, const char *name, struct err_text *text)
{
	char path[PATH_MAX];

	make_path(directory, name, path);
	if (file_remove(path) == ERR_OK)
		return ERR_OK;
	return err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
}
