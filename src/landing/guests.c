/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing/guests.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* Between two looks at who is there: as a rule, and while somebody waits to be let in. */
static const struct timeval calm = {.tv_sec = 1};
static const struct timeval hurry = {.tv_usec = 5000};

struct ip guests_client(const struct guests *g, const struct ip *address)
{
	return ip_masked(address, address->family == AF_INET ? g->prefix_ipv4 : g->prefix_ipv6);
}

static size_t places_of(const struct guests *g, const struct ip *client)
{
	size_t count = 0;

	for (size_t i = 0; i < GUESTS_MAX; i++)
		count += g->places[i].bev && g->places[i].known &&
			 ip_equal(&g->places[i].client, client);
	return count;
}

static void show_out(const struct guest *guest)
{
	shutdown(bufferevent_getfd(guest->bev), SHUT_RDWR);
}

/* ---- those of evhttp */

/* evhttp takes its callbacks away when it is done with a connection. */
static bool is_gone(struct bufferevent *bev)
{
	bufferevent_event_cb event = NULL;

	bufferevent_getcb(bev, NULL, NULL, &event, NULL);
	return !event;
}

/* Learns who it is, and shows out who has places enough. */
static void recognise(struct guests *g, struct guest *guest)
{
	struct endpoint peer = {.len = sizeof(peer.u)};
	struct ip address;

	if (getpeername(bufferevent_getfd(guest->bev), &peer.u.sa, &peer.len) != 0)
		return;
	address = ip_from_sockaddr(&peer.u.sa);
	guest->client = guests_client(g, &address);
	if (places_of(g, &guest->client) >= GUESTS_PER_CLIENT) {
		stats_inc(g->stats, landing_refused);
		guest->until_ms = 0;
	}
	guest->known = true;
}

/* ---- the round */

/* Frees the places of those who are gone, shows out whose time is up; true when a place is free. */
static bool look_round(struct guests *g)
{
	uint64_t now_ms = clock_ms();
	bool free_place = false;

	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *guest = &g->places[i];

		if (guest->bev && is_gone(guest->bev)) {
			bufferevent_decref(guest->bev);
			guest->bev = NULL;
		}
		if (guest->bev && !guest->known)
			recognise(g, guest);
		if (guest->bev && now_ms >= guest->until_ms)
			show_out(guest);
		free_place = free_place || !guest->bev;
	}
	return free_place;
}

static void on_round(evutil_socket_t fd, short what, void *arg)
{
	struct guests *g = arg;

	(void)fd;
	(void)what;
	if (look_round(g) && g->shut) {
		g->shut = false;
		g->door(g->arg, true);
		(void)event_add(g->round, &calm);
	}
}

static void shut(struct guests *g)
{
	struct guest *oldest = &g->places[0];

	for (size_t i = 1; i < GUESTS_MAX; i++)
		if (g->places[i].number < oldest->number)
			oldest = &g->places[i];
	show_out(oldest);
	g->shut = true;
	g->door(g->arg, false);
	(void)event_add(g->round, &hurry);
}

/* A free place, of which there is one as long as the door is open; the last shuts it. */
static void take_place(struct guests *g, const struct guest *guest)
{
	struct guest *place = NULL;
	size_t left = 0;

	for (size_t i = 0; i < GUESTS_MAX; i++) {
		if (g->places[i].bev)
			continue;
		place = place ? place : &g->places[i];
		left++;
	}
	if (!place) { /* who was let in while it was shut */
		shutdown(bufferevent_getfd(guest->bev), SHUT_RDWR);
		bufferevent_decref(guest->bev);
		return;
	}
	*place = *guest;
	place->number = ++g->came;
	place->until_ms = clock_ms() + GUESTS_STAY_S * 1000ULL;
	if (left == 1)
		shut(g);
}

struct bufferevent *guests_expect(struct guests *g)
{
	struct bufferevent *bev = bufferevent_socket_new(g->base, -1, 0);

	if (!bev)
		return NULL;
	(void)look_round(g); /* before: a newcomer looks like one who is gone */
	bufferevent_incref(bev);
	take_place(g, &(struct guest){.bev = bev});
	event_active(g->round, EV_TIMEOUT, 0); /* it is not connected yet */
	return bev;
}

struct bufferevent *guests_welcome(struct guests *g, int fd, const struct ip *address)
{
	struct guest guest = {.known = true, .client = guests_client(g, address)};

	(void)look_round(g);
	if (places_of(g, &guest.client) >= GUESTS_PER_CLIENT || g->shut) {
		stats_inc(g->stats, landing_refused);
		close(fd);
		return NULL;
	}
	guest.bev = bufferevent_socket_new(g->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (guest.bev)
		take_place(g, &guest);
	else
		close(fd);
	return guest.bev;
}

void guests_dismiss(struct guests *g, struct bufferevent *bev)
{
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		if (g->places[i].bev != bev)
			continue;
		g->places[i].bev = NULL;
		bufferevent_free(bev);
	}
}

enum err guests_begin(struct guests *g, struct event_base *base)
{
	g->base = base;
	g->round = event_new(base, -1, EV_PERSIST, on_round, g);
	return g->round && event_add(g->round, &calm) == 0 ? ERR_OK : ERR_NOMEM;
}

/* Tells whoever has it that it is over. */
static void send_home(struct bufferevent *bev)
{
	bufferevent_event_cb event = NULL;
	void *arg = NULL;

	bufferevent_getcb(bev, NULL, NULL, &event, &arg);
	if (event)
		event(bev, BEV_EVENT_EOF, arg);
	else
		bufferevent_decref(bev);
}

void guests_end(struct guests *g)
{
	for (size_t i = 0; i < GUESTS_MAX; i++)
		if (g->places[i].bev)
			send_home(g->places[i].bev);
	if (g->round)
		event_free(g->round);
}
