/* SPDX-License-Identifier: BSD-2-Clause */
#include "group/zone.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/octets.h"
#include "group/rule.h"

#define HEADER 44U
#define TYPE_OCTETS 6U
#define RULE_TEXT_MAX 256U
#define OFFSET_MAX_S 100000 /* RFC 9636, 3.2: under 26 hours */

/* One header and what it says of the data behind it. */
struct block {
	const uint8_t *data;
	size_t octets;
	uint32_t times;
	uint32_t types;
	unsigned int time_octets; /* 4 or 8 */
};

struct zone {
	bool goes_on; /* behind the last change by `rule` */
	struct rule rule;
	int32_t first_offset_s; /* before all changes */
	size_t count;
	struct change {
		int64_t at_s;
		int32_t offset_s; /* from then on */
	} changes[];		  /* ascending */
};

/* ---- read */

static uint32_t be32(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return be32toh(word);
}

/* ERR_SYNTAX: it does not fit into the `len` octets. */
static enum err read_block(const uint8_t *octets, size_t len, unsigned int time_octets,
			   struct block *ret_block)
{
	struct block b = {.time_octets = time_octets};
	uint64_t sizes;
	uint32_t n[6]; /* isut, isstd, leap, time, type, char */

	if (len < HEADER || memcmp(octets, "TZif", 4) != 0)
		return ERR_SYNTAX;
	for (unsigned int i = 0; i < 6; i++) {
		n[i] = be32(octets + 20 + 4U * i);
		if (n[i] > ZONE_FILE_MAX)
			return ERR_SYNTAX;
	}
	b.data = octets + HEADER;
	b.times = n[3];
	b.types = n[4];
	sizes = (uint64_t)b.times * (time_octets + 1U) + (uint64_t)b.types * TYPE_OCTETS + n[5] +
		(uint64_t)n[2] * (time_octets + 4U) + n[1] + n[0];
	if (b.types == 0 || sizes > len - HEADER)
		return ERR_SYNTAX;
	b.octets = HEADER + (size_t)sizes;
	*ret_block = b;
	return ERR_OK;
}

/* The offset of a type; false: there is no such type, or it is out of all bounds. */
static bool offset_of(const struct block *b, uint32_t type, int32_t *ret_offset_s)
{
	const uint8_t *types = b->data + (size_t)b->times * (b->time_octets + 1U);
	int32_t offset_s;

	if (type >= b->types)
		return false;
	offset_s = (int32_t)be32(types + (size_t)type * TYPE_OCTETS);
	*ret_offset_s = offset_s;
	return offset_s > -OFFSET_MAX_S && offset_s < OFFSET_MAX_S;
}

static int64_t time_at(const struct block *b, uint32_t index)
{
	const uint8_t *at = b->data + (size_t)index * b->time_octets;

	return b->time_octets == 8 ? (int64_t)octets_be64(at) : (int32_t)be32(at);
}

static bool fill(const struct block *b, struct zone *zone)
{
	const uint8_t *types = b->data + (size_t)b->times * b->time_octets;

	for (uint32_t i = 0; i < b->times; i++) {
		struct change *change = &zone->changes[i];

		change->at_s = time_at(b, i);
		if ((i > 0 && change->at_s <= change[-1].at_s) ||
		    !offset_of(b, types[i], &change->offset_s))
			return false;
	}
	zone->count = b->times;
	return offset_of(b, 0, &zone->first_offset_s);
}

/* The text between two newlines behind the second block; it may be empty. */
static bool read_rule(const uint8_t *at, size_t len, struct zone *zone)
{
	char text[RULE_TEXT_MAX];
	const uint8_t *end;

	if (len < 2 || at[0] != '\n')
		return false;
	end = memchr(at + 1, '\n', len - 1);
	if (!end || (size_t)(end - at) > sizeof(text) || memchr(at, '\0', (size_t)(end - at)))
		return false;
	memcpy(text, at + 1, (size_t)(end - at) - 1);
	text[end - at - 1] = '\0';
	zone->goes_on = *text != '\0';
	return !zone->goes_on || rule_parse(text, &zone->rule) == ERR_OK;
}

enum err zone_parse(const uint8_t *octets, size_t len, struct zone **ret_zone)
{
	struct zone *zone;
	struct block b;
	bool whole;

	if (read_block(octets, len, 4, &b) != ERR_OK)
		return ERR_SYNTAX;
	whole = octets[4] == '\0'; /* version 1: there is no more */
	if (!whole) {
		octets += b.octets;
		len -= b.octets;
		if (read_block(octets, len, 8, &b) != ERR_OK)
			return ERR_SYNTAX;
	}
	zone = calloc(1, sizeof(*zone) + b.times * sizeof(zone->changes[0]));
	if (!zone)
		return ERR_NOMEM;
	if (!fill(&b, zone) || !(whole || read_rule(octets + b.octets, len - b.octets, zone))) {
		zone_free(zone);
		return ERR_SYNTAX;
	}
	*ret_zone = zone;
	return ERR_OK;
}

void zone_free(struct zone *zone)
{
	free(zone);
}

int32_t zone_offset_s(const struct zone *zone, int64_t at_s)
{
	size_t low = 0;
	size_t high = zone->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->changes[middle].at_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->count && zone->goes_on)
		return rule_offset_s(&zone->rule, at_s);
	return low > 0 ? zone->changes[low - 1].offset_s : zone->first_offset_s;
}

/* ---- found */

/* Names as tzdata has them, which lead to nowhere else. */
static bool is_name(const char *name)
{
	static const char octets[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+-_/";

	return name[strspn(name, octets)] == '\0' && *name != '/' && !strstr(name, "//");
}

/* UTC, for a machine that says nothing of its zone (localtime(5)). */
static enum err make_utc(struct zone **ret_zone)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	if (!zone)
		return ERR_NOMEM;
	*ret_zone = zone;
	return ERR_OK;
}

enum err zone_read(const char *name, struct zone **ret_zone, struct err_text *text)
{
	char path[sizeof(ZONE_DIRECTORY) + ZONE_NAME_MAX + 1] = ZONE_LOCAL;
	char *octets;
	size_t len;
	enum err err;

	if (strlen(name) > ZONE_NAME_MAX || !is_name(name))
		return err_set(text, ERR_SYNTAX, "%s: this is no time zone, such as Europe/Berlin",
			       name);
	if (*name)
		snprintf(path, sizeof(path), ZONE_DIRECTORY "/%s", name);
	err = file_read(path, ZONE_FILE_MAX, &octets, &len);
	if (err == ERR_SYS && errno == ENOENT && !*name)
		return err_set(text, make_utc(ret_zone), "out of memory");
	if (err == ERR_SYS)
		return err_set(text, err,
			       "time zone %s: %s: %s; the zones are of the package tzdata", name,
			       path, file_reason(errno));
	if (err == ERR_OK) {
		err = zone_parse((const uint8_t *)octets, len, ret_zone);
		free(octets);
	}
	return err_set(text, err, "%s: %s", path,
		       err == ERR_NOMEM ? "out of memory" : "this is no time zone (RFC 9636)");
}
