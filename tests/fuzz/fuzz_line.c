/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the query log: whatever name was asked for, a line is one object of JSON that has it. */
#include <jansson.h>
#include <string.h>

#include "fuzz.h"
#include "querylog/line.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void check(const char *buf, size_t len, const struct feed_event *event)
{
	json_t *root = json_loadb(buf, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *question = json_object_get(json_object_get(root, "dns"), "question");
	const char *text = json_string_value(json_object_get(question, "name"));
	struct name name;

	require(text && name_from_text(text, strlen(text), &name) == ERR_OK);
	require(name.len == event->name_len && memcmp(name.wire, event->name, name.len) == 0);
	json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed_event event = {.outcome = FEED_BLOCKED, .list = "court"};
	char buf[LINE_OCTETS];
	size_t name_len;
	size_t len;

	if (size < 4)
		return 0;
	event.qtype = (uint16_t)(data[0] << 8 | data[1]);
	event.rcode = data[2] & 15U;
	event.outcome = (enum feed_outcome)(data[3] % FEED_OUTCOME_COUNT);
	name_len = name_check(data + 4, size - 4);
	if (name_len == 0)
		return 0;
	for (size_t i = 0; i < name_len; i++)
		event.name[i] = name_lower(data[4 + i]);
	event.name_len = (uint8_t)name_len;
	len = line_write(&event, (uint64_t)data[0] << 32, "2001:db8::1", buf);
	require(len < LINE_OCTETS && buf[len - 1] == '\n');
	require(memchr(buf, '\n', len) == buf + len - 1);
	check(buf, len, &event);
	return 0;
}
