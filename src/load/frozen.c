/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A start from the compiled set.  What is taken from there is what the lists' files would have
 * given: the files are the same versions, and how they are read is the same.  All that holds a list
 * against an earlier one reads text: mandatory lists, what is told of orders, what was accepted.
 */
#include "load/frozen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <idn2.h>
#include <libpsl.h>

#include "base/log.h"
#include "compiled/compiled.h"
#include "keep/accept.h"
#include "keep/keep.h"
#include "list/publicsuffix.h"
#include "load/load.h"
#include "load/notes.h"
#include "set/image.h"

#define DATA_EMPTY 1U /* no set of records has number 0 */

/* By whose lines alone it is known what their rules are. */
static bool is_plain(uint32_t format)
{
	return format == LIST_FORMAT_NAMES || format == LIST_FORMAT_HOSTS ||
	       format == LIST_FORMAT_ADBLOCK;
}

/* ERR_SYS: the program cannot be read; ERR_NOMEM. */
static enum err make_by(const char *conf_digest, struct compiled_by *ret_by)
{
	static const char *const suffixes[] = {PUBLICSUFFIX_FILE, PUBLICSUFFIX_DAFSA};
	struct stat seen;

	memset(ret_by, 0, sizeof(*ret_by));
	snprintf(ret_by->conf, sizeof(ret_by->conf), "%s", conf_digest);
	snprintf(ret_by->libraries, sizeof(ret_by->libraries), "psl %s, idn2 %s", psl_get_version(),
		 idn2_check_version(NULL));
	for (unsigned int i = 0; i < 2; i++)
		if (stat(suffixes[i], &seen) == 0)
			ret_by->suffixes[i] = compiled_version(&seen);
	return compiled_program(ret_by->program);
}

/* ---- from the compiled set */

static bool may_be_taken(const struct load *load)
{
	const struct conf *conf = load->conf;

	if (!*conf->state.directory || conf->state.compiled_from == 0 || load->former ||
	    load->options.draft || !loader_writes(load))
		return false;
	for (size_t i = 0; i < conf->lists_count; i++)
		if (notes_are_wanted(&conf->lists[i]) ||
		    loader_wants_digest(load, conf->lists[i].name))
			return false;
	return true;
}

static bool fits(void *arg, const struct compiled_list *lists)
{
	const struct load *load = arg;
	const struct conf *conf = load->conf;

	for (size_t i = 0; i < conf->lists_count; i++) {
		struct compiled_version now;
		char kept[PATH_MAX];
		struct stat seen;

		keep_path(conf->state.directory, conf->lists[i].name, kept);
		if (stat(conf->lists[i].file, &seen) != 0 || !S_ISREG(seen.st_mode) ||
		    access(kept, R_OK) != 0 || !is_plain(lists[i].format))
			return false;
		now = compiled_version(&seen);
		if (!compiled_same_version(&now, &lists[i].version))
			return false;
	}
	return true;
}

void loader_find_compiled(struct load *load)
{
	const struct conf *conf = load->conf;
	struct compiled_by made_by;
	struct err_text text;
	enum err err;

	if (!may_be_taken(load) || make_by(load->conf_digest, &made_by) != ERR_OK)
		return;
	err = compiled_read(conf->state.directory, load->name_key, &made_by,
			    (uint32_t)conf->lists_count, fits, load, &load->compiled, &text);
	if (err == ERR_OK) {
		load->result.compiled = true;
		log_notice("lists: unchanged since their set was compiled, from which this starts; "
			   "what they have in them is verified once it serves");
	} else if (err == ERR_REFUSED) {
		log_info("%s: the lists are read", text.text);
	} else if (err != ERR_NOTFOUND) {
		log_warning("%s: the lists are read", text.text);
	}
}

void loader_take_compiled(struct load *load, unsigned int index)
{
	const struct compiled_list *from = &load->compiled.lists[index];
	struct policy_list *list = &load->policy->lists[index];
	struct load_source *source = &load->result.sources[index];

	list->entries = from->entries;
	list->held = from->held;
	list->open_end = from->open_end != 0;
	loader_describe_reading(&load->conf->lists[index], (enum list_format)from->format, list);
	source->own = true;
	source->seen.st_dev = from->version.device;
	source->seen.st_ino = from->version.inode;
	source->seen.st_size = (off_t)from->version.size;
	source->seen.st_mtim = (struct timespec){from->version.mtime_s, from->version.mtime_ns};
	source->seen.st_ctim = (struct timespec){from->version.ctime_s, from->version.ctime_ns};
	source->format = (enum list_format)from->format;
	source->entries = from->entries;
	source->skipped = from->skipped;
	source->bad = from->bad;
	source->held = from->held;
	memcpy(source->digest, from->digest, sizeof(source->digest));
}

void loader_put_compiled(struct load *load)
{
	if (!load->compiled.set)
		return;
	domset_free(load->policy->set);
	load->policy->set = load->compiled.set;
	load->compiled.set = NULL;
	load->policy->without_bit = policy_give_bits(load->policy);
	policy_note_zones(load->policy);
	compiled_free(&load->compiled);
}

