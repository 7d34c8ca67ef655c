/* SPDX-License-Identifier: BSD-2-Clause */
#include "names/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/hosts.h"
#include "names/reverse.h"
#include "map/namemap.h"
#include "dns/wire.h"

#define OCTETS_MIN 4096U
#define DRAFTS_MIN 64U
#define STRING_MAX 255U /* octets of a character-string (RFC 1035, 3.3) */

/* A name, and which of the records are its own. */
struct group {
	uint32_t first;
	uint32_t count;
};

struct local {
	struct namemap *exact; /* the group of each name */
	struct namemap *wild;  /* the same of names that wildcards stand below */
	struct group *groups;
	struct local_record *records;
	uint32_t group_count;
	uint8_t *octets; /* the rdata of all records */
};

/* A record while all are collected: records come in any order. */
struct draft {
	uint32_t order;
	uint32_t owner; /* places in the octets */
	uint32_t rdata;
	uint32_t ttl_s;
	uint16_t type;
	uint16_t rdlen;
	uint8_t owner_len;
	bool wild;
	bool derived; /* a PTR that follows from an address */
};

struct builder {
	const struct conf_local *conf;
	struct namemap *given; /* what the configuration names, wildcards left out */
	struct draft *drafts;
	size_t draft_count;
	size_t draft_cap;
	uint8_t *octets;
	size_t octet_count;
	size_t octet_cap;
};

/* ---- collecting */

static enum err add_octets(struct builder *b, const uint8_t *octets, size_t len, uint32_t *ret_at)
{
	if (b->octet_cap - b->octet_count < len) {
		size_t cap = 2 * b->octet_cap + len + OCTETS_MIN;
		uint8_t *grown = cap < UINT32_MAX ? realloc(b->octets, cap) : NULL;

		if (!grown)
			return ERR_NOMEM;
		b->octets = grown;
		b->octet_cap = cap;
	}
	memcpy(b->octets + b->octet_count, octets, len);
	*ret_at = (uint32_t)b->octet_count;
	b->octet_count += len;
	return ERR_OK;
}

static enum err add_draft(struct builder *b, const struct name *owner, const uint8_t *rdata,
			  struct draft draft)
{
	enum err err = add_octets(b, owner->wire, owner->len, &draft.owner);

	if (err == ERR_OK)
		err = add_octets(b, rdata, draft.rdlen, &draft.rdata);
	if (err != ERR_OK)
		return err;
	if (b->draft_count == b->draft_cap) {
		size_t cap = b->draft_cap ? 2 * b->draft_cap : DRAFTS_MIN;
		struct draft *grown = realloc(b->drafts, cap * sizeof(*grown));

		if (!grown)
			return ERR_NOMEM;
		b->drafts = grown;
		b->draft_cap = cap;
	}
	draft.owner_len = owner->len;
	draft.order = (uint32_t)b->draft_count;
	b->drafts[b->draft_count++] = draft;
	return ERR_OK;
}

/* An address of a name and, as no wildcard is the name of anything, the PTR back to it. */
static enum err add_address(struct builder *b, const struct name *owner, bool wild,
			    const struct ip *ip, uint32_t ttl_s)
{
	struct draft draft = {.type = TYPE_A, .rdlen = 4, .ttl_s = ttl_s, .wild = wild};
	struct name reverse;
	enum err err;

	if (ip->family == AF_INET6) {
		draft.type = TYPE_AAAA;
		draft.rdlen = 16;
	}
	err = add_draft(b, owner, ip->bytes, draft);
	if (err != ERR_OK || wild)
		return err;
	err = reverse_name(ip, &reverse);
	draft = (struct draft){
		.type = TYPE_PTR, .rdlen = owner->len, .ttl_s = ttl_s, .derived = true};
	return err == ERR_OK ? add_draft(b, &reverse, owner->wire, draft) : err;
}

/* A record whose rdata is one name; none for "". */
static enum err add_target(struct builder *b, const struct name *owner, struct draft draft,
			   const char *target)
{
	struct name name;
	enum err err;

	if (!*target)
		return ERR_OK;
	err = name_from_text(target, strlen(target), &name);
	draft.rdlen = name.len;
	return err == ERR_OK ? add_draft(b, owner, name.wire, draft) : err;
}

