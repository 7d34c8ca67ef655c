/* SPDX-License-Identifier: BSD-2-Clause */
/* The store of either kind, by the table of its functions. */
#include "evidence/archive.h"

#include <stdlib.h>

#include "evidence/sqlite.h"
#include "postgres/postgres.h"

struct archive {
	const struct archive_ops *ops;
	void *store;
};

static bool nothing_waits(void *store, uint32_t most_ms)
{
	(void)store;
	(void)most_ms;
	return true;
}

static void no_state(void *store, struct archive_state *ret_state)
{
	(void)store;
	*ret_state = (struct archive_state){.remote = false};
}

static const struct archive_ops file_ops = {
	.close = sqlite_close,
	.begin = sqlite_begin,
	.put_list = sqlite_put_list,
	.put = sqlite_put,
	.put_visit = sqlite_put_visit,
	.commit = sqlite_commit,
	.each = sqlite_each,
	.each_client = sqlite_each_client,
	.each_visit = sqlite_each_visit,
	.size = sqlite_size,
	.prune = sqlite_prune,
	.erases_also = sqlite_erases_also,
	.act = sqlite_act,
	.settle = nothing_waits,
	.state = no_state,
};

bool archive_is_remote(const char *path)
{
	return postgres_is_url(path);
}

enum err archive_open_at(const struct archive_place *place, enum archive_mode mode,
			 struct archive **ret_archive, struct err_text *text)
{
	struct archive *archive = calloc(1, sizeof(*archive));
	enum err err;

	if (!archive)
		return err_set(text, ERR_NOMEM, "out of memory");
	if (archive_is_remote(place->store)) {
		archive->ops = &postgres_ops;
		err = postgres_open(place, mode, &archive->store, text);
	} else {
		archive->ops = &file_ops;
		err = sqlite_open(place->store, mode == ARCHIVE_GLANCE ? ARCHIVE_READ : mode,
				  &archive->store, text);
	}
	if (err == ERR_OK)
		*ret_archive = archive;
	else
		free(archive);
	return err;
}

enum err archive_open(const char *path, enum archive_mode mode, struct archive **ret_archive,
		      struct err_text *text)
{
	const struct archive_place place = {
		.store = path, .password_file = "", .resolver = "", .spool = ""};

	return archive_open_at(&place, mode, ret_archive, text);
}

void archive_close(struct archive *archive)
{
	if (!archive)
		return;
	archive->ops->close(archive->store);
	free(archive);
}

enum err archive_begin(struct archive *archive, struct err_text *text)
{
	return archive->ops->begin(archive->store, text);
}

enum err archive_put_list(struct archive *archive, const struct archive_list *list,
			  struct err_text *text)
{
	return archive->ops->put_list(archive->store, list, text);
}

enum err archive_put(struct archive *archive, const struct archive_finding *finding,
		     struct err_text *text)
{
	return archive->ops->put(archive->store, finding, text);
}

enum err archive_put_visit(struct archive *archive, const struct archive_visit *visit,
			   struct err_text *text)
{
	return archive->ops->put_visit(archive->store, visit, text);
}

enum err archive_commit(struct archive *archive, struct err_text *text)
{
	return archive->ops->commit(archive->store, text);
}

enum err archive_each(struct archive *archive, const struct archive_filter *filter,
		      archive_row_fn *fn, void *arg, struct err_text *text)
{
	return archive->ops->each(archive->store, filter, fn, arg, text);
}

enum err archive_each_client(struct archive *archive, const struct archive_filter *filter,
			     archive_row_fn *fn, void *arg, struct err_text *text)
{
	return archive->ops->each_client(archive->store, filter, fn, arg, text);
}

enum err archive_each_visit(struct archive *archive, const struct archive_filter *filter,
			    archive_row_fn *fn, void *arg, struct err_text *text)
{
	return archive->ops->each_visit(archive->store, filter, fn, arg, text);
}

uint64_t archive_size(struct archive *archive)
{
	return archive->ops->size(archive->store);
}

enum err archive_prune(struct archive *archive, const struct archive_limits *limits,
		       uint32_t clients, int64_t *cursor, uint64_t *removed, struct err_text *text)
{
	return archive->ops->prune(archive->store, limits, clients, cursor, removed, text);
}

void archive_erases_also(struct archive *archive, archive_also_fn *also, const void *arg)
{
	archive->ops->erases_also(archive->store, also, arg);
}

enum err archive_act(struct archive *archive, enum archive_act act, const char *subject,
		     const char *who, const char *why, uint64_t *ret_findings,
		     struct err_text *text)
{
	return archive->ops->act(archive->store, act, subject, who, why, ret_findings, text);
}

bool archive_settle(struct archive *archive, uint32_t most_ms)
{
	return archive->ops->settle(archive->store, most_ms);
}

struct archive_state archive_state(struct archive *archive)
{
	struct archive_state state;

	archive->ops->state(archive->store, &state);
	return state;
}
