/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"
#include "conf/row.h"

#define INDENT 2

struct dump {
	FILE *out;
	bool hides; /* what is secret */
};

static void dump_section(const struct dump *dump, int indent, bool item,
			 const struct conf_section *section, const void *values);

static void dump_value(const struct dump *dump, const struct conf_row *row, const void *value)
{
	putc(' ', dump->out);
	if (dump->hides && row->form.type->secret && **(char *const *)value)
		fputs("\"(hidden)\"", dump->out);
	else
		value_print(&row->form, value, dump->out);
	putc('\n', dump->out);
}

/* What stands behind a key; what goes on below it is indented by `indent`. */
static void dump_row(const struct dump *dump, int indent, const struct conf_row *row,
		     const void *values)
{
	struct conf_values list = conf_row_values(row, values);
	bool is_list = conf_row_is_list(row);

	if (list.count == 0)
		fputs(" []\n", dump->out);
	else if (is_list || row->section)
		putc('\n', dump->out);
	for (size_t i = 0; i < list.count; i++) {
		const char *item = list.items + i * row->size;

		if (row->section) {
			dump_section(dump, is_list ? indent + INDENT : indent, is_list,
				     row->section, item);
		} else {
			if (is_list)
				fprintf(dump->out, "%*s-", indent, "");
			dump_value(dump, row, item);
		}
	}
}

/* An item of a list of sections has a dash before its first key. */
static void dump_section(const struct dump *dump, int indent, bool item,
			 const struct conf_section *section, const void *values)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_row *row = &section->rows[i];
		bool dash = item && i == 0;

		fprintf(dump->out, "%*s%s%s:", dash ? indent - INDENT : indent, "",
			dash ? "- " : "", row->key);
		dump_row(dump, indent + INDENT, row, values);
	}
}

static enum err dump_conf(const struct dump *dump, const struct conf *conf)
{
	dump_section(dump, 0, false, &conf_section_main, conf);
	return fflush(dump->out) != 0 || ferror(dump->out) ? ERR_SYS : ERR_OK;
}

enum err conf_dump(const struct conf *conf, FILE *out)
{
	return dump_conf(&(struct dump){.out = out}, conf);
}

enum err conf_dump_shown(const struct conf *conf, FILE *out)
{
	return dump_conf(&(struct dump){.out = out, .hides = true}, conf);
}
