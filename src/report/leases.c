/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/leases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/leaseline.h"

struct entry {
	struct lease lease;
	uint32_t number;
};

struct leases {
	struct entry *all;
	size_t count;
	size_t room;
	bool sorted;
};

enum err leases_create(struct leases **ret_leases)
{
	struct leases *l = calloc(1, sizeof(*l));

	if (!l)
		return ERR_NOMEM;
	*ret_leases = l;
	return ERR_OK;
}

void leases_free(struct leases *l)
{
	if (l)
		free(l->all);
	free(l);
}

static enum err add(struct leases *l, const struct lease *lease)
{
	if (l->count == LEASES_MAX)
		return ERR_NOMEM;
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct entry *all = realloc(l->all, room * sizeof(*all));

		if (!all)
			return ERR_NOMEM;
		l->all = all;
		l->room = room;
	}
	l->all[l->count] = (struct entry){.lease = *lease, .number = (uint32_t)l->count};
	l->count++;
	l->sorted = false;
	return ERR_OK;
}

enum err leases_add(struct leases *l, const char *text, size_t len)
{
	struct leaseline reader = {.form = LEASELINE_UNKNOWN};
	const char *end = text + len;
	enum err err = ERR_OK;

	while (err == ERR_OK && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = newline ? (size_t)(newline - text) : (size_t)(end - text);
		struct lease lease;

		if (leaseline_read(&reader, text, line, &lease))
			err = add(l, &lease);
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
	err = leases_add(l, content, len);
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
	return err;
}

static int compare_ip(const struct ip *x, const struct ip *y)
{
	int order = (x->family > y->family) - (x->family < y->family);

	return order ? order : memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

/* By address; of one address the later line behind. */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = compare_ip(&x->lease.ip, &y->lease.ip);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* How many entries stand before what is behind the address. */
static size_t end_of(const struct leases *l, const struct ip *ip)
{
	size_t low = 0;
	size_t high = l->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ip(&l->all[middle].lease.ip, ip) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct lease *leases_find(struct leases *l, const struct ip *ip, uint32_t at_s)
{
	if (!l->sorted && l->count > 0)
		qsort(l->all, l->count, sizeof(l->all[0]), compare);
	l->sorted = true;
	for (size_t i = end_of(l, ip); i > 0 && ip_equal(&l->all[i - 1].lease.ip, ip); i--)
		if (l->all[i - 1].lease.since_s <= at_s)
			return &l->all[i - 1].lease;
	return NULL;
}
