/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/door.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/reach.h"
#include "loop/accepting.h"

#define BACKLOG 64
#define GROUP_STRINGS 65536 /* a group with all its members */

/* Between two looks at who is there: as a rule, and while somebody waits to be let in. */
static const struct timeval calm = {.tv_sec = 1};
static const struct timeval hurry = {.tv_usec = 5000};

/* ---- guests */

static uint64_t now_s(void)
{
	return clock_ms() / 1000;
}

/* evhttp takes its callbacks away when it is done with a connection. */
static bool is_gone(struct bufferevent *bev)
{
	bufferevent_event_cb event = NULL;

	bufferevent_getcb(bev, NULL, NULL, &event, NULL);
	return !event;
}

/* Frees the places of those who are gone, shows out whose time is up; true when a place is free. */
static bool look_round(struct door *door)
{
	uint64_t now = now_s();
	bool free_place = false;

	for (size_t i = 0; i < DOOR_GUESTS; i++) {
		struct door_guest *guest = &door->guests[i];

		if (guest->bev && is_gone(guest->bev)) {
			bufferevent_decref(guest->bev);
			guest->bev = NULL;
		} else if (guest->bev && now >= guest->until_s) {
			shutdown(bufferevent_getfd(guest->bev), SHUT_RDWR);
		}
		free_place = free_place || !guest->bev;
	}
	return free_place;
}

static void on_round(evutil_socket_t fd, short what, void *arg)
{
	struct door *door = arg;

	(void)fd;
	(void)what;
	if (look_round(door) && door->shut) {
		door->shut = false;
		evconnlistener_enable(door->listener);
		(void)event_add(door->round, &calm);
	}
}

/* Who came first has had the most time, and gives way. */
static void show_out_oldest(struct door *door)
{
	struct door_guest *oldest = NULL;

	for (size_t i = 0; i < DOOR_GUESTS; i++) {
		struct door_guest *guest = &door->guests[i];

		if (guest->bev && (!oldest || guest->number < oldest->number))
			oldest = guest;
	}
	if (oldest)
		shutdown(bufferevent_getfd(oldest->bev), SHUT_RDWR);
}

/* The last place that is taken shuts the door until another one is free, which is soon. */
static void shut(struct door *door)
{
	door->shut = true;
	evconnlistener_disable(door->listener);
	show_out_oldest(door);
	(void)event_add(door->round, &hurry);
}

static struct bufferevent *welcome(struct event_base *base, void *arg)
{
	struct door *door = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);
	size_t places = 0;

	(void)look_round(door); /* before: a newcomer looks like one who is gone */
	for (size_t i = 0; i < DOOR_GUESTS && bev; i++) {
		struct door_guest *guest = &door->guests[i];

		if (guest->bev)
			continue;
		if (places++ > 0)
			return bev;
		bufferevent_incref(bev);
		*guest = (struct door_guest){
			.bev = bev, .until_s = now_s() + DOOR_STAY_S, .number = ++door->came};
	}
	shut(door);
	return bev;
}

/* ---- answers */

static void reply(struct evhttp_request *req, int code, const char *type, const char *policy,
		  struct evbuffer *body)
{
	struct evkeyvalq *fields = evhttp_request_get_output_headers(req);
	char length[24];

	snprintf(length, sizeof(length), "%zu", evbuffer_get_length(body));
	evhttp_add_header(fields, "Content-Type", type);
	evhttp_add_header(fields, "Content-Length", length);
	evhttp_add_header(fields, "Cache-Control", "no-store");
	evhttp_add_header(fields, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(fields, "Referrer-Policy", "no-referrer");
	evhttp_add_header(fields, "Content-Security-Policy", policy);
	/* evhttp would send the body of an answer to HEAD */
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD)
		evbuffer_drain(body, evbuffer_get_length(body));
	evhttp_send_reply(req, code, NULL, body);
}

void door_reply(struct evhttp_request *req, int code, const char *type, struct evbuffer *body)
{
	reply(req, code, type, "default-src 'none'; frame-ancestors 'none'", body);
}

void door_reply_page(struct evhttp_request *req, const char *type, struct evbuffer *body)
{
	reply(req, HTTP_OK, type,
	      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	      body);
}

/* A page of another site can have its own name lead to our address: then that name is the Host. */
static bool is_our_name(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; host && i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(host, names[i], len) == 0 && (!host[len] || host[len] == ':'))
			return true;
	}
	return false;
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct door *door = arg;
	const char *host = evhttp_find_header(evhttp_request_get_input_headers(req), "Host");
	struct evbuffer *body;

	if (!door->loopback || is_our_name(host)) {
		door->fn(door, req, door->arg);
		return;
	}
	body = evbuffer_new();
	if (!body) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	evbuffer_add_printf(body, "{\"error\": \"the field Host names another site\"}\n");
	door_reply(req, 421, "application/json", body);
	evbuffer_free(body);
}

/* ---- opened and closed */

static void on_failed_accept(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_limited(LOG_LEVEL_WARNING, "control: accept: %s", strerror(errno));
	accepting_rest(listener);
}

