/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of a list's file, which may turn out to be a response policy zone. */
#include "load/load.h"

static void describe_zone(const struct conf_list *conf, struct load_into *into)
{
	into->list->zone = true;
	into->list->given = conf->action == ACTION_GIVEN;
	into->list->soa = into->zone.soa;
	if (into->zone.has_soa)
		into->list->ttl_s = into->zone.negative_ttl_s;
}

enum err loader_read_rules(const struct load *load, const struct conf_list *conf,
			   struct listfile_options *options, struct load_into *into,
			   struct list_report *report, struct err_text *text)
{
	const struct rpz_options zone_options = {
		.path = options->path,
		.key = load->name_key,
		.rules = into->rules,
		.list = options->list,
		.guard = options->guard,
		.addrguard = options->addrguard,
		.allowed = options->allowed,
		.ttl_s = conf->sinkhole.ttl_s,
		.mandatory = conf->mandatory,
		.overridden = conf->action != ACTION_GIVEN,
		.nearest = conf->wildcards == CONF_WILDCARDS_NEAREST,
	};
	struct listfile_zone lines = {
		.line = rpz_zone_line,
		.put = rpz_zone_put,
		.look = rpz_zone_look,
		.take = rpz_zone_take,
	};
	struct rpz_zone *zone;
	enum err err = rpz_zone_create(&zone_options, report, &zone);

	if (err != ERR_OK)
		return err;
	into->list->zone = false;
	into->list->soa = 0;
	into->zone.cuts = 0;
	options->answers.key = load->name_key;
	into->zone.loose = 0;
	lines.zone = zone;
	options->zone = &lines;
	err = listfile_load(options, into->rules->names, report, text);
	if (err == ERR_OK && report->format == LIST_FORMAT_RPZ) {
		err = rpz_zone_end(zone, text);
		into->zone = *rpz_zone_summary(zone);
		describe_zone(conf, into);
	}
	options->zone = NULL;
	rpz_zone_free(zone);
	return err;
}
