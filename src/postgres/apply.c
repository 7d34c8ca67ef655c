/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

#define COPY_MAX (256U * 1024) /* octets that are sent at a time */

/* A transaction under way. */
struct work {
	struct link *link;
	const struct spool_load *load;
	int64_t had; /* the last batch that the database has */
	struct err_text *text;
	struct parcel copied; /* lines of COPY that are not sent yet */
	const char **lists;   /* of each its texts */
	size_t list_count;
	size_t list_room;
	struct parcel_entry *visits;
	size_t visit_count;
	size_t visit_room;
};

/* ---- statements */

static const char batch_table[] =
	"CREATE TEMPORARY TABLE batch(client text"
	" COLLATE \"C\" NOT NULL, list text COLLATE \"C\" NOT NULL, name text COLLATE \"C\" NOT "
	"NULL,"
	" rule_family text NOT NULL, rule_ticket text NOT NULL,"
	" network inet, day integer NOT NULL, form smallint NOT NULL" FINDING_COLUMNS(
		COLUMN_DECLARED) ") ON COMMIT DELETE ROWS";

static const char copy_sql[] =
	"COPY pg_temp.batch(client, list, name, rule_family, rule_ticket, network, day,"
	" form" FINDING_COLUMNS(COLUMN_NAME) ") FROM STDIN";

/* Only what is new takes a number: others are tried in vain a hundred thousand times a day. */
static const char clients_sql[] =
	"INSERT INTO client(address, form, network) SELECT DISTINCT b.client, b.form, b.network"
	" FROM pg_temp.batch b WHERE NOT EXISTS (SELECT FROM client c WHERE c.address = b.client"
	" AND c.form = b.form) ORDER BY 1, 2 ON CONFLICT DO NOTHING";

static const char lists_sql[] =
	"INSERT INTO list(name) SELECT DISTINCT b.list FROM pg_temp.batch b WHERE NOT EXISTS"
	" (SELECT FROM list l WHERE l.name = b.list) ORDER BY 1 ON CONFLICT DO NOTHING";

static const char days_sql[] =
	"SELECT make_day(d.day) FROM (SELECT DISTINCT date '1970-01-01' + b.day AS day"
	" FROM pg_temp.batch b ORDER BY 1) d";

#define GATHERED(c, type, rule, value, field) "," GATHER_##rule("b", #c)
#define TEXT_NAME(c) "," c
#define TEXT_GATHERED(c) "," GATHER_TEXT("b", c)
#define TEXT_MERGED(c) "," MERGE_LATEST(c)
#define MERGED(c, type, rule, value, field) "," MERGE_##rule(#c)
/* in the order of their keys, so that two resolvers do not wait for each other */
/* clang-format off */
static const char findings_sql[] =
	"INSERT INTO finding AS f(day, client, list, name" FINDING_TEXTS(TEXT_NAME)
	FINDING_COLUMNS(COLUMN_NAME) ") SELECT date '1970-01-01' + b.day, c.id, l.id, b.name"
	FINDING_TEXTS(TEXT_GATHERED) FINDING_COLUMNS(GATHERED)
	" FROM pg_temp.batch b JOIN client c ON c.address = b.client AND c.form = b.form"
	" JOIN list l ON l.name = b.list GROUP BY 2, 3, 4, 1 ORDER BY 2, 3, 4, 1"
	" ON CONFLICT (client, list, name, day) DO UPDATE SET day=excluded.day"
	FINDING_TEXTS(TEXT_MERGED) FINDING_COLUMNS(MERGED);
/* clang-format on */

static const char list_sql[] =
	"INSERT INTO list(name, family, reason, action, court, case_id, date, contact, url, remedy)"
	" VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT(name) DO UPDATE SET"
	" family = $2, reason = $3, action = $4, court = $5, case_id = $6, date = $7,"
	" contact = $8, url = $9, remedy = $10";

