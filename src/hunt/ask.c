/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/ask.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "hunt/days.h"
#include "hunt/hash.h"

/* ---- a name */

struct asking {
	const struct hunt_question *question;
	found_row_fn *fn;
	void *arg;
	const char *name;
	uint64_t day_s;
	uint64_t rows; /* an upper bound of the hashes that were looked at */
	bool more;
};

static bool on_row(void *arg, const struct day_row *row)
{
	struct asking *a = arg;
	const struct found_row found = {
		.list = "",
		.name = a->name,
		.client = row->client,
		.at_s = a->day_s + row->at_s,
		.how = row->how,
	};

	if (found.at_s >= a->question->since_s)
		a->more = a->fn(a->arg, &found);
	a->more = a->more && clock_ms() < a->question->until_ms;
	return a->more;
}

/* False: the day's store cannot be read, which is told. */
static bool ask_day(struct asking *a, const char *folder, uint32_t number, uint64_t hash)
{
	struct day *day = NULL;
	char path[PATH_MAX];
	struct err_text text;
	enum err err;

	a->day_s = (uint64_t)number * DAY_SECONDS;
	err = day_open(days_path(folder, number, path), DAY_READ, &day, &text);
	if (err == ERR_OK)
		err = day_each_client(day, hash, on_row, a, &text);
	if (err == ERR_OK)
		err = day_rows_at_most(day, &a->rows, &text);
	day_close(day);
	if (err != ERR_OK && err != ERR_NOTFOUND)
		log_limited(LOG_LEVEL_ERROR, "hunt: %s", text.text);
	return err == ERR_OK || err == ERR_NOTFOUND;
}

enum err hunt_ask_name(const struct hunt_question *question, const struct name *name,
		       found_row_fn *fn, void *arg, struct hunt_seen *ret_seen,
		       struct err_text *text)
{
	char name_text[NAME_TEXT_MAX];
	struct asking a = {.question = question, .fn = fn, .arg = arg, .more = true};
	struct hunt_seen seen = {.days = 0};
	uint32_t days[DAYS_MAX];
	char folder[PATH_MAX];
	struct hunt_hash hash;
	size_t left = days_list(days_folder(question->state, folder), days);
	enum err err = hunt_hash_open(folder, &hash, text);
	uint64_t sought;

	if (err != ERR_OK)
		return err;
	sought = hunt_hash_of(&hash, name->wire, name->len);
	a.name = name_to_text(name->wire, name_text, sizeof(name_text));
	for (; left > 0 && a.more; left--) {
		if ((days[left - 1] + 1ULL) * DAY_SECONDS <= question->since_s)
			break;
		if (!ask_day(&a, folder, days[left - 1], sought))
			seen.broken++;
		seen.days++;
	}
	seen.whole = a.more && seen.broken == 0;
	seen.false_a_name = hunt_hash_false(hash.bits, 1, a.rows);
	*ret_seen = seen;
	return ERR_OK;
}

/* ---- a list */

static const char *found_path(const char *state, char path[PATH_MAX + sizeof(FOUND_FILE)])
{
	char folder[PATH_MAX];

	snprintf(path, PATH_MAX + sizeof(FOUND_FILE), "%s/" FOUND_FILE, days_folder(state, folder));
	return path;
}

enum err hunt_ask_list(const struct hunt_question *question, const char *list, found_row_fn *fn,
		       void *arg, struct err_text *text)
{
	char path[PATH_MAX + sizeof(FOUND_FILE)];
	struct found *found;
	enum err err;

	err = found_open(found_path(question->state, path), DAY_READ, &found, text);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err != ERR_OK)
		return err;
	err = found_each(found, list, question->since_s, fn, arg, text);
	found_close(found);
	return err;
}

/* ---- erased */

static enum err erase_day(const char *folder, uint32_t number, const char *subject, uint64_t *rows,
			  struct err_text *text)
{
	struct day *day = NULL;
	char path[PATH_MAX];
	uint64_t erased = 0;
	enum err err = day_open(days_path(folder, number, path), DAY_EDIT, &day, text);

	if (err == ERR_OK)
		err = day_erase(day, subject, &erased, text);
	day_close(day);
	*rows += erased;
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err erase_found(const char *state, const char *subject, uint64_t *rows,
			    struct err_text *text)
{
	char path[PATH_MAX + sizeof(FOUND_FILE)];
	struct found *found = NULL;
	uint64_t erased = 0;
	enum err err;

	err = found_open(found_path(state, path), DAY_EDIT, &found, text);
	if (err == ERR_OK)
		err = found_erase(found, subject, &erased, text);
	found_close(found);
	*rows += erased;
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err hunt_erase(const char *state, const char *subject, uint64_t *ret_rows,
		    struct err_text *text)
{
	uint32_t days[DAYS_MAX];
	char folder[PATH_MAX];
	uint64_t rows = 0;
	size_t count = days_list(days_folder(state, folder), days);
	enum err err = erase_found(state, subject, &rows, text);

	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = erase_day(folder, days[i], subject, &rows, text);
	if (err == ERR_OK)
		*ret_rows = rows;
	return err;
}
