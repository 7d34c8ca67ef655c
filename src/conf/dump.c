/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"
#include "conf/type.h"

#define INDENT 2

static void dump_section(FILE *out, int indent, bool item, const struct conf_section *section,
			 const void *values);

static void dump_value(FILE *out, const struct conf_row *row, const void *value)
{
	putc(' ', out);
	row->type->print(row, value, out);
	putc('\n', out);
}

static void dump_list(FILE *out, int indent, const struct conf_row *row, const void *values)
{
	struct conf_values list = conf_row_values(row, values);

	fputs(list.count > 0 ? "\n" : " []\n", out);
	for (size_t i = 0; i < list.count; i++) {
		const char *item = list.items + i * row->size;

		if (row->section) {
			dump_section(out, indent + INDENT, true, row->section, item);
		} else {
			fprintf(out, "%*s-", indent, "");
			dump_value(out, row, item);
		}
	}
}

/* What stands behind a key; what goes on below it is indented by `indent`. */
static void dump_row(FILE *out, int indent, const struct conf_row *row, const void *values)
{
	switch (row->kind) {
	case CONF_KIND_VALUE:
		dump_value(out, row, conf_row_values(row, values).items);
		break;
	case CONF_KIND_SECTION:
		putc('\n', out);
		dump_section(out, indent, false, row->section, conf_row_values(row, values).items);
		break;
	default:
		dump_list(out, indent, row, values);
	}
}

/* An item of a list of sections has a dash before its first key. */
static void dump_section(FILE *out, int indent, bool item, const struct conf_section *section,
			 const void *values)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];
		bool dash = item && i == 0;

		fprintf(out, "%*s%s%s:", dash ? indent - INDENT : indent, "", dash ? "- " : "",
			row->key);
		dump_row(out, indent + INDENT, row, values);
	}
}

enum err conf_dump(const struct conf *conf, FILE *out)
{
	dump_section(out, 0, false, &conf_section_main, conf);
	return fflush(out) != 0 || ferror(out) ? ERR_SYS : ERR_OK;
}