static const char visitor_sql[] =
	"INSERT INTO client(address, form, network) SELECT $1::text, $2::smallint, $3::inet"
	" WHERE NOT EXISTS (SELECT FROM client c WHERE c.address = $1::text"
	" AND c.form = $2::smallint) ON CONFLICT DO NOTHING";

/* a browser opens several connections for one visit */
static const char visit_sql[] =
	"INSERT INTO visit AS v(client, host, port, method, path, agent, ja4, first_s, last_s,"
	" count, visits) SELECT c.id, $3::text, $4::integer, $5::text, $6::text,"
	" $7::text, $8::text, $9::bigint, $10::bigint, $11::bigint, 1 FROM client c"
	" WHERE c.address = $1::text AND c.form = $2::smallint"
	" ON CONFLICT(client, host, port, method, path, agent, ja4) DO UPDATE SET"
	" visits = v.visits + (excluded.first_s > v.last_s + 5)::integer,"
	" last_s = greatest(v.last_s, excluded.last_s), count = v.count + excluded.count";

/* Ours alone writes this stream: it is locked from here on. */
static const char stream_sql[] =
	"INSERT INTO stream(id, resolver, last) VALUES($1::uuid, $2, 0) ON CONFLICT(id) DO UPDATE"
	" SET resolver = $2 RETURNING last";
static const char number_sql[] =
	"UPDATE stream SET last = $2, at = now() WHERE id = $1::uuid AND last < $2";

/* ---- COPY */

static bool add_text(struct parcel *to, const char *text)
{
	bool added = true;

	/* what the text format has a meaning for */
	for (const char *from = text; *from && added;) {
		size_t plain = strcspn(from, "\\\t\n\r\b\f\v");
		char escaped[] = {'\\', from[plain]};

		added = parcel_append(to, from, plain);
		from += plain;
		if (!*from || !added)
			break;
		switch (*from++) {
		case '\t':
			escaped[1] = 't';
			break;
		case '\n':
			escaped[1] = 'n';
			break;
		case '\r':
			escaped[1] = 'r';
			break;
		case '\b':
			escaped[1] = 'b';
			break;
		case '\f':
			escaped[1] = 'f';
			break;
		case '\v':
			escaped[1] = 'v';
			break;
		default:
			break;
		}
		added = parcel_append(to, escaped, 2);
	}
	return added && parcel_append(to, "\t", 1);
}

static bool add_number(struct parcel *to, uint64_t number, char end)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64 "%c", number, end);

	return parcel_append(to, text, (size_t)len);
}

/* The address or prefix, where it is one that inet can have. */
static bool is_network(const char *client)
{
	struct prefix prefix;

	return !strchr(client, '%') && prefix_parse(client, &prefix) == ERR_OK;
}

/* Counted by the day that it was last seen: numbers[0] is the form, the columns are behind it. */
enum { COLUMN_FORM = 0, COLUMN_FIRST = 1 };
#define PLACE(c, type, rule, value, field) PLACE_##c,
enum { FINDING_COLUMNS(PLACE) PLACE_COUNT };
#undef PLACE

static bool add_line(struct parcel *to, const struct parcel_entry *e)
{
	uint64_t last_s = e->numbers[COLUMN_FIRST + PLACE_last_s];
	const bool noted = e->kind == PARCEL_NOTED;
	bool added =
		add_text(to, e->texts[0]) && add_text(to, e->texts[1]) && add_text(to, e->texts[2]);

	added = added && add_text(to, noted ? e->texts[3] : "") &&
		add_text(to, noted ? e->texts[4] : "");
	added = added && (is_network(e->texts[0]) ? add_text(to, e->texts[0])
						  : parcel_append(to, "\\N\t", 3));
	added = added && add_number(to, (last_s & UINT32_MAX) / 86400, '\t');
	for (size_t i = 0; i <= FINDING_COLUMN_COUNT && added; i++)
		added = add_number(to, e->numbers[i], i < FINDING_COLUMN_COUNT ? '\t' : '\n');
	return added;
}

