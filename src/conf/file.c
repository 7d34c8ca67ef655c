/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "conf/conf.h"
#include "conf/error.h"

_Static_assert(CONF_FILE_MAX == 1024 * 1024, "a message names it");

static enum err fail_sys(const char *path, struct err_text *text)
{
	int reason = errno;

	(void)conf_fail_file(path, text, ERR_SYS,
			     reason == EINVAL ? "Not a regular file" : strerror(reason));
	errno = reason;
	return ERR_SYS;
}

enum err conf_file_read(const char *path, char **ret_content, size_t *ret_len,
			struct err_text *text)
{
	char *content;
	size_t len;
	enum err err = file_read(path, CONF_FILE_MAX, &content, &len);

	if (err == ERR_SYS)
		return fail_sys(path, text);
	if (err == ERR_RANGE)
		return conf_fail_file(path, text, ERR_CONFIG, "larger than 1024 KiB");
	if (err != ERR_OK)
		return conf_fail_file(path, text, err, err_str(err));
	if (memchr(content, '\0', len)) {
		free(content);
		return conf_fail_file(path, text, ERR_CONFIG, "not a text file");
	}
	*ret_content = content;
	*ret_len = len;
	return ERR_OK;
}
