/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a value of the configuration may be, without what it is for: read from text, written as
 * text, and described.  Pure, for any thread; a type of value/types.h is known here.
 */
#ifndef VALUE_VALUE_H
#define VALUE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define VALUE_DESCRIBED_MAX 192
#define VALUE_TEXT_MAX 96 /* of a value that is no text itself */

/* A unit and what it is worth; "" is a number alone. */
struct value_unit {
	const char *name; /* NULL behind the last */
	uint64_t factor;
};

struct value_word {
	const char *text; /* NULL behind the last */
	int value;
};

/* What one value may be: its type, and the bounds of its option. */
struct value_form {
	const struct value_type *type;
	const char *unit; /* of a number alone, as "octets"; "": none */
	uint64_t least;	  /* bounds of a number, or of the octets of a text */
	uint64_t most;
	size_t size;   /* octets of the value in C */
	bool optional; /* "" of an address or a host stands for none, as in the default */
};

/* How the values of a type are handled; their form bounds them. */
struct value_type {
	bool owned;	      /* a value is a char *, freed with what has it */
	bool secret;	      /* no value is shown to anybody */
	bool quoted;	      /* in YAML a value stands in quotes, as all that are owned */
	uint8_t family;	      /* of an address; AF_UNSPEC: either */
	const char *expected; /* what the text is to be, as "a date as YYYY-MM-DD" */
	const struct value_unit *units;	  /* of a number; they ascend */
	const struct value_word *words;	  /* of one of several words */
	const char *made_of;		  /* of a text with bounds, as "letters and digits" */
	bool (*allows)(const char *text); /* of a text that is kept as it is given */

	/* As value_parse. */
	enum err (*parse)(const struct value_form *form, const char *text, void *value);
	/* As `expected`, where the form has a part in it; NULL where not. */
	void (*describe)(const struct value_form *form, char buf[VALUE_DESCRIBED_MAX]);
	/* What would be parsed as `value`, in `buf` or a constant; NULL for what is owned. */
	const char *(*text)(const struct value_form *form, const void *value,
			    char buf[VALUE_TEXT_MAX]);
};

/* number.c */
extern const struct value_type value_type_uint, value_type_size, value_type_duration,
	value_type_ttl, value_type_daytime;
/* word.c */
extern const struct value_type value_type_flag, value_type_loglevel, value_type_policy,
	value_type_nslookup, value_type_transport, value_type_format, value_type_match,
	value_type_preset, value_type_wildcards, value_type_onheld, value_type_lapse,
	value_type_action, value_type_reason, value_type_clients, value_type_day;
/* text.c */
extern const struct value_type value_type_string, value_type_path, value_type_listname,
	value_type_date, value_type_time, value_type_url, value_type_pin, value_type_host,
	value_type_owner, value_type_httpfield, value_type_proxy;
/* addr.c */
extern const struct value_type value_type_ipv4, value_type_ipv6, value_type_address,
	value_type_prefix, value_type_endpoint, value_type_portrange;
/* rrtype.c */
extern const struct value_type value_type_rrtype;

/* Reads `text` into the form->size octets at `value`; what is owned the caller frees by free().
 * ERR_NOMEM; any other: the text is no such value.  Then nothing is written. */
enum err value_parse(const struct value_form *form, const char *text, void *value) MUST_CHECK;

/* What a value is to be, as "a whole number from 0 to 256"; returns `buf`. */
const char *value_expected(const struct value_form *form, char buf[VALUE_DESCRIBED_MAX]);

/* Writes a value as YAML, on one line, that value_parse reads again. */
void value_print(const struct value_form *form, const void *value, FILE *out);

/* A number as it is kept: in 64 bits or, as what one of several words stands for, in 32, or a bool.
 */
void value_number_set(const struct value_form *form, uint64_t number, void *value);
uint64_t value_number_get(const struct value_form *form, const void *value);

#endif
