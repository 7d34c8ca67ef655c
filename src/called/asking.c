/* SPDX-License-Identifier: BSD-2-Clause */
#include "called/asking.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "dns/rrtype.h"
#include "names/local.h"
#include "names/reverse.h"
#include "names/special.h"

#define NAMES_MAX 3U /* of a client, that are tried until one leads back to it */

enum err asking_init(struct asking *a, const struct hash_key *name_key, struct stats *stats)
{
	a->name_key = *name_key;
	a->stats = stats;
	return special_create(name_key, NULL, 0, true, &a->special);
}

void asking_fini(struct asking *a)
{
	lookup_free(a->lookup);
	namemap_free(a->special);
}

void asking_take_turn(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000000 / RATE}, NULL);
}

/* ---- whom to ask */

/* An address that is to be asked for. */
struct question {
	struct asking *asking;
	const struct ip *ip;
	struct reverse reverse;
	bool local; /* it has a name of the operator's own, or nobody is to be asked */
	enum err err;
};

enum err asking_reverse(const struct hash_key *name_key, const struct ip *ip,
			struct reverse *ret_reverse)
{
	enum err err = reverse_name(ip, &ret_reverse->name);

	if (err == ERR_OK)
		name_hash_suffixes(name_key, &ret_reverse->name, &ret_reverse->suffixes);
	return err;
}

/* The lookup knows whom the lists' and names' generation has asked. */
static enum err renew_lookup(struct asking *a, const struct snapshot *s)
{
	enum err err;

	if (a->lookup && a->generation == s->generation)
		return ERR_OK;
	lookup_free(a->lookup);
	a->lookup = NULL;
	err = lookup_create(s, &a->lookup);
	a->generation = s->generation;
	return err;
}

static bool is_special(const struct asking *a, const struct snapshot *s, const struct name *name,
		       const struct name_suffixes *suffixes)
{
	return namemap_find(a->special, name, suffixes, 0).found ||
	       namemap_find(s->special, name, suffixes, 0).found;
}

/* Private names leave only for who was named for them. */
static void judge(void *arg, const struct snapshot *s)
{
	struct question *q = arg;
	const struct reverse *r = &q->reverse;
	struct local_name found;

	q->err = renew_lookup(q->asking, s);
	if (q->err == ERR_OK)
		q->local = local_find(s->local, &r->name, &r->suffixes, &found) ||
			   (!lookup_is_forwarded(q->asking->lookup, &r->name) &&
			    is_special(q->asking, s, &r->name, &r->suffixes));
}

/* A name that is said to be a client's. */
struct candidate {
	const struct question *client;
	struct name name;
	struct name_suffixes suffixes;
	bool leads; /* to the client's address */
	bool known; /* that is known, or nobody is to be asked */
	enum err err;
};

static bool has_address(const struct local_name *found, const struct ip *ip)
{
	uint16_t type = ip->family == AF_INET ? TYPE_A : TYPE_AAAA;
	uint16_t len = ip->family == AF_INET ? 4 : 16;

	for (uint32_t i = 0; i < found->count; i++)
		if (found->records[i].type == type && found->records[i].rdlen == len &&
		    memcmp(found->records[i].rdata, ip->bytes, len) == 0)
			return true;
	return false;
}

/* The name of a private address is private, whatever zone it is in. */
static void judge_name(void *arg, const struct snapshot *s)
{
	struct candidate *n = arg;
	const struct question *q = n->client;
	const struct reverse *r = &q->reverse;
	struct local_name found;

	n->err = renew_lookup(q->asking, s);
	if (n->err != ERR_OK)
		return;
	if (local_find(s->local, &n->name, &n->suffixes, &found)) {
		n->leads = has_address(&found, q->ip);
		n->known = true;
		return;
	}
	n->known = !lookup_is_forwarded(q->asking->lookup, &n->name) &&
		   (is_special(q->asking, s, &n->name, &n->suffixes) ||
		    is_special(q->asking, s, &r->name, &r->suffixes));
}

/* ---- asked */

/* The option may have changed while an address waited, or its name. */
static bool is_wanted(const struct asking *a)
{
	return atomic_load(&a->enabled) && !atomic_load(&a->ending);
}

