/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole numbers with units: counts, sizes, durations, TTLs; times of day. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/value.h"

#define NUMBER_TEXT_MAX 32
#define DIGITS "0123456789"

static const struct conf_unit units_none[] = {{"", 1}, {NULL, 0}};

static const struct conf_unit units_size[] = {
	{"", 1},
	{"KiB", 1ULL << 10},
	{"MiB", 1ULL << 20},
	{"GiB", 1ULL << 30},
	{"TiB", 1ULL << 40},
	{NULL, 0},
};

static const struct conf_unit units_duration[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct conf_unit units_ttl[] = {
	{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}, {NULL, 0},
};

static const struct conf_unit *unit_find(const struct conf_unit *units, const char *name)
{
	for (; units->name; units++) {
		if (strcmp(units->name, name) == 0)
			return units;
	}
	return NULL;
}

/* A whole number and at once one of the units; 0 needs none. */
static enum err number_parse(const struct conf_unit *units, const char *text, uint64_t *ret_number)
{
	size_t len = strspn(text, DIGITS);
	const struct conf_unit *unit = unit_find(units, text + len);
	uint64_t number;

	if (len == 0 || (!unit && text[len] != '\0'))
		return ERR_SYNTAX;
	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno || (unit && number > UINT64_MAX / unit->factor))
		return ERR_RANGE;
	if (!unit && number != 0)
		return ERR_SYNTAX;
	*ret_number = unit ? number * unit->factor : 0;
	return ERR_OK;
}

/* The number in the largest unit that divides it. */
static const char *number_text(const struct conf_unit *units, uint64_t number,
			       char buf[NUMBER_TEXT_MAX])
{
	const struct conf_unit *unit = units;

	for (; number > 0 && units->name; units++) {
		if (number % units->factor == 0)
			unit = units;
	}
	snprintf(buf, NUMBER_TEXT_MAX, "%" PRIu64 "%s", number / unit->factor,
		 number > 0 ? unit->name : "");
	return buf;
}

static enum err parse(const struct conf_row *row, const char *text, void *value)
{
	uint64_t number;
	enum err err = number_parse(row->type->units, text, &number);

	if (err)
		return err;
	if (number < row->least || number > row->most)
		return ERR_RANGE;
	conf_number_set(row, number, value);
	return ERR_OK;
}

static void describe(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	const struct conf_unit *units = row->type->units;
	bool named = units == units_none && row->unit[0] != '\0';
	char least[NUMBER_TEXT_MAX];
	char most[NUMBER_TEXT_MAX];

	snprintf(buf, CONF_DESCRIBED_MAX, "%s from %s to %s%s%s", row->type->expected,
		 number_text(units, row->least, least), number_text(units, row->most, most),
		 named ? " " : "", named ? row->unit : "");
}

static void print(const struct conf_row *row, const void *value, FILE *out)
{
	char buf[NUMBER_TEXT_MAX];

	fputs(number_text(row->type->units, conf_number_get(row, value), buf), out);
}

static enum err parse_daytime(const struct conf_row *row, const char *text, void *value)
{
	uint64_t minute;
	uint64_t hour;

	if (strlen(text) != 5 || strspn(text, DIGITS) != 2 || text[2] != ':' ||
	    strspn(text + 3, DIGITS) != 2)
		return ERR_SYNTAX;
	hour = strtoull(text, NULL, 10);
	minute = strtoull(text + 3, NULL, 10);
	if (minute >= 60 || hour * 60 + minute > row->most)
		return ERR_RANGE;
	conf_number_set(row, hour * 60 + minute, value);
	return ERR_OK;
}

static void print_daytime(const struct conf_row *row, const void *value, FILE *out)
{
	uint64_t minutes = conf_number_get(row, value);

	fprintf(out, "\"%02" PRIu64 ":%02" PRIu64 "\"", minutes / 60, minutes % 60);
}

const struct conf_type conf_type_daytime = {
	.expected = "a time of day such as \"21:00\"",
	.parse = parse_daytime,
	.print = print_daytime,
};

#define NUMBER_TYPE(name, text)                                                                    \
	{                                                                                          \
		.expected = (text), .units = (name), .parse = parse, .describe = describe,         \
		.print = print,                                                                    \
	}

const struct conf_type conf_type_uint = NUMBER_TYPE(units_none, "a whole number");
const struct conf_type conf_type_size = NUMBER_TYPE(units_size, "a size such as 64MiB,");
const struct conf_type conf_type_duration =
	NUMBER_TYPE(units_duration, "a duration such as 250ms or 5s,");
const struct conf_type conf_type_ttl = NUMBER_TYPE(units_ttl, "seconds, or a time such as 1h,");
