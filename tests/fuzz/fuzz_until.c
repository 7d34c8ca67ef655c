/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as a person writes them: what is taken lies ahead, and is read again as it is written. */
#include <string.h>

#include "fuzz.h"
#include "base/moment.h"
#include "manual/until.h"

#define NOW_S 1795858450U

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char given[64];
	char buf[MOMENT_TEXT_MAX];
	uint64_t again_s = 0;
	uint64_t until_s;

	if (size >= sizeof(given))
		return 0;
	memcpy(given, data, size);
	given[size] = '\0';
	if (until_parse(given, NOW_S, &until_s, NULL) != ERR_OK)
		return 0;
	require(until_s > NOW_S);
	require(until_parse(moment_text(until_s, buf), NOW_S, &again_s, NULL) == ERR_OK);
	require(again_s == until_s);
	return 0;
}
