/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has asked for names that are listed now: found, kept, and told. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "hunt/hunter.h"

#define LINES_MAX 20U /* of a search in the log */

/* One name, on one day. */
struct finder {
	struct found *found;
	struct quarry *quarry;
	const char *name;
	uint64_t day_s;
	uint64_t now_s;
	enum err err;
	struct err_text text;
};

static bool on_row(void *arg, const struct day_row *row)
{
	struct finder *f = arg;
	struct quarry *q = f->quarry;
	bool new = false;
	const struct found_row found = {
		.list = q->list,
		.name = f->name,
		.client = row->client,
		.at_s = f->day_s + row->at_s,
		.how = row->how & q->scope,
		.found_s = f->now_s,
	};

	if (found.how == 0)
		return true;
	f->err = found_put(f->found, &found, &new, &f->text);
	if (f->err != ERR_OK)
		return false;
	q->clients += new;
	if (new &&found.at_s >= q->last_s) {
		q->last = row->client;
		q->last_s = found.at_s;
	}
	return true;
}

/* What is for names below alone is told apart from what is for the name. */
static const char *text_of(const struct quarry *q, char text[NAME_TEXT_MAX + 2])
{
	bool below = !(q->scope & DAY_ITSELF);
	char name[NAME_TEXT_MAX];

	snprintf(text, NAME_TEXT_MAX + 2, "%s%s", below ? "*." : "",
		 name_to_text(q->name.wire, name, sizeof(name)));
	return text;
}

static enum err find_on(struct finder *f, struct day *day, struct quarry *quarry, size_t count)
{
	char text[NAME_TEXT_MAX + 2];

	for (size_t i = 0; f->err == ERR_OK && i < count; i++) {
		enum err err;

		f->quarry = &quarry[i];
		f->name = text_of(&quarry[i], text);
		err = day_each_client(day, quarry[i].hash, on_row, f, &f->text);
		if (err != ERR_OK)
			return err;
	}
	return f->err;
}

static void find_day(const struct hunt *h, struct found *found, uint32_t number,
		     struct quarry *quarry, size_t count)
{
	struct finder f = {
		.found = found,
		.day_s = (uint64_t)number * DAY_SECONDS,
		.now_s = clock_unix_s(),
	};
	struct day *day = NULL;
	char path[PATH_MAX];
	enum err err;

	err = day_open(days_path(h->folder, number, path), DAY_READ, &day, &f.text);
	if (err == ERR_OK)
		err = found_begin(found, &f.text);
	if (err == ERR_OK) {
		err = find_on(&f, day, quarry, count);
		if (f.err == ERR_OK) /* what was found before a day's fault is kept */
			f.err = found_end(found, &f.text);
		err = err == ERR_OK ? f.err : err;
	}
	day_close(day);
	if (err != ERR_OK && err != ERR_NOTFOUND)
		log_limited(LOG_LEVEL_ERROR, "hunt: not all is found: %s", f.text.text);
}

static uint64_t log_all(const struct quarry *quarry, size_t count)
{
	char text[NAME_TEXT_MAX + 2];
	char client[CLIENT_TEXT_MAX];
	char day[DAYS_TEXT_MAX];
	uint64_t clients = 0;
	size_t names = 0;

	for (size_t i = 0; i < count; i++) {
		const struct quarry *q = &quarry[i];

		if (q->clients == 0)
			continue;
		clients += q->clients;
		if (names++ < LINES_MAX)
			log_warning("hunt: %s, which list %s has now, was asked for before: %llu "
				    "times, of a client and a day each, last by %s on %s",
				    text_of(q, text), q->list, (unsigned long long)q->clients,
				    day_client_text(&q->last, client),
				    days_text((uint32_t)(q->last_s / DAY_SECONDS), day));
	}
	if (names > LINES_MAX)
		log_warning("hunt: so were %zu more names: sinkholectl hunt LIST shows by whom",
			    names - LINES_MAX);
	return clients;
}

/* The store of what was found, without what is too old; NULL: it cannot be had. */
static struct found *open_found(const struct hunt *h)
{
	uint64_t retention_s = h->retention_s;
	uint64_t now_s = clock_unix_s();
	char path[PATH_MAX + sizeof(FOUND_FILE)];
	struct found *found = NULL;
	struct err_text text;
	enum err err;

	snprintf(path, sizeof(path), "%s/" FOUND_FILE, h->folder);
	err = found_open(path, DAY_WRITE, &found, &text);
	if (err == ERR_OK && retention_s > 0 && retention_s < now_s)
		err = found_prune(found, now_s - retention_s, &text);
	if (err == ERR_OK)
		return found;
	log_limited(LOG_LEVEL_ERROR, "hunt: what is found cannot be kept: %s", text.text);
	found_close(found);
	return NULL;
}

uint64_t hunt_tell(struct hunt *h, const uint32_t *days, size_t day_count, struct quarry *quarry,
		   size_t count)
{
	struct found *found = count > 0 ? open_found(h) : NULL;
	uint64_t clients;

	if (!found)
		return 0;
	for (size_t i = 0; i < day_count && !h->searcher.ending; i++)
		find_day(h, found, days[i], quarry, count);
	found_close(found);
	clients = log_all(quarry, count);
	stats_add(&h->stats, hunt_found, clients);
	return clients;
}
