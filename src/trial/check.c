/* SPDX-License-Identifier: BSD-2-Clause */
#include "trial/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "conf/conf.h"
#include "trial/trial.h"
#include "load/loader.h"
#include "manual/compile.h"

/* One check under way. */
struct check {
	const char *conf_path;
	bool json;
	struct conf_mistakes mistakes;
	struct load_refusals refusals;
	struct load_result result;
	json_t *lists; /* NULL: not wanted */
	bool no_user;  /* server.user is nobody: `user` says so */
	struct err_text user;
	struct err_text text;
};

/* ---- the lists */

/* What is configured; what became of each is filled in by describe_lists. */
static json_t *name_lists(const struct conf *conf)
{
	json_t *lists = json_array();

	for (size_t i = 0; i < conf->lists_count; i++)
		json_array_append_new(lists, json_pack("{s:s?,s:s?}", "name", conf->lists[i].name,
						       "file", conf->lists[i].file));
	return lists;
}

static void describe_lists(const struct check *check)
{
	json_t *row;
	size_t i;

	json_array_foreach(check->lists, i, row)
	{
		const struct load_source *source = &check->result.sources[i];
		json_t *more = json_pack("{s:s,s:I,s:I,s:I,s:I,s:s?}", "format",
					 list_format_str(source->format), "entries",
					 (json_int_t)source->entries, "skipped",
					 (json_int_t)source->skipped, "bad",
					 (json_int_t)source->bad, "held", (json_int_t)source->held,
					 "refused", *source->reason ? source->reason : NULL);

		json_object_update_new(row, more);
	}
}

/* The rights that the daemon would have; without its user, those of who checks. */
static enum err become_user(struct check *check, const struct conf *conf)
{
	enum err err = trial_become_user(check->conf_path, conf, &check->user);

	check->no_user = err == ERR_NOTFOUND;
	if (err != ERR_OK && !check->no_user)
		check->text = check->user;
	return check->no_user ? ERR_OK : err;
}

/* Reads the lists of `conf`, which is taken over. */
static enum err read_lists(struct check *check, struct conf *conf)
{
	const struct load_options strict = {
		.strict = true,
		.draft = check->mistakes.count > 0,
		.refusals = &check->refusals,
		.judged = &check->result,
	};
	struct snapshot *snapshot;
	struct hash_key key;
	enum err err = hash_key_random(&key);

	(void)err_set(&check->text, err, "no random numbers");
	if (err != ERR_OK) {
		conf_free(conf);
		return err;
	}
	check->lists = check->json ? name_lists(conf) : NULL;
	err = loader_load(conf, &key, NULL, &strict, &snapshot, &check->result, &check->text);
	if (err != ERR_OK)
		return err;
	err = strict.draft ? ERR_OK : manual_apply(snapshot, NULL, &check->text);
	snapshot_free(snapshot);
	return err;
}

/* ---- what is told */

/* `file` is NULL for what its message names the place of. */
typedef void mistake_fn(void *arg, const char *file, const struct conf_mistake *mistake);

static void tell_located(const struct check *check, const struct err_text *text, mistake_fn *fn,
			 void *arg)
{
	struct conf_mistake mistake = {.text = *text};

	conf_locate(check->conf_path, &mistake);
	fn(arg, mistake.mark.line > 0 ? check->conf_path : NULL, &mistake);
}

static void tell_refusal(const struct check *check, const struct load_refusal *refusal,
			 mistake_fn *fn, void *arg)
{
	const json_t *list = json_array_get(check->lists, refusal->list);

	if (refusal->list == LOAD_NO_LIST)
		tell_located(check, &refusal->text, fn, arg);
	else
		fn(arg, json_string_value(json_object_get(list, "file")),
		   &(struct conf_mistake){.text = refusal->text});
}

/* Calls `fn` for all that is wrong; `err` is what reading the lists returned.  True if there is
 * any. */
static bool for_each_mistake(const struct check *check, enum err err, mistake_fn *fn, void *arg)
{
	const struct conf_mistakes *mistakes = &check->mistakes;

	for (size_t i = 0; i < mistakes->count; i++)
		fn(arg, check->conf_path, &mistakes->list[i]);
	if (check->no_user)
		tell_located(check, &check->user, fn, arg);
	for (size_t i = 0; i < check->refusals.count; i++)
		tell_refusal(check, &check->refusals.rows[i], fn, arg);
	if (err != ERR_OK && check->refusals.count == 0)
		tell_located(check, &check->text, fn, arg);
	return mistakes->count > 0 || check->no_user || err != ERR_OK;
}

static void log_mistake(void *arg, const char *file, const struct conf_mistake *mistake)
{
	(void)arg;
	(void)file;
	log_error("%s", mistake->text.text);
}

static int tell(const struct check *check, enum err err)
{
	char held[LOADER_HELD_MAX];
	bool wrong = for_each_mistake(check, err, log_mistake, NULL);

	if (check->mistakes.count == CONF_MISTAKES_MAX ||
	    check->refusals.count == LOAD_REFUSALS_MAX)
		log_error("so many mistakes that there may be more");
	if (wrong)
		return EXIT_FAILURE;
	printf("ok: %zu lists, %llu names%s\n", check->result.lists,
	       (unsigned long long)check->result.names, loader_held_text(&check->result, held));
	return EXIT_SUCCESS;
}

static void add_mistake(void *arg, const char *file, const struct conf_mistake *mistake)
{
	json_array_append_new(arg, json_pack("{s:s?,s:I,s:I,s:s}", "file", file, "line",
					     (json_int_t)mistake->mark.line, "column",
					     (json_int_t)mistake->mark.column, "message",
					     mistake->text.text));
}

static int tell_json(struct check *check, enum err err)
{
	json_t *mistakes = json_array();
	bool ok = !for_each_mistake(check, err, add_mistake, mistakes);
	json_t *root;
	int status;

	describe_lists(check);
	root = json_pack("{s:b,s:I,s:o,s:o}", "ok", ok, "names", (json_int_t)check->result.names,
			 "mistakes", mistakes, "lists", check->lists ? check->lists : json_array());
	status = root && json_dumpf(root, stdout, JSON_INDENT(2)) == 0 && puts("") >= 0;
	json_decref(root);
	return status && ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int check_configuration(const char *conf_path, bool json)
{
	struct check check = {.conf_path = conf_path, .json = json};
	struct conf *conf;
	enum err err = conf_load_draft(conf_path, &conf, &check.mistakes);
	bool has_lists = err == ERR_OK || (conf && conf->lists_count > 0);

	err = has_lists ? become_user(&check, conf) : ERR_OK;
	if (has_lists && err == ERR_OK)
		err = read_lists(&check, conf);
	else
		conf_free(conf);
	return json ? tell_json(&check, err) : tell(&check, err);
}
