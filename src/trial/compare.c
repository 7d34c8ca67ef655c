/* SPDX-License-Identifier: BSD-2-Clause */
#include "trial/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "conf/conf.h"
#include "load/loader.h"
#include "match/changes.h"
#include "match/weaken.h"

/* What is told, and how much of it. */
struct telling {
	const struct policy *before;
	const struct policy *after;
	uint64_t limit;
	uint64_t counts[CHANGE_COUNT];
	FILE *out;
};

static const char *action_word(enum action action)
{
#define WORD(enumerator, word) [enumerator] = word,
	static const char *const words[] = {CONF_WORDS_ACTION(WORD)};
#undef WORD

	return words[action];
}

/* Which list does what. */
static void write_verdict(FILE *out, const struct policy *policy, const struct verdict *v)
{
	if (!v->matched)
		fputs("answered truly", out);
	else
		fprintf(out, "list %s: %s", policy->lists[v->list].name, action_word(v->action));
}

static void write_subject(FILE *out, const struct change *change)
{
	char text[NAME_TEXT_MAX];
	const char *subject = domset_rule_text(&change->owner, change->pattern, text);

	if (change->pattern)
		fprintf(out, "names of the pattern %s", subject);
	else
		fprintf(out, "%s%s%s%s", change->server ? "zones of the name server " : "",
			change->scope == DOMSET_SCOPE_BELOW ? "*." : "", subject,
			change->scope == DOMSET_SCOPE_ITSELF ? " itself" : "");
}

static void tell(void *arg, const struct change *change)
{
	static const char *const words[CHANGE_COUNT] = {
		[CHANGE_BLOCKED] = "blocked",
		[CHANGE_LIFTED] = "free",
		[CHANGE_ACTION] = "changed",
	};
	struct telling *t = arg;

	if (t->counts[change->kind]++ >= t->limit)
		return;
	fprintf(t->out, "%-7s ", words[change->kind]);
	write_subject(t->out, change);
	fputs(": ", t->out);
	write_verdict(t->out, t->before, &change->before);
	fputs(" -> ", t->out);
	write_verdict(t->out, t->after, &change->after);
	fputs("\n", t->out);
}

static uint64_t tell_ranges(const struct telling *t, const struct policy *before,
			    const struct policy *after, const char *word)
{
	struct weakening w;
	char first[INET6_ADDRSTRLEN];
	char last[INET6_ADDRSTRLEN];

	weaken_find_ranges(before, after, &w);
	for (uint64_t i = 0; i < w.range_count && i < WEAKEN_NAMES_MAX && i < t->limit; i++)
		fprintf(t->out, "%-7s %s-%s%s\n", word,
			ip_text(&w.ranges[i].first, first, sizeof(first)),
			ip_text(&w.ranges[i].last, last, sizeof(last)),
			w.ranges[i].trigger == TRIGGER_CLIENT		? ", as clients"
			: w.ranges[i].trigger == TRIGGER_SERVER_ADDRESS ? ", of name servers"
									: "");
	return w.range_count;
}

static void compare(struct telling *t, struct compare_counts *ret_counts)
{
	struct compare_counts c;

	changes_find(t->before, t->after, NULL, tell, t);
	c.ranges_blocked = tell_ranges(t, t->after, t->before, "blocked");
	c.ranges_lifted = tell_ranges(t, t->before, t->after, "free");
	c.blocked = t->counts[CHANGE_BLOCKED];
	c.lifted = t->counts[CHANGE_LIFTED];
	c.changed = t->counts[CHANGE_ACTION];
	fprintf(t->out, "names: %llu become blocked, %llu free, %llu are answered otherwise",
		(unsigned long long)c.blocked, (unsigned long long)c.lifted,
		(unsigned long long)c.changed);
	fprintf(t->out, "; ranges of addresses: %llu become blocked, %llu free\n",
		(unsigned long long)c.ranges_blocked, (unsigned long long)c.ranges_lifted);
	*ret_counts = c;
}

/* ---- what is loaded */

/* Has the list be read from `file`, wherever it is from. */
static enum err give_file(struct conf *conf, const char *list, const char *file,
			  struct err_text *text)
{
	for (size_t i = 0; i < conf->lists_count; i++) {
		struct conf_list *l = &conf->lists[i];
		char *copy;

		if (strcmp(l->name, list) != 0)
			continue;
		copy = strdup(file);
		if (!copy)
			return err_set(text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
		free(l->file);
		l->file = copy;
		*l->url = '\0';
		return ERR_OK;
	}
	return err_set(text, ERR_NOTFOUND, "no list %s is configured", list);
}

/* Nothing that is kept stands in for a list, or is held against it. */
static enum err load(const struct compare_question *q, const char *path, const char *file,
		     const struct hash_key *key, struct snapshot **ret_snapshot,
		     struct err_text *text)
{
	const struct load_options options = {.strict = true, .only_reads = true, .alone = true};
	struct load_result result;
	struct conf *conf;
	enum err err = conf_load(path, &conf, text);

	if (err != ERR_OK)
		return err;
	if (q->list)
		err = give_file(conf, q->list, file, text);
	if (err != ERR_OK) {
		conf_free(conf);
		return err;
	}
	*conf->state.directory = '\0';
	return loader_load(conf, key, NULL, &options, ret_snapshot, &result, text);
}

static enum err read_limit(const char *limit, uint64_t *ret_limit, struct err_text *text)
{
	unsigned long long number = COMPARE_LIMIT;
	char *end = NULL;

	errno = 0;
	if (limit)
		number = strtoull(limit, &end, 10);
	if (limit && (*limit < '0' || *limit > '9' || *end != '\0' || errno != 0))
		return err_set(text, ERR_SYNTAX, "--limit: expected a number, got \"%s\"", limit);
	*ret_limit = number;
	return ERR_OK;
}

enum err compare_answer(const struct compare_question *q, const char *conf_path, FILE *out,
			struct compare_counts *ret_counts, struct err_text *text)
{
	struct snapshot *before = NULL;
	struct snapshot *after = NULL;
	struct telling t = {.out = out};
	struct hash_key key;
	enum err err = read_limit(q->limit, &t.limit, text);

	if (err == ERR_OK)
		err = err_set(text, hash_key_random(&key), "no random numbers");
	if (err == ERR_OK)
		err = load(q, q->list ? conf_path : q->before, q->before, &key, &before, text);
	if (err == ERR_OK)
		err = load(q, q->list ? conf_path : q->after, q->after, &key, &after, text);
	if (err == ERR_OK) {
		t.before = before->policy;
		t.after = after->policy;
		compare(&t, ret_counts);
		if (fflush(out) != 0)
			err = err_set(text, ERR_SYS, "it cannot be written: %s", strerror(errno));
	}
	if (before)
		snapshot_free(before);
	if (after)
		snapshot_free(after);
	return err;
}
