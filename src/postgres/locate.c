/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/locate.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists by commas */

static const char *value_of(const PQconninfoOption *options, const char *key)
{
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (strcmp(o->keyword, key) == 0)
			return o->val ? o->val : "";
	return "";
}

/* The item at that place of a list; of a list of one it is the same for all. */
static void item_of(const char *list, size_t place, char ret_item[LOCATED_TEXT_MAX])
{
	bool single = !strchr(list, ',');
	size_t len;

	for (size_t i = 0; i < place && !single; i++) {
		list += strcspn(list, ",");
		list += *list == ',';
	}
	len = strcspn(list, ",");
	snprintf(ret_item, LOCATED_TEXT_MAX, "%.*s", (int)len, list);
}

/* False: there is no room. */
static bool add(char list[LOCATED_TEXT_MAX], const char *item, bool first)
{
	size_t len = strlen(list);
	int more = snprintf(list + len, LOCATED_TEXT_MAX - len, "%s%s", first ? "" : ",", item);

	return more >= 0 && (size_t)more < LOCATED_TEXT_MAX - len;
}

/* ---- looked up */

struct search {
	const struct archive_place *place;
	const atomic_bool *ending;
	const char *ports;
	struct located *hosts;
	size_t count;  /* of what is told */
	enum err last; /* why a host was left out */
};

static enum err tell(struct search *s, size_t place, const char *host, const char *address)
{
	char port[LOCATED_TEXT_MAX];
	bool first = s->count == 0;
	struct located *h = s->hosts;

	item_of(s->ports, place, port);
	s->count++;
	return add(h->host, host, first) && add(h->hostaddr, address, first) &&
			       add(h->port, port, first)
		       ? ERR_OK
		       : ERR_RANGE;
}

/* Names that are the machine's own, sockets, and addresses are left to libpq. */
static bool is_looked_up(const char *host)
{
	struct ip ip;

	return *host && *host != '/' && *host != '@' && strcmp(host, "localhost") != 0 &&
	       ip_parse(host, &ip) != ERR_OK;
}

/* A host that nobody tells anything of now is left out: another may do. */
static enum err look_up(struct search *s, size_t place, const char *host)
{
	struct ip ips[ARCHIVE_HOST_ADDRESSES];
	char text[INET6_ADDRSTRLEN];
	size_t count = 0;
	enum err err = ERR_NOTFOUND;

	if (is_looked_up(host))
		err = s->place->find_host(s->place->find_arg, host, s->ending, ips, &count);
	if (err == ERR_NOTFOUND || err == ERR_SYNTAX)
		return tell(s, place, host, "");
	if (err != ERR_OK) {
		s->last = err;
		return err == ERR_SYS ? ERR_OK : err;
	}
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = tell(s, place, host, ip_text(&ips[i], text, sizeof(text)));
	return err;
}

static enum err look_all_up(struct search *s, const char *hosts, struct err_text *text)
{
	char host[LOCATED_TEXT_MAX];
	size_t places = 1;
	enum err err = ERR_OK;

	for (const char *at = hosts; (at = strchr(at, ',')) != NULL; at++)
		places++;
	for (size_t i = 0; i < places && err == ERR_OK; i++) {
		item_of(hosts, i, host);
		err = look_up(s, i, host);
	}
	if (err == ERR_OK && s->count == 0)
		err = s->last;
	if (err == ERR_SYS)
		return err_set(text, err, "%s: no upstream says where it is", hosts);
	return err_set(text, err, "%s: %s", hosts, err_str(err));
}

enum err locate_hosts(const struct archive_place *place, const atomic_bool *ending,
		      struct located *ret_hosts, struct err_text *text)
{
	PQconninfoOption *options = place->find_host ? PQconninfoParse(place->store, NULL) : NULL;
	static const atomic_bool never = false;
	struct search s = {.place = place,
			   .ending = ending ? ending : &never,
			   .hosts = ret_hosts,
			   .last = ERR_SYS};
	const char *hosts = options ? value_of(options, "host") : "";
	enum err err = ERR_OK;

	*ret_hosts = (struct located){.host = ""};
	if (*hosts && !*value_of(options, "hostaddr")) {
		s.ports = value_of(options, "port");
		err = look_all_up(&s, hosts, text);
	}
	PQconninfoFree(options);
	return err;
}
