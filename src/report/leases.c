/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/leases.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/leaseline.h"

/* Of an address: who can have its lease change as often as he likes has no other be forgotten, nor
 * anybody wait who looks for one. */
#define OF_AN_ADDRESS 64U

/* A lease, in less room: there may be many, and most have a short name. */
struct entry {
	struct ip ip;
	bool hosts;
	bool stamped; /* the file does not say since when: it has all that are held */
	char mac[LEASE_MAC_MAX];
	uint32_t since_s;
	uint32_t until_s;
	uint32_t name;	 /* where it stands in `names` */
	uint32_t number; /* the greater, the later was it read */
};

struct leases {
	size_t max;
	struct entry *all;
	size_t count;
	size_t room;
	uint32_t added; /* by leases_add, also of those that were joined since */
	size_t settled; /* so many of them, the first, are */
	char *names;	/* each with its NUL */
	size_t names_len;
	size_t names_room;
};

enum err leases_create(size_t max, struct leases **ret_leases)
{
	struct leases *l = calloc(1, sizeof(*l));

	if (!l)
		return ERR_NOMEM;
	l->max = max < LEASES_MAX ? max : LEASES_MAX;
	*ret_leases = l;
	return ERR_OK;
}

void leases_free(struct leases *l)
{
	if (!l)
		return;
	free(l->all);
	free(l->names);
	free(l);
}

size_t leases_count(const struct leases *l)
{
	return l->count;
}

/* ---- added */

/* Makes room for `more` elements behind the `count` that there are. */
static bool grow(void **array, size_t *room, size_t count, size_t more, size_t size)
{
	size_t wanted = *room ? *room : 64;
	void *grown;

	while (wanted < count + more)
		wanted *= 2;
	if (wanted == *room)
		return true;
	grown = realloc(*array, wanted * size);
	if (!grown)
		return false;
	*array = grown;
	*room = wanted;
	return true;
}

static bool make_room(struct leases *l, size_t name_len)
{
	return grow((void **)&l->all, &l->room, l->count, 1, sizeof(l->all[0])) &&
	       grow((void **)&l->names, &l->names_room, l->names_len, name_len + 1, 1);
}

static enum err add_entry(struct leases *l, const struct entry *entry, const char *name)
{
	size_t len = strlen(name);

	if (!make_room(l, len))
		return ERR_NOMEM;
	l->all[l->count] = *entry;
	l->all[l->count].name = (uint32_t)l->names_len;
	l->count++;
	memcpy(l->names + l->names_len, name, len + 1);
	l->names_len += len + 1;
	return ERR_OK;
}

/* As many as a file may have are kept of before, too. */
static size_t most(const struct leases *l)
{
	return 2 * l->max;
}

/* A log has a lease each time that it was renewed.  False: there is hardly any room even so. */
static bool thin(struct leases *l)
{
	leases_settle(l);
	return l->count + l->max / 8 < l->max;
}

static enum err add(struct leases *l, const struct lease *lease, uint32_t stamp_s)
{
	struct entry e = {.ip = lease->ip,
			  .hosts = lease->hosts,
			  .stamped = !lease->hosts && lease->since_s == 0,
			  .since_s = lease->since_s,
			  .until_s = lease->until_s,
			  .number = (uint32_t)most(l) + l->added};

	if (l->count >= l->max && !thin(l))
		return ERR_RANGE;
	if (e.stamped)
		e.since_s = stamp_s;
	if (e.stamped && e.until_s > 0 && e.until_s < stamp_s)
		return ERR_OK; /* it had ended before */
	l->added++;
	memcpy(e.mac, lease->mac, sizeof(e.mac));
	return add_entry(l, &e, lease->name);
}

enum err leases_add(struct leases *l, const char *text, size_t len, uint32_t stamp_s)
{
	struct leaseline reader = {.form = LEASELINE_UNKNOWN};
	const char *end = text + len;
	enum err err = ERR_OK;

