/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any octets as a list that is a table whose rows have families and tickets: what is kept of these
 * may be shown to people, whatever stands there, and each rule has one or none.  The first octet
 * chooses between CSV and JSON; the rest is the file.
 */
#include <string.h>

#include "list/listfile.h"
#include "memfile.h"

#define FILE_MAX ((size_t)64 << 10)

/* The octets of a character that begins so, without being anything that speaks to a terminal. */
static void check_text(const char *text)
{
	require(strlen(text) <= LOCALDATA_NOTE_MAX);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		require(*c >= ' ' && *c != 0x7f);
		require(*c != 0xc2 || c[1] >= 0xa0); /* C1 */
		require(*c < 0xc2 || (c[1] & 0xc0) == 0x80);
	}
}

static void check_note(const struct localdata *notes, uint32_t number)
{
	struct localdata_note note;

	require(number < localdata_mark(notes));
	if (!localdata_note_of(notes, number, &note))
		return;
	require(*note.family || *note.ticket);
	check_text(note.family);
	check_text(note.ticket);
}

static void check_set(struct domset_builder *builder, const struct localdata *notes)
{
	struct domset_iter iter;
	struct domset_rule rule;
	struct domset *set;

	require(domset_builder_freeze(builder, &set) == ERR_OK);
	domset_iter_init(&iter, set);
	while (domset_iter_next(&iter, &rule)) {
		require(rule.data > 0 || rule.kind.answer != DOMSET_ANSWER_DATA);
		check_note(notes, rule.data);
	}
	domset_free(set);
}

static void check_addresses(struct addrset_builder *builder, const struct localdata *notes)
{
	struct addrset *set;

	require(addrset_builder_freeze(builder, &set) == ERR_OK);
	for (uint32_t i = 0; i < addrset_records(set); i++)
		check_note(notes, addrset_data(set, i));
	addrset_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hash_key key = {1, 2};
	struct listfile_options options = {
		.rows = {.map = {.preset = TABLE_PRESET_THREATFOX,
				 .columns = {[TABLE_SINKHOLE] = "sinkhole|tags",
					     [TABLE_TICKET] = "ticket|id|ioc_id"}},
			 .now_s = 1795849200},
		.answers = {.key = &key, .ttl_s = 60},
	};
	struct domset_builder *builder;
	struct list_report report;
	struct err_text text = {""};

	if (size == 0 || size > FILE_MAX)
		return 0;
	options.format = data[0] & 1 ? LIST_FORMAT_JSON : LIST_FORMAT_CSV;
	options.path = memfile(data + 1, size - 1);
	require(localdata_create(&options.answers.data) == ERR_OK);
	options.rows.notes = options.answers.data;
	require(addrset_builder_create(&options.addresses) == ERR_OK);
	require(domset_builder_create(&key, &builder) == ERR_OK);
	require(domset_builder_begin(builder, 0) == ERR_OK);
	if (listfile_load(&options, builder, &report, &text) == ERR_OK) {
		check_set(builder, options.rows.notes);
		check_addresses(options.addresses, options.rows.notes);
	}
	domset_builder_free(builder);
	addrset_builder_free(options.addresses);
	localdata_free(options.answers.data);
	return 0;
}
