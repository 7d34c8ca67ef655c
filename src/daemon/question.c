/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/question.h"

#include <string.h>

#include "conf/rrtype.h"
#include "daemon/loader.h"
#include "query/explain.h"

struct asked {
	struct name name;
	uint16_t qtype;
	struct ip client; /* family 0: one that may ask */
};

static enum err read_text(const struct question_text *q, struct asked *ret_asked,
			  struct err_text *text)
{
	struct asked asked = {.qtype = TYPE_A};

	if (name_from_text(q->name, strlen(q->name), &asked.name) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "this is no name: %s", q->name);
	if (q->type && rrtype_parse(q->type, &asked.qtype) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "there is no such type: %s", q->type);
	if (q->client && ip_parse(q->client, &asked.client) != ERR_OK)
		return err_set(text, ERR_SYNTAX, "this is no address: %s", q->client);
	*ret_asked = asked;
	return ERR_OK;
}

static enum err answer(const struct snapshot *snapshot, const struct asked *asked, FILE *out)
{
	struct explanation e;
	enum err err = explain(snapshot, &asked->name, asked->qtype,
			       asked->client.family ? &asked->client : NULL, &e);

	return err == ERR_OK ? explain_write(snapshot, &e, out) : err;
}

enum err question_answer(struct conf *conf, const struct question_text *question, FILE *out,
			 struct err_text *text)
{
	struct load_result result;
	struct snapshot *snapshot;
	struct hash_key key;
	struct asked asked;
	enum err err = read_text(question, &asked, text);

	if (err == ERR_OK)
		err = err_set(text, hash_key_random(&key), "no random numbers");
	if (err != ERR_OK) {
		conf_free(conf);
		return err;
	}
	err = loader_load(conf, &key, NULL, NULL, &snapshot, &result, text);
	if (err != ERR_OK)
		return err;
	err = err_set(text, answer(snapshot, &asked, out), "the answer cannot be written");
	snapshot_free(snapshot);
	return err;
}
