/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/feeds.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

struct feeds {
	struct inforce *inforce;
	struct fetch *fetch;
	feeds_changed_fn *changed;
	void *arg;
	struct event *bell; /* a list's file is another one */
	int bell_fd;
};

/* The thread of the fetches. */
static void on_fetched(void *arg, const char *list)
{
	struct feeds *feeds = arg;
	uint64_t one = 1;

	(void)list;
	(void)inforce_want(feeds->inforce, WEB_RELOAD_NEW);
	if (write(feeds->bell_fd, &one, sizeof(one)) < 0)
		log_error("fetch: eventfd: that a list has come is not noticed");
}

static void on_bell(evutil_socket_t fd, short what, void *arg)
{
	struct feeds *feeds = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) > 0)
		feeds->changed(feeds->arg);
}

enum err feeds_create(struct event_base *base, struct inforce *f, const struct snapshot *snapshot,
		      feeds_changed_fn *changed, void *arg, struct feeds **ret_feeds)
{
	struct feeds *feeds = calloc(1, sizeof(*feeds));
	enum err err = ERR_NOMEM;

	if (!feeds)
		return ERR_NOMEM;
	feeds->inforce = f;
	feeds->changed = changed;
	feeds->arg = arg;
	feeds->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (feeds->bell_fd >= 0)
		feeds->bell = event_new(base, feeds->bell_fd, EV_READ | EV_PERSIST, on_bell, feeds);
	if (feeds->bell && event_add(feeds->bell, NULL) == 0)
		err = fetch_create(on_fetched, feeds, &feeds->fetch);
	if (err == ERR_OK)
		err = fetch_configure(feeds->fetch, snapshot);
	if (err == ERR_OK)
		*ret_feeds = feeds;
	else
		feeds_free(feeds);
	return err;
}

void feeds_configure(struct feeds *feeds, const struct snapshot *snapshot)
{
	if (fetch_configure(feeds->fetch, snapshot) != ERR_OK)
		log_error("fetch: out of memory: the lists are fetched that were before");
}

struct fetch *feeds_fetch(const struct feeds *feeds)
{
	return feeds ? feeds->fetch : NULL;
}

void feeds_free(struct feeds *feeds)
{
	if (!feeds)
		return;
	fetch_free(feeds->fetch);
	if (feeds->bell)
		event_free(feeds->bell);
	if (feeds->bell_fd >= 0)
		close(feeds->bell_fd);
	free(feeds);
}
