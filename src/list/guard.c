/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/suffixes.h"

#include <libpsl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/pages.h"
#include "list/filter.h"
#include "list/publicsuffix.h"

#define NAMES_BITS 12  /* 4096 words of the filter of names, of which there are 7,400 */
#define PARENTS_BITS 6 /* 64 words of the filter of wildcards' parents, some 25 */
#define ZONES_BITS 6   /* of the zones' filter; some 70 ship */
#define LABELS_MAX 6   /* no public suffix has as many */

/*
 * libpsl is exact, but asking it for each of a million names takes longer than all else.  So its
 * list is read once more into a filter of the names that may be held; only those are looked at.
 */
struct guard {
	struct pages self; /* this structure's own */
	struct pages protected_pages;
	const struct name *protected_names;
	size_t protected_count;
	const struct name *zones; /* behind these */
	size_t zone_count;
	bool any_zone; /* the filter is of no use: one of them has one label */
	const psl_ctx_t *psl;
	psl_ctx_t *own_psl;		     /* the same, when it is to be freed */
	bool hold_suffixes;		     /* top-level domains and public suffixes are held */
	bool has_suffixes;		     /* the public suffixes are in the filter */
	uint64_t names[1 << NAMES_BITS];     /* filter: names that may be held */
	uint64_t parents[1 << PARENTS_BITS]; /* filter: names whose children may be held */
	uint64_t zone_ends[1 << ZONES_BITS]; /* filter: the last two labels of zones */
};

/* Takes a public suffix, or a name that all names right below are suffixes. */
static void take_suffix(void *arg, const struct name *name, bool below)
{
	struct guard *guard = arg;

	filter_set(guard->names, NAMES_BITS, filter_hash(name, name->wire));
	if (below)
		filter_set(guard->parents, PARENTS_BITS, filter_hash(name, name->wire));
}

/*
 * libpsl's own form of the same list is taken, if it stands beside the text and is not older: it is
 * read in one piece.  While it reads the text, libpsl 0.21.2 writes past what it has when there is
 * no memory for more.
 */
static psl_ctx_t *load_psl(const char *path)
{
	const char *ending = strrchr(path, '.');
	char compiled[PATH_MAX];
	struct stat text;
	struct stat st;

	if (!ending || strcmp(ending, ".dat") != 0)
		return psl_load_file(path);
	snprintf(compiled, sizeof(compiled), "%.*s.dafsa", (int)(ending - path), path);
	if (stat(path, &text) != 0 || stat(compiled, &st) != 0 || st.st_mtime < text.st_mtime)
		return psl_load_file(path);
	return psl_load_file(compiled);
}

static enum err load_suffixes(struct guard *guard, const char *path)
{
	enum err err = publicsuffix_read(path, take_suffix, guard);

	if (err == ERR_NOMEM)
		return err;
	if (err == ERR_OK)
		guard->own_psl = load_psl(path);
	guard->has_suffixes = guard->own_psl != NULL;
	guard->psl = guard->own_psl ? guard->own_psl : psl_builtin();
	return ERR_OK;
}

/* A rule on a protected name, or on any name above it, is to be looked at. */
static void filter_protected(struct guard *guard, const struct name *name)
{
	const uint8_t *wire = name->wire;

	for (; *wire; wire += *wire + 1)
		filter_set(guard->names, NAMES_BITS, filter_hash(name, wire));
	filter_set(guard->names, NAMES_BITS, filter_hash(name, wire));
}

/* Where the last two labels of a name begin, or its only one. */
static const uint8_t *last_two(const struct name *name)
{
	const uint8_t *wire = name->wire;
	const uint8_t *before = wire;
	const uint8_t *last = wire;

	for (; *wire; wire += *wire + 1) {
		before = last;
		last = wire;
	}
	return before;
}

static void filter_zone(struct guard *guard, const struct name *zone)
{
	const uint8_t *end = last_two(zone);

	guard->any_zone |= *end == 0 || end[*end + 1] == 0;
	filter_set(guard->zone_ends, ZONES_BITS, filter_hash(zone, end));
}

static void copy_names(struct name *copy, const struct name *names, size_t count)
{
	if (count > 0)
		memcpy(copy, names, count * sizeof(*names));
}

static enum err copy_protected(struct guard *guard, const struct guard_config *config)
{
	size_t count = config->name_count + config->zone_count;
	struct name *copy;
	enum err err;

	if (count == 0)
		return ERR_OK;
	err = pages_map(&guard->protected_pages, count * sizeof(*copy));
	if (err != ERR_OK)
		return err;
	copy = (void *)guard->protected_pages.base;
	guard->protected_names = copy;
	guard->protected_count = config->name_count;
	guard->zones = copy + config->name_count;
	guard->zone_count = config->zone_count;
	copy_names(copy, config->names, config->name_count);
	copy_names(copy + config->name_count, config->zones, config->zone_count);
	for (size_t i = 0; i < count; i++)
		filter_protected(guard, &copy[i]);
	for (size_t i = 0; i < guard->zone_count; i++)
		filter_zone(guard, &guard->zones[i]);
	return ERR_OK;
}

