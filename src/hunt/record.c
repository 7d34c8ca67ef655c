/* SPDX-License-Identifier: BSD-2-Clause */
/* What the workers tell, written down. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "evidence/database.h"
#include "hunt/hunter.h"

#define ROUND_MS 50U /* between two looks: a worker's feed has room for longer */
#define WRITE_MS 1000U
#define RETRY_MS 2000U

/* ---- taken */

static uint8_t bits_of(const struct client_form *form, const struct ip *ip)
{
	if (ip->unknown) /* a client that was told as a prefix */
		return (uint8_t)((ip->family == AF_INET ? 32U : 128U) - ip->unknown);
	if (form->kind != CONF_CLIENTS_PREFIX)
		return DAY_WHOLE;
	return ip->family == AF_INET ? form->prefix_ipv4 : form->prefix_ipv6;
}

static void take(struct hunt *h, const struct feed_event *event, uint64_t since_ms)
{
	uint64_t hashes[HUNT_HASHES_MAX];
	struct day_client client;
	struct name name;
	size_t count;

	if (h->over) {
		stats_inc(&h->stats, hunt_lost);
		return;
	}
	name_copy(&name, event->name, event->name_len);
	count = hunt_hash_all(&h->hash, &name, hashes);
	client.ip = client_hide(&h->form, &event->client);
	client.bits = bits_of(&h->form, &client.ip);
	client.ip.unknown = 0;
	rows_add(&h->waiting, &client, hashes, count, (since_ms + event->now_ms) / 1000);
}

static void count_lost(struct hunt *h)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < h->workers; i++)
		lost += feed_lost(asked_feed(h->asked[i]));
	stats_add(&h->stats, hunt_lost, lost - h->lost);
	h->lost = lost;
}

/* Takes what the workers have told, or as much of it as there is room for. */
static void drain(struct hunt *h)
{
	/* of the calendar, when the monotonic clock was 0 */
	uint64_t since_ms = clock_unix_s() * 1000 - clock_ms();
	struct feed_event event;

	for (size_t i = 0; i < h->workers; i++)
		while (rows_has_room(&h->waiting) && feed_take(asked_feed(h->asked[i]), &event))
			take(h, &event, since_ms);
	count_lost(h);
}

/* ---- written */

/* A file that was removed or exchanged would be written to its end, and never be seen. */
static bool is_ours(const struct hunt *h, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == h->file.st_dev && st.st_ino == h->file.st_ino;
}

static void close_day(struct hunt *h)
{
	day_close(h->day);
	h->day = NULL;
}

static enum err open_day(struct hunt *h, uint32_t day, struct err_text *text)
{
	char path[PATH_MAX];
	enum err err = ERR_OK;

	days_path(h->folder, day, path);
	if (h->day && (h->day_open != day || !is_ours(h, path)))
		close_day(h);
	if (h->day)
		return ERR_OK;
	err = day_open(path, DAY_WRITE, &h->day, text);
	if (err == ERR_SYNTAX)
		database_set_aside(path);
	if (err == ERR_OK && stat(path, &h->file) != 0)
		err = err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	h->day_open = day;
	return err;
}

/* Writes what waits of the first day. */
static enum err write_day(struct hunt *h, struct err_text *text)
{
	const struct day_row *rows;
	uint64_t written = 0;
	uint32_t day;
	size_t count;
	enum err err;

	rows = rows_first(&h->waiting, &day, &count);
	err = open_day(h, day, text);
	if (err == ERR_OK)
		err = day_put(h->day, rows, count, &written, text);
	if (err != ERR_OK)
		return err;
	stats_add(&h->stats, hunt_written, written);
	rows_drop(&h->waiting, count);
	return ERR_OK;
}

static void fail(struct hunt *h, const struct err_text *text)
{
	stats_inc(&h->stats, hunt_failures);
	log_limited(LOG_LEVEL_ERROR, "hunt: %s: %zu rows wait to be written", text->text,
		    h->waiting.count);
	h->failing = true;
	h->try_again_ms = clock_ms() + RETRY_MS;
	close_day(h); /* another try begins from what is on the disk */
}

static void write_batch(struct hunt *h)
{
	struct err_text text;
	enum err err = ERR_OK;

	if (h->failing && clock_ms() < h->try_again_ms)
		return;
	rows_sort(&h->waiting);
	while (err == ERR_OK && h->waiting.count > 0)
		err = write_day(h, &text);
	if (err != ERR_OK) {
		fail(h, &text);
		return;
	}
	if (h->failing) {
		log_notice("hunt: who asks is written down again");
		h->recoveries++;
	}
	h->failing = false;
	h->written_until++;
}

/* ---- the thread */

void *hunt_record(void *arg)
{
	struct hunt *h = arg;
	uint64_t due_ms = clock_ms();

	priority_step_back();
	while (!h->recorder.ending) {
		hunt_thread_rest(&h->recorder, ROUND_MS);
		drain(h);
		if (rows_has_room(&h->waiting) && clock_ms() < due_ms)
			continue;
		write_batch(h);
		hunt_keep(h, clock_ms(), clock_unix_s());
		due_ms = clock_ms() + WRITE_MS;
	}
	drain(h);
	h->try_again_ms = 0;
	write_batch(h);
	if (h->waiting.count > 0)
		log_error("hunt: %zu rows could not be written and are lost", h->waiting.count);
	return NULL;
}