static enum err flush_copy(struct work *w, size_t least)
{
	enum err err = ERR_OK;

	if (w->copied.full)
		return err_set(w->text, ERR_NOMEM, "out of memory");
	if (w->copied.len > least)
		err = link_copy(w->link, (const char *)w->copied.octets, w->copied.len, w->text);
	if (w->copied.len > least)
		parcel_clear(&w->copied);
	return err;
}

/* ---- the load */

typedef enum err entry_fn(struct work *w, const struct parcel_entry *e);

/* Calls `fn` for each entry that the database does not have yet. */
static enum err each_entry(struct work *w, entry_fn *fn)
{
	struct spool_frame frame;
	struct parcel_entry e;
	const uint8_t *from;
	enum err err = ERR_OK;
	size_t at = 0;

	while (err == ERR_OK && spool_next(w->load, &at, &frame, &from)) {
		const uint8_t *end = from + frame.len;

		if ((int64_t)frame.number <= w->had)
			continue;
		while (err == ERR_OK && parcel_next(&from, end, &e))
			err = fn(w, &e);
	}
	return err;
}

/* Makes room for one more item of so many octets, twice as much each time. */
static bool make_room(void **items, size_t *room, size_t count, size_t size)
{
	size_t wanted = *room ? *room * 2 : 64;
	void *grown = count < *room ? *items : reallocarray(*items, wanted, size);

	if (!grown)
		return false;
	*room = count < *room ? *room : wanted;
	*items = grown;
	return true;
}

static enum err put_list_aside(struct work *w, const struct parcel_entry *e)
{
	void *lists = w->lists;

	if (!make_room(&lists, &w->list_room, w->list_count, sizeof(e->texts)))
		return err_set(w->text, ERR_NOMEM, "out of memory");
	w->lists = lists;
	memcpy(&w->lists[PARCEL_TEXTS * w->list_count++], e->texts, sizeof(e->texts));
	return ERR_OK;
}

static enum err put_visit_aside(struct work *w, const struct parcel_entry *e)
{
	void *visits = w->visits;

	if (!make_room(&visits, &w->visit_room, w->visit_count, sizeof(*e)))
		return err_set(w->text, ERR_NOMEM, "out of memory");
	w->visits = visits;
	w->visits[w->visit_count++] = *e;
	return ERR_OK;
}

/* Lists and visits are put aside: of both there are few. */
static enum err copy_entry(struct work *w, const struct parcel_entry *e)
{
	if (e->kind == PARCEL_LIST)
		return put_list_aside(w, e);
	if (e->kind == PARCEL_VISIT)
		return put_visit_aside(w, e);
	if (!add_line(&w->copied, e))
		return err_set(w->text, ERR_NOMEM, "out of memory");
	return flush_copy(w, COPY_MAX);
}

static enum err copy_all(struct work *w)
{
	enum err err = link_copy_begin(w->link, copy_sql, w->text);

	if (err == ERR_OK)
		err = each_entry(w, copy_entry);
	if (err == ERR_OK)
		err = flush_copy(w, 0);
	return err == ERR_OK ? link_copy_end(w->link, w->text) : err;
}

/* ---- lists and visits */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_values(void *arg, size_t i, const char *values[LINK_VALUES_MAX])
{
	const struct work *w = arg;

	memcpy(values, &w->lists[PARCEL_TEXTS * i], PARCEL_TEXTS * sizeof(*values));
}

static enum err put_lists(struct work *w)
{
	if (w->list_count == 0)
		return ERR_OK;
	/* in one order, so that two resolvers do not wait for each other */
	qsort(w->lists, w->list_count, PARCEL_TEXTS * sizeof(*w->lists), by_name);
	return link_many(w->link, list_sql, w->list_count, PARCEL_TEXTS, list_values, w, w->text);
}

/* The parameters of a visit: texts of its numbers stand in `numbers`. */
struct visiting {
	const struct work *work;
	char numbers[5][24];
};