/* A text is cut into strings of the size that a string may have. */
static enum err add_text(struct builder *b, const struct name *owner, struct draft draft,
			 const char *text)
{
	uint8_t rdata[CONF_TEXT_MAX + CONF_TEXT_MAX / STRING_MAX + 1];
	size_t left = strlen(text);
	uint8_t *p = rdata;

	do {
		size_t len = left < STRING_MAX ? left : STRING_MAX;

		*p++ = (uint8_t)len;
		memcpy(p, text, len);
		p += len;
		text += len;
		left -= len;
	} while (left > 0);
	draft.type = TYPE_TXT;
	draft.rdlen = (uint16_t)(p - rdata);
	return add_draft(b, owner, rdata, draft);
}

static enum err add_records(struct builder *b, const struct conf_local_name *conf,
			    const struct name *owner, bool wild)
{
	struct draft draft = {.ttl_s = conf->ttl_s ? conf->ttl_s : b->conf->ttl_s, .wild = wild};
	enum err err = ERR_OK;

	for (size_t i = 0; i < conf->ipv4_count && err == ERR_OK; i++)
		err = add_address(b, owner, wild, &conf->ipv4[i], draft.ttl_s);
	for (size_t i = 0; i < conf->ipv6_count && err == ERR_OK; i++)
		err = add_address(b, owner, wild, &conf->ipv6[i], draft.ttl_s);
	for (size_t i = 0; i < conf->txt_count && err == ERR_OK; i++)
		err = add_text(b, owner, draft, conf->txt[i]);
	draft.type = TYPE_CNAME;
	if (err == ERR_OK)
		err = add_target(b, owner, draft, conf->cname);
	draft.type = TYPE_PTR;
	if (err == ERR_OK)
		err = add_target(b, owner, draft, conf->ptr);
	return err;
}

static enum err add_given(struct builder *b, const struct conf_local_name *conf)
{
	bool wild = strncmp(conf->name, "*.", 2) == 0;
	const char *text = conf->name + (wild ? 2 : 0);
	struct name owner;
	enum err err = name_from_text(text, strlen(text), &owner);

	if (err == ERR_OK && !wild)
		err = namemap_add(b->given, &owner, 0);
	return err == ERR_OK ? add_records(b, conf, &owner, wild) : err;
}

static enum err add_host(void *arg, const struct ip *ip, const struct name *name)
{
	struct builder *b = arg;
	struct name_suffixes suffixes;

	name_hash_suffixes(namemap_key(b->given), name, &suffixes);
	if (namemap_get(b->given, name, &suffixes).found)
		return ERR_OK;
	return add_address(b, name, false, ip, b->conf->ttl_s);
}

static enum err collect(struct builder *b, const struct hash_key *key, const char *hosts,
			struct list_report *report, struct err_text *text)
{
	enum err err = namemap_create(key, &b->given);

	for (size_t i = 0; i < b->conf->names_count && err == ERR_OK; i++)
		err = add_given(b, &b->conf->names[i]);
	if (err == ERR_OK && hosts)
		err = hosts_read(hosts, add_host, b, report, text);
	return err;
}

/* ---- putting together */

/* By owner; of one owner what was given before what was derived, each as it came. */
static int compare(const void *x, const void *y, void *arg)
{
	const uint8_t *octets = arg;
	const struct draft *a = x;
	const struct draft *b = y;
	int order;

	if (a->owner_len != b->owner_len)
		return a->owner_len < b->owner_len ? -1 : 1;
	order = memcmp(octets + a->owner, octets + b->owner, a->owner_len);
	if (order != 0)
		return order;
	if (a->wild != b->wild)
		return a->wild ? 1 : -1;
	if (a->derived != b->derived)
		return a->derived ? 1 : -1;
	return a->order < b->order ? -1 : 1;
}

static bool same_owner(const uint8_t *octets, const struct draft *x, const struct draft *y)
{
	return x->owner_len == y->owner_len && x->wild == y->wild &&
	       memcmp(octets + x->owner, octets + y->owner, x->owner_len) == 0;
}

