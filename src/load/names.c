/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that are not asked of the upstreams for all others: zones with their own, and our own. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "inspect/rebind.h"
#include "names/local.h"
#include "map/namemap.h"
#include "list/publicsuffix.h"
#include "names/special.h"
#include "load/load.h"

/* An odd number, which keeps the hash of a zone's own name and its salt from cancelling out. */
#define SALT_FACTOR 0x9e3779b97f4a7c15ULL

/* From a group's name: its upstreams' replies are its own, whatever else a reload changes.  No
 * zone's name begins as this does. */
static void set_group_salts(struct snapshot *s, const struct hash_key *name_key)
{
	char text[sizeof("group ") + CONF_GROUP_NAME_MAX];

	for (size_t i = snapshot_zone_pools(s); i < s->pool_count; i++) {
		const int len = snprintf(text, sizeof(text), "group %s", s->pools[i].group);

		s->pools[i].salt = hash_siphash24(name_key, text, (size_t)len) * SALT_FACTOR;
	}
}

static enum err set_zones(struct snapshot *s, const struct hash_key *name_key)
{
	enum err err;

	if (snapshot_zone_pools(s) <= 1)
		return ERR_OK;
	err = namemap_create(name_key, &s->zones);
	for (size_t i = 1; i < snapshot_zone_pools(s) && err == ERR_OK; i++) {
		s->pools[i].salt = name_hash(name_key, &s->pools[i].zone) * SALT_FACTOR;
		err = namemap_add(s->zones, &s->pools[i].zone, (uint32_t)i);
	}
	return err;
}

static enum err set_local(struct snapshot *s, const struct hash_key *name_key, bool lenient,
			  struct err_text *text)
{
	const struct conf_local *conf = &s->conf->local;
	const char *hosts = *conf->hosts_file ? conf->hosts_file : NULL;
	struct list_report report;
	struct err_text reason;
	enum err err = local_create(conf, hosts, name_key, &s->local, &report, &reason);

	if (err == ERR_SYS || err == ERR_REFUSED)
		(void)err_set(text, err, "local.hosts-file: %s", reason.text);
	if (lenient && (err == ERR_SYS || err == ERR_REFUSED)) {
		log_warning("%s; its names are not answered", text->text);
		hosts = NULL;
		err = local_create(conf, NULL, name_key, &s->local, &report, text);
	}
	if (err != ERR_OK)
		return err;
	if (hosts) {
		loader_log_report(hosts, &report);
		log_info("local: %u names from %s, %u skipped, %u bad", report.entries, hosts,
			 report.skipped, report.bad);
	}
	if (s->local)
		log_info("local: %zu names in force, those of addresses counted",
			 local_count(s->local));
	return ERR_OK;
}

static enum err set_special(struct snapshot *s, const struct hash_key *name_key)
{
	const struct conf_local *conf = &s->conf->local;

	if (!conf->special_use && conf->local_only_count == 0)
		return ERR_OK;
	return special_create(name_key, conf->local_only, conf->local_only_count, conf->special_use,
			      &s->special);
}

static enum err set_tlds(struct snapshot *s, const struct hash_key *name_key)
{
	enum err err = special_read_tlds(PUBLICSUFFIX_FILE, name_key, &s->tlds);

	if (err != ERR_SYS)
		return err;
	log_warning("local.single-labels: there is no %s, which has the top-level domains: names "
		    "of one label are asked of the upstreams",
		    PUBLICSUFFIX_FILE);
	return ERR_OK;
}

static enum err except(struct rebind *rebind, char *const *texts, size_t count)
{
	enum err err = ERR_OK;
	struct name name;

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		err = name_from_text(texts[i], strlen(texts[i]), &name);
		if (err == ERR_OK)
			err = rebind_except(rebind, &name);
	}
	return err;
}

/* Zones that are asked of upstreams of their own are those that have private addresses. */
static enum err set_rebind(struct snapshot *s, const struct hash_key *name_key)
{
	const struct conf *conf = s->conf;
	enum err err;

	if (!conf->rebinding.enabled)
		return ERR_OK;
	err = rebind_create(conf->rebinding.networks, conf->rebinding.networks_count, name_key,
			    &s->rebind);
	if (err == ERR_OK)
		err = except(s->rebind, conf->rebinding.exceptions,
			     conf->rebinding.exceptions_count);
	if (err == ERR_OK)
		err = except(s->rebind, conf->guard.dnsbl_zones, conf->guard.dnsbl_zones_count);
	if (err == ERR_OK)
		err = except(s->rebind, conf->local.local_only, conf->local.local_only_count);
	for (size_t i = 1; i < snapshot_zone_pools(s) && err == ERR_OK; i++)
		err = rebind_except(s->rebind, &s->pools[i].zone);
	return err;
}

enum err loader_set_names(struct snapshot *s, const struct hash_key *name_key, bool lenient,
			  struct err_text *text)
{
	enum err err = set_zones(s, name_key);

	set_group_salts(s, name_key);
	if (err == ERR_OK)
		err = set_local(s, name_key, lenient, text);
	if (err == ERR_OK)
		err = set_special(s, name_key);
	if (err == ERR_OK && s->conf->local.single_labels)
		err = set_tlds(s, name_key);
	if (err == ERR_OK)
		err = set_rebind(s, name_key);
	return err;
}
