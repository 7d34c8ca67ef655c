/* SPDX-License-Identifier: BSD-2-Clause */
/* A start from the compiled set: as if the lists had been read, or they are. */
#include "load/frozen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "support/rig.h"
#include "support/scratch.h"

#define YAML_MAX 4096
#define LISTS 3U
#define NAMES 9U /* of a list: a change of so few is within the limits */
#define STEPS 150U
#define CHANGED "is not what the compiled set was made of"
#define NOT_KEPT "their set is not kept compiled"

struct kit {
	struct scratch scratch;
	char more[512]; /* of the configuration, and of each list */
	char of_list[LISTS][128];
	struct snapshot *snapshot; /* in force; NULL: it does not run */
	struct load_result result;
	bool told;
	size_t states; /* directories of the state, of which the last is in use */
};

static const char *state_of(const struct kit *kit)
{
	char name[32];

	snprintf(name, sizeof(name), "state%zu", kit->states);
	return scratch_path(&kit->scratch, name);
}

static const char *in_state(const struct kit *kit, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "state%zu/%s", kit->states, name);
	return scratch_path(&kit->scratch, path);
}

static bool is_compiled(const struct kit *kit)
{
	return access(in_state(kit, "compiled.set"), F_OK) == 0;
}

static const char *list_name(unsigned int list)
{
	static const char *const names[LISTS] = {"f0", "f1", "f2"};

	return names[list];
}

static struct conf *make_conf(const struct kit *kit, bool keeps)
{
	char yaml[YAML_MAX] = "";
	struct err_text text = {""};
	struct conf *conf;
	size_t len = 0;

	len += (size_t)snprintf(yaml, sizeof(yaml),
				"server: {listen: [127.0.0.1@5399]}\n"
				"upstreams: [{address: 192.0.2.53}]\n"
				"guard: {public-suffixes: false}\n%s",
				kit->more);
	if (keeps && !strstr(kit->more, "state:"))
		len += (size_t)snprintf(yaml + len, sizeof(yaml) - len,
					"state: {directory: %s, compiled-from: 1}\n",
					state_of(kit));
	len += (size_t)snprintf(yaml + len, sizeof(yaml) - len, "lists:\n");
	for (unsigned int i = 0; i < LISTS; i++)
		len += (size_t)snprintf(
			yaml + len, sizeof(yaml) - len, "  - {name: %s, file: %s%s%s}\n",
			list_name(i), scratch_path(&kit->scratch, list_name(i)), kit->of_list[i],
			strstr(kit->of_list[i], "action:") ? "" : ", action: nxdomain");
	if (conf_parse("test.yaml", yaml, len, &conf, &text) != ERR_OK)
		fail_msg("%s\n%s", text.text, yaml);
	return conf;
}

/* The daemon ends, if it runs, and starts. */
static void start(struct kit *kit)
{
	const struct load_options options = {.alone = false};
	struct err_text text = {""};

	snapshot_free(kit->snapshot);
	kit->snapshot = NULL;
	kit->told = false;
	if (loader_load(make_conf(kit, true), &rig_key, NULL, &options, &kit->snapshot,
			&kit->result, &text) != ERR_OK)
		fail_msg("%s", text.text);
	loader_keep(kit->snapshot, &kit->result);
}

static bool compile(struct kit *kit)
{
	return loader_compile(kit->snapshot, &kit->result, NULL, &kit->told);
}

static void write_list(struct kit *kit, unsigned int list, const char *text)
{
	scratch_write(&kit->scratch, list_name(list), text);
}

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	assert_int_equal(mkdir(state_of(kit), 0700), 0);
	write_list(kit, 0, "one.example\ntwo.example\n");
	write_list(kit, 1, "0.0.0.0 three.example\n");
	write_list(kit, 2, "||four.example^\n@@||sub.four.example^\n");
	log_set_level(LOG_LEVEL_WARNING);
	*state = kit;
	return 0;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	snapshot_free(kit->snapshot);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

static struct verdict verdict_in(const struct snapshot *s, const char *text)
{
	struct name_suffixes suffixes;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(&rig_key, &name, &suffixes);
	return policy_match(s->policy, &name, &suffixes, TYPE_A, POLICY_NO_LEAVE);
}

static bool is_blocked(const struct kit *kit, const char *text)
{
	return verdict_in(kit->snapshot, text).matched;
}

