/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/journal.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEFORE_MESSAGE "\nMESSAGE="
#define VALUE_MAX 256U /* of a list, or of a client */

bool journal_is_stderr(const char *stream)
{
	char expected[48];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(expected, sizeof(expected), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return strcmp(stream, expected) == 0;
}

/* What stands in the text behind `word`, up to a blank or a mark with one behind it. */
static size_t value_of(const char *text, const char *word, const char **ret_value)
{
	const char *at = strstr(text, word);
	size_t len;

	if (!at)
		return 0;
	at += strlen(word);
	len = strcspn(at, " ");
	while (len > 0 && strchr(":,;.)", at[len - 1]))
		len--;
	*ret_value = at;
	return len;
}

/* Adds the field when the format names such a thing: then the text has it. */
static size_t add_subject(char *record, size_t len, const char *field, const char *word,
			  const char *fmt, const char *text)
{
	char pattern[16];
	const char *value;
	size_t octets;

	snprintf(pattern, sizeof(pattern), "%s%%s", word);
	if (!strstr(fmt, pattern))
		return len;
	octets = value_of(text, word, &value);
	if (octets == 0 || octets > VALUE_MAX || len + octets + VALUE_MAX > JOURNAL_RECORD_MAX)
		return len;
	return len + (size_t)snprintf(record + len, JOURNAL_RECORD_MAX - len, "%s=%.*s\n", field,
				      (int)octets, value);
}

size_t journal_record(char record[JOURNAL_RECORD_MAX], int priority, const char *fmt,
		      const char *text)
{
	size_t room = JOURNAL_RECORD_MAX - 4 * VALUE_MAX;
	size_t len =
		(size_t)snprintf(record, room,
				 "PRIORITY=%d" BEFORE_MESSAGE "%.*s\n"
				 "SYSLOG_IDENTIFIER=sinkholed\nSINKHOLED_FORMAT=%.*s\n",
				 priority, (int)(room / 2), text, (int)(room / 2 - VALUE_MAX), fmt);

	len = add_subject(record, len, "SINKHOLED_LIST", "list ", fmt, text);
	return add_subject(record, len, "SINKHOLED_CLIENT", "client ", fmt, text);
}

const char *journal_message(const char *record, size_t *ret_len)
{
	const char *at = strstr(record, BEFORE_MESSAGE);

	at = at ? at + strlen(BEFORE_MESSAGE) : record;
	*ret_len = strcspn(at, "\n");
	return at;
}
