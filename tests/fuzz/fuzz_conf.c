/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text is a configuration or is told to be none in one line; what is one is dumped as itself.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "fuzz.h"

static char *dumped(const struct conf *conf, size_t *ret_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);

	require(out && conf_dump(conf, out) == ERR_OK && fclose(out) == 0);
	return text;
}

static void check_round_trip(const struct conf *conf)
{
	struct conf *again = NULL;
	size_t first_len;
	size_t second_len;
	char *first = dumped(conf, &first_len);
	char *second;

	require(conf_parse("dump", first, first_len, &again, NULL) == ERR_OK);
	second = dumped(again, &second_len);
	require(first_len == second_len && memcmp(first, second, first_len) == 0);
	require(conf_restart_needed(conf, again, NULL, NULL) == 0);
	free(first);
	free(second);
	conf_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_text text = {""};
	struct conf *conf = NULL;
	enum err err = conf_parse("fuzz", (const char *)data, size, &conf, &text);

	if (err == ERR_OK) {
		check_round_trip(conf);
		conf_free(conf);
	} else {
		require(err == ERR_CONFIG && !conf);
		require(strncmp(text.text, "fuzz:", 5) == 0 && !strpbrk(text.text, "\r\n"));
	}
	return 0;
}
