/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/hunt.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "evidence/ledger.h"
#include "hunt/hunter.h"

bool hunt_is_wanted(const struct conf *conf)
{
	return conf->evidence.hunt_days > 0 && ledger_is_wanted(conf);
}

/* ---- made, started, ended */

static enum err make_asked(struct hunt *h)
{
	struct hash_key key;
	enum err err = hash_key_random(&key);

	h->asked = calloc(h->workers, sizeof(struct asked *));
	if (!h->asked)
		return ERR_NOMEM;
	for (size_t i = 0; err == ERR_OK && i < h->workers; i++)
		err = asked_create(&key, &h->asked[i]);
	return err;
}

static enum err make_rest(struct hunt *h)
{
	h->recorder.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->searcher.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->recorder.wake_fd < 0 || h->searcher.wake_fd < 0)
		return ERR_SYS;
	return rows_init(&h->waiting);
}

static enum err fill(struct hunt *h, const struct conf *conf, struct err_text *text)
{
	enum err err = client_form_make(&conf->evidence, &h->form, text);

	if (err == ERR_OK)
		err = days_make(conf->state.directory, h->folder, text);
	if (err == ERR_OK)
		err = hunt_hash_open(h->folder, &h->hash, text);
	if (err == ERR_OK)
		err = err_set(text, make_asked(h), "out of memory");
	if (err == ERR_OK)
		err = err_set(text, make_rest(h), "no memory, or no file descriptor is left");
	return err;
}

enum err hunt_create(const struct conf *conf, size_t workers, struct hunt **ret_hunt,
		     struct err_text *text)
{
	struct hunt *h = calloc(1, sizeof(*h));
	enum err err;

	if (!h)
		return err_set(text, ERR_NOMEM, "out of memory");
	h->workers = workers;
	h->days = conf->evidence.hunt_days;
	h->recorder.wake_fd = -1;
	h->searcher.wake_fd = -1;
	hunt_configure(h, conf);
	err = fill(h, conf, text);
	if (err == ERR_OK)
		*ret_hunt = h;
	else
		hunt_free(h);
	return err;
}

struct asked *const *hunt_asked(const struct hunt *h)
{
	return h->asked;
}

const struct stats *hunt_stats(const struct hunt *h)
{
	return &h->stats;
}

void hunt_configure(struct hunt *h, const struct conf *conf)
{
	if (!h)
		return;
	h->size_bytes = conf->evidence.hunt_bytes;
	h->retention_s = conf->evidence.retention_s;
}

enum err hunt_start(struct hunt *h)
{
	return hunt_thread_begin(&h->recorder, hunt_record, "hunt-record", h);
}

enum err hunt_search(struct hunt *h, hunt_lists_fn *lists, void *daemon)
{
	if (!h)
		return ERR_OK;
	h->lists = lists;
	h->daemon = daemon;
	return hunt_thread_begin(&h->searcher, hunt_seek, "hunt-search", h);
}

void hunt_end_search(struct hunt *h)
{
	if (h)
		hunt_thread_end(&h->searcher);
}

void hunt_stop(struct hunt *h)
{
	if (!h)
		return;
	hunt_end_search(h);
	hunt_thread_end(&h->recorder);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void hunt_free(struct hunt *h)
{
	if (!h)
		return;
	hunt_stop(h);
	for (size_t i = 0; h->asked && i < h->workers; i++)
		asked_free(h->asked[i]);
	free(h->asked);
	rows_fini(&h->waiting);
	day_close(h->day);
	ipcrypt_free(h->form.ipcrypt);
	close_fd(h->recorder.wake_fd);
	close_fd(h->searcher.wake_fd);
	free(h);
}