static enum err ask(const struct question *q, size_t *ret_len, struct ptr *ret_ptr)
{
	struct asking *a = q->asking;
	enum err err;

	stats_inc(a->stats, ptr_asked);
	err = lookup_records(a->lookup, &q->reverse.name, TYPE_PTR, &a->ending, a->reply, ret_len);
	return err == ERR_OK ? ptr_read(a->reply, *ret_len, &q->reverse.name, "", ret_ptr) : err;
}

/* Asks whether the name leads back to the address. */
static enum err ask_back(struct candidate *n, struct ptr *ptr)
{
	const struct ip *ip = n->client->ip;
	struct asking *a = n->client->asking;
	struct ptr back = {.ttl_s = 0};
	size_t len;
	enum err err;

	asking_take_turn();
	stats_inc(a->stats, ptr_checked);
	err = lookup_records(a->lookup, &n->name, ip->family == AF_INET ? TYPE_A : TYPE_AAAA,
			     &a->ending, a->back, &len);
	if (err == ERR_OK)
		err = ptr_leads_to(a->back, len, &n->name, ip, &n->leads, &back);
	if (err == ERR_OK && back.ttl_s > 0 && back.ttl_s < ptr->ttl_s)
		ptr->ttl_s = back.ttl_s;
	return err;
}

/* True when the name is confirmed; what could not be asked is not. */
static bool leads_back(const struct question *q, struct ptr *ptr)
{
	struct asking *a = q->asking;
	struct candidate n = {.client = q, .leads = false};

	if (name_from_host(ptr->name, strlen(ptr->name), &n.name) != ERR_OK)
		return false;
	name_hash_suffixes(&a->name_key, &n.name, &n.suffixes);
	a->show(a->daemon, judge_name, &n);
	if (n.err == ERR_OK && !n.known)
		n.err = ask_back(&n, ptr);
	return n.err == ERR_OK && n.leads;
}

/* The first of the client's names that leads back to it, or else the first, as it was. */
static bool confirm(const struct question *q, size_t len, struct ptr *ptr)
{
	struct asking *a = q->asking;
	struct ptr next = *ptr;

	for (unsigned int i = 0; i < NAMES_MAX && *next.name && is_wanted(a); i++) {
		char after[LEASE_NAME_MAX];

		if (leads_back(q, &next)) {
			stats_inc(a->stats, ptr_confirmed);
			*ptr = next;
			return true;
		}
		memcpy(after, next.name, sizeof(after));
		if (ptr_read(a->reply, len, &q->reverse.name, after, &next) != ERR_OK)
			break;
	}
	return false;
}

/* Asks whoever has the address's reverse zone, and who has the name's own. */
static enum err ask_in_turn(const struct question *q, struct asked *asked)
{
	struct asking *a = q->asking;
	uint64_t began_ms = clock_ms();
	uint64_t took_ms;
	size_t len;
	enum err err;

	if (patience_is_over(&a->patience, q->ip, began_ms))
		return ERR_RANGE;
	err = ask(q, &len, &asked->ptr);
	if (err == ERR_OK)
		asked->confirmed = confirm(q, len, &asked->ptr);
	took_ms = clock_ms() - began_ms;
	if (err == ERR_OK || took_ms >= PATIENCE_SLOW_MS) /* in no time nobody was asked */
		patience_note(&a->patience, q->ip, took_ms, began_ms + took_ms);
	return err;
}

enum err asking_ask(struct asking *a, const struct ip *ip, struct asked *ret_asked)
{
	struct question q = {.asking = a, .ip = ip, .local = false};
	struct asked asked = {.confirmed = false};
	enum err err = is_wanted(a) ? asking_reverse(&a->name_key, ip, &q.reverse) : ERR_CANCELLED;

	if (err != ERR_OK)
		return err;
	a->show(a->daemon, judge, &q);
	err = q.err;
	asked.local = q.local;
	if (err == ERR_OK && !q.local)
		err = ask_in_turn(&q, &asked);
	if (err == ERR_OK && !is_wanted(a))
		err = ERR_CANCELLED;
	if (err == ERR_OK)
		*ret_asked = asked;
	return err;
}
