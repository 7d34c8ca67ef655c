/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Which keys name a list: of what a load did, and of what was said by command. */
static bool is_about(const json_t *event, const char *list)
{
	const char *of = json_string_value(json_object_get(event, "list"));
	const char *about = json_string_value(json_object_get(event, "about"));

	return !list || (of && strcmp(of, list) == 0) || (about && strcmp(about, list) == 0);
}

/* Adds the line, and lets the first one go when there are too many. */
static enum err take(json_t *events, const char *line, size_t len, const char *list, size_t max)
{
	json_t *event = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	int rc = 0;

	if (json_is_object(event) && is_about(event, list))
		rc = json_array_append(events, event);
	json_decref(event);
	if (json_array_size(events) > max)
		rc = rc == 0 ? json_array_remove(events, 0) : rc;
	return rc == 0 ? ERR_OK : ERR_NOMEM;
}

/* Goes to where the last octets begin, at the start of a line. */
static enum err seek(FILE *in, bool *ret_whole)
{
	struct stat st;
	int c;

	if (fstat(fileno(in), &st) != 0)
		return ERR_SYS;
	*ret_whole = st.st_size <= (off_t)AUDIT_TAIL_OCTETS;
	if (*ret_whole)
		return ERR_OK;
	if (fseeko(in, st.st_size - (off_t)AUDIT_TAIL_OCTETS, SEEK_SET) != 0)
		return ERR_SYS;
	do
		c = fgetc(in);
	while (c != EOF && c != '\n');
	return ERR_OK;
}

static enum err read_events(FILE *in, const char *list, size_t max, json_t *events)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	enum err err = events ? ERR_OK : ERR_NOMEM;

	while (err == ERR_OK && (len = getline(&line, &room, in)) > 0)
		err = take(events, line, (size_t)len, list, max);
	free(line);
	return err == ERR_OK && ferror(in) ? ERR_SYS : err;
}

enum err audit_tail(const char *path, const char *list, size_t max, json_t **ret_events,
		    bool *ret_whole, struct err_text *text)
{
	FILE *in = fopen(path, "re");
	json_t *events = json_array();
	bool whole = true;
	enum err err = ERR_OK;

	if (!in && errno != ENOENT)
		err = ERR_SYS;
	if (in)
		err = seek(in, &whole);
	if (in && err == ERR_OK)
		err = read_events(in, list, max, events);
	if (err != ERR_OK) {
		json_decref(events);
		(void)err_set(text, err, "%s: %s", path,
			      err == ERR_SYS ? strerror(errno) : err_str(err));
	} else {
		*ret_events = events;
		*ret_whole = whole;
	}
	if (in)
		fclose(in);
	return err;
}