enum err guard_create_from(const char *path, const struct guard_config *config,
			   struct guard **ret_guard)
{
	struct guard *guard;
	struct pages self;
	enum err err = pages_map(&self, sizeof(*guard));

	if (err != ERR_OK)
		return err;
	guard = (void *)self.base;
	guard->self = self;
	err = copy_protected(guard, config);
	guard->hold_suffixes = config->hold_suffixes;
	if (err == ERR_OK && config->hold_suffixes)
		err = load_suffixes(guard, path);
	if (err == ERR_OK)
		*ret_guard = guard;
	else
		guard_free(guard);
	return err;
}

enum err guard_create(const struct guard_config *config, struct guard **ret_guard)
{
	return guard_create_from(PUBLICSUFFIX_FILE, config, ret_guard);
}

void guard_free(struct guard *guard)
{
	struct pages self;

	if (!guard)
		return;
	psl_free(guard->own_psl);
	pages_free(&guard->protected_pages);
	self = guard->self;
	pages_free(&self);
}

static const char *covers_protected(const struct guard *guard, const struct name *owner, bool below)
{
	for (size_t i = 0; i < guard->protected_count; i++) {
		if (name_equal(owner, &guard->protected_names[i]))
			return "is a protected name";
		if (below && name_is_below(&guard->protected_names[i], owner))
			return "is above a protected name";
	}
	return NULL;
}

/* True when the owner may be a zone or in one. */
static bool may_be_in_zone(const struct guard *guard, const struct name *owner)
{
	return guard->any_zone ||
	       filter_has(guard->zone_ends, ZONES_BITS, filter_hash(owner, last_two(owner)));
}

/* A name that is queried is made of what is asked about and the zone. */
static const char *touches_zone(const struct guard *guard, const struct name *owner, bool below)
{
	for (size_t i = 0; i < guard->zone_count; i++) {
		if (name_equal(owner, &guard->zones[i]))
			return "is a zone of guard.dnsbl-zones";
		if (name_is_below(owner, &guard->zones[i]))
			return "is in a zone of guard.dnsbl-zones";
		if (below && name_is_below(&guard->zones[i], owner))
			return "is above a zone of guard.dnsbl-zones";
	}
	return NULL;
}

static bool is_public_suffix(const struct guard *guard, const struct name *owner, int type)
{
	char text[NAME_TEXT_MAX];
	uint32_t labels = 0;

	for (uint32_t pos = 0; owner->wire[pos]; pos += owner->wire[pos] + 1U)
		labels++;
	if (labels >= LABELS_MAX || !guard->psl)
		return false;
	return psl_is_public_suffix2(guard->psl, name_to_text(owner->wire, text, sizeof(text)),
				     type) != 0;
}

/* True when the filters rule out that the owner is one to be held; `suffixes`: for that alone. */
static bool is_harmless(const struct guard *guard, const struct name *owner, bool suffixes)
{
	const uint8_t *parent = owner->wire + owner->wire[0] + 1;

	if (filter_has(guard->names, NAMES_BITS, filter_hash(owner, owner->wire)))
		return false;
	if (!suffixes)
		return true;
	return guard->has_suffixes &&
	       !filter_has(guard->parents, PARENTS_BITS, filter_hash(owner, parent));
}

/* A name of one label is a top-level domain, or as good as one. */
static const char *one_label_reason(const struct guard *guard, const struct name *owner)
{
	return is_public_suffix(guard, owner, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE)
		       ? "is a top-level domain"
		       : "is a name of one label";
}

/* A mail server's question is answered as if nothing were listed. */
static bool lists_nothing(const struct domset_kind *kind, unsigned int allowed)
{
	if (kind->answer == DOMSET_ANSWER_LIST)
		return allowed & GUARD_ALLOW_ZONES;
	return kind->answer == DOMSET_ANSWER_NXDOMAIN || kind->answer == DOMSET_ANSWER_NODATA;
}

/* True where a rule for all names below the root is meant, as what holds for want of others. */
static bool may_be_default(const struct domset_kind *kind, unsigned int allowed)
{
	return kind->scope == DOMSET_SCOPE_BELOW && (allowed & GUARD_ALLOW_ROOT) &&
	       (allowed & GUARD_ALLOW_SUFFIXES);
}

/* What a rule is looked at for. */
struct looks {
	bool below;
	bool suffixes;
	bool zones;
};

static struct looks looks_of(const struct guard *guard, const struct domset_kind *kind,
			     unsigned int allowed)
{
	bool below = kind->scope & DOMSET_SCOPE_BELOW;

	return (struct looks){
		.below = below,
		.suffixes = below && guard->hold_suffixes && !(allowed & GUARD_ALLOW_SUFFIXES),
		.zones = guard->zone_count > 0 && !lists_nothing(kind, allowed),
	};
}