/* Takes over `fd`. */
static enum err serve(struct door *door, struct event_base *base, int fd)
{
	door->listener = evconnlistener_new(base, NULL, NULL,
					    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!door->listener) {
		close(fd);
		return ERR_NOMEM;
	}
	door->http = evhttp_new(base);
	door->round = event_new(base, -1, EV_PERSIST, on_round, door);
	if (!door->http || !door->round || event_add(door->round, &calm) != 0) {
		evconnlistener_free(door->listener);
		door->listener = NULL;
		return ERR_NOMEM;
	}
	evhttp_set_bevcb(door->http, welcome, door);
	evhttp_set_gencb(door->http, on_request, door);
	evhttp_set_timeout(door->http, DOOR_SILENCE_S);
	evhttp_set_max_headers_size(door->http, DOOR_HEADERS_MAX);
	evhttp_set_max_body_size(door->http, DOOR_BODY_MAX);
	evhttp_set_allowed_methods(door->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
						       EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE);
	evconnlistener_set_error_cb(door->listener, on_failed_accept);
	if (evhttp_bind_listener(door->http, door->listener))
		return ERR_OK;
	evconnlistener_free(door->listener);
	door->listener = NULL;
	return ERR_NOMEM;
}

static enum err give_to_group(const char *path, const char *group, struct err_text *text)
{
	char strings[GROUP_STRINGS];
	struct group *entry = NULL;
	struct group found;

	if (!*group)
		return ERR_OK;
	if (getgrnam_r(group, &found, strings, sizeof(strings), &entry) != 0 || !entry)
		return err_set(text, ERR_NOTFOUND, "control.group: there is no group %s", group);
	if (chown(path, (uid_t)-1, entry->gr_gid) != 0)
		return err_set(text, ERR_SYS, "%s cannot be given to group %s: %s", path, group,
			       strerror(errno));
	return ERR_OK;
}

/* The process that serves the socket of a path; 0: none does.  At a hand-over the one before has
 * made this one. */
static pid_t server_of(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);
	bool there =
		fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (there && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		peer.pid = 0;
	if (fd >= 0)
		close(fd);
	return peer.pid == getppid() || peer.pid == getpid() ? 0 : peer.pid;
}

/* Binds below another name, and gives the file its own when it is listened on: whoever asks just
 * then reaches the one before. */
static enum err bind_aside(const struct door *door, int fd, const char *group,
			   struct err_text *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char aside[sizeof(door->path) + 2];
	mode_t mask;
	int rc;

	snprintf(aside, sizeof(aside), "%s~", door->path);
	if (strlen(aside) >= sizeof(address.sun_path))
		snprintf(aside, sizeof(aside), "%s", door->path);
	memcpy(address.sun_path, aside, strlen(aside));
	unlink(aside);
	mask = umask(0117);
	rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rc != 0 || listen(fd, BACKLOG) != 0)
		return err_set(text, ERR_SYS, "%s: %s", aside, strerror(errno));
	if (give_to_group(aside, group, text) != ERR_OK)
		return ERR_SYS;
	if (rename(aside, door->path) != 0)
		return err_set(text, ERR_SYS, "%s: %s", door->path, strerror(errno));
	return ERR_OK;
}

/* A socket's file outlives its process.  One that another process serves is left to it, but at a
 * hand-over: it is replaced, and the process before goes on with those who have reached it. */
static enum err bind_path(struct door *door, int fd, const char *group, struct err_text *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat there;
	pid_t server = 0;

	memcpy(address.sun_path, door->path, sizeof(address.sun_path));
	if (lstat(door->path, &there) == 0) {
		if (!S_ISSOCK(there.st_mode))
			return err_set(text, ERR_EXISTS, "%s: this is no socket", door->path);
		server = server_of(&address);
	}
	if (server != 0)
		return err_set(text, ERR_EXISTS,
			       "%s: process %d serves it, and keeps it: each daemon needs a socket "
			       "of its own",
			       door->path, (int)server);
	return bind_aside(door, fd, group, text);
}

enum err door_open_socket(struct door *door, struct event_base *base, const char *path,
			  const char *group, struct err_text *text)
{
	int fd;
	enum err err;

	door->kind = DOOR_SOCKET;
	if (strlen(path) >= sizeof(door->path))
		return err_set(text, ERR_RANGE, "%s: the path of a socket has at most %zu octets",
			       path, sizeof(door->path) - 1);
	strncpy(door->path, path, sizeof(door->path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	err = bind_path(door, fd, group, text);
	if (err == ERR_OK && stat(path, &door->made) != 0)
		err = err_set(text, ERR_SYS, "%s: %s", path, strerror(errno));
	if (err != ERR_OK) {
		close(fd);
		return err;
	}
	return err_set(text, serve(door, base, fd), "%s: out of memory", path);
}

enum err door_open_address(struct door *door, struct event_base *base,
			   const struct endpoint *address, struct err_text *text)
{
	static const int on = 1;
	char where[ADDR_TEXT_MAX];
	int fd = socket(address->u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	endpoint_text(address, where, sizeof(where));
	if (fd < 0)
		return err_set(text, ERR_SYS, "%s: %s", where, strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
	    bind(fd, &address->u.sa, address->len) != 0 || listen(fd, BACKLOG) != 0) {
		err_set(text, ERR_SYS, "%s: %s", where, strerror(errno));
		close(fd);
		return ERR_SYS;
	}
	door->loopback = reach_is_loopback(address);
	return err_set(text, serve(door, base, fd), "%s: out of memory", where);
}

/* The number of a file that is gone is given to the next one: the time tells them apart. */
static bool is_ours(const struct door *door)
{
	const struct stat *made = &door->made;
	struct stat now;

	return lstat(door->path, &now) == 0 && now.st_ino == made->st_ino &&
	       now.st_dev == made->st_dev && now.st_ctim.tv_sec == made->st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == made->st_ctim.tv_nsec;
}

void door_close(struct door *door)
{
	if (*door->path && is_ours(door))
		unlink(door->path);
	if (door->round)
		event_free(door->round);
	if (door->http)
		evhttp_free(door->http); /* the listener with it */
	for (size_t i = 0; i < DOOR_GUESTS; i++)
		if (door->guests[i].bev)
			bufferevent_decref(door->guests[i].bev);
}
