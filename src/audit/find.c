/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/find.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/line.h"

struct finding {
	char until[MOMENT_TEXT_MAX]; /* times of the log are in its form, and sort by it */
	bool over;		     /* a line was of a later time */
	struct line_end end;	     /* the line before */
	struct audit_place place;    /* seq 0: nothing was found yet */
};

static void take(struct finding *f, const struct line *line, const char *time)
{
	f->place.seq = line->seq;
	memcpy(f->place.hash, line->hash, sizeof(f->place.hash));
	snprintf(f->place.time, sizeof(f->place.time), "%s", time);
}

/* True for the line that was written behind the one before: none is missing between. */
static bool follows(struct finding *f, const struct line *line)
{
	const char *before = f->end.seq > 0 ? f->end.hash : LINE_FIRST;
	const bool next = line->seq == f->end.seq + 1 && strcmp(line->prev, before) == 0;

	f->end.seq = line->seq;
	memcpy(f->end.hash, line->hash, sizeof(line->hash));
	return next;
}

static void look(struct finding *f, const struct line *line)
{
	const char *event = json_string_value(json_object_get(line->root, "event"));
	const char *time = json_string_value(json_object_get(line->root, "time"));

	if (!event || !time || strlen(time) >= sizeof(f->place.time))
		return;
	if (strcmp(time, f->until) > 0)
		f->over = true;
	else if (strcmp(event, "load") == 0)
		take(f, line, time);
}
static enum err read_line(struct finding *f, const char *text, size_t len, uint64_t number,
			  struct err_text *error)
{
	struct line line;
	enum err err = ERR_SYNTAX;

	if (len > 0 && text[len - 1] == '\n')
		err = line_read(text, len - 1, &line);
	if (err == ERR_OK && !follows(f, &line)) {
		line_free(&line);
		err = ERR_SYNTAX;
	}
	if (err == ERR_OK)
		look(f, &line);
	if (err == ERR_OK || err == ERR_REFUSED)
		line_free(&line);
	if (err == ERR_OK || err == ERR_NOMEM)
		return err_set(error, err, "%s", err_str(err));
	return err_set(error, ERR_REFUSED, "line %llu of the audit log is not as it was written",
		       (unsigned long long)number);
}

enum err audit_find_load(const char *path, uint64_t at_s, struct audit_place *ret_place,
			 struct err_text *text)
{
	struct finding f = {.over = false};
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	enum err err = ERR_OK;

	if (!in)
		return err_set(text, errno == ENOENT ? ERR_NOTFOUND : ERR_SYS, "%s: %s", path,
			       strerror(errno));
	moment_text(at_s, f.until);
	/* not to the first line of a later time: a clock that ran ahead may have been set back */
	for (uint64_t n = 1; err == ERR_OK && (len = getline(&line, &room, in)) > 0; n++)
		err = read_line(&f, line, (size_t)len, n, text);
	if (err == ERR_REFUSED && f.over) /* what is behind that time need not be sound */
		err = ERR_OK;
	if (err == ERR_OK && ferror(in))
		err = err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	free(line);
	fclose(in);
	if (err == ERR_OK && f.place.seq == 0)
		err = err_set(text, ERR_NOTFOUND, "the audit log has no load from before then");
	if (err == ERR_OK)
		*ret_place = f.place;
	return err;
}