/* Has the next start begin from there. */
static void start_compiled(struct kit *kit)
{
	start(kit);
	assert_false(kit->result.compiled);
	assert_false(compile(kit));
	assert_true(is_compiled(kit));
	start(kit);
	assert_true(kit->result.compiled);
}

/* ---- from there */

static void test_a_start_from_there(void **state)
{
	struct kit *kit = *state;

	start_compiled(kit);
	assert_true(is_blocked(kit, "www.one.example"));
	assert_true(is_blocked(kit, "three.example"));
	assert_true(is_blocked(kit, "four.example"));
	assert_false(is_blocked(kit, "sub.four.example"));
	assert_false(is_blocked(kit, "five.example"));
	for (unsigned int i = 0; i < LISTS; i++) {
		assert_true(kit->result.sources[i].own);
		assert_int_equal(kit->result.sources[i].format, i == 0	 ? LIST_FORMAT_NAMES
								: i == 1 ? LIST_FORMAT_HOSTS
									 : LIST_FORMAT_ADBLOCK);
		assert_int_equal(kit->result.sources[i].entries, i == 1 ? 1 : 2);
	}
	assert_int_equal(kit->result.refused, 0);
	assert_false(compile(kit)); /* they have in them what it says */
	assert_true(is_compiled(kit));
}

/* What has another version is read, what has the same octets as well. */
static void test_another_version_is_read(void **state)
{
	struct kit *kit = *state;

	start_compiled(kit);
	write_list(kit, 0, "one.example\nother.example\n");
	start(kit);
	assert_false(kit->result.compiled);
	assert_true(is_blocked(kit, "other.example"));
	assert_false(is_blocked(kit, "two.example"));
	assert_false(compile(kit));
	start(kit);
	assert_true(kit->result.compiled);
	assert_true(is_blocked(kit, "other.example"));
	write_list(kit, 0, "one.example\nother.example\n");
	start(kit);
	assert_false(kit->result.compiled);
	strcpy(kit->of_list[1], ", action: refused");
	assert_false(compile(kit));
	start(kit);
	assert_false(kit->result.compiled);
	assert_int_equal(verdict_in(kit->snapshot, "three.example").action, ACTION_REFUSED);
}

/* ---- verified once it serves */

/* Whoever writes in the file itself after its inode was looked at is found out. */
static void test_a_file_that_changed(void **state)
{
	struct kit *kit = *state;
	int fd;

	start_compiled(kit);
	fd = open(scratch_path(&kit->scratch, "f0"), O_WRONLY);
	assert_int_equal(pwrite(fd, "two", 3, 0), 3);
	close(fd);
	scratch_take_stderr(&kit->scratch);
	assert_true(compile(kit));
	assert_true(scratch_logged(&kit->scratch, CHANGED));
	scratch_give_stderr(&kit->scratch);
	assert_false(is_compiled(kit));
	start(kit);
	assert_false(kit->result.compiled);
	assert_false(is_blocked(kit, "one.example"));
}

static void test_a_file_that_is_gone(void **state)
{
	struct kit *kit = *state;

	start_compiled(kit);
	assert_int_equal(unlink(scratch_path(&kit->scratch, "f1")), 0);
	scratch_take_stderr(&kit->scratch);
	assert_true(compile(kit));
	assert_true(scratch_logged(&kit->scratch, "list f1: "));
	scratch_give_stderr(&kit->scratch);
	assert_false(is_compiled(kit));
}

static void test_the_same_octets_in_another_file(void **state)
{
	struct kit *kit = *state;

	start_compiled(kit);
	write_list(kit, 1, "0.0.0.0 three.example\n");
	assert_false(compile(kit));
	assert_true(is_compiled(kit));
}

/* A process that ends verifies nothing, and writes nothing. */
static void test_cancelled(void **state)
{
	static const atomic_bool cancelled = true;
	struct kit *kit = *state;

	start(kit);
	scratch_take_stderr(&kit->scratch);
	assert_false(loader_compile(kit->snapshot, &kit->result, &cancelled, &kit->told));
	assert_false(is_compiled(kit));
	assert_false(kit->told);
	assert_false(scratch_logged(&kit->scratch, NOT_KEPT));
	scratch_give_stderr(&kit->scratch);
	assert_false(compile(kit));
	start(kit);
	assert_true(kit->result.compiled);
	write_list(kit, 0, "another.example\n");
	assert_false(loader_compile(kit->snapshot, &kit->result, &cancelled, &kit->told));
	assert_true(is_compiled(kit));
	assert_true(compile(kit));
}

