/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/verify.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/key.h"
#include "audit/line.h"

/* A log that is being read. */
struct reading {
	FILE *out;
	struct key *key;
	struct line_end end;  /* the line before */
	struct line_end kept; /* of the checkpoint kept elsewhere; seq 0: there is none */
	uint64_t number;      /* of the line in the file */
	uint64_t faults;
	char time[32]; /* of the last sound line */
};

static void fault(struct reading *r, const char *what)
{
	r->faults++;
	fprintf(r->out, "line %llu: %s\n", (unsigned long long)r->number, what);
}

static void missing(struct reading *r, uint64_t seq)
{
	if (seq > r->end.seq + 1)
		fprintf(r->out, "line %llu: %llu lines before it are missing\n",
			(unsigned long long)r->number, (unsigned long long)(seq - r->end.seq - 1));
	else
		fprintf(r->out, "line %llu: not in order: it was written as line %llu\n",
			(unsigned long long)r->number, (unsigned long long)seq);
	r->faults++;
}

/* What the line says of the one before it. */
static void check_place(struct reading *r, const struct line *line)
{
	if (line->seq != r->end.seq + 1)
		missing(r, line->seq);
	else if (strcmp(line->prev, r->end.seq > 0 ? r->end.hash : LINE_FIRST) != 0)
		fault(r, "the line before it is not the one that was there when it was written");
}

/* A checkpoint among the lines. */
static void check_signature(struct reading *r, const struct line *line)
{
	const char *event = json_string_value(json_object_get(line->root, "event"));
	const char *signature = json_string_value(json_object_get(line->root, "signature"));

	if (!event || strcmp(event, "checkpoint") != 0)
		return;
	if (!key_proves(r->key, &r->end, signature))
		fault(r, "a checkpoint that was not signed by this key for the lines before it");
}

static void check_kept(struct reading *r)
{
	if (r->kept.seq == r->end.seq && strcmp(r->kept.hash, r->end.hash) != 0)
		fault(r, "not the line that the checkpoint is of: the log was written anew");
}

static enum err check_line(struct reading *r, const char *text, size_t len)
{
	struct line line;
	enum err err;

	r->number++;
	if (len == 0 || text[len - 1] != '\n') {
		fault(r, "cut off: it has no newline");
		return ERR_OK;
	}
	err = line_read(text, len - 1, &line);
	if (err == ERR_SYNTAX) {
		fault(r, "no line of an audit log");
		return ERR_OK;
	}
	if (err == ERR_REFUSED)
		fault(r, "edited: its hash is not that of its text");
	else if (err != ERR_OK)
		return err;
	check_place(r, &line);
	check_signature(r, &line);
	r->end.seq = line.seq;
	memcpy(r->end.hash, line.hash, sizeof(line.hash));
	snprintf(r->time, sizeof(r->time), "%s",
		 json_string_value(json_object_get(line.root, "time"))
			 ? json_string_value(json_object_get(line.root, "time"))
			 : "an unknown time");
	check_kept(r);
	line_free(&line);
	return ERR_OK;
}

/* ---- files */

static enum err read_lines(struct reading *r, FILE *in)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	enum err err = ERR_OK;

	while (err == ERR_OK && (len = getline(&line, &room, in)) >= 0)
		err = check_line(r, line, (size_t)len);
	free(line);
	return err == ERR_OK && ferror(in) ? ERR_SYS : err;
}

static enum err open_key(struct reading *r, const char *path, const char *key,
			 struct err_text *text)
{
	char copy[PATH_MAX];
	char beside[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	if (!key && (unsigned int)snprintf(beside, sizeof(beside), "%s/%s", dirname(copy),
					   AUDIT_PUBLIC_KEY) >= sizeof(beside))
		return err_set(text, ERR_SYS, "%s: the path is too long", path);
	return key_read_public(key ? key : beside, &r->key, text);
}

/* What is known once all lines were read. */
static enum err conclude(struct reading *r)
{
	if (r->kept.seq > r->end.seq) {
		r->faults++;
		fprintf(r->out, "the end is cut off: the checkpoint is of line %llu\n",
			(unsigned long long)r->kept.seq);
	}
	if (r->faults > 0)
		return ERR_SYNTAX;
	fprintf(r->out, "ok: %llu lines", (unsigned long long)r->end.seq);
	fprintf(r->out, r->end.seq > 0 ? ", the last one of %s\n" : "%s\n", r->time);
	return ERR_OK;
}

enum err audit_verify(const char *path, const char *key, const char *checkpoint, FILE *out,
		      struct err_text *text)
{
	struct reading r = {.out = out};
	FILE *in = fopen(path, "re");
	enum err err;

	if (!in)
		return err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	err = open_key(&r, path, key, text);
	if (err == ERR_OK && checkpoint && !key_read_checkpoint(r.key, checkpoint, &r.kept))
		err = err_set(text, ERR_SYNTAX, "%s: no checkpoint that was signed by this key",
			      checkpoint);
	if (err == ERR_OK)
		err = err_set(text, read_lines(&r, in), "%s: cannot be read", path);
	fclose(in);
	key_free(r.key);
	return err == ERR_OK ? err_set(text, conclude(&r), "%s: not as it was written", path) : err;
}