/* ---- once it serves */

/* A file that was changed without its inode's telling, or of which nobody can tell. */
static bool has_changed(const struct snapshot *s, const struct load_result *result,
			const atomic_bool *cancelled)
{
	for (size_t i = 0; i < s->conf->lists_count; i++) {
		const struct conf_list *list = &s->conf->lists[i];
		char digest[DIGEST_TEXT_MAX];
		enum err err = compiled_digest(list->file, cancelled, digest);

		if (err == ERR_CANCELLED) /* the process ends */
			return false;
		if (err == ERR_OK && strcmp(digest, result->sources[i].digest) == 0)
			continue;
		log_warning("list %s: %s is not what the compiled set was made of: it is read",
			    list->name, list->file);
		compiled_remove(s->conf->state.directory);
		return true;
	}
	return false;
}

/* True for a policy that is all in its set of names. */
static bool is_names_alone(const struct policy *policy)
{
	for (unsigned int i = 0; i < TRIGGER_COUNT; i++)
		if (policy->prefixes[i])
			return false;
	return !policy->servers && policy->due_s == 0 && policy->over_s == 0 &&
	       (!policy->data || localdata_mark(policy->data) <= DATA_EMPTY) &&
	       domset_image_fits(policy->set);
}

/* What is held back of addresses depends on upstreams, which may be those of the machine, and then
 * are not of the configuration. */
static bool may_have_held_addresses(const struct conf_list *list, const struct load_source *source)
{
	return list->addresses && source->held > 0;
}

static bool may_be_compiled(const struct snapshot *s, const struct load_result *result)
{
	const struct conf *conf = s->conf;

	if (!*conf->state.directory || conf->state.compiled_from == 0 || result->refused > 0 ||
	    domset_count_all(s->policy->set).rules < conf->state.compiled_from ||
	    s->policy->list_count != conf->lists_count || !is_names_alone(s->policy))
		return false;
	for (size_t i = 0; i < conf->lists_count; i++) {
		const struct load_source *source = &result->sources[i];

		if (!source->own || source->unkept || source->absent || source->former ||
		    s->policy->lists[i].unkept || !is_plain(source->format) ||
		    may_have_held_addresses(&conf->lists[i], source) ||
		    notes_are_wanted(&conf->lists[i]))
			return false;
	}
	return true;
}

/* What is kept of a list are the octets that were read. */
static enum err describe(const struct snapshot *s, size_t index, const struct load_source *source,
			 const atomic_bool *cancelled, struct compiled_list *ret_list)
{
	char kept[PATH_MAX];

	ret_list->version = compiled_version(&source->seen);
	ret_list->format = (uint32_t)source->format;
	ret_list->entries = source->entries;
	ret_list->skipped = source->skipped;
	ret_list->bad = source->bad;
	ret_list->held = source->held;
	ret_list->open_end = s->policy->lists[index].open_end;
	keep_path(s->conf->state.directory, s->conf->lists[index].name, kept);
	return compiled_digest(kept, cancelled, ret_list->digest);
}

static enum err compile(const struct snapshot *s, const struct load_result *result,
			const atomic_bool *cancelled, struct err_text *text)
{
	struct compiled compiled = {.set = s->policy->set,
				    .list_count = (uint32_t)s->conf->lists_count};
	char conf_digest[DIGEST_TEXT_MAX];
	struct compiled_by made_by;
	enum err err = accept_digest(s->conf, conf_digest);

	if (err == ERR_OK)
		err = make_by(conf_digest, &made_by);
	if (err != ERR_OK)
		return err_set(text, err, "%s", err_str(err));
	compiled.lists = calloc(compiled.list_count + 1UL, sizeof(*compiled.lists));
	if (!compiled.lists)
		return err_set(text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
	for (size_t i = 0; i < compiled.list_count && err == ERR_OK; i++)
		err = err_set(text,
			      describe(s, i, &result->sources[i], cancelled, &compiled.lists[i]),
			      "what is kept of list %s cannot be read", s->conf->lists[i].name);
	if (err == ERR_OK)
		err = compiled_keep_key(s->conf->state.directory, domset_key(s->policy->set), text);
	if (err == ERR_OK)
		err = compiled_write(s->conf->state.directory, &made_by, &compiled, cancelled,
				     text);
	free(compiled.lists);
	return err;
}

bool loader_compile(const struct snapshot *s, const struct load_result *result,
		    const atomic_bool *cancelled, bool *told)
{
	struct err_text text;
	enum err err;

	if (result->compiled)
		return has_changed(s, result, cancelled);
	if (!may_be_compiled(s, result)) {
		if (*s->conf->state.directory)
			compiled_remove(s->conf->state.directory);
		return false;
	}
	err = compile(s, result, cancelled, &text);
	if (err != ERR_OK && err != ERR_CANCELLED && !*told) {
		log_warning("lists: their set is not kept compiled, and a start takes longer: %s",
			    text.text);
		*told = true;
	}
	return false;
}
