/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever happens to files and configuration, in whatever order: no name that a mandatory list has
 * once blocked is answered truly, unless that was accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "keep/keep.h"
#include "load/loader.h"
#include "support/bybuild.h"
#include "support/rig.h"
#include "support/scratch.h"

#define ROUNDS 100UL /* ROUNDS in the environment: as many as are wanted */
#define EVENTS 12U
#define TEXT_MAX 4096
#define LISTS 3U
#define OWNERS 5U
#define NAMES (3U * OWNERS)

/* A process that is killed while it keeps what it has loaded: before so many more names of files
 * have changed. */
static struct {
	bool on;
	unsigned int left;
} cut;

static void count_change(void)
{
	if (cut.on && cut.left-- == 0)
		_exit(0);
}

int rename(const char *from, const char *to)
{
	count_change();
	return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int link(const char *from, const char *to)
{
	count_change();
	return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
	count_change();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

struct world {
	struct scratch scratch;
	bool keeps; /* there is a state directory */
	char yaml[TEXT_MAX];
	struct snapshot *snapshot; /* NULL: it does not run */
	bool ordered[NAMES];	   /* a mandatory list has blocked it */
	unsigned long seed;
};

/* "n3.example", and for each a name below and one below that. */
static void make_name(unsigned int n, char *text, size_t size)
{
	static const char *const below[] = {"", "www.", "x.www."};

	snprintf(text, size, "%sn%u.example", below[n / OWNERS], n % OWNERS);
}

static unsigned int draw(unsigned int below)
{
	return (unsigned int)rand() % below;
}

static void write_names(struct world *w, const char *file)
{
	static const char *const before[] = {"", "*.", "||", "@@||"};
	char content[TEXT_MAX] = "";
	bool adblock = draw(3) == 0;

	for (unsigned int i = draw(8); i > 0; i--) {
		char name[64];
		size_t len = strlen(content);

		make_name(draw(NAMES), name, sizeof(name));
		/* by its form the file's format is found out */
		snprintf(content + len, sizeof(content) - len, "%s%s%s\n",
			 before[adblock ? 2 + draw(2) : draw(5) == 0], name, adblock ? "^" : "");
	}
	if (draw(8) == 0 && *content)
		content[strlen(content) - 1 - draw(5)] = '\0'; /* cut off */
	scratch_write(&w->scratch, file, content);
}

/* What can happen to a list's file. */
static void change_file(struct world *w)
{
	static const char *const files[] = {"f0", "f1", "f2"};
	const struct timespec old[2] = {{.tv_sec = 1000000000 + draw(3)},
					{.tv_sec = 1000000000 + draw(3)}};
	const char *file = files[draw(LISTS)];

	switch (draw(8)) {
	case 0:
		unlink(scratch_path(&w->scratch, file));
		return;
	case 1:
		scratch_write(&w->scratch, file, "Forbidden\n");
		break;
	case 2:
		scratch_write(&w->scratch, file, draw(2) ? "" : "<html>no</html>\n");
		break;
	default:
		write_names(w, file);
	}
	(void)utimensat(AT_FDCWD, scratch_path(&w->scratch, file), old, 0);
}

static void append(struct world *w, const char *text)
{
	strcat(w->yaml, text);
}

/* One of the configurations that an operator may come to write. */
static void change_configuration(struct world *w)
{
	static const char *const actions[] = {"nxdomain", "nodata", "refused", "nxdomain"};
	char line[256];

	w->yaml[0] = '\0';
	append(w, "server: {listen: [127.0.0.1@5399]}\nupstreams: [{address: 192.0.2.53}]\n"
		  "local: {single-labels: false}\n");
	snprintf(line, sizeof(line),
		 "guard: {public-suffixes: false, protected: [www.forbidden%s]}\n",
		 draw(5) == 0 ? ", www.n1.example" : "");
	append(w, line);
	if (w->keeps) {
		snprintf(line, sizeof(line), "state: {directory: %s}\n",
			 scratch_path(&w->scratch, "state"));
		append(w, line);
	}
	snprintf(line, sizeof(line), "lists:\n  - {name: none, file: %s, action: pass}\n",
		 scratch_write(&w->scratch, "none", ""));
	append(w, line);
	for (unsigned int i = 0; i < LISTS; i++) {
		bool mandatory = draw(3) > 0;

		if (draw(5) == 0)
			continue;
		snprintf(line, sizeof(line),
			 "  - {name: l%u, file: %s, action: %s, mandatory: %s, match: %s}\n", i,
			 scratch_path(&w->scratch, i == 0   ? "f0"
						   : i == 1 ? "f1"
							    : "f2"),
			 mandatory	? actions[draw(4)]
			 : draw(2) == 0 ? "pass"
					: "tcp-only",
			 mandatory ? "true" : "false", draw(4) ? "subtree" : "exact");
		append(w, line);
	}
}

static struct verdict verdict_on(const struct world *w, const struct name *name)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(&rig_key, name, &suffixes);
	return policy_match(w->snapshot->policy, name, &suffixes, TYPE_A, POLICY_NO_LEAVE);
}

static void look(struct world *w, const char *event)
{
	for (unsigned int n = 0; w->snapshot && n < NAMES; n++) {
		char text[64];
		struct name name;
		struct verdict v;

		make_name(n, text, sizeof(text));
		assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
		v = verdict_on(w, &name);
		if (w->ordered[n] && !(v.matched && action_blocks(v.action)))
			fail_msg("SEED=%lu: %s is answered truly after a %s:\n%s", w->seed, text,
				 event, w->yaml);
		if (v.matched && w->snapshot->policy->lists[v.list].mandatory &&
		    action_blocks(v.action))
			w->ordered[n] = true;
	}
}

static void load(struct world *w, const char *event)
{
	struct snapshot *next = NULL;
	struct load_result result;
	struct err_text text;
	struct conf *conf;

	assert_int_equal(conf_parse("test.yaml", w->yaml, strlen(w->yaml), &conf, &text), ERR_OK);
	if (loader_load(conf, &rig_key, w->snapshot, NULL, &next, &result, &text) != ERR_OK)
		return;
	snapshot_free(w->snapshot);
	w->snapshot = next;
	look(w, event);
	loader_keep(next, &result);
}

#define CHANGES_MAX 16U /* of names of files, by what is kept of a load */

/* A load that is kept in part. */
static void load_and_die(struct world *w, unsigned int after)
{
	struct snapshot *next = NULL;
	struct load_result result;
	struct err_text text;
	struct conf *conf;
	pid_t pid;

	assert_int_equal(conf_parse("test.yaml", w->yaml, strlen(w->yaml), &conf, &text), ERR_OK);
	if (loader_load(conf, &rig_key, w->snapshot, NULL, &next, &result, &text) != ERR_OK)
		return;
	cut.left = after;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		cut.on = true;
		loader_keep(next, &result);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	snapshot_free(next);
}

/* Without a state directory nothing is known of before. */
static void restart(struct world *w)
{
	snapshot_free(w->snapshot);
	w->snapshot = NULL;
	if (!w->keeps)
		memset(w->ordered, 0, sizeof(w->ordered));
	load(w, "restart");
}

static void run_round(unsigned long seed)
{
	struct world w = {.seed = seed};
	char path[PATH_MAX];

	srand((unsigned int)seed);
	scratch_make(&w.scratch);
	w.keeps = seed % 4 == 0;
	snprintf(path, sizeof(path), "%s", scratch_path(&w.scratch, "state"));
	if (w.keeps)
		assert_int_equal(keep_prepare(path, geteuid(), getegid(), NULL), ERR_OK);
	change_configuration(&w);
	for (unsigned int i = 0; i < EVENTS; i++) {
		unsigned int event = draw(9);

		if (event < 3)
			change_file(&w);
		else if (event < 4)
			change_configuration(&w);
		else if (event < 7)
			load(&w, w.snapshot ? "reload" : "start");
		if (event == 8 && w.keeps) {
			load_and_die(&w, draw(CHANGES_MAX));
			change_file(&w);
		}
		if (event > 6)
			restart(&w);
	}
	snapshot_free(w.snapshot);
	scratch_remove(&w.scratch);
}

static void test_no_order_is_lifted(void **state)
{
	const char *given = getenv("SEED");
	const char *rounds = getenv("ROUNDS");
	unsigned long first = given ? strtoul(given, NULL, 10) : 1;
	unsigned long count = given ? 1 : rounds ? strtoul(rounds, NULL, 10) : ROUNDS;

	log_set_level(LOG_LEVEL_ERROR);
	print_message("seeds %lu to %lu\n", first, first + count - 1);
	for (unsigned long i = 0; i < count; i++)
		run_round(first + i);
}

static const char *const two_files[] = {"f0", "f1"};

/* A world of two mandatory lists in force. */
static void make_two(struct world *w, const char *const texts[2])
{
	char path[PATH_MAX];

	scratch_make(&w->scratch);
	snprintf(path, sizeof(path), "%s", scratch_path(&w->scratch, "state"));
	assert_int_equal(keep_prepare(path, geteuid(), getegid(), NULL), ERR_OK);
	snprintf(w->yaml, sizeof(w->yaml),
		 "server: {listen: [127.0.0.1@5399]}\nupstreams: [{address: 192.0.2.53}]\n"
		 "guard: {public-suffixes: false}\nlocal: {single-labels: false}\n"
		 "state: {directory: %s}\nlists:\n",
		 path);
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s",
			 scratch_write(&w->scratch, two_files[i], texts[i]));
		snprintf(w->yaml + strlen(w->yaml), sizeof(w->yaml) - strlen(w->yaml),
			 "  - {name: l%u, file: %s, action: nxdomain, mandatory: true}\n", i, path);
	}
}