	while (err == ERR_OK && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = newline ? (size_t)(newline - text) : (size_t)(end - text);
		struct lease lease;

		if (leaseline_read(&reader, text, line, newline != NULL, &lease))
			err = add(l, &lease, stamp_s);
		text += line + (newline != NULL);
	}
	return err;
}

static enum err read_file(struct leases *l, const char *path, struct err_text *text)
{
	size_t len;
	char *content;
	enum err err = file_read(path, LEASES_FILE_MAX, &content, &len);

	if (err != ERR_OK)
		return err_set(text, err, "%s: %s", path, err_str(err));
	err = leases_add(l, content, len, 0);
	free(content);
	return err_set(text, err, "%s: %s", path, err_str(err));
}

enum err leases_read(struct leases *l, const char *paths, struct err_text *text)
{
	char *copy = strdup(paths);
	char *rest = copy;
	enum err err = copy ? ERR_OK : err_set(text, ERR_NOMEM, "out of memory");
	char *path;

	while (err == ERR_OK && (path = strsep(&rest, ",")) != NULL)
		if (*path)
			err = read_file(l, path, text);
	free(copy);
	leases_settle(l);
	return err;
}

/* ---- in order */

static int compare_number(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_ip(const struct ip *x, const struct ip *y)
{
	int order = (x->family > y->family) - (x->family < y->family);

	return order ? order : memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

/* By address; of one address hosts files behind, and the later lease behind. */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = compare_ip(&x->ip, &y->ip);

	if (order == 0)
		order = x->hosts - y->hosts;
	if (order == 0)
		order = compare_number(x->since_s, y->since_s);
	return order ? order : compare_number(x->number, y->number);
}

static bool is_same_machine(const struct leases *l, const struct entry *a, const struct leases *m,
			    const struct entry *b)
{
	return a->hosts == b->hosts && strcmp(a->mac, b->mac) == 0 &&
	       strcmp(l->names + a->name, m->names + b->name) == 0;
}

/* True when `next`, which stands behind, goes on with what `e` says, or takes its place. */
static bool is_joined(const struct leases *l, struct entry *e, const struct entry *next)
{
	if (!ip_equal(&e->ip, &next->ip) || e->hosts != next->hosts)
		return false;
	if (!e->hosts &&
	    (!is_same_machine(l, e, l, next) || (e->until_s > 0 && next->since_s > e->until_s)))
		return false;
	e->until_s = next->until_s;
	e->name = next->name;
	return true;
}

/* Of the `count` entries that stand behind `kept` others and are of one address, those that stand
 * last take their place; how many are kept then. */
static size_t keep_last(struct leases *l, size_t kept, size_t count)
{
	size_t most_of = count < OF_AN_ADDRESS ? count : OF_AN_ADDRESS;

	memmove(&l->all[kept], &l->all[kept + count - most_of], most_of * sizeof(l->all[0]));
	return kept + most_of;
}

void leases_settle(struct leases *l)
{
	size_t kept = 0;  /* of the addresses before */
	size_t count = 0; /* of this address */

	if (l->settled == l->count)
		return;
	qsort(l->all, l->count, sizeof(l->all[0]), compare);
	for (size_t i = 0; i < l->count; i++) {
		struct entry *last = count > 0 ? &l->all[kept + count - 1] : NULL;

		if (last && is_joined(l, last, &l->all[i]))
			continue;
		if (last && !ip_equal(&last->ip, &l->all[i].ip)) {
			kept = keep_last(l, kept, count);
			count = 0;
		}
		l->all[kept + count++] = l->all[i];
	}
	l->count = keep_last(l, kept, count);
	l->settled = l->count;
}

/* How many of those that are settled stand before what is behind the address. */
static size_t end_of(const struct leases *l, const struct ip *ip)
{
	size_t low = 0;
	size_t high = l->settled;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ip(&l->all[middle].ip, ip) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- what was before */

static bool is_there(const struct leases *l, const struct leases *before, const struct entry *e)
{
	for (size_t i = end_of(l, &e->ip); i > 0 && ip_equal(&l->all[i - 1].ip, &e->ip); i--)
		if (is_same_machine(l, &l->all[i - 1], before, e))
			return true;
	return false;
}

static bool is_wanted(const struct entry *e, uint32_t oldest_s)
{
	return !e->hosts && (e->until_s == 0 || e->until_s >= oldest_s);
}

/* Since when leases are taken over, so that there is room for all. */
static uint32_t oldest_with_room(const struct leases *l, const struct leases *before, uint32_t at_s,
				 uint32_t oldest_s)
{
	size_t wanted;

	do {
		wanted = 0;
		for (size_t i = 0; i < before->count; i++)
			wanted += is_wanted(&before->all[i], oldest_s);
		if (l->count + wanted <= most(l))
			return oldest_s;
		oldest_s += (at_s - oldest_s) / 2 + 1;
	} while (oldest_s < at_s);
	return UINT32_MAX;
}

enum err leases_follow(struct leases *l, const struct leases *before, uint32_t at_s,
		       uint32_t oldest_s)
{
	size_t names_len = l->names_len;
	size_t count;
	enum err err = ERR_OK;

	leases_settle(l);
	count = l->count;
	oldest_s = oldest_with_room(l, before, at_s, oldest_s < at_s ? oldest_s : at_s);
	for (size_t i = 0; i < before->count && err == ERR_OK && l->count < most(l); i++) {
		struct entry e = before->all[i];

		e.number = (uint32_t)i; /* before all that the file has now */
		if (!is_wanted(&e, oldest_s))
			continue;
		if (e.stamped && !is_there(l, before, &e) && (e.until_s == 0 || e.until_s > at_s))
			e.until_s = at_s > e.since_s ? at_s : e.since_s;
		err = add_entry(l, &e, before->names + e.name);
	}
	if (err != ERR_OK) {
		l->count = count;
		l->names_len = names_len;
	}
	leases_settle(l);
	return err;
}

/* ---- found */

static void take(const struct leases *l, const struct entry *e, struct lease *ret_lease)
{
	*ret_lease = (struct lease){
		.ip = e->ip, .hosts = e->hosts, .since_s = e->since_s, .until_s = e->until_s};
	memcpy(ret_lease->mac, e->mac, sizeof(e->mac));
	memcpy(ret_lease->name, l->names + e->name, strlen(l->names + e->name) + 1);
}

static const struct entry *newest(const struct leases *l, const struct ip *ip, bool hosts,
				  uint32_t at_s)
{
	for (size_t i = end_of(l, ip); i > 0 && ip_equal(&l->all[i - 1].ip, ip); i--)
		if (l->all[i - 1].hosts == hosts && l->all[i - 1].since_s <= at_s)
			return &l->all[i - 1];
	return NULL;
}

static bool find_lease(const struct leases *const *files, size_t count, const struct ip *ip,
		       uint32_t at_s, struct lease *ret_lease)
{
	const struct entry *best = NULL;
	const struct leases *of = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct entry *e = newest(files[i], ip, false, at_s);

		if (!e || (e->until_s > 0 && e->until_s < at_s) ||
		    (best && e->since_s < best->since_s))
			continue;
		best = e;
		of = files[i];
	}
	if (best)
		take(of, best, ret_lease);
	return best && (*ret_lease->name || *ret_lease->mac);
}

bool leases_find(const struct leases *const *files, size_t count, const struct ip *ip,
		 uint32_t at_s, struct lease *ret_lease)
{
	struct lease lease = {.since_s = 0};
	bool found = find_lease(files, count, ip, at_s, &lease);

	for (size_t i = count; i > 0; i--) {
		const struct entry *e = newest(files[i - 1], ip, true, at_s);
		char mac[LEASE_MAC_MAX];

		if (!e)
			continue;
		memcpy(mac, lease.mac, sizeof(mac));
		take(files[i - 1], e, &lease);
		memcpy(lease.mac, mac, sizeof(mac)); /* of the machine that has it */
		found = true;
		break;
	}
	if (found)
		*ret_lease = lease;
	return found;
}
