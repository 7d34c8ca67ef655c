/* SPDX-License-Identifier: BSD-2-Clause */
/* First messages of TLS clients: what is taken has texts that end and are printed, and a beginning
 * of what is taken is never taken for something else. */
#include <string.h>

#include "fuzz.h"
#include "landing/hello.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void require_printed(const char *text, size_t room)
{
	const char *end = memchr(text, '\0', room);

	require(end != NULL);
	for (; text < end; text++)
		require(*text > ' ' && *text < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello hello;
	enum err err = hello_read(data, size, &hello);

	require(err == ERR_OK || err == ERR_SYNTAX || err == ERR_TRUNCATED);
	if (err != ERR_OK)
		return 0;
	require_printed(hello.name, sizeof(hello.name));
	require_printed(hello.ja4, sizeof(hello.ja4));
	require(strlen(hello.ja4) == HELLO_FINGERPRINT_MAX - 1);
	if (size > 64)
		require(hello_read(data, 64, &hello) == ERR_TRUNCATED ||
			hello_read(data, 64, &hello) == ERR_OK);
	return 0;
}
