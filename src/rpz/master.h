/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One record of a master file (RFC 1035, 5), on one line: what comments and parentheses there were
 * is gone (rpz/lines.h).  Lines as nearly all of a zone's are read here, all others by ldns.
 */
#ifndef RPZ_MASTER_H
#define RPZ_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"

#define MASTER_RDATA_MAX 65535U

/* What a file has said so far that later lines build on. */
struct master {
	struct name origin;
	struct name owner; /* of the record before; len 0: there was none */
	uint32_t ttl_s;	   /* of records without one */
	bool has_origin;   /* as $ORIGIN says */
	bool has_ttl;	   /* for good: as $TTL says, or a SOA */
	bool has_said_ttl; /* as the last record with one says */
};

struct master_record {
	struct name owner; /* absolute, in lower case */
	uint16_t type;
	uint16_t rdlen;
	uint32_t ttl_s;
	uint8_t rdata[MASTER_RDATA_MAX];
};

enum master_found {
	MASTER_NOTHING, /* an empty line, or a directive that was taken */
	MASTER_RECORD,
	MASTER_BAD,	/* what cannot be read, or is of another class */
	MASTER_INCLUDE, /* another file is to be read */
	MASTER_NOMEM,
};

/* Reads a line.  `ret_record` is good for MASTER_RECORD alone. */
enum master_found master_read(struct master *master, const char *text, size_t len,
			      struct master_record *ret_record);

/* The same by ldns alone: what the tests hold master_read against. */
enum master_found master_read_slowly(struct master *master, const char *text, size_t len,
				     struct master_record *ret_record);

#endif
