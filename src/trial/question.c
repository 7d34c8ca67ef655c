/* SPDX-License-Identifier: BSD-2-Clause */
#include "trial/question.h"

#include "load/loader.h"
#include "manual/compile.h"

static enum err answer(const struct snapshot *snapshot, const struct explain_question *asked,
		       FILE *out, bool *ret_blocked, struct err_text *text)
{
	struct explanation e;
	enum err err = explain(snapshot, asked, &e);

	if (err == ERR_OK)
		err = explain_write(snapshot, &e, out);
	if (err == ERR_OK)
		*ret_blocked = explain_is_blocked(&e);
	return err_set(text, err, "the answer cannot be written: %s", err_str(err));
}

enum err question_answer(struct conf *conf, const struct explain_text *question, FILE *out,
			 bool *ret_blocked, struct err_text *text)
{
	const struct load_options options = {.only_reads = true};
	struct load_result result;
	struct snapshot *snapshot;
	struct hash_key key;
	struct explain_question asked;
	enum err err = explain_read(question, &asked, text);

	if (err == ERR_OK)
		err = err_set(text, hash_key_random(&key), "no random numbers");
	if (err != ERR_OK) {
		conf_free(conf);
		return err;
	}
	err = loader_load(conf, &key, NULL, &options, &snapshot, &result, text);
	if (err != ERR_OK)
		return err;
	err = manual_apply(snapshot, NULL, text);
	if (err == ERR_OK)
		err = answer(snapshot, &asked, out, ret_blocked, text);
	snapshot_free(snapshot);
	return err;
}