/* ---- what may not be compiled */

static const struct {
	const char *more;    /* of the configuration */
	const char *of_list; /* of the first list */
	const char *text;    /* its file; NULL: it is gone */
} others[] = {
	{"", ", mandatory: true", "one.example\n"},
	{"", ", format: csv, columns: {name: 1}", "one.example,x\n"},
	{"", ", format: addresses", "192.0.2.0/24\n"},
	{"", ", addresses: true", "one.example\n192.0.2.53\n"}, /* an upstream has it */
	{"", ", format: rpz, action: given",
	 "$TTL 60\n@ SOA a. b. 1 1 1 1 1\n@ NS a.\nx CNAME .\n"},
	{"", "", "||one.example^$dnsrewrite=192.0.2.1\n"},
	{"", "", "||ads-*.example^\n||one.example^\n"},
	{"", "", "<html><body>no list</body></html>\n"}, /* refused: the one before stands in */
	{"", "", NULL},
};

/* What was compiled before is not left behind for a start that would take it. */
static void test_what_is_not_compiled(void **state)
{
	struct kit *kit = *state;

	scratch_take_stderr(&kit->scratch);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		kit->more[0] = kit->of_list[0][0] = '\0';
		kit->states++;
		assert_int_equal(mkdir(state_of(kit), 0700), 0);
		write_list(kit, 0, "one.example\ntwo.example\n");
		start(kit);
		assert_false(compile(kit));
		assert_true(is_compiled(kit));
		strcpy(kit->more, others[i].more);
		strcpy(kit->of_list[0], others[i].of_list);
		unlink(scratch_path(&kit->scratch, "f0"));
		if (others[i].text)
			write_list(kit, 0, others[i].text);
		start(kit);
		assert_false(kit->result.compiled);
		if (compile(kit) || is_compiled(kit))
			fail_msg("row %zu is compiled", i);
		assert_false(kit->told);
		start(kit);
		assert_false(kit->result.compiled);
	}
	scratch_give_stderr(&kit->scratch);
}

/* Fewer names than are worth it, or nowhere to keep them. */
static void test_not_worth_it(void **state)
{
	struct kit *kit = *state;

	start_compiled(kit);
	snprintf(kit->more, sizeof(kit->more), "state: {directory: %s, compiled-from: 6}\n",
		 state_of(kit));
	start(kit);
	assert_false(kit->result.compiled);
	assert_false(compile(kit));
	assert_false(is_compiled(kit)); /* there are five rules */
	snprintf(kit->more, sizeof(kit->more), "state: {directory: %s, compiled-from: 5}\n",
		 state_of(kit));
	start(kit);
	assert_false(compile(kit));
	assert_true(is_compiled(kit));
	snprintf(kit->more, sizeof(kit->more), "state: {directory: %s, compiled-from: 0}\n",
		 state_of(kit));
	start(kit);
	assert_false(kit->result.compiled);
	assert_false(compile(kit));
	assert_false(is_compiled(kit));
	strcpy(kit->more, "state: {directory: \"\"}\n");
	start(kit);
	assert_false(compile(kit));
	assert_false(kit->told);
}

/* What cannot be written is told once, and costs nothing but time. */
static void test_what_cannot_be_written(void **state)
{
	struct kit *kit = *state;

	start(kit);
	assert_int_equal(mkdir(in_state(kit, "compiled.set"), 0700), 0);
	assert_int_equal(mkdir(in_state(kit, "compiled.set/x"), 0700), 0);
	scratch_take_stderr(&kit->scratch);
	kit->told = true;
	assert_false(compile(kit));
	assert_false(scratch_logged(&kit->scratch, NOT_KEPT));
	kit->told = false;
	assert_false(compile(kit));
	assert_true(kit->told);
	assert_true(scratch_logged(&kit->scratch, NOT_KEPT));
	start(kit);
	assert_false(kit->result.compiled);
	assert_true(is_blocked(kit, "one.example"));
	scratch_give_stderr(&kit->scratch);
}

/* ---- whatever happens to the files, in whatever order */

static unsigned int draw(unsigned int below)
{
	return (unsigned int)rand() % below;
}

