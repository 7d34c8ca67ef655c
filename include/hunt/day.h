/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store of one day: which client asked for which hash of a name (hunt/hash.h), an SQLite
 * database in WAL mode.  One process writes, others may read at the same time, and erase.  A store
 * is used by one thread; each thread opens its own.  What it has is not believed: a file that is
 * broken, or no store, is an error, never a finding.
 */
#ifndef HUNT_DAY_H
#define HUNT_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "evidence/client.h"

#define DAY_SECONDS 86400U
#define DAY_WHOLE 255U

/* A client as it is written down (evidence/client.h). */
struct day_client {
	struct ip ip;
	uint8_t bits; /* of a prefix; DAY_WHOLE: it is an address */
};

/* How a client has asked for what a hash is of, as bits. */
enum day_how {
	DAY_ITSELF = 1,
	DAY_BELOW = 2,
};

struct day_row {
	uint64_t hash;
	struct day_client client;
	uint32_t at_s; /* when first, in seconds of the day (UTC) */
	uint8_t how;   /* enum day_how, as bits */
};

/* The octets of a client in a store: its own, and for a prefix its length before them.  Returns how
 * many, at most DAY_CLIENT_MAX. */
#define DAY_CLIENT_MAX 17U
size_t day_client_write(const struct day_client *client, uint8_t ret_octets[DAY_CLIENT_MAX]);

/* Reads them back.  ERR_SYNTAX: they are none. */
enum err day_client_read(const uint8_t *octets, size_t len,
			 struct day_client *ret_client) MUST_CHECK;

/* "192.0.2.1", "192.0.2.0/24".  Returns `buf`. */
const char *day_client_text(const struct day_client *client, char buf[CLIENT_TEXT_MAX]);

struct day;

enum day_mode {
	DAY_READ,  /* what another process may be writing; nothing is changed */
	DAY_EDIT,  /* an existing one: erasures */
	DAY_WRITE, /* made if it is not there, for its owner alone */
};

/* ERR_NOTFOUND: there is none, or it is only being made.  ERR_SYS: it cannot be opened,
 * ERR_SYNTAX: it is broken, or no database, ERR_REFUSED: no store of a day, or of a later version;
 * `text` says why.  ERR_NOMEM. */
enum err day_open(const char *path, enum day_mode mode, struct day **ret_day,
		  struct err_text *text) MUST_CHECK;

/* The same for reading, of octets in memory, which are copied. */
enum err day_open_octets(const void *octets, size_t len, struct day **ret_day,
			 struct err_text *text) MUST_CHECK;

/* NULL is fine. */
void day_close(struct day *day);

/* Writes rows, all of them or none; those of one hash and client are one.  `ret_new` are those that
 * were not there, or not like that.  On the disk when this returns, but for what the disk itself
 * holds back.  ERR_SYS, ERR_SYNTAX. */
enum err day_put(struct day *day, const struct day_row *rows, size_t count, uint64_t *ret_new,
		 struct err_text *text) MUST_CHECK;

/* False: enough. */
typedef bool day_row_fn(void *arg, const struct day_row *row);

/* Calls `fn` for each client that has asked for what the hash is of.  ERR_SYS, ERR_SYNTAX. */
enum err day_each_client(struct day *day, uint64_t hash, day_row_fn *fn, void *arg,
			 struct err_text *text) MUST_CHECK;

/* False: enough. */
typedef bool day_hash_fn(void *arg, uint64_t hash);

/* Calls `fn` for each hash from `from` on, each once, as they are ordered: as numbers with a sign.
 * ERR_SYS, ERR_SYNTAX. */
enum err day_each_hash(struct day *day, int64_t from, day_hash_fn *fn, void *arg,
		       struct err_text *text) MUST_CHECK;

/* Adds to `*rows` no fewer rows than the store has, by its size: at once, however large it is.
 * ERR_SYS, ERR_SYNTAX. */
enum err day_rows_at_most(struct day *day, uint64_t *rows, struct err_text *text) MUST_CHECK;

/* Overwrites all of an address or prefix, as it is written in the store.  ERR_SYS, ERR_SYNTAX. */
enum err day_erase(struct day *day, const char *subject, uint64_t *ret_rows,
		   struct err_text *text) MUST_CHECK;

#endif
