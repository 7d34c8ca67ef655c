/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole numbers with units: counts, sizes, durations, TTLs; times of day. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "value/value.h"

#define DIGITS "0123456789"

static const struct value_unit units_none[] = {{"", 1}, {NULL, 0}};

static const struct value_unit units_size[] = {
	{"", 1},
	{"KiB", 1ULL << 10},
	{"MiB", 1ULL << 20},
	{"GiB", 1ULL << 30},
	{"TiB", 1ULL << 40},
	{NULL, 0},
};

static const struct value_unit units_duration[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct value_unit units_ttl[] = {
	{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}, {NULL, 0},
};

static const struct value_unit *unit_find(const struct value_unit *units, const char *name)
{
	for (; units->name; units++) {
		if (strcmp(units->name, name) == 0)
			return units;
	}
	return NULL;
}

/* A whole number and at once one of the units; 0 needs none. */
static enum err number_parse(const struct value_unit *units, const char *text, uint64_t *ret_number)
{
	size_t len = strspn(text, DIGITS);
	const struct value_unit *unit = unit_find(units, text + len);
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
static const char *number_text(const struct value_unit *units, uint64_t number,
			       char buf[VALUE_TEXT_MAX])
{
	const struct value_unit *unit = units;

	for (; number > 0 && units->name; units++) {
		if (number % units->factor == 0)
			unit = units;
	}
	snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64 "%s", number / unit->factor,
		 number > 0 ? unit->name : "");
	return buf;
}

static enum err parse(const struct value_form *form, const char *text, void *value)
{
	uint64_t number;
	enum err err = number_parse(form->type->units, text, &number);

	if (err)
		return err;
	if (number < form->least || number > form->most)
		return ERR_RANGE;
	value_number_set(form, number, value);
	return ERR_OK;
}

static void describe(const struct value_form *form, char buf[VALUE_DESCRIBED_MAX])
{
	const struct value_unit *units = form->type->units;
	bool named = units == units_none && form->unit[0] != '\0';
	char least[VALUE_TEXT_MAX];
	char most[VALUE_TEXT_MAX];

	snprintf(buf, VALUE_DESCRIBED_MAX, "%s from %s to %s%s%s", form->type->expected,
		 number_text(units, form->least, least), number_text(units, form->most, most),
		 named ? " " : "", named ? form->unit : "");
}

static const char *text_of(const struct value_form *form, const void *value,
			   char buf[VALUE_TEXT_MAX])
{
	return number_text(form->type->units, value_number_get(form, value), buf);
}

static enum err parse_daytime(const struct value_form *form, const char *text, void *value)
{
	uint64_t minute;
	uint64_t hour;

	if (strlen(text) != 5 || strspn(text, DIGITS) != 2 || text[2] != ':' ||
	    strspn(text + 3, DIGITS) != 2)
		return ERR_SYNTAX;
	hour = strtoull(text, NULL, 10);
	minute = strtoull(text + 3, NULL, 10);
	if (minute >= 60 || hour * 60 + minute > form->most)
		return ERR_RANGE;
	value_number_set(form, hour * 60 + minute, value);
	return ERR_OK;
}

static const char *text_of_daytime(const struct value_form *form, const void *value,
				   char buf[VALUE_TEXT_MAX])
{
	uint64_t minutes = value_number_get(form, value);

	snprintf(buf, VALUE_TEXT_MAX, "%02" PRIu64 ":%02" PRIu64, minutes / 60, minutes % 60);
	return buf;
}

const struct value_type value_type_daytime = {
	.expected = "a time of day such as \"21:00\"",
	.parse = parse_daytime,
	.text = text_of_daytime,
	.quoted = true,
};

#define NUMBER_TYPE(name, what)                                                                    \
	{                                                                                          \
		.expected = (what), .units = (name), .parse = parse, .describe = describe,         \
		.text = text_of,                                                                   \
	}

const struct value_type value_type_uint = NUMBER_TYPE(units_none, "a whole number");
const struct value_type value_type_size = NUMBER_TYPE(units_size, "a size such as 64MiB,");
const struct value_type value_type_duration =
	NUMBER_TYPE(units_duration, "a duration such as 250ms or 5s,");
const struct value_type value_type_ttl = NUMBER_TYPE(units_ttl, "seconds, or a time such as 1h,");
