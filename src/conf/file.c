/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "conf/conf.h"

static const struct conf_mark nowhere;

static enum err fail_sys(const struct conf_place *place)
{
	int reason = errno;

	(void)conf_fail(place, nowhere, "%s",
			reason == EINVAL ? "Not a regular file" : strerror(reason));
	errno = reason;
	return ERR_SYS;
}

enum err conf_file_read(const struct conf_place *place, char **ret_text, size_t *ret_len)
{
	char *text;
	size_t len;
	enum err err = file_read(place->file, CONF_FILE_MAX, &text, &len);

	if (err == ERR_SYS)
		return fail_sys(place);
	if (err == ERR_RANGE)
		return conf_fail(place, nowhere, "larger than %u KiB", CONF_FILE_MAX / 1024);
	if (err != ERR_OK)
		return conf_fail_nomem(place);
	if (memchr(text, '\0', len)) {
		free(text);
		return conf_fail(place, nowhere, "not a text file");
	}
	*ret_text = text;
	*ret_len = len;
	return ERR_OK;
}
