/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies of requests: whatever comes, a text that is taken fits, and ends where it says. */
#include <string.h>

#include "fuzz.h"
#include "web/body.h"

#define ROOM 64

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool flag = false;
	char buf[ROOM];
	enum err err;

	memset(buf, 'u', sizeof(buf));
	err = body_text((const char *)data, size, "name", buf, sizeof(buf));
	if (err == ERR_OK)
		require(memchr(buf, '\0', sizeof(buf)) != NULL);
	else
		require(buf[0] == 'u' && buf[ROOM - 1] == 'u');
	require(err == ERR_OK || err == ERR_SYNTAX || err == ERR_RANGE || err == ERR_NOTFOUND);
	err = body_flag((const char *)data, size, "dry-run", &flag);
	require(err == ERR_OK || (err == ERR_SYNTAX && !flag));
	return 0;
}
