/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of conf/options.h as data, and the types their values have. */
#ifndef CONF_TYPE_H
#define CONF_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define CONF_DESCRIBED_MAX 192

/* A list's type is that of an item. */
enum conf_type_id {
	CONF_T_UINT,
	CONF_T_SIZE,
	CONF_T_DURATION,
	CONF_T_TTL,
	CONF_T_BOOL,
	CONF_T_LOGLEVEL,
	CONF_T_FORMAT,
	CONF_T_MATCH,
	CONF_T_ACTION,
	CONF_T_REASON,
	CONF_T_POLICY,
	CONF_T_TRANSPORT,
	CONF_T_STRING,
	CONF_T_PATH,
	CONF_T_LISTNAME,
	CONF_T_DATE,
	CONF_T_URL,
	CONF_T_HOST,
	CONF_T_NAMES,
	CONF_T_OWNER,
	CONF_T_TEXTS,
	CONF_T_PINS,
	CONF_T_ENDPOINT,
	CONF_T_ENDPOINTS,
	CONF_T_PREFIXES,
	CONF_T_RRTYPE,
	CONF_T_IPV4,
	CONF_T_IPV6,
	CONF_T_IPV4S,
	CONF_T_IPV6S,
	CONF_T_COUNT
};

enum conf_kind { CONF_KIND_VALUE, CONF_KIND_VALUES, CONF_KIND_SECTION, CONF_KIND_SECTIONS };

struct conf_section;

/* A row.  Offsets are into struct conf_<section>, and into what libcyaml fills (raw). */
struct conf_row {
	const char *key;
	const char *def;
	const char *unit;
	const char *help;
	uint64_t least;
	uint64_t most;
	const struct conf_section *section; /* of the kinds SECTION and SECTIONS */
	size_t offset;
	size_t count_offset; /* of the kinds VALUES and SECTIONS */
	size_t raw_offset;
	size_t raw_count_offset;
	enum conf_kind kind;
	enum conf_type_id type; /* of the kinds VALUE and VALUES */
	bool restart;
};

struct conf_section {
	const struct conf_row *rows;
	size_t count;
	size_t size;	 /* of struct conf_<section> */
	size_t raw_size; /* of what libcyaml fills */
};

/* How the values of a type are handled; the row bounds them. */
struct conf_type {
	size_t size; /* of a value in C */
	bool owned;  /* a value is a char *, freed with the configuration */

	/* Writes `value`; ERR_SYNTAX, ERR_RANGE, ERR_NOMEM, and then nothing is written. */
	enum err (*parse)(const struct conf_row *row, const char *text, void *value);
	/* What is expected, as "a whole number from 0 to 256". */
	void (*describe)(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX]);
	/* As YAML, on one line. */
	void (*print)(const struct conf_row *row, const void *value, FILE *out);
	bool (*equal)(const void *a, const void *b);
};

extern const struct conf_type conf_type_u32;	  /* number.c */
extern const struct conf_type conf_type_u64;	  /* number.c */
extern const struct conf_type conf_type_word;	  /* word.c */
extern const struct conf_type conf_type_bool;	  /* word.c */
extern const struct conf_type conf_type_string;	  /* text.c */
extern const struct conf_type conf_type_listname; /* text.c */
extern const struct conf_type conf_type_date;	  /* text.c */
extern const struct conf_type conf_type_url;	  /* text.c */
extern const struct conf_type conf_type_host;	  /* text.c */
extern const struct conf_type conf_type_owner;	  /* text.c */
extern const struct conf_type conf_type_text;	  /* text.c */
extern const struct conf_type conf_type_pin;	  /* text.c */
extern const struct conf_type conf_type_rrtype;	  /* rrtype.c */
extern const struct conf_type conf_type_ip;	  /* addr.c */
extern const struct conf_type conf_type_prefix;	  /* addr.c */
extern const struct conf_type conf_type_endpoint; /* addr.c */

/* The type of a row of the kinds VALUE and VALUES.  Never NULL. */
const struct conf_type *conf_type_of(const struct conf_row *row);

/* True for the kinds of which there can be several. */
bool conf_row_is_list(const struct conf_row *row);

/* What a row holds in `base`, a struct conf_<section>: how many there are (one, unless it is a
 * list), each of them, and their array (NULL, unless it is a list with items). */
size_t conf_row_count(const struct conf_row *row, const void *base);
const void *conf_row_item(const struct conf_row *row, const void *base, size_t index);
void *conf_row_array(const struct conf_row *row, const void *base);

/* Octets of one of them. */
size_t conf_row_size(const struct conf_row *row);

#endif