enum aftermath { AS_MEANT, OF_BEFORE, GONE, AFTERMATHS };

static void write_file(struct world *w, unsigned int i, enum aftermath what, const char *before,
		       const char *after)
{
	if (what == GONE)
		unlink(scratch_path(&w->scratch, two_files[i]));
	else
		scratch_write(&w->scratch, two_files[i], what == OF_BEFORE ? before : after);
}

/* Names go from one list to another, and the load is cut short while it is kept; then the files are
 * gone, or are those of before. */
static void test_cut_short(void **state)
{
	static const struct {
		const char *before[2], *after[2];
	} rows[] = {
		{{"n0.example\nn1.example\n", "n2.example\n"},
		 {"n0.example\n", "n1.example\nn2.example\n"}},
		{{"n0.example\n", "n1.example\n"}, {"n1.example\n", "n0.example\n"}},
		{{"n0.example\n", "n1.example\n"}, {"n0.example\nn1.example\n", "n1.example\n"}},
	};

	/* Where ROUNDS asks for few, some of them. */
	const unsigned int step = BY_BUILD(getenv("ROUNDS") ? 7 : 1, 7, 67);

	log_set_level(LOG_LEVEL_ERROR);
	for (unsigned int n = 0;
	     n < sizeof(rows) / sizeof(*rows) * CHANGES_MAX * AFTERMATHS * AFTERMATHS; n += step) {
		const unsigned int row = n / 9 / CHANGES_MAX;
		struct world w = {.keeps = true, .seed = n};

		make_two(&w, rows[row].before);
		load(&w, "start");
		assert_non_null(w.snapshot);
		for (unsigned int i = 0; i < 2; i++)
			write_file(&w, i, AS_MEANT, NULL, rows[row].after[i]);
		load_and_die(&w, n / 9 % CHANGES_MAX);
		for (unsigned int i = 0; i < 2; i++)
			write_file(&w, i, n / (i ? 3 : 1) % AFTERMATHS, rows[row].before[i],
				   rows[row].after[i]);
		restart(&w);
		assert_non_null(w.snapshot);
		snapshot_free(w.snapshot);
		scratch_remove(&w.scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_order_is_lifted),
		cmocka_unit_test(test_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
