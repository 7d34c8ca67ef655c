/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h as data, and the types that their values have. */
#ifndef CONF_TYPE_H
#define CONF_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define CONF_DESCRIBED_MAX 192
#define CONF_VALUE_TEXT_MAX 96 /* of a value that is no text itself */

enum conf_kind { CONF_KIND_VALUE, CONF_KIND_VALUES, CONF_KIND_SECTION, CONF_KIND_SECTIONS };

/* What one value may be. */
struct conf_form {
	const struct conf_type *type;
	const char *unit;
	uint64_t least; /* bounds of a number, or of the octets of a text */
	uint64_t most;
	size_t size;   /* octets of the value in its struct */
	bool optional; /* "" of an address or a host stands for none, as in the default */
};

/* A row; what it stands for is in struct conf_<section>, `offset` octets behind its begin. */
struct conf_row {
	const char *key;
	const char *def;
	const char *help;
	uint64_t least; /* bounds of the items of a list */
	uint64_t most;
	struct conf_form form;		    /* of the kinds VALUE and VALUES */
	const struct conf_section *section; /* of the kinds SECTION and SECTIONS */
	size_t offset;
	size_t size; /* octets of one value, or of one section's struct */
	enum conf_kind kind;
	bool restart;
};

struct conf_section {
	const struct conf_row *rows;
	size_t count;
};

/* The rows of the whole file. */
extern const struct conf_section conf_section_main;

/* A unit and what it is worth; "" is a number alone. */
struct conf_unit {
	const char *name; /* NULL behind the last */
	uint64_t factor;
};

struct conf_word {
	const char *text; /* NULL behind the last */
	int value;
};

/* How the values of a type are handled; their form bounds them. */
struct conf_type {
	bool owned;		       /* a value is a char *, freed with the configuration */
	bool secret;		       /* no value is shown to anybody */
	bool quoted;		       /* in YAML a value stands in quotes, as all that are owned */
	uint8_t family;		       /* of an address; AF_UNSPEC: either */
	const char *expected;	       /* what the text is to be, as "a date as YYYY-MM-DD" */
	const struct conf_unit *units; /* of a number; they ascend */
	const struct conf_word *words; /* of one of several words */
	const char *made_of;	       /* of a text with bounds, as "letters and digits" */
	bool (*allows)(const char *text); /* of a text that is kept as it is given */

	/* Writes `value`; ERR_SYNTAX, ERR_RANGE, ERR_NOMEM, and then nothing is written. */
	enum err (*parse)(const struct conf_form *form, const char *text, void *value);
	/* As `expected`, where the form has a part in it; NULL where not. */
	void (*describe)(const struct conf_form *form, char buf[CONF_DESCRIBED_MAX]);
	/* What would be parsed as `value`, in `buf` or a constant; NULL for what is owned. */
	const char *(*text)(const struct conf_form *form, const void *value,
			    char buf[CONF_VALUE_TEXT_MAX]);
};

/* number.c */
extern const struct conf_type conf_type_uint, conf_type_size, conf_type_duration, conf_type_ttl,
	conf_type_daytime;
/* word.c */
extern const struct conf_type conf_type_flag, conf_type_loglevel, conf_type_policy,
	conf_type_nslookup, conf_type_transport, conf_type_format, conf_type_match,
	conf_type_preset, conf_type_wildcards, conf_type_onheld, conf_type_lapse, conf_type_action,
	conf_type_reason, conf_type_clients, conf_type_day;
/* text.c */
extern const struct conf_type conf_type_string, conf_type_path, conf_type_listname, conf_type_date,
	conf_type_time, conf_type_url, conf_type_pin, conf_type_host, conf_type_owner,
	conf_type_httpfield, conf_type_proxy;
/* addr.c */
extern const struct conf_type conf_type_ipv4, conf_type_ipv6, conf_type_address, conf_type_prefix,
	conf_type_endpoint, conf_type_portrange;
/* rrtype.c */
extern const struct conf_type conf_type_rrtype;

/* A number of the form: in 64 bits or, as what one of several words stands for, in 32, or a bool.
 */
void conf_number_set(const struct conf_form *form, uint64_t number, void *value);
uint64_t conf_number_get(const struct conf_form *form, const void *value);

/* What a value is to be, as "a whole number from 0 to 256"; returns `buf`. */
const char *conf_form_expected(const struct conf_form *form, char buf[CONF_DESCRIBED_MAX]);

/* Writes a value as YAML, on one line. */
void conf_form_print(const struct conf_form *form, const void *value, FILE *out);

/* The row of a section by its key; NULL when there is none. */
const struct conf_row *conf_row_find(const struct conf_section *section, const char *key);

/* True for the kinds of which there can be several. */
bool conf_row_is_list(const struct conf_row *row);

/* What a row stands for: `count` values or sections of row->size octets each.  A list's pointer
 * and count are laid out the same in struct conf_<section>. */
struct conf_values {
	const char *items;
	size_t count;
};

/* Those in `base`, a struct conf_<section>: one, unless the row is a list. */
struct conf_values conf_row_values(const struct conf_row *row, const void *base);

#endif