static void visit_values(void *arg, size_t i, const char *values[LINK_VALUES_MAX])
{
	struct visiting *v = arg;
	const struct parcel_entry *e = &v->work->visits[i];

	for (size_t n = 0; n < 5; n++)
		snprintf(v->numbers[n], sizeof(v->numbers[n]), "%" PRIu64, e->numbers[n]);
	values[0] = e->texts[0];
	values[1] = v->numbers[0];
	values[2] = e->texts[1];
	values[3] = v->numbers[1];
	for (size_t n = 0; n < 4; n++)
		values[4 + n] = e->texts[2 + n];
	for (size_t n = 0; n < 3; n++)
		values[8 + n] = v->numbers[2 + n];
}

static void visitor_values(void *arg, size_t i, const char *values[LINK_VALUES_MAX])
{
	struct visiting *v = arg;
	const struct parcel_entry *e = &v->work->visits[i];

	snprintf(v->numbers[0], sizeof(v->numbers[0]), "%" PRIu64, e->numbers[0]);
	values[0] = e->texts[0];
	values[1] = v->numbers[0];
	values[2] = is_network(e->texts[0]) ? e->texts[0] : NULL;
}

static enum err put_visits(struct work *w)
{
	struct visiting v = {.work = w};
	enum err err =
		link_many(w->link, visitor_sql, w->visit_count, 3, visitor_values, &v, w->text);

	return err == ERR_OK ? link_many(w->link, visit_sql, w->visit_count, 11, visit_values, &v,
					 w->text)
			     : err;
}

/* ---- the transaction */

static enum err put_all(struct work *w)
{
	static const char *const steps[] = {days_sql, clients_sql, lists_sql, findings_sql};
	enum err err = copy_all(w);

	if (err == ERR_OK)
		err = put_lists(w);
	for (size_t i = 0; err == ERR_OK && i < sizeof(steps) / sizeof(steps[0]); i++)
		err = link_run(w->link, steps[i], w->text);
	return err == ERR_OK ? put_visits(w) : err;
}

/* The number of the last batch of the load. */
static uint64_t last_of(const struct spool_load *load)
{
	struct spool_frame frame = {.number = 0};
	const uint8_t *octets;
	size_t at = 0;

	while (spool_next(load, &at, &frame, &octets))
		;
	return frame.number;
}

static enum err transact(struct work *w, const char *resolver, const char *name)
{
	char last[24];
	const char *const who[] = {name, resolver};
	const char *const number[] = {name, last};
	enum err err = link_run(w->link, "BEGIN", w->text);

	snprintf(last, sizeof(last), "%" PRIu64, last_of(w->load));
	if (err == ERR_OK)
		err = link_number(w->link, stream_sql, who, 2, 0, &w->had, w->text);
	if (err == ERR_OK)
		err = put_all(w);
	if (err == ERR_OK)
		err = link_ask(w->link, number_sql, number, 2, NULL, w->text);
	return err == ERR_OK ? link_run(w->link, "COMMIT", w->text) : err;
}

static void count(const struct work *w, struct applied *ret_applied)
{
	struct spool_frame frame;
	const uint8_t *octets;
	size_t at = 0;

	*ret_applied = (struct applied){.again = 0};
	while (spool_next(w->load, &at, &frame, &octets)) {
		ret_applied->findings += frame.findings;
		ret_applied->hits += frame.hits;
		ret_applied->again += (int64_t)frame.number <= w->had;
	}
}

enum err apply_load(struct link *link, const char *resolver, const char *name,
		    const struct spool_load *load, struct applied *ret_applied,
		    struct err_text *text)
{
	struct work w = {.link = link, .load = load, .text = text};
	enum err err = transact(&w, resolver, name);

	/* also of batches that were refused, for who counts them as lost */
	count(&w, ret_applied);
	free(w.lists);
	free(w.visits);
	parcel_fini(&w.copied);
	return err;
}

enum err apply_prepare(struct link *link, struct err_text *text)
{
	return link_run(link, batch_table, text);
}
