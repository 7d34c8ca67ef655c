/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <string.h>

#include "conf/error.h"
#include "conf/row.h"

/* Text of ours, in which two blanks part sentences, as mdoc: a sentence a line. */
static void man_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strncmp(text, ".  ", 3) == 0) {
			fputs(".\n", out);
			text += 2;
		} else {
			putc(*text, out);
		}
	}
	putc('\n', out);
}

static void man_default(FILE *out, const struct conf_row *row)
{
	if (!row->def) {
		fputs("Required.\n", out);
		return;
	}
	fputs("Default: ", out);
	if (row->def[0] == '\0')
		fputs(conf_row_is_list(row) ? "an empty list" : "empty", out);
	for (const char *at = row->def; *at; at++) {
		if (*at == ' ')
			putc(',', out);
		putc(*at, out);
	}
	fputs(".\n", out);
}

static void man_type(FILE *out, const struct conf_row *row)
{
	char described[VALUE_DESCRIBED_MAX];

	value_expected(&row->form, described);
	if (conf_row_is_list(row))
		fprintf(out, "Value: a list of at most %zu, each %s.\n", (size_t)row->most,
			described);
	else
		fprintf(out, "Value: %s.\n", described);
}

/* An option of the list of a section's options. */
static void man_row(FILE *out, const struct conf_row *row)
{
	fprintf(out, ".It Ic %s\n", row->key);
	man_text(out, row->help);
	if (row->section) {
		fputs("See below.\n", out);
		return;
	}
	fputs(".br\n", out);
	man_type(out, row);
	man_default(out, row);
	if (row->restart)
		fputs("A change needs a restart.\n", out);
}

static void man_rows(FILE *out, const struct conf_section *section)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < section->count; i++)
		man_row(out, &section->rows[i]);
	fputs(".El\n", out);
}

/* The sections inside a section, each with its options; `place` leads to their names. */
static void man_sections(FILE *out, struct conf_place *place, const struct conf_section *section)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];
		size_t before = conf_place_enter(place, row->key);

		if (row->section) {
			fprintf(out, ".Ss %s\n", place->option);
			man_text(out, row->help);
			if (conf_row_is_list(row))
				fprintf(out, "A list of at most %zu, each with these options:\n",
					(size_t)row->most);
			man_rows(out, row->section);
			man_sections(out, place, row->section);
		}
		conf_place_leave(place, before);
	}
}

enum err conf_write_man(FILE *out)
{
	struct conf_place place = {0};

	man_sections(out, &place, &conf_section_main);
	return fflush(out) != 0 || ferror(out) ? ERR_SYS : ERR_OK;
}
