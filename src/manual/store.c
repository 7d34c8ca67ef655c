/* SPDX-License-Identifier: BSD-2-Clause */
#include "manual/store.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* ---- read */

/* The text `key` of `object`; NULL: there is none, it has a NUL, or does not fit into `size`. */
static const char *text_of(const json_t *object, const char *key, size_t size)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) && strlen(text) < size ? text
											: NULL;
}

/* Unix time; false: it is none. */
static bool time_of(const json_t *object, const char *key, uint64_t *ret_s)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*ret_s = (uint64_t)json_integer_value(value);
	return true;
}

static bool read_kind(const json_t *object, enum manual_kind *ret_kind)
{
	const char *word = text_of(object, "kind", 16);

	for (unsigned int kind = 0; word && kind < MANUAL_KIND_COUNT; kind++) {
		if (strcmp(manual_word((enum manual_kind)kind), word) != 0)
			continue;
		*ret_kind = (enum manual_kind)kind;
		return true;
	}
	return false;
}

/* Whom the entry is about. */
static bool read_subject(const json_t *object, struct manual_entry *entry)
{
	const char *text = text_of(object, "of", NAME_TEXT_MAX);

	if (!text)
		return false;
	if (entry->kind != MANUAL_LIST_OFF)
		return name_from_text(text, strlen(text), &entry->name) == ERR_OK;
	snprintf(entry->list, sizeof(entry->list), "%s", text);
	return *text && strlen(text) < sizeof(entry->list);
}

static bool read_entry(const json_t *object, struct manual_entry *ret_entry)
{
	struct manual_entry entry = {.held = false};
	const char *ticket = text_of(object, "ticket", sizeof(entry.ticket));
	const char *by = text_of(object, "by", sizeof(entry.by));

	if (!read_kind(object, &entry.kind) || !read_subject(object, &entry) ||
	    !time_of(object, "since", &entry.since_s) ||
	    !time_of(object, "until", &entry.until_s) || !ticket || !manual_is_ticket(ticket) ||
	    !by || !manual_is_ticket(by))
		return false;
	snprintf(entry.ticket, sizeof(entry.ticket), "%s", ticket);
	snprintf(entry.by, sizeof(entry.by), "%s", by);
	*ret_entry = entry;
	return true;
}

static enum err read_entries(const json_t *entries, struct manual *manual, struct err_text *text)
{
	struct manual_entry entry;
	enum err err = ERR_OK;

	if (!json_is_array(entries) || json_array_size(entries) > MANUAL_MAX)
		return err_set(text, ERR_SYNTAX, "expected an array \"entries\" of at most %u",
			       MANUAL_MAX);
	for (size_t i = 0; i < json_array_size(entries) && err == ERR_OK; i++) {
		if (!read_entry(json_array_get(entries, i), &entry))
			return err_set(text, ERR_SYNTAX, "entry %zu cannot be read", i + 1);
		err = manual_put(manual, &entry);
	}
	return err_set(text, err, "out of memory");
}

enum err manual_parse(const char *data, size_t len, struct manual *ret_manual,
		      struct err_text *text)
{
	struct manual manual = {.count = 0};
	json_error_t error;
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	enum err err;

	if (root)
		err = read_entries(json_object_get(root, "entries"), &manual, text);
	else
		err = err_set(text, ERR_SYNTAX, "line %d: %s", error.line, error.text);
	json_decref(root);
	if (err == ERR_OK)
		*ret_manual = manual;
	else
		manual_free(&manual);
	return err;
}

static void make_path(const char *directory, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/manual.json", directory);
}

bool manual_can_read(const char *directory)
{
	return !*directory || access(directory, X_OK) == 0 || errno != EACCES;
}

enum err manual_read(const char *directory, struct manual *ret_manual, struct err_text *text)
{
	char path[PATH_MAX];
	struct err_text why = {""};
	size_t len;
	char *data;
	enum err err = ERR_SYS;

	make_path(directory, path);
	if (*directory)
		err = file_read(path, MANUAL_TEXT_MAX, &data, &len);
	if (!*directory || (err == ERR_SYS && errno == ENOENT) || !manual_can_read(directory)) {
		*ret_manual = (struct manual){.count = 0};
		return ERR_OK;
	}
	if (err != ERR_OK)
		return err_set(text, err, "%s: %s", path,
			       err == ERR_SYS ? strerror(errno) : err_str(err));
	err = manual_parse(data, len, ret_manual, &why);
	free(data);
	return err_set(text, err, "%s: %s", path, why.text);
}

enum err manual_begin(const struct manual *handed, const char *directory, struct manual *ret_manual,
		      struct err_text *text)
{
	if (handed)
		return err_set(text, manual_copy(handed, ret_manual), "out of memory");
	return manual_read(directory, ret_manual, text);
}

/* ---- written */

static json_t *write_entry(const struct manual_entry *entry)
{
	char subject[NAME_TEXT_MAX];

	return json_pack("{s:s, s:s, s:I, s:I, s:s, s:s}", "kind", manual_word(entry->kind), "of",
			 manual_subject(entry, subject), "since", (json_int_t)entry->since_s,
			 "until", (json_int_t)entry->until_s, "ticket", entry->ticket, "by",
			 entry->by);
}

static char *write_all(const struct manual *manual)
{
	json_t *entries = json_array();
	json_t *root = json_pack("{s:o}", "entries", entries);
	bool good = root != NULL;
	char *text;

	for (size_t i = 0; i < manual->count && good; i++)
		good = json_array_append_new(entries, write_entry(&manual->entries[i])) == 0;
	text = good ? json_dumps(root, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
	json_decref(root);
	return text;
}

/* ---- handed on */

int manual_to_memory(const struct manual *manual)
{
	char *data = write_all(manual);
	int fd = data ? memfd_create("manual", MFD_CLOEXEC) : -1;

	if (fd >= 0 && file_write(fd, data, strlen(data)) != ERR_OK) {
		close(fd);
		fd = -1;
	}
	free(data);
	return fd;
}

enum err manual_from_memory(int fd, struct manual *ret_manual, struct err_text *text)
{
	struct stat st;
	enum err err = ERR_OK;
	size_t len = 0;
	char *data = NULL;

	if (fstat(fd, &st) != 0)
		return err_set(text, ERR_SYS, "%s", strerror(errno));
	len = st.st_size > 0 && st.st_size <= MANUAL_TEXT_MAX ? (size_t)st.st_size : 0;
	data = malloc(len + 1);
	if (!data)
		return err_set(text, ERR_NOMEM, "out of memory");
	if (pread(fd, data, len, 0) != (ssize_t)len)
		err = err_set(text, ERR_SYS, "%s", strerror(errno));
	if (err == ERR_OK)
		err = manual_parse(data, len, ret_manual, text);
	free(data);
	return err;
}

/* ---- on the disk */

enum err manual_write(const char *directory, const struct manual *manual, struct err_text *text)
{
	char path[PATH_MAX];
	char *data;
	enum err err;

	if (!*directory)
		return err_set(text, ERR_NOTFOUND, "no state.directory is configured");
	data = write_all(manual);
	if (!data)
		return err_set(text, ERR_NOMEM, "out of memory");
	make_path(directory, path);
	err = file_replace(path, data, strlen(data));
	free(data);
	return err_set(text, err, "%s: %s", path, strerror(errno));
}
