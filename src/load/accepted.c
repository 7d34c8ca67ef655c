/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a load the operator has accepted beforehand. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "keep/accept.h"
#include "load/load.h"

static bool is_asked(const struct load *load, const char *name)
{
	return load->options.accept && strcmp(load->options.accept, name) == 0;
}

bool loader_wants_digest(const struct load *load, const char *name)
{
	const char *directory = load->conf->state.directory;

	return *directory && (is_asked(load, name) || accept_exists(directory, name));
}

static const char *digest_of(const struct load *load, unsigned int index)
{
	if (index >= POLICY_LISTS_MAX || !load->file_digests[index][0])
		return ACCEPT_NO_FILE;
	return load->file_digests[index];
}

bool loader_is_accepted(struct load *load, const char *name, unsigned int index)
{
	const char *directory = load->conf->state.directory;

	if (is_asked(load, name)) {
		load->result.accept_needed = true;
		return true;
	}
	return *directory &&
	       accept_matches(directory, name, digest_of(load, index), load->conf_digest);
}

static enum err end_one(struct load *load, const char *name, unsigned int index)
{
	const char *directory = load->conf->state.directory;
	struct err_text reason;
	bool matches;

	if (!accept_exists(directory, name))
		return ERR_OK;
	matches = loader_is_accepted(load, name, index);
	if (!matches)
		log_warning("list %s: what was accepted of it was another file or another "
			    "configuration, and is void",
			    name);
	if (accept_remove(directory, name, &reason) == ERR_OK)
		return ERR_OK;
	if (!matches)
		log_warning("list %s: %s", name, reason.text);
	return matches ? err_set(load->text, ERR_SYS,
				 "list %s: what was accepted would hold more than once: %s", name,
				 reason.text)
		       : ERR_OK;
}

/* What an asked load has found out of the list. */
static void answer(struct load *load)
{
	struct load_result *result = &load->result;
	const struct conf *conf = load->conf;
	const char *file = ACCEPT_NO_FILE;
	unsigned int former;

	result->accept_known = loader_former_list(load, load->options.accept, &former) != NULL;
	for (unsigned int i = 0; i < conf->lists_count; i++) {
		if (!is_asked(load, conf->lists[i].name))
			continue;
		result->accept_known = true;
		file = digest_of(load, i);
	}
	snprintf(result->accept_file, sizeof(result->accept_file), "%s", file);
	snprintf(result->accept_conf, sizeof(result->accept_conf), "%s", load->conf_digest);
}

enum err loader_end_acceptances(struct load *load)
{
	const struct conf *conf = load->conf;
	enum err err = ERR_OK;

	if (load->options.accept)
		answer(load);
	if (!loader_writes(load) || !*conf->state.directory)
		return ERR_OK;
	for (unsigned int i = 0; i < conf->lists_count && err == ERR_OK; i++)
		err = end_one(load, conf->lists[i].name, i);
	for (unsigned int i = 0; load->former && i < load->former->list_count && err == ERR_OK; i++)
		err = end_one(load, load->former->lists[i].name, POLICY_LISTS_MAX);
	return err;
}
