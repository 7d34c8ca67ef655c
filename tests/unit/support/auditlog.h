/* SPDX-License-Identifier: BSD-2-Clause */
/* Audit logs in a folder of their own, for tests: written, read, and held against their hashes. */
#ifndef SUPPORT_AUDITLOG_H
#define SUPPORT_AUDITLOG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/verify.h"
#include "base/file.h"
#include "support/scratch.h"

#define LOG_OCTETS_MAX 200000U

/* A state directory with a log. */
struct place {
	struct scratch scratch;
	const char *folder;
	char log[96];
	char checkpoint[96];
	char key[96];
	char public_key[96];
};

static inline int audit_set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	scratch_make(&p->scratch);
	p->folder = p->scratch.path;
	snprintf(p->log, sizeof(p->log), "%s/" AUDIT_LOG, p->folder);
	snprintf(p->checkpoint, sizeof(p->checkpoint), "%s/" AUDIT_CHECKPOINT, p->folder);
	snprintf(p->key, sizeof(p->key), "%s/" AUDIT_KEY, p->folder);
	snprintf(p->public_key, sizeof(p->public_key), "%s/" AUDIT_PUBLIC_KEY, p->folder);
	*state = p;
	return 0;
}

static inline int audit_tear_down(void **state)
{
	struct place *p = *state;

	scratch_remove(&p->scratch);
	free(p);
	return 0;
}

static inline struct audit *opened(const struct place *p)
{
	struct audit *audit = NULL;
	struct err_text text = {""};

	if (audit_open(p->folder, &audit, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return audit;
}

static inline void note_range(struct audit *audit, int first, int last)
{
	for (int i = first; i <= last; i++)
		audit_note(audit, "test", json_pack("{s:i, s:s}", "number", i, "text", "a\n\"b"));
}

/* A log of `count` lines of ours. */
static inline void write_lines(const struct place *p, int count)
{
	struct audit *audit = opened(p);

	note_range(audit, 1, count);
	audit_close(audit);
}

static inline char *text_of(const char *path)
{
	char *text;
	size_t len;

	assert_int_equal(file_read(path, LOG_OCTETS_MAX, &text, &len), ERR_OK);
	return text;
}

static inline void put_text(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text)), ERR_OK);
}

/* What is told of the log; by free(). */
static inline char *verified(const struct place *p, const char *checkpoint, enum err expected)
{
	char *told = NULL;
	size_t len;
	FILE *out = open_memstream(&told, &len);
	struct err_text text = {""};
	enum err err = audit_verify(p->log, NULL, checkpoint, out, &text);

	fclose(out);
	if (err != expected)
		fail_msg("%d instead of %d: %s %s", err, expected, told, text.text);
	return told;
}

static inline void expect(const struct place *p, const char *checkpoint, enum err err,
			  const char *told)
{
	char *text = verified(p, checkpoint, err);

	if (!strstr(text, told))
		fail_msg("'%s' is not in: %s", told, text);
	free(text);
}

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, audit_set_up, audit_tear_down)

#endif
