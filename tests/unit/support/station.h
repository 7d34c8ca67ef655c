/* SPDX-License-Identifier: BSD-2-Clause */
/* What a daemon has in force, without its process: workers that serve a configuration with the
 * lists ads (ads.example) and court (court.example, a mandatory order), and a state directory. */
#ifndef SUPPORT_STATION_H
#define SUPPORT_STATION_H

#include "daemon/inforce.h"
#include "support/scratch.h"

#define STATION_WORKERS 2U

struct station {
	struct scratch scratch; /* takes stderr */
	struct listeners listeners;
	struct endpoint address; /* that is served */
	struct endpoint nobody;	 /* the upstream, where nobody answers */
	struct cache *cache;
	struct workers *workers;
	struct inforce *inforce;
	struct load_result result; /* of the last load */
};

/* What stands in the configuration besides: at its top, of the server, and of the two lists. */
struct station_conf {
	const char *top;
	const char *server;
	const char *ads;
	const char *court;
};

extern const struct hash_key station_key;

/* A test's state: nothing is in force yet, or the configuration without anything besides is. */
int station_set_up_bare(void **state);
int station_set_up(void **state);
int station_tear_down(void **state);

/* Writes the configuration; returns its path. */
const char *station_write(const struct station *s, const struct station_conf *conf);

/* Loads the configuration as it is written, after what is in force. */
struct snapshot *station_load(struct station *s);

/* Writes the configuration, has the workers serve it, and takes on what was said before. */
enum err station_begin(struct station *s, const struct station_conf *conf, struct err_text *text);

/* Ends that. */
void station_end(struct station *s);

/* Which list blocks the name: its name, "block" of what was said by command, "-": none. */
const char *station_blocks(const struct station *s, const char *name);

/* The same of a snapshot. */
const char *station_blocks_in(const struct snapshot *snapshot, const char *name);

/* The rcode that a client is answered. */
uint16_t station_ask(const struct station *s, const char *name);

/* How often `text` stands in the log. */
size_t station_logged(const struct station *s, const char *text);

#endif
