/* SPDX-License-Identifier: BSD-2-Clause */
/* Master files as nobody writes them by hand, read as BIND's named-compilezone reads them. */
#include "rpz/master.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpz/lines.h"

#define SOA "@ SOA a. b. 1 2 3 4 60\n"
#define TIMED_SOA "@ 900 SOA a. b. 1 2 3 4 60\n"
#define SAID_SOA "rpz 60 6,"
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L57 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *file;
	const char *records; /* "owner TTL type," each, "bad" for a line that is none */
} files[] = {
	/* parentheses */
	{"( x CNAME . )\n", "x.rpz 7 5,"},
	{"(x) (CNAME) (.)\n", "x.rpz 7 5,"},
	{"(\n\n x\n CNAME ; c )\n .\n)\n", "x.rpz 7 5,"},
	{"x A 192.0.2.1\n ( A ) 192.0.2.2\n", "x.rpz 7 1,x.rpz 7 1,"},
	{"( ; nothing\n)\nx CNAME .\n", "x.rpz 7 5,"},
	{"x TXT (a\n;comment ) \"\nb)\n", "x.rpz 7 16,"},
	{"x\\(y CNAME .\n", "x\\(y.rpz 7 5,"},
	{"x TXT \"(\" \";\"\ny CNAME .\n", "x.rpz 7 16,y.rpz 7 5,"},
	{"x CNAME (\ny CNAME .\n", "bad,y.rpz 7 5,"},
	/* carriage returns */
	{"x CNAME .\r\ny CNAME . \r\n\r\n \r\nz CNAME .\r", "x.rpz 7 5,y.rpz 7 5,z.rpz 7 5,"},
	{"x (\r\n CNAME\r\n.\r\n)\r\ny CNAME .\r\n", "x.rpz 7 5,y.rpz 7 5,"},
	{"@ SOA a. b. ( 1 ; c\r\n 2\r\n3 4 60\r\n) ; c\r\n", SAID_SOA},
	/* owners */
	{"x\\ y CNAME .\n", "x\\032y.rpz 7 5,"},
	{"x\\032y\\046z.w\\.v CNAME .\n", "x\\032y\\.z.w\\.v.rpz 7 5,"},
	{"x\\\\ CNAME .\n", "x\\\\.rpz 7 5,"},
	{"x\\\\. CNAME .\n", "x\\\\ 7 5,"},
	{"x\\. CNAME .\n", "x\\..rpz 7 5,"},
	{"\\@ CNAME .\n", "\\@.rpz 7 5,"},
	{"\\*.x CNAME .\n", "*.x.rpz 7 5,"},
	{"\\$TTL CNAME .\n", "\\$ttl.rpz 7 5,"},
	{"X.RPZ. CNAME .\n", "x.rpz 7 5,"},
	{L63 "." L63 "." L63 "." L57 " CNAME .\n", L63 "." L63 "." L63 "." L57 ".rpz 7 5,"},
	{L63 "." L63 "." L63 "." L57 "a CNAME .\n", "bad,"},
	{L63 "a CNAME .\n", "bad,"},
	{"\"x\" CNAME .\n", "bad,"},
	{"x.. CNAME .\n A 192.0.2.1\n", "bad,bad,"},
	{"x A 192.0.2.1\n; c\n\n\tAAAA ::1\n", "x.rpz 7 1,x.rpz 7 28,"},
	{"$ORIGIN sub\nx CNAME .\n$origin @\n$ORIGIN deep\ny CNAME .\n$ORIGIN other.\nz CNAME .\n",
	 "x.sub.rpz 7 5,y.deep.sub.rpz 7 5,z.other 7 5,"},
	/* classes and types */
	{"x IN 5 CNAME .\nx2 6 IN CNAME .\nx3 in CNAME .\nx4 CLASS1 8 TYPE5 .\n",
	 "x.rpz 5 5,x2.rpz 6 5,x3.rpz 6 5,x4.rpz 8 5,"},
	{"x CH CNAME .\nx HS CNAME .\nx CLASS3 CNAME .\nx IN IN CNAME .\nx 1 2 CNAME .\n",
	 "bad,bad,bad,bad,bad,"},
	{"in in a 192.0.2.1\n300 A 192.0.2.1\n", "in.rpz 7 1,300.rpz 7 1,"},
	{"x TYPE65280 \\# 2 ab cd\n", "x.rpz 7 65280,"},
	/* TTLs: what $TTL says, else what the last record said, and a SOA that nothing said is its
	 * minimum */
	{SOA "x CNAME .\ny 5 CNAME .\nz CNAME .\n", SAID_SOA "x.rpz 60 5,y.rpz 5 5,z.rpz 60 5,"},
	{TIMED_SOA "x CNAME .\ny 5 CNAME .\nz CNAME .\n",
	 "rpz 900 6,x.rpz 900 5,y.rpz 5 5,z.rpz 5 5,"},
	{"$TTL 1h\n" TIMED_SOA "x CNAME .\ny 5 CNAME .\nz CNAME .\n",
	 "rpz 900 6,x.rpz 3600 5,y.rpz 5 5,z.rpz 3600 5,"},
	{"x 1d2H3m4 CNAME .\n$TTL 2\ny CNAME .\n", "x.rpz 93784 5,y.rpz 2 5,"},
};

/* What a file says, as the table has it. */
struct said {
	struct master master;
	struct master_record record;
	FILE *out;
};

static bool read_record(struct said *said, const struct lines_record *line)
{
	char text[NAME_TEXT_MAX];

	switch (master_read(&said->master, line->text, line->len, &said->record)) {
	case MASTER_NOTHING:
		return true;
	case MASTER_RECORD:
		fprintf(said->out, "%s %u %u,",
			name_to_text(said->record.owner.wire, text, sizeof(text)),
			said->record.ttl_s, said->record.type);
		return true;
	default:
		fputs("bad,", said->out);
		return false;
	}
}

static void read_lines(struct said *said, struct lines *lines, bool at_end)
{
	struct lines_record line;
	enum lines_found found;

	while ((found = lines_next(lines, at_end, &line)) != LINES_NONE)
		if (found == LINES_BROKEN)
			fputs("bad,", said->out);
		else if (!read_record(said, &line))
			lines_reject(lines);
}

static void read_file(struct said *said, const char *file)
{
	struct lines lines = {.count = 0};

	for (uint32_t number = 1; *file; number++) {
		size_t len = strcspn(file, "\n");

		assert_int_equal(lines_add(&lines, file, len, number), ERR_OK);
		read_lines(said, &lines, false);
		file += len + (file[len] == '\n');
	}
	read_lines(said, &lines, true);
	lines_fini(&lines);
}

static void test_files(void **state)
{
	struct said *said = calloc(1, sizeof(*said));

	assert_non_null(said);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *text = NULL;
		size_t len;

		said->master = (struct master){.origin = {.len = 5, .wire = "\3rpz"}, .ttl_s = 7};
		said->out = open_memstream(&text, &len);
		assert_non_null(said->out);
		read_file(said, files[i].file);
		assert_int_equal(fclose(said->out), 0);
		if (strcmp(text, files[i].records) != 0)
			fail_msg("%s: %s", files[i].file, text);
		free(text);
	}
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
