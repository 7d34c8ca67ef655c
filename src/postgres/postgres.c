/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/postgres.h"

#include <stdlib.h>
#include <string.h>

#include "postgres/find.h"
#include "postgres/prune.h"
#include "postgres/schema.h"
#include "postgres/sender.h"

#define CONNECT_MS 10000U
#define LIMIT_MS 600000U /* of a report */
#define GLANCE_MS 1000U

struct postgres {
	bool writes;
	struct sender sender; /* of who writes */
	struct parcel batch;  /* likewise: that which is begun */
	struct link link;     /* of others */
	archive_also_fn *also;
	const void *also_arg;
};

/* ---- the URL */

bool postgres_is_url(const char *text)
{
	return strncmp(text, "postgresql://", 13) == 0 || strncmp(text, "postgres://", 11) == 0;
}

enum err postgres_check_url(const char *url, struct err_text *text)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	bool secret = false;

	/* libpq's own words may quote it */
	if (!options)
		return err_set(text, ERR_SYNTAX, "the URL of the store is none that libpq knows");
	for (const PQconninfoOption *o = options; o->keyword; o++)
		secret = secret || (o->val && (strcmp(o->keyword, "password") == 0 ||
					       strcmp(o->keyword, "sslpassword") == 0));
	PQconninfoFree(options);
	if (secret)
		return err_set(text, ERR_REFUSED,
			       "a password stands in the URL of the store: it belongs in a file "
			       "(evidence.password-file, or passfile= of the URL)");
	return ERR_OK;
}

void postgres_print_schema(FILE *out)
{
	schema_print(out);
}

/* ---- opened */

static enum err connect_reader(struct postgres *p, const struct archive_place *place,
			       enum archive_mode mode, struct err_text *text)
{
	bool glance = mode == ARCHIVE_GLANCE;
	enum err err;

	p->link.limit_ms = glance ? GLANCE_MS : LIMIT_MS;
	err = link_open(&p->link, place, glance ? GLANCE_MS : CONNECT_MS, text);
	if (err == ERR_OK)
		err = schema_use(&p->link, mode != ARCHIVE_EDIT, text);
	return err == ERR_OK ? schema_ready(&p->link, false, text) : err;
}

static void close_store(void *store)
{
	struct postgres *p = store;

	if (!p)
		return;
	if (p->writes)
		sender_stop(&p->sender);
	link_close(&p->link);
	parcel_fini(&p->batch);
	free(p);
}

enum err postgres_open(const struct archive_place *place, enum archive_mode mode, void **ret_store,
		       struct err_text *text)
{
	struct err_text reason = {""};
	struct postgres *p;
	enum err err = postgres_check_url(place->store, text);

	if (err != ERR_OK)
		return err;
	p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(text, ERR_NOMEM, "out of memory");
	p->writes = mode == ARCHIVE_WRITE;
	err = p->writes ? sender_start(&p->sender, place, &reason)
			: connect_reader(p, place, mode, &reason);
	if (err != ERR_OK) {
		close_store(p);
		return err_set(text, err, "%s", reason.text);
	}
	*ret_store = p;
	return ERR_OK;
}

/* ---- batches */

static enum err begin(void *store, struct err_text *text)
{
	struct postgres *p = store;

	if (!p->writes)
		return err_set(text, ERR_REFUSED, "the store was not opened to be written");
	parcel_clear(&p->batch);
	return ERR_OK;
}

/* A failure ends the batch. */
static enum err added(struct postgres *p, struct err_text *text)
{
	return p->batch.full ? err_set(text, ERR_NOMEM, "a batch is too long") : ERR_OK;
}

static enum err put_list(void *store, const struct archive_list *list, struct err_text *text)
{
	struct postgres *p = store;

	parcel_put_list(&p->batch, list);
	return added(p, text);
}

static enum err put(void *store, const struct archive_finding *finding, struct err_text *text)
{
	struct postgres *p = store;

	parcel_put_finding(&p->batch, finding);
	return added(p, text);
}

static enum err put_visit(void *store, const struct archive_visit *visit, struct err_text *text)
{
	struct postgres *p = store;

	parcel_put_visit(&p->batch, visit);
	return added(p, text);
}

static enum err commit(void *store, struct err_text *text)
{
	struct postgres *p = store;

	return p->batch.len > 0 ? sender_add(&p->sender, &p->batch, text) : ERR_OK;
}

/* ---- read */

static enum err each(void *store, const struct archive_filter *filter, archive_row_fn *fn,
		     void *arg, struct err_text *text)
{
	struct postgres *p = store;

	return find_each(&p->link, filter, fn, arg, text);
}

static enum err each_client(void *store, const struct archive_filter *filter, archive_row_fn *fn,
			    void *arg, struct err_text *text)
{
	struct postgres *p = store;

	return find_each_client(&p->link, filter, fn, arg, text);
}

static enum err each_visit(void *store, const struct archive_filter *filter, archive_row_fn *fn,
			   void *arg, struct err_text *text)
{
	struct postgres *p = store;

	return find_each_visit(&p->link, filter, fn, arg, text);
}

/* ---- kept within bounds */

static uint64_t size(void *store)
{
	struct postgres *p = store;
	struct err_text text;
	uint64_t octets = 0;

	if (!p->writes)
		return prune_size(&p->link, &octets, &text) == ERR_OK ? octets : 0;
	pthread_mutex_lock(&p->sender.lock);
	octets = p->sender.size;
	pthread_mutex_unlock(&p->sender.lock);
	return octets;
}

static enum err prune(void *store, const struct archive_limits *limits, uint32_t clients,
		      int64_t *cursor, uint64_t *removed, struct err_text *text)
{
	struct postgres *p = store;
	uint64_t gone = 0;
	enum err err = ERR_OK;

	(void)clients;
	if (p->writes)
		sender_prune(&p->sender, limits, removed);
	else
		err = prune_now(&p->link, limits, &gone, text);
	*removed += gone;
	*cursor = 0;
	return err;
}

static void erases_also(void *store, archive_also_fn *also, const void *arg)
{
	struct postgres *p = store;

	p->also = also;
	p->also_arg = arg;
}

static enum err act(void *store, enum archive_act what, const char *subject, const char *who,
		    const char *why, uint64_t *ret_findings, struct err_text *text)
{
	struct postgres *p = store;

	return prune_act(&p->link, what, subject, who, why, p->also, p->also_arg, ret_findings,
			 text);
}

/* ---- how it is */

static bool settle(void *store, uint32_t most_ms)
{
	struct postgres *p = store;

	return !p->writes || sender_settle(&p->sender, most_ms);
}

static void state(void *store, struct archive_state *ret_state)
{
	struct postgres *p = store;

	*ret_state = (struct archive_state){.remote = true};
	if (!p->writes)
		return;
	pthread_mutex_lock(&p->sender.lock);
	*ret_state = p->sender.state;
	ret_state->waiting = p->sender.spool.waiting;
	ret_state->spooled = spool_octets(&p->sender.spool);
	pthread_mutex_unlock(&p->sender.lock);
}

const struct archive_ops postgres_ops = {
	.close = close_store,
	.begin = begin,
	.put_list = put_list,
	.put = put,
	.put_visit = put_visit,
	.commit = commit,
	.each = each,
	.each_client = each_client,
	.each_visit = each_visit,
	.size = size,
	.prune = prune,
	.erases_also = erases_also,
	.act = act,
	.settle = settle,
	.state = state,
};
