/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole numbers with units: counts, sizes, durations, TTLs. */
#include <inttypes.h>
#include <string.h>

#include "conf/type.h"

#define NUMBER_TEXT_MAX 32

/* A unit and what it is worth; "" is a number alone.  They ascend; the last has a NULL name. */
struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit units_none[] = {{"", 1}, {NULL, 0}};

static const struct unit units_size[] = {
	{"", 1},
	{"KiB", 1ULL << 10},
	{"MiB", 1ULL << 20},
	{"GiB", 1ULL << 30},
	{"TiB", 1ULL << 40},
	{NULL, 0},
};

static const struct unit units_duration[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct unit units_ttl[] = {
	{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}, {NULL, 0},
};

static const struct unit *units_of(const struct conf_row *row)
{
	switch (row->type) {
	case CONF_T_SIZE:
		return units_size;
	case CONF_T_DURATION:
		return units_duration;
	case CONF_T_TTL:
		return units_ttl;
	default:
		return units_none;
	}
}

static enum err digits_parse(const char *text, size_t len, uint64_t *ret_number)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (number > (UINT64_MAX - digit) / 10)
			return ERR_RANGE;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return ERR_OK;
}

static const struct unit *unit_find(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		if (strcmp(units->name, name) == 0)
			return units;
	}
	return NULL;
}

/* A whole number and at once one of the units; 0 needs none. */
static enum err number_parse(const struct unit *units, const char *text, uint64_t *ret_number)
{
	size_t len = strspn(text, "0123456789");
	const struct unit *unit = unit_find(units, text + len);
	uint64_t number;
	enum err err;

	if (len == 0 || (!unit && text[len] != '\0'))
		return ERR_SYNTAX;
	err = digits_parse(text, len, &number);
	if (err)
		return err;
	if (!unit && number != 0)
		return ERR_SYNTAX;
	if (unit && number > UINT64_MAX / unit->factor)
		return ERR_RANGE;
	*ret_number = unit ? number * unit->factor : 0;
	return ERR_OK;
}

/* The number in the largest unit that divides it. */
static const char *number_text(const struct unit *units, uint64_t number, char buf[NUMBER_TEXT_MAX])
{
	const struct unit *unit = units;

	for (; number > 0 && units->name; units++) {
		if (number % units->factor == 0)
			unit = units;
	}
	snprintf(buf, NUMBER_TEXT_MAX, "%" PRIu64 "%s", number / unit->factor,
		 number > 0 ? unit->name : "");
	return buf;
}

static enum err parse_u64(const struct conf_row *row, const char *text, void *value)
{
	uint64_t number;
	uint64_t *ret = value;
	enum err err = number_parse(units_of(row), text, &number);

	if (err)
		return err;
	if (number < row->least || number > row->most)
		return ERR_RANGE;
	*ret = number;
	return ERR_OK;
}

static enum err parse_u32(const struct conf_row *row, const char *text, void *value)
{
	uint64_t number;
	uint32_t *ret = value;
	enum err err = parse_u64(row, text, &number);

	if (err)
		return err;
	if (number > UINT32_MAX)
		return ERR_RANGE;
	*ret = (uint32_t)number;
	return ERR_OK;
}

static void describe(const struct conf_row *row, char buf[CONF_DESCRIBED_MAX])
{
	static const char *const what[CONF_T_COUNT] = {
		[CONF_T_UINT] = "a whole number",
		[CONF_T_SIZE] = "a size such as 64MiB,",
		[CONF_T_DURATION] = "a duration such as 250ms or 5s,",
		[CONF_T_TTL] = "seconds, or a time such as 1h,",
	};
	bool named = row->type == CONF_T_UINT && row->unit[0] != '\0';
	char least[NUMBER_TEXT_MAX];
	char most[NUMBER_TEXT_MAX];

	snprintf(buf, CONF_DESCRIBED_MAX, "%s from %s to %s%s%s", what[row->type],
		 number_text(units_of(row), row->least, least),
		 number_text(units_of(row), row->most, most), named ? " " : "",
		 named ? row->unit : "");
}

static void print_u64(const struct conf_row *row, const void *value, FILE *out)
{
	const uint64_t *number = value;
	char buf[NUMBER_TEXT_MAX];

	fputs(number_text(units_of(row), *number, buf), out);
}

static void print_u32(const struct conf_row *row, const void *value, FILE *out)
{
	const uint32_t *u32 = value;
	uint64_t number = *u32;

	print_u64(row, &number, out);
}

static bool equal_u64(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return *x == *y;
}

static bool equal_u32(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;

	return *x == *y;
}

const struct conf_type conf_type_u32 = {
	.size = sizeof(uint32_t),
	.parse = parse_u32,
	.describe = describe,
	.print = print_u32,
	.equal = equal_u32,
};

const struct conf_type conf_type_u64 = {
	.size = sizeof(uint64_t),
	.parse = parse_u64,
	.describe = describe,
	.print = print_u64,
	.equal = equal_u64,
};
