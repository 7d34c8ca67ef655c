/* SPDX-License-Identifier: BSD-2-Clause */
#include "trial/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "trial/question.h"
#include "keep/accept.h"
#include "load/loader.h"
#include "system/privilege.h"

static int fail(const char *text)
{
	log_error("%s", text);
	return EXIT_FAILURE;
}

enum err trial_become_user(const char *conf_path, const struct conf *conf, struct err_text *text)
{
	struct privilege_user user;
	enum err err = privilege_find(conf->server.user, &user, text);

	if (err == ERR_OK && privilege_check(conf->server.user, text) != ERR_OK)
		log_warning("%s: a start as root would fail", text->text);
	if (err == ERR_OK)
		err = privilege_drop(&user, text);
	if (err == ERR_OK && eaccess(conf_path, R_OK) != 0)
		log_warning("%s: %s: user %u could not read it at a reload", conf_path,
			    strerror(errno), (unsigned int)user.uid);
	return err;
}

/* Writes down that the list is meant as it is, if that needs saying. */
static int write_acceptance(const char *name, const char *directory,
			    const struct load_result *result)
{
	struct err_text text;

	if (!result->accept_known)
		err_set(&text, ERR_NOTFOUND, "no list %s is configured or was in force", name);
	else if (!result->accept_needed)
		return printf("list %s: nothing that is in force would be lifted\n", name) < 0;
	else if (accept_write(directory, name, result->accept_file, result->accept_conf, &text) ==
		 ERR_OK)
		return printf("list %s: accepted for the next load, as its file and the "
			      "configuration are now\n",
			      name) < 0;
	return fail(text.text);
}

int trial_accept(struct conf *conf, const char *conf_path, const char *list)
{
	const struct load_options options = {.accept = list};
	struct load_result result;
	struct snapshot *snapshot = NULL;
	struct hash_key key;
	struct err_text text = {"no random numbers"};
	enum err err = hash_key_random(&key);
	int status;

	if (err == ERR_OK && !*conf->state.directory)
		err = err_set(&text, ERR_CONFIG, "no state.directory is configured to keep it in");
	if (err == ERR_OK)
		err = trial_become_user(conf_path, conf, &text);
	if (err != ERR_OK) {
		conf_free(conf);
		return fail(text.text);
	}
	if (loader_load(conf, &key, NULL, &options, &snapshot, &result, &text) != ERR_OK)
		return fail(text.text);
	status = write_acceptance(list, snapshot->conf->state.directory, &result);
	snapshot_free(snapshot);
	return status;
}

int trial_explain(struct conf *conf, const char *conf_path, const struct explain_text *question)
{
	struct err_text text;
	bool blocked;

	if (trial_become_user(conf_path, conf, &text) != ERR_OK) {
		conf_free(conf);
		return fail(text.text);
	}
	if (question_answer(conf, question, stdout, &blocked, &text) != ERR_OK)
		return fail(text.text);
	return blocked ? EXIT_SUCCESS : TRIAL_LETS_THROUGH;
}

int trial_compare(const char *conf_path, const struct compare_question *question)
{
	const char *path = question->list ? conf_path : question->after;
	struct compare_counts counts;
	struct err_text text;
	struct conf *conf;
	enum err err = conf_load(path, &conf, &text);

	if (err != ERR_OK)
		return fail(text.text);
	err = trial_become_user(path, conf, &text);
	conf_free(conf);
	if (err == ERR_OK)
		err = compare_answer(question, conf_path, stdout, &counts, &text);
	if (err != ERR_OK)
		return fail(text.text);
	return counts.lifted > 0 || counts.ranges_lifted > 0 ? TRIAL_FREES : EXIT_SUCCESS;
}