/* A derived PTR is for want of another and beside no CNAME; no record is there twice. */
static bool is_wanted(const struct local *local, const struct group *group, const struct draft *d)
{
	if (group->count >= LOCAL_RECORDS_MAX)
		return false;
	for (uint32_t i = group->first; i < group->first + group->count; i++) {
		const struct local_record *r = &local->records[i];

		if (d->derived && (r->type == TYPE_PTR || r->type == TYPE_CNAME))
			return false;
		if (r->type == d->type && r->rdlen == d->rdlen &&
		    memcmp(r->rdata, local->octets + d->rdata, d->rdlen) == 0)
			return false;
	}
	return true;
}

static enum err enter_owner(struct local *local, const struct draft *d)
{
	struct name owner;

	name_copy_lower(&owner, local->octets + d->owner, d->owner_len);
	return namemap_add(d->wild ? local->wild : local->exact, &owner, local->group_count - 1);
}

/* Makes the groups of the sorted drafts; there is room for as many as there are drafts. */
static enum err group_all(struct local *local, const struct builder *b)
{
	uint32_t records = 0;
	enum err err = ERR_OK;

	for (size_t i = 0; i < b->draft_count && err == ERR_OK; i++) {
		const struct draft *d = &b->drafts[i];
		struct group *group;

		if (i == 0 || !same_owner(local->octets, d - 1, d)) {
			local->groups[local->group_count++] = (struct group){.first = records};
			err = enter_owner(local, d);
		}
		group = &local->groups[local->group_count - 1];
		if (!is_wanted(local, group, d))
			continue;
		local->records[records++] = (struct local_record){
			.type = d->type,
			.rdlen = d->rdlen,
			.ttl_s = d->ttl_s,
			.rdata = local->octets + d->rdata,
		};
		group->count++;
	}
	return err;
}

/* Takes over the builder's octets. */
static enum err freeze(struct builder *b, const struct hash_key *key, struct local **ret_local)
{
	struct local *local = calloc(1, sizeof(*local));
	enum err err = ERR_NOMEM;

	if (!local)
		return ERR_NOMEM;
	qsort_r(b->drafts, b->draft_count, sizeof(*b->drafts), compare, b->octets);
	local->octets = b->octets;
	b->octets = NULL;
	local->groups = calloc(b->draft_count, sizeof(*local->groups));
	local->records = calloc(b->draft_count, sizeof(*local->records));
	if (local->groups && local->records)
		err = namemap_create(key, &local->exact);
	if (err == ERR_OK)
		err = namemap_create(key, &local->wild);
	if (err == ERR_OK)
		err = group_all(local, b);
	if (err == ERR_OK)
		*ret_local = local;
	else
		local_free(local);
	return err;
}

enum err local_create(const struct conf_local *conf, const char *hosts, const struct hash_key *key,
		      struct local **ret_local, struct list_report *ret_report,
		      struct err_text *text)
{
	struct builder b = {.conf = conf};
	struct local *local = NULL;
	enum err err;

	report_init(ret_report, LIST_FORMAT_HOSTS);
	err = collect(&b, key, hosts, ret_report, text);
	if (err == ERR_OK && b.draft_count > 0)
		err = freeze(&b, key, &local);
	namemap_free(b.given);
	free(b.drafts);
	free(b.octets);
	if (err == ERR_OK)
		*ret_local = local;
	return err;
}

void local_free(struct local *local)
{
	if (!local)
		return;
	namemap_free(local->exact);
	namemap_free(local->wild);
	free(local->groups);
	free(local->records);
	free(local->octets);
	free(local);
}

/* ---- asking */

size_t local_count(const struct local *local)
{
	return local ? local->group_count : 0;
}

bool local_find(const struct local *local, const struct name *name,
		const struct name_suffixes *suffixes, struct local_name *ret_name)
{
	struct namemap_hit hit;

	if (!local)
		return false;
	hit = namemap_get(local->exact, name, suffixes);
	if (!hit.found)
		hit = namemap_find(local->wild, name, suffixes, 1);
	if (!hit.found)
		return false;
	ret_name->records = local->records + local->groups[hit.value].first;
	ret_name->count = local->groups[hit.value].count;
	return true;
}

bool local_has(const struct local *local, const struct name *name,
	       const struct name_suffixes *suffixes)
{
	return local && (namemap_has(local->exact, name, suffixes) ||
			 namemap_has(local->wild, name, suffixes));
}