static void draw_list(struct kit *kit, unsigned int list)
{
	static const char *const before[LISTS] = {"", "0.0.0.0 ", "||"};
	char text[1024] = "";
	size_t len = (size_t)snprintf(text, sizeof(text), "%sbase.example%s\n", before[list],
				      list == 2 ? "^" : ""); /* something is blocked always */

	for (unsigned int i = 1 + draw(NAMES); i > 0; i--)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%sn%u.example%s\n",
					list == 2 && draw(4) == 0 ? "@@" : "", before[list],
					draw(NAMES), list == 2 ? "^" : "");
	write_list(kit, list, text);
}

static void draw_configuration(struct kit *kit, unsigned int list)
{
	static const char *const actions[] = {"", ", action: nodata", ", action: pass",
					      ", action: log", ", match: exact"};

	strcpy(kit->of_list[list], actions[draw(5)]);
}

/* All is as it is where nothing is kept, and the lists are read. */
static void check_verdicts(const struct kit *kit)
{
	const struct load_options options = {.alone = true};
	struct load_result *result = calloc(1, sizeof(*result));
	struct snapshot *read = NULL;
	struct err_text text = {""};

	if (loader_load(make_conf(kit, false), &rig_key, NULL, &options, &read, result, &text) !=
	    ERR_OK)
		fail_msg("%s", text.text);
	assert_int_equal(kit->result.names, result->names);
	for (unsigned int i = 0; i < 2 * NAMES; i++) {
		char name[32];
		struct verdict expected;
		struct verdict found;

		snprintf(name, sizeof(name), "%sn%u.example", i % 2 ? "www." : "", i / 2);
		expected = verdict_in(read, name);
		found = verdict_in(kit->snapshot, name);
		assert_int_equal(found.matched, expected.matched);
		assert_int_equal(found.logged, expected.logged);
		assert_int_equal(found.excepted, expected.excepted);
		if (!found.matched)
			continue;
		assert_int_equal(found.list, expected.list);
		assert_int_equal(found.action, expected.action);
		assert_int_equal(found.owner_labels, expected.owner_labels);
	}
	snapshot_free(read);
	free(result);
}

/* By what it is known which state of the files and of the configuration a set is of. */
struct history {
	unsigned int version[LISTS]; /* of each file */
	char loaded[640];
	char compiled[640]; /* "": none is */
};

static void sign(const struct kit *kit, const struct history *h, char text[640])
{
	size_t len = 0;

	for (unsigned int i = 0; i < LISTS; i++)
		len += (size_t)snprintf(text + len, 640 - len, "%u%s ", h->version[i],
					kit->of_list[i]);
}

static void change(struct kit *kit, struct history *h)
{
	unsigned int list = draw(LISTS);

	draw_list(kit, list);
	h->version[list]++;
}

/* From there just where that is of what there is now. */
static void start_and_check(struct kit *kit, struct history *h)
{
	sign(kit, h, h->loaded);
	start(kit);
	assert_int_equal(kit->result.compiled, strcmp(h->loaded, h->compiled) == 0);
	check_verdicts(kit);
}

static void compile_and_check(struct kit *kit, struct history *h)
{
	bool again = compile(kit);

	if (again) {
		assert_true(kit->result.compiled);
		assert_false(is_compiled(kit));
		h->compiled[0] = '\0';
		start_and_check(kit, h);
		return;
	}
	assert_true(is_compiled(kit));
	if (!kit->result.compiled)
		strcpy(h->compiled, h->loaded);
}

static void test_any_order(void **state)
{
	struct kit *kit = *state;
	struct history h = {.compiled = ""};
	unsigned int from_there = 0;

	srand(3);
	for (unsigned int list = 0; list < LISTS; list++)
		draw_list(kit, list);
	scratch_take_stderr(&kit->scratch);
	start_and_check(kit, &h);
	for (unsigned int step = 0; step < STEPS; step++) {
		switch (draw(6)) {
		case 0:
			change(kit, &h);
			break;
		case 1:
			draw_configuration(kit, draw(LISTS));
			break;
		case 2:
		case 3:
			compile_and_check(kit, &h);
			break;
		default:
			start_and_check(kit, &h);
			from_there += kit->result.compiled;
		}
	}
	scratch_give_stderr(&kit->scratch);
	assert_true(from_there > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_start_from_there),
		TEST(test_another_version_is_read),
		TEST(test_a_file_that_changed),
		TEST(test_a_file_that_is_gone),
		TEST(test_the_same_octets_in_another_file),
		TEST(test_cancelled),
		TEST(test_what_is_not_compiled),
		TEST(test_not_worth_it),
		TEST(test_what_cannot_be_written),
		TEST(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