static bool filters_pass(const struct guard *guard, const struct name *owner, struct looks looks)
{
	return is_harmless(guard, owner, looks.suffixes) &&
	       !(looks.zones && may_be_in_zone(guard, owner));
}

bool guard_passes(const struct guard *guard, const struct name *owner,
		  const struct domset_kind *kind, unsigned int allowed)
{
	struct looks looks = looks_of(guard, kind, allowed);

	if (owner->wire[0] == 0 || (looks.suffixes && owner->wire[owner->wire[0] + 1] == 0))
		return false;
	return domset_kind_lifts(kind) || filters_pass(guard, owner, looks);
}

const char *guard_entry(const struct guard *guard, const struct name *owner,
			const struct domset_kind *kind, unsigned int allowed)
{
	struct looks looks = looks_of(guard, kind, allowed);
	const char *reason;

	if (domset_kind_lifts(kind))
		return NULL;
	if (looks.below && owner->wire[0] == 0 && !may_be_default(kind, allowed))
		return "is the root";
	if (looks.suffixes && owner->wire[owner->wire[0] + 1] == 0)
		return one_label_reason(guard, owner);
	if (filters_pass(guard, owner, looks))
		return NULL;
	reason = covers_protected(guard, owner, looks.below);
	if (!reason && looks.zones)
		reason = touches_zone(guard, owner, looks.below);
	if (!reason && looks.suffixes && is_public_suffix(guard, owner, PSL_TYPE_ICANN))
		reason = "is a public suffix";
	return reason;
}

/* Below `zone`, a name that nobody has. */
static bool below(const struct name *zone, struct name *ret_name)
{
	static const uint8_t label[] = "\x0c"
				       "q7zk3v9xw2jh";
	size_t len = sizeof(label) - 1;

	if (zone->len + len > NAME_WIRE_MAX)
		return false;
	memcpy(ret_name->wire, label, len);
	memcpy(ret_name->wire + len, zone->wire, zone->len);
	ret_name->len = (uint8_t)(len + zone->len);
	return true;
}

static bool matches(const struct pattern *pattern, const struct name *name)
{
	return pattern_match(pattern, name) == PATTERN_MATCHES;
}

static bool matches_below(const struct pattern *pattern, const struct name *zone)
{
	struct name name;

	return below(zone, &name) && matches(pattern, &name);
}

static bool matches_below_text(const struct pattern *pattern, const char *zone, size_t len)
{
	struct name name;

	return name_from_host(zone, len, &name) == ERR_OK && matches_below(pattern, &name);
}

static bool is_in_suffix(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool ends_with_name(const char *text)
{
	size_t len = strlen(text);

	return len > 1 && text[len - 2] != '*' &&
	       (text[len - 1] == '^' || (text[len - 1] == '/' && text[len - 2] == '$'));
}

/* What the pattern's text ends with, escapes aside, may be a public suffix: "\.co\.uk$". */
static bool matches_own_suffix(const struct guard *guard, const struct pattern *pattern)
{
	const char *text = pattern_text(pattern);
	char suffix[NAME_WIRE_MAX];
	size_t at = sizeof(suffix);
	struct name name;

	for (size_t i = strlen(text); i > 0 && at > 0; i--) {
		if (strchr("\\/^$*|", text[i - 1]))
			continue;
		if (!is_in_suffix(text[i - 1]))
			break;
		suffix[--at] = text[i - 1];
	}
	while (at < sizeof(suffix) && suffix[at] == '.')
		at++;
	if (name_from_host(suffix + at, sizeof(suffix) - at, &name) != ERR_OK)
		return false;
	if (!(ends_with_name(text) && name.wire[name.wire[0] + 1] == 0) &&
	    !is_public_suffix(guard, &name, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))
		return false;
	return matches_below(pattern, &name);
}

static bool matches_suffix(const struct guard *guard, const struct pattern *pattern)
{
	static const char *const large[] = {
		"com", "net", "org", "info", "de", "cn",     "uk", "co.uk", "ru",
		"nl",  "br",  "fr",  "eu",   "it", "com.au", "io", "xyz",   "top",
	};

	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		if (matches_below_text(pattern, large[i], strlen(large[i])))
			return true;
	return matches_own_suffix(guard, pattern);
}

const char *guard_pattern(const struct guard *guard, const struct pattern *pattern,
			  const struct domset_kind *kind, unsigned int allowed)
{
	if (domset_kind_lifts(kind))
		return NULL;
	for (size_t i = 0; i < guard->protected_count; i++)
		if (matches(pattern, &guard->protected_names[i]))
			return "matches a protected name";
	if (guard->hold_suffixes && !(allowed & GUARD_ALLOW_SUFFIXES) &&
	    matches_suffix(guard, pattern))
		return "matches names of anybody below a public suffix";
	for (size_t i = 0; i < guard->zone_count && !lists_nothing(kind, allowed); i++)
		if (matches(pattern, &guard->zones[i]) || matches_below(pattern, &guard->zones[i]))
			return "matches names in a zone of guard.dnsbl-zones";
	return NULL;
}
