/* SPDX-License-Identifier: BSD-2-Clause */
/* A load while another process still serves: it takes the core from nobody. */
#include "base/priority.h"
#include "base/thread.h"
#include "load/loader.h"

/* The arguments of loader_load, and what it returned. */
struct aside {
	struct conf *conf;
	const struct hash_key *name_key;
	const struct load_options *options;
	struct snapshot **ret_snapshot;
	struct load_result *ret_result;
	struct err_text *text;
	enum err err;
};

static void *load(void *arg)
{
	struct aside *a = arg;

	priority_step_back();
	a->err = loader_load(a->conf, a->name_key, NULL, a->options, a->ret_snapshot, a->ret_result,
			     a->text);
	return NULL;
}

/* A thread of its own: one that has stepped back may not come forward again. */
enum err loader_load_aside(struct conf *conf, const struct hash_key *name_key,
			   const struct load_options *options, struct snapshot **ret_snapshot,
			   struct load_result *ret_result, struct err_text *text)
{
	struct aside a = {conf, name_key, options, ret_snapshot, ret_result, text, ERR_OK};
	pthread_t thread;

	if (thread_start("loader", load, &a, &thread) != 0)
		return loader_load(conf, name_key, NULL, options, ret_snapshot, ret_result, text);
	pthread_join(thread, NULL);
	return a.err;
}
