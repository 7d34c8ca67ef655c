/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of mandatory lists whose delete date has come: that they are lifted weakens no list. */
#include "load/load.h"

static bool may_end(const struct conf_list *conf)
{
	return conf->mandatory && conf->lapse == LAPSE_LIFT && list_format_is_table(conf->format);
}

enum err loader_begin_over(struct load *load, unsigned int index, struct listfile_options *options)
{
	enum err err;

	options->rows.now_s = load->now_s;
	if (!may_end(&load->conf->lists[index]))
		return ERR_OK;
	domset_builder_free(load->over[index]);
	load->over[index] = NULL;
	err = domset_builder_create(load->name_key, &load->over[index]);
	if (err == ERR_OK)
		err = domset_builder_begin(load->over[index], 0);
	options->rows.over = load->over[index];
	return err;
}

enum err loader_take_over(struct load *load, unsigned int former, unsigned int index,
			  struct domset **ret_over)
{
	*ret_over = NULL;
	if (index == POLICY_LISTS_MAX || !load->over[index] ||
	    load->former->lists[former].reading.columns !=
		    load->policy->lists[index].reading.columns)
		return ERR_OK;
	return domset_builder_freeze(load->over[index], ret_over);
}

void loader_free_over(struct load *load)
{
	for (unsigned int i = 0; i < POLICY_LISTS_MAX; i++) {
		domset_builder_free(load->over[i]);
		load->over[i] = NULL;
	}
}
