/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hunts have found: clients that asked for a name before a list had it.  An SQLite database;
 * one process writes, others may read and erase.  Used by one thread; each opens its own.
 */
#ifndef HUNT_FOUND_H
#define HUNT_FOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hunt/day.h"

#define FOUND_FILE "found.db"  /* in the folder of the days */
#define FOUND_PAGES_MAX 65536U /* of 4 KiB: what more is found is told, but not kept */

struct found_row {
	const char *list;
	const char *name; /* that the list has; presentation form without the final dot */
	struct day_client client;
	uint64_t at_s; /* Unix time: when the client asked, of that day first */
	uint8_t how;   /* enum day_how: for the name, for names below it */
	uint64_t found_s;
};

struct found;

/* As day_open. */
enum err found_open(const char *path, enum day_mode mode, struct found **ret_found,
		    struct err_text *text) MUST_CHECK;

/* NULL is fine. */
void found_close(struct found *found);

/* Many rows at once: begun, put, and ended, after which they are on the disk.  ERR_SYS,
 * ERR_SYNTAX; then nothing is stored, and the batch has ended. */
enum err found_begin(struct found *found, struct err_text *text) MUST_CHECK;
/* `ret_new`: this was not known of the list, the name, the client and the day. */
enum err found_put(struct found *found, const struct found_row *row, bool *ret_new,
		   struct err_text *text) MUST_CHECK;
enum err found_end(struct found *found, struct err_text *text) MUST_CHECK;

/* False: enough.  The row's texts are valid during the call. */
typedef bool found_row_fn(void *arg, const struct found_row *row);

/* Calls `fn` for what was found of a list (NULL: all), of askers since then, the last first.
 * ERR_SYS, ERR_SYNTAX. */
enum err found_each(struct found *found, const char *list, uint64_t since_s, found_row_fn *fn,
		    void *arg, struct err_text *text) MUST_CHECK;

/* Removes what was found before then.  ERR_SYS, ERR_SYNTAX. */
enum err found_prune(struct found *found, uint64_t before_s, struct err_text *text) MUST_CHECK;

/* Overwrites all of an address or prefix, as it is written in the store.  ERR_SYS, ERR_SYNTAX. */
enum err found_erase(struct found *found, const char *subject, uint64_t *ret_rows,
		     struct err_text *text) MUST_CHECK;

#endif
