/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "conf/conf.h"
#include "daemon/trial.h"
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

/* Reads the lists of `conf`, which is taken over; all that is wrong with them is told by the load,
 * but the last reason. */
static enum err read_lists(struct check *check, struct conf *conf)
{
	const struct load_options strict = {
		.strict = true,
		.draft = check->mistakes.count > 0,
		.refusals = check->json ? &check->refusals : NULL,
		.judged = &check->result,
	};
	struct snapshot *snapshot;
	struct hash_key key;
	enum err err = hash_key_random(&key);

	(void)err_set(&check->text, err, "no random numbers");
	if (err == ERR_OK)
		err = trial_become_user(check->conf_path, conf, &check->text);
	if (err != ERR_OK) {
		conf_free(conf);
		return err;
	}
	check->lists = check->json ? name_lists(conf) : NULL;
	err = loader_load(conf, &key, NULL, &strict, &snapshot, &check->result, &check->text);
	if (err != ERR_OK)
		return err;
	err = strict.draft ? ERR_OK : manual_apply(snapshot, &check->text);
	snapshot_free(snapshot);
	return err;
}

/* ---- what is told */

static void log_mistakes(const struct conf_mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		log_error("%s", mistakes->list[i].text.text);
	if (mistakes->count == CONF_MISTAKES_MAX)
		log_error("so many mistakes that there may be more");
}

static int tell(const struct check *check, enum err err)
{
	char held[LOADER_HELD_MAX];

	if (err != ERR_OK)
		log_error("%s", check->text.text);
	if (err != ERR_OK || check->mistakes.count > 0)
		return EXIT_FAILURE;
	printf("ok: %zu lists, %llu names%s\n", check->result.lists,
	       (unsigned long long)check->result.names, loader_held_text(&check->result, held));
	return EXIT_SUCCESS;
}

/* `file` is NULL for what its message names the place of. */
static void add_mistake(json_t *rows, const char *file, const struct conf_mistake *mistake)
{
	json_array_append_new(rows, json_pack("{s:s?,s:I,s:I,s:s}", "file", file, "line",
					      (json_int_t)mistake->line, "column",
					      (json_int_t)mistake->column, "message",
					      mistake->text.text));
}

static void add_refusal(json_t *rows, const struct check *check, const struct load_refusal *refusal)
{
	const json_t *list = json_array_get(check->lists, refusal->list);

	add_mistake(rows, json_string_value(json_object_get(list, "file")),
		    &(struct conf_mistake){.text = refusal->text});
}

static json_t *mistakes_of(const struct check *check, enum err err)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < check->mistakes.count; i++)
		add_mistake(rows, check->conf_path, &check->mistakes.list[i]);
	for (size_t i = 0; i < check->refusals.count; i++)
		add_refusal(rows, check, &check->refusals.rows[i]);
	if (err != ERR_OK && check->refusals.count == 0)
		add_mistake(rows, NULL, &(struct conf_mistake){.text = check->text});
	return rows;
}

static int tell_json(struct check *check, enum err err)
{
	bool ok = err == ERR_OK && check->mistakes.count == 0;
	json_t *root;
	int status;

	describe_lists(check);
	root = json_pack("{s:b,s:I,s:o,s:o}", "ok", ok, "names", (json_int_t)check->result.names,
			 "mistakes", mistakes_of(check, err), "lists",
			 check->lists ? check->lists : json_array());
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

	if (!json)
		log_mistakes(&check.mistakes);
	if (!has_lists)
		conf_free(conf);
	err = has_lists ? read_lists(&check, conf) : ERR_OK;
	return json ? tell_json(&check, err) : tell(&check, err);
}
