/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads: what comes into force of a configuration and its lists, and what stands in for a list
 * that is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "names/local.h"
#include "map/namemap.h"
#include "keep/accept.h"
#include "keep/keep.h"
#include "group/groups.h"
#include "load/loader.h"
#include "system/resolv.h"
#include "support/alloc_fail.h"
#include "support/bybuild.h"
#include "support/map_fail.h"
#include "support/rig.h"
#include "support/scratch.h"

#define YAML_MAX 8192
#define TEXT_MAX 32768
#define NOBODY (-1)
#define ALLOCATIONS_MAX 20000UL
#define ALLOCATIONS_STEP(mappings) ((mappings) ? 1UL : BY_BUILD(1UL, 11UL, 31UL))

struct bench {
	struct scratch scratch;
	char yaml[YAML_MAX];
	struct snapshot *snapshot; /* in force */
	struct load_result result;
	struct err_text text;
};

/* ---- configurations */

static const char *const base_yaml =
	"server: {listen: [127.0.0.1@5399]}\n"
	"upstreams: [{address: 192.0.2.53}]\n"
	"guard: {public-suffixes: false, protected: [www.forbidden]}\n";

static void append(struct bench *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void append(struct bench *b, const char *fmt, ...)
{
	size_t len = strlen(b->yaml);
	va_list args;

	va_start(args, fmt);
	assert_true(vsnprintf(b->yaml + len, YAML_MAX - len, fmt, args) < (int)(YAML_MAX - len));
	va_end(args);
}

/* Begins a configuration without lists. */
static void begin(struct bench *b)
{
	b->yaml[0] = '\0';
	append(b, "%s", base_yaml);
}

/* ... that keeps the last good versions. */
static void begin_keeping(struct bench *b)
{
	begin(b);
	append(b, "state: {directory: %s}\n", scratch_path(&b->scratch, "state"));
}

/* Adds the list `name` of the file `name`; `more` is further options. */
static void add_list(struct bench *b, const char *name, const char *more)
{
	if (!strstr(b->yaml, "lists:\n"))
		append(b, "lists:\n");
	append(b, "  - {name: %s, file: %s%s%s}\n", name, scratch_path(&b->scratch, name),
	       *more ? ", " : "", more);
}

static struct conf *make_conf(struct bench *b)
{
	struct err_text text = {""};
	struct conf *conf;

	if (conf_parse("test.yaml", b->yaml, strlen(b->yaml), &conf, &text) != ERR_OK)
		fail_msg("%s\n%s", text.text, b->yaml);
	return conf;
}

static void write_list(struct bench *b, const char *name, const char *content)
{
	scratch_write(&b->scratch, name, content);
}

/* A list of n0.example, n1.example, ... */
static void write_names(struct bench *b, const char *name, unsigned int count)
{
	char content[TEXT_MAX];
	size_t len = 0;

	content[0] = '\0';
	for (unsigned int i = 0; i < count; i++)
		len += (size_t)snprintf(content + len, sizeof(content) - len, "n%u.example\n", i);
	assert_true(len < sizeof(content));
	write_list(b, name, content);
}

/* ---- loads */

static enum err load_from(struct bench *b, const struct snapshot *old, bool strict,
			  struct snapshot **ret_snapshot)
{
	const struct load_options options = {.strict = strict};

	b->text.text[0] = '\0';
	return loader_load(make_conf(b), &rig_key, old, &options, ret_snapshot, &b->result,
			   &b->text);
}

/* Loads what comes after the snapshot in force, and puts it in force. */
static void load(struct bench *b)
{
	struct snapshot *next = NULL;

	if (load_from(b, b->snapshot, false, &next) != ERR_OK)
		fail_msg("%s", b->text.text);
	snapshot_free(b->snapshot);
	b->snapshot = next;
}

/* The daemon ends and starts again. */
static void restart(struct bench *b)
{
	snapshot_free(b->snapshot);
	b->snapshot = NULL;
	load(b);
}

static void expect_load_fails(struct bench *b, bool strict, enum err err, const char *why)
{
	struct snapshot *untouched = b->snapshot;
	struct load_result before = b->result;

	assert_int_equal(load_from(b, b->snapshot, strict, &untouched), err);
	assert_ptr_equal(untouched, b->snapshot);
	assert_memory_equal(&before, &b->result, sizeof(before));
	if (!strstr(b->text.text, why))
		fail_msg("\"%s\" says nothing of \"%s\"", b->text.text, why);
}

/* Which list speaks for a name; NOBODY. */
static int list_of(const struct bench *b, const char *text)
{
	struct name_suffixes suffixes;
	struct verdict v;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(&rig_key, &name, &suffixes);
	v = policy_match(b->snapshot->policy, &name, &suffixes, TYPE_A, POLICY_NO_LEAVE);
	return v.matched ? v.list : NOBODY;
}

static uint32_t rules_of(const struct bench *b, unsigned int list)
{
	return domset_count(b->snapshot->policy->set, list).rules;
}

static const struct policy_list *list_at(const struct bench *b, size_t i)
{
	assert_true(i < b->snapshot->policy->list_count);
	return &b->snapshot->policy->lists[i];
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	scratch_make(&b->scratch);
	log_set_level(LOG_LEVEL_ERROR);
	begin(b);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	snapshot_free(b->snapshot);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

/* ---- good loads */

static void test_load(void **state)
{
	struct bench *b = *state;
	struct ip inside;
	struct ip outside;

	append(b, "cache: {min-ttl: 5, max-ttl: 600, max-negative-ttl: 60}\n");
	write_list(b, "first", "a.example\nb.example\n");
	write_list(b, "second", "c.example\n# a comment\n");
	add_list(b, "first", "action: nxdomain, reason: order, authority: {case: 7-11}");
	add_list(b, "second", "sinkhole: {ipv4: 192.0.2.1, ttl: 30}, mandatory: true");
	load(b);
	assert_int_equal(b->snapshot->generation, 1);
	assert_int_equal(b->snapshot->ttl.min_s, 5);
	assert_int_equal(b->snapshot->ttl.max_s, 600);
	assert_int_equal(b->snapshot->ttl.max_negative_s, 60);
	assert_int_equal(b->snapshot->pool_count, 1);
	assert_int_equal(b->snapshot->pools[0].count, 1);
	assert_int_equal(ntohs(b->snapshot->pools[0].servers[0].address.u.in.sin_port), 53);
	assert_int_equal(ip_parse("10.1.2.3", &inside), ERR_OK);
	assert_int_equal(ip_parse("192.0.2.3", &outside), ERR_OK);
	assert_true(prefix_set_contains(b->snapshot->allow, &inside));
	assert_false(prefix_set_contains(b->snapshot->allow, &outside));
	assert_int_equal(b->result.names, 3);
	assert_int_equal(b->result.lists, 2);
	assert_int_equal(b->result.refused, 0);
	assert_true(b->result.sources[0].own && b->result.sources[1].own);
	assert_int_equal(list_of(b, "www.a.example"), 0);
	assert_int_equal(list_of(b, "c.example"), 1);
	assert_int_equal(list_of(b, "d.example"), NOBODY);
}

static void test_lists_are_described(void **state)
{
	struct bench *b = *state;
	const struct policy_list *list;

	write_list(b, "first", "a.example\nb.example\n");
	write_list(b, "second", "c.example\n");
	add_list(b, "first", "action: nxdomain, reason: order, authority: {case: 7-11}");
	add_list(b, "second",
		 "sinkhole: {ipv4: 192.0.2.1, ipv6: '2001:db8::1', ttl: 30}, mandatory: true");
	load(b);
	list = list_at(b, 0);
	assert_string_equal(list->name, "first");
	assert_int_equal(list->action, ACTION_NXDOMAIN);
	assert_int_equal(list->entries, 2);
	assert_false(list->mandatory || list->has_ipv4 || list->has_ipv6);
	assert_int_equal(wire_get16(list->denied.data + 4), EDE_CENSORED);
	assert_memory_equal(list->denied.data + 6, "first; case 7-11", 16);
	list = list_at(b, 1);
	assert_string_equal(list->name, "second");
	assert_int_equal(list->action, ACTION_SINKHOLE);
	assert_int_equal(list->ttl_s, 30);
	assert_true(list->mandatory && list->has_ipv4 && list->has_ipv6);
	assert_memory_equal(list->ipv4, "\xc0\0\2\1", 4);
	assert_memory_equal(list->ipv6, "\x20\x01\x0d\xb8", 4);
	assert_int_equal(list->ipv6[15], 1);
	assert_int_equal(wire_get16(list->forged.data + 4), EDE_FORGED_ANSWER);
}

static void test_no_lists(void **state)
{
	struct bench *b = *state;

	load(b);
	assert_int_equal(b->result.names, 0);
	assert_int_equal(b->result.lists, 0);
	assert_int_equal(list_of(b, "a.example"), NOBODY);
	load(b);
	assert_int_equal(b->snapshot->generation, 2);
}

/* Where two lists name the same, the one that stands first decides; but those that pass. */
static void test_order(void **state)
{
	struct bench *b = *state;

	write_list(b, "x", "a.example\nb.example\n");
	write_list(b, "y", "a.example\nc.example\n");
	write_list(b, "z", "ok.b.example\n");
	add_list(b, "x", "action: nxdomain");
	add_list(b, "y", "action: refused");
	add_list(b, "z", "action: pass");
	load(b);
	assert_int_equal(list_of(b, "a.example"), 0);
	assert_int_equal(list_of(b, "ok.b.example"), 2);
	begin(b);
	add_list(b, "z", "action: pass");
	add_list(b, "y", "action: refused");
	add_list(b, "x", "action: nxdomain");
	load(b);
	assert_string_equal(list_at(b, 1)->name, "y");
	assert_int_equal(list_of(b, "a.example"), 1);
	assert_int_equal(list_of(b, "b.example"), 2);
	assert_int_equal(list_of(b, "ok.b.example"), 0);
}

static void test_formats_and_match(void **state)
{
	struct bench *b = *state;

	write_list(b, "hosts", "0.0.0.0 a.example\n0.0.0.0 b.example\n");
	write_list(b, "adblock", "! title\n||c.example^\n");
	write_list(b, "names", "d.example\n");
	add_list(b, "hosts", "action: nxdomain, match: exact");
	add_list(b, "adblock", "action: nxdomain");
	add_list(b, "names", "action: nxdomain, format: names");
	load(b);
	assert_int_equal(b->result.sources[0].format, LIST_FORMAT_HOSTS);
	assert_int_equal(b->result.sources[1].format, LIST_FORMAT_ADBLOCK);
	assert_int_equal(b->result.sources[2].format, LIST_FORMAT_NAMES);
	assert_int_equal(list_of(b, "a.example"), 0);
	assert_int_equal(list_of(b, "www.a.example"), NOBODY);
	assert_int_equal(list_of(b, "www.c.example"), 1);
}

/* What would block too much is held back; the rest of the list is in force. */
static void test_guard(void **state)
{
	struct bench *b = *state;

	b->yaml[0] = '\0';
	append(b, "upstreams: [{address: 192.0.2.53}]\n"
		  "guard: {protected: [www.bank.example], public-suffixes: true}\n");
	write_list(b, "x", "co.uk\nbank.example\nother.example\n");
	add_list(b, "x", "action: nxdomain");
	load(b);
	assert_int_equal(b->result.sources[0].held, 2);
	assert_int_equal(rules_of(b, 0), 1);
	assert_int_equal(list_of(b, "www.bank.example"), NOBODY);
	assert_int_equal(list_of(b, "www.co.uk"), NOBODY);
	assert_int_equal(list_of(b, "other.example"), 0);
}

/* ---- refused, and the former rules stay */

static void remove_list(struct bench *b)
{
	assert_int_equal(unlink(scratch_path(&b->scratch, "x")), 0);
}

static void make_html(struct bench *b)
{
	write_list(b, "x", "<!DOCTYPE html>\n<html><body>moved</body></html>\n");
}

static void make_empty(struct bench *b)
{
	write_list(b, "x", "");
}

static void make_bad(struct bench *b)
{
	write_list(b, "x", "new.example\n!!!\n???\n~~~\n...\n");
}

static void make_short(struct bench *b)
{
	write_list(b, "x", "new.example\n");
}

/* A fetch that failed: a name that the guard holds back. */
static void make_word(struct bench *b)
{
	write_list(b, "x", "Forbidden\n");
}

static void make_exceptions(struct bench *b)
{
	write_list(b, "x", "@@||a.example^\n");
}

static void make_directory(struct bench *b)
{
	remove_list(b);
	assert_int_equal(keep_prepare(scratch_path(&b->scratch, "x"), getuid(), getgid(), NULL),
			 ERR_OK);
}

static const struct {
	void (*damage)(struct bench *b);
	const char *options;
} damages[] = {
	{remove_list, "action: nxdomain"},
	{make_html, "action: nxdomain"},
	{make_empty, "action: nxdomain"},
	{make_bad, "action: nxdomain, format: names"},
	{make_short, "action: nxdomain, expect-entries: 2"},
	{make_short, "action: nxdomain, min-entries: 2"},
	{make_word, "action: nxdomain"},
	{make_word, "action: nxdomain, min-entries: 0"},
	{make_exceptions, "action: nxdomain"},
	{make_directory, "action: nxdomain"},
};

#define DAMAGES (sizeof(damages) / sizeof(damages[0]))

static void configure_two(struct bench *b, const char *options, bool keeping)
{
	if (keeping)
		begin_keeping(b);
	else
		begin(b);
	add_list(b, "x", options);
	add_list(b, "y", "action: refused");
}

/* The list's own new rules are not in force, not even in part; those of the others are. */
static void test_former_rules_stay(void **state)
{
	for (size_t i = 0; i < DAMAGES; i++) {
		void *fresh = NULL;
		struct bench *b;

		set_up(&fresh);
		b = fresh;
		configure_two(b, damages[i].options, false);
		write_list(b, "x", "a.example\nb.example\n");
		write_list(b, "y", "c.example\n");
		load(b);
		damages[i].damage(b);
		write_list(b, "y", "d.example\n");
		for (uint64_t generation = 2; generation <= 3; generation++) {
			load(b);
			assert_int_equal(b->snapshot->generation, generation);
			assert_int_equal(b->result.refused, 1);
			assert_int_equal(b->result.lists, 2);
			assert_int_equal(b->result.names, 3);
			assert_false(b->result.sources[0].own);
			assert_int_equal(list_at(b, 0)->entries, 2);
			assert_int_equal(list_of(b, "www.a.example"), 0);
			assert_int_equal(list_of(b, "b.example"), 0);
			assert_int_equal(list_of(b, "new.example"), NOBODY);
			assert_int_equal(list_of(b, "c.example"), NOBODY);
			assert_int_equal(list_of(b, "d.example"), 1);
		}
		tear_down(&fresh);
	}
}

/* The list has another place, and other options, by now; and then it is well again. */
static void test_former_rules_move(void **state)
{
	struct bench *b = *state;

	configure_two(b, "action: nxdomain, match: exact", false);
	write_list(b, "x", "a.example\n");
	write_list(b, "y", "c.example\n");
	load(b);
	remove_list(b);
	begin(b);
	write_list(b, "w", "e.example\n");
	add_list(b, "w", "action: nodata");
	add_list(b, "y", "action: refused");
	add_list(b, "x", "sinkhole: {ipv4: 192.0.2.1}");
	load(b);
	assert_int_equal(b->result.refused, 1);
	assert_int_equal(list_of(b, "e.example"), 0);
	assert_int_equal(list_of(b, "c.example"), 1);
	assert_int_equal(list_of(b, "a.example"), 2);
	assert_int_equal(list_of(b, "www.a.example"), NOBODY); /* the rule is as it was */
	assert_int_equal(list_at(b, 2)->action, ACTION_SINKHOLE);
	write_list(b, "x", "f.example\n");
	load(b);
	assert_int_equal(b->result.refused, 0);
	assert_int_equal(list_of(b, "a.example"), NOBODY);
	assert_int_equal(list_of(b, "www.f.example"), 2);
	assert_true(b->result.sources[2].own);
}

/* A list that is no longer configured leaves nothing behind. */
static void test_list_is_gone(void **state)
{
	struct bench *b = *state;

	configure_two(b, "action: nxdomain", false);
	write_list(b, "x", "a.example\n");
	write_list(b, "y", "c.example\n");
	load(b);
	begin(b);
	add_list(b, "y", "action: refused");
	load(b);
	assert_int_equal(b->result.names, 1);
	assert_int_equal(list_of(b, "a.example"), NOBODY);
	assert_int_equal(list_of(b, "c.example"), 0);
}

/* ---- its size, against what it was */

static void test_max_change(void **state)
{
	static const struct {
		unsigned int limit;
		unsigned int before;
		unsigned int after;
		bool refused;
	} rows[] = {
		{20, 100, 80, false},	{20, 100, 79, true},   {20, 100, 120, false},
		{20, 100, 121, true},	{20, 100, 100, false}, {100, 10, 20, false},
		{100, 10, 21, true},	{0, 100, 1, false},    {0, 1, 1000, false},
		{1000, 10, 110, false}, {1000, 10, 111, true}, {1, 200, 190, false},
		{1, 200, 189, true},	{20, 2, 12, false},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char options[64];

		snprintf(options, sizeof(options), "action: nxdomain, max-change: %u",
			 rows[i].limit);
		begin(b);
		add_list(b, "x", options);
		write_names(b, "x", rows[i].before);
		restart(b); /* at the start there is nothing to compare with */
		assert_int_equal(b->result.refused, 0);
		write_names(b, "x", rows[i].after);
		load(b);
		assert_int_equal(b->result.refused, rows[i].refused);
		assert_int_equal(rules_of(b, 0), rows[i].refused ? rows[i].before : rows[i].after);
		load(b); /* it is measured against what is in force, again */
		assert_int_equal(b->result.refused, rows[i].refused);
	}
}

static void test_expected_entries(void **state)
{
	static const struct {
		const char *options;
		unsigned int entries;
		bool refused;
	} rows[] = {
		{"expect-entries: 3", 3, false}, {"expect-entries: 3", 2, true},
		{"expect-entries: 3", 4, true},	 {"min-entries: 3", 3, false},
		{"min-entries: 3", 2, true},	 {"min-entries: 0", 0, false},
		{"max-bad: 50", 0, true},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char options[64];

		snprintf(options, sizeof(options), "action: nxdomain, %s", rows[i].options);
		begin(b);
		add_list(b, "x", options);
		write_names(b, "x", rows[i].entries);
		restart(b);
		assert_int_equal(b->result.refused, rows[i].refused);
		assert_int_equal(b->result.lists, !rows[i].refused);
		assert_int_equal(rules_of(b, 0), rows[i].refused ? 0 : rows[i].entries);
	}
}

/* ---- the last good version */

static void prepare_state(struct bench *b)
{
	struct err_text text;

	assert_int_equal(
		keep_prepare(scratch_path(&b->scratch, "state"), getuid(), getgid(), &text),
		ERR_OK);
}

/* Loads both lists and keeps them. */
static void load_and_keep(struct bench *b, const char *options)
{
	prepare_state(b);
	configure_two(b, options, true);
	write_list(b, "x", "a.example\nb.example\n");
	write_list(b, "y", "c.example\n");
	load(b);
	loader_keep(b->snapshot, &b->result);
}

static void test_start_on_kept_version(void **state)
{
	for (size_t i = 0; i < DAMAGES; i++) {
		void *fresh = NULL;
		struct bench *b;

		set_up(&fresh);
		b = fresh;
		load_and_keep(b, damages[i].options);
		damages[i].damage(b);
		restart(b);
		assert_int_equal(b->result.refused, 1);
		assert_int_equal(b->result.lists, 2);
		assert_false(b->result.sources[0].own);
		assert_true(b->result.sources[1].own);
		assert_int_equal(list_at(b, 0)->entries, 2);
		assert_int_equal(list_of(b, "a.example"), 0);
		assert_int_equal(list_of(b, "new.example"), NOBODY);
		loader_keep(b->snapshot, &b->result); /* it does not take its place */
		restart(b);
		assert_int_equal(list_of(b, "b.example"), 0);
		tear_down(&fresh);
	}
}

/* What stands in is told loudly. */
static void test_stand_ins_are_logged(void **state)
{
	struct bench *b = *state;

	load_and_keep(b, "action: nxdomain");
	remove_list(b);
	scratch_take_stderr(&b->scratch);
	load(b);
	restart(b);
	scratch_give_stderr(&b->scratch);
	assert_true(scratch_logged(&b->scratch, "error: list x: REFUSED: "));
	assert_true(scratch_logged(&b->scratch, "its 2 former entries stay in force"));
	assert_true(scratch_logged(&b->scratch, "its last good version is in force instead"));
	assert_true(scratch_logged(&b->scratch, "No such file or directory"));
}

static void test_kept_version_is_broken(void **state)
{
	struct bench *b = *state;

	load_and_keep(b, "action: nxdomain, mandatory: true");
	remove_list(b);
	write_list(b, "state/x.list", "<html>\n");
	snapshot_free(b->snapshot);
	b->snapshot = NULL;
	expect_load_fails(b, false, ERR_REFUSED, "list x is mandatory");
}

/* ---- mandatory, strict */

static void test_mandatory(void **state)
{
	struct bench *b = *state;

	configure_two(b, "action: nxdomain, mandatory: true", false);
	write_list(b, "y", "c.example\n");
	expect_load_fails(b, false, ERR_REFUSED, "list x is mandatory and cannot be loaded: ");
	expect_load_fails(b, false, ERR_REFUSED, "no state.directory is configured");
	configure_two(b, "action: nxdomain, mandatory: true", true);
	expect_load_fails(b, false, ERR_REFUSED, "/state/x.list: No such file or directory");
	write_list(b, "x", "a.example\n");
	load(b);
	remove_list(b);
	load(b); /* its former rules will do */
	assert_int_equal(list_of(b, "a.example"), 0);
	assert_int_equal(b->snapshot->generation, 2);
}

/* A list that has never been loaded has no former rules either. */
static void test_mandatory_after_none(void **state)
{
	struct bench *b = *state;

	configure_two(b, "action: nxdomain", false);
	write_list(b, "y", "c.example\n");
	load(b);
	assert_int_equal(b->result.refused, 1);
	load(b);
	assert_int_equal(b->result.refused, 1);
	assert_int_equal(b->result.lists, 1);
	configure_two(b, "action: nxdomain, mandatory: true", false);
	expect_load_fails(b, false, ERR_REFUSED, "list x is mandatory");
	assert_int_equal(b->snapshot->generation, 2);
}

static void test_not_mandatory(void **state)
{
	struct bench *b = *state;

	configure_two(b, "action: nxdomain", true);
	write_list(b, "y", "c.example\n");
	scratch_take_stderr(&b->scratch);
	load(b);
	scratch_give_stderr(&b->scratch);
	assert_int_equal(b->result.refused, 1);
	assert_int_equal(b->result.lists, 1);
	assert_int_equal(b->result.names, 1);
	assert_int_equal(list_at(b, 0)->entries, 0);
	assert_int_equal(list_of(b, "c.example"), 1);
	assert_true(scratch_logged(&b->scratch, "it blocks nothing"));
	write_list(b, "x", "a.example\n");
	load(b);
	assert_int_equal(b->result.refused, 0);
	assert_int_equal(list_of(b, "a.example"), 0);
}

/* For a check nothing stands in. */
static void test_strict(void **state)
{
	struct bench *b = *state;
	struct snapshot *checked;

	load_and_keep(b, "action: nxdomain");
	assert_int_equal(load_from(b, NULL, true, &checked), ERR_OK);
	snapshot_free(checked);
	remove_list(b);
	expect_load_fails(b, true, ERR_REFUSED, "list x: ");
	write_list(b, "x", "a.example\n");
	configure_two(b, "action: nxdomain, expect-entries: 2", true);
	expect_load_fails(b, true, ERR_REFUSED, "2 are expected");
}

/* ---- upstreams */

/* Nothing stands in for a list of which nobody wants to know any more. */
static void test_cancelled(void **state)
{
	const atomic_bool cancelled = true;
	const struct load_options options = {.cancelled = &cancelled};
	struct bench *b = *state;
	struct snapshot *next = NULL;

	load_and_keep(b, "action: nxdomain");
	assert_int_equal(loader_load(make_conf(b), &rig_key, b->snapshot, &options, &next,
				     &b->result, &b->text),
			 ERR_CANCELLED);
	assert_null(next);
	assert_string_equal(b->text.text, "given up");
	b->yaml[0] = '\0'; /* without lists it is as much */
	assert_int_equal(
		loader_load(make_conf(b), &rig_key, NULL, &options, &next, &b->result, &b->text),
		ERR_CANCELLED);
}

/* Without any, those that the system has. */
static void test_system_upstreams(void **state)
{
	struct bench *b = *state;
	struct endpoint servers[RESOLV_SERVERS_MAX];
	size_t count;

	if (resolv_read("/etc/resolv.conf", servers, &count, NULL) != ERR_OK)
		skip(); /* it has none */
	b->yaml[0] = '\0';
	append(b, "server: {listen: [127.0.0.1@5399]}\n");
	load(b);
	assert_int_equal(b->snapshot->pools[0].count, count);
	for (size_t i = 0; i < count; i++)
		assert_true(endpoint_equal(&b->snapshot->pools[0].servers[i].address, &servers[i]));
}

/* ---- kept after a load */

static struct stat stat_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st;
}

static void test_keep(void **state)
{
	struct bench *b = *state;
	struct stat x[3];
	struct stat y[3];

	load_and_keep(b, "action: nxdomain");
	x[0] = stat_of(scratch_path(&b->scratch, "state/x.list"));
	y[0] = stat_of(scratch_path(&b->scratch, "state/y.list"));
	load(b);
	loader_keep(b->snapshot, &b->result);
	x[1] = stat_of(scratch_path(&b->scratch, "state/x.list"));
	assert_true(file_same_version(&x[0], &x[1]));
	write_list(b, "x", "a.example\nb.example\nnew.example\n");
	load(b);
	loader_keep(b->snapshot, &b->result);
	x[2] = stat_of(scratch_path(&b->scratch, "state/x.list"));
	y[2] = stat_of(scratch_path(&b->scratch, "state/y.list"));
	assert_false(file_same_version(&x[0], &x[2]));
	assert_true(file_same_version(&y[0], &y[2]));
	assert_int_equal(scratch_count(scratch_path(&b->scratch, "state")), 2);
	remove_list(b);
	restart(b);
	assert_int_equal(list_of(b, "new.example"), 0);
}

static void test_keep_nowhere(void **state)
{
	struct bench *b = *state;

	configure_two(b, "action: nxdomain", false);
	write_list(b, "x", "a.example\n");
	write_list(b, "y", "c.example\n");
	load(b);
	loader_keep(b->snapshot, &b->result);
	assert_int_equal(scratch_count(b->scratch.path), 2);
}

static void expect_content(struct bench *b, const char *name, const char *content)
{
	char found[TEXT_MAX];

	assert_true(scratch_read(scratch_path(&b->scratch, name), found, sizeof(found)) >= 0);
	assert_string_equal(found, content);
}

/* A file that is replaced before the list is kept: what was put in force is. */
static void test_keep_what_was_loaded(void **state)
{
	struct bench *b = *state;

	prepare_state(b);
	configure_two(b, "action: nxdomain", true);
	write_list(b, "x", "a.example\n");
	write_list(b, "y", "c.example\n");
	load(b);
	write_list(b, "x", "a.example\nlater.example\n");
	loader_keep(b->snapshot, &b->result);
	expect_content(b, "state/x.list", "a.example\n");
	write_list(b, "x", "<html>\n"); /* it is refused, and leaves nothing */
	load(b);
	loader_keep(b->snapshot, &b->result);
	expect_content(b, "state/x.list", "a.example\n");
	assert_int_equal(scratch_count(scratch_path(&b->scratch, "state")), 2);
}

/* A list that cannot be kept is told of, and is in force; the others are kept. */
/* A list in force becomes mandatory, to be read otherwise from now on, while its file is gone: a
 * restart reads what is kept as what is in force was read. */
static void test_keep_how_it_was_read(void **state)
{
	static const struct {
		const char *content;
		const char *before;
		const char *after;
		const char *blocked;
	} rows[] = {
		{"a.example\n", "action: nxdomain", "match: exact", "www.a.example"},
		{"||a.example^\n", "action: nxdomain", "format: names", "a.example"},
		{"zip\n", "action: nxdomain, allow-public-suffixes: true", "match: exact", "x.zip"},
	};
	char options[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *fresh = NULL;
		struct bench *b;

		set_up(&fresh);
		b = fresh;
		prepare_state(b);
		configure_two(b, rows[i].before, true);
		write_list(b, "x", rows[i].content);
		write_list(b, "y", "c.example\n");
		load(b);
		loader_keep(b->snapshot, &b->result);
		remove_list(b);
		snprintf(options, sizeof(options), "%s, %s, mandatory: true", rows[i].before,
			 rows[i].after);
		configure_two(b, options, true);
		for (int times = 0; times < 2; times++) {
			load(b);
			loader_keep(b->snapshot, &b->result);
			assert_int_equal(list_of(b, rows[i].blocked), 0);
		}
		for (int times = 0; times < 2; times++) {
			restart(b);
			loader_keep(b->snapshot, &b->result);
			assert_int_equal(list_of(b, rows[i].blocked), 0);
		}
		tear_down(&fresh);
	}
}

static void write_dated(struct bench *b, const char *content)
{
	const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};

	write_list(b, "x", content);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(&b->scratch, "x"), times, 0), 0);
}

/* Two versions of one size and one time, as of files that were copied with their times. */
static void test_keep_of_the_same_time(void **state)
{
	struct bench *b = *state;

	prepare_state(b);
	configure_two(b, "action: nxdomain", true);
	write_list(b, "y", "c.example\n");
	write_dated(b, "a.example\n");
	load(b);
	loader_keep(b->snapshot, &b->result);
	write_dated(b, "b.example\n");
	load(b);
	loader_keep(b->snapshot, &b->result);
	remove_list(b);
	restart(b);
	assert_int_equal(list_of(b, "b.example"), 0);
	assert_int_equal(list_of(b, "a.example"), NOBODY);
}

static void test_keep_fails(void **state)
{
	struct bench *b = *state;

	log_set_level(LOG_LEVEL_WARNING);
	prepare_state(b);
	configure_two(b, "action: nxdomain", true);
	write_list(b, "x", "a.example\n");
	write_list(b, "y", "c.example\n");
	assert_int_equal(mkdir(scratch_path(&b->scratch, "state/x.list.new"), 0700), 0);
	scratch_take_stderr(&b->scratch);
	load(b);
	loader_keep(b->snapshot, &b->result);
	remove_list(b);
	load(b); /* what is in force is not what is kept */
	scratch_give_stderr(&b->scratch);
	assert_int_equal(list_of(b, "a.example"), 0);
	assert_true(scratch_logged(&b->scratch, "list x: its last good version is not kept: "));
	assert_true(scratch_logged(&b->scratch, "list x: these could not be kept: "));
	assert_int_equal(access(scratch_path(&b->scratch, "state/x.list"), F_OK), -1);
	assert_int_equal(access(scratch_path(&b->scratch, "state/y.list"), F_OK), 0);
}

/* ---- half written */

static void age(struct bench *b, const char *name)
{
	const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

	assert_int_equal(utimensat(AT_FDCWD, scratch_path(&b->scratch, name), times, 0), 0);
}

static void test_cut_off(void **state)
{
	struct bench *b = *state;

	configure_two(b, "action: nxdomain", false);
	write_list(b, "x", "a.example\nb.example\n");
	write_list(b, "y", "c.example\nd.example"); /* some are written so */
	age(b, "y");
	load(b);
	write_list(b, "x", "a.example\nb.exam");
	write_list(b, "y", "c.example\ne.example");
	age(b, "x");
	age(b, "y");
	scratch_take_stderr(&b->scratch);
	load(b);
	scratch_give_stderr(&b->scratch);
	assert_true(scratch_logged(&b->scratch, "is cut off: its last line has no newline"));
	assert_int_equal(b->result.refused, 1);
	assert_int_equal(list_of(b, "b.example"), 0);
	assert_int_equal(list_of(b, "b.exam"), NOBODY);
	assert_int_equal(list_of(b, "e.example"), 1);
	write_list(b, "x", "a.example\n");
	load(b);
	assert_int_equal(b->result.refused, 0);
}

/* Whoever has it open for writing is not done. */
static void test_open_for_writing(void **state)
{
	struct bench *b = *state;
	int fd;

	configure_two(b, "action: nxdomain", false);
	write_list(b, "x", "a.example\nb.example\n");
	write_list(b, "y", "c.example\n");
	load(b);
	write_list(b, "x", "a.example\n");
	fd = open(scratch_path(&b->scratch, "x"), O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	load(b);
	close(fd);
	assert_int_equal(b->result.refused, 1);
	assert_int_equal(list_of(b, "b.example"), 0);
	load(b);
	assert_int_equal(b->result.refused, 0);
	assert_int_equal(list_of(b, "b.example"), NOBODY);
}

/* ---- names that are not the upstreams' */

static struct name_suffixes suffixes_of(const struct name *name)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(&rig_key, name, &suffixes);
	return suffixes;
}

static struct name name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

static bool is_local(const struct bench *b, const char *text)
{
	struct name name = name_of(text);
	struct name_suffixes suffixes = suffixes_of(&name);
	struct local_name found;

	return local_find(b->snapshot->local, &name, &suffixes, &found);
}

static int pool_of(const struct bench *b, const char *text)
{
	struct name name = name_of(text);
	struct name_suffixes suffixes = suffixes_of(&name);
	struct namemap_hit hit = namemap_find(b->snapshot->zones, &name, &suffixes, 0);

	return hit.found ? (int)hit.value : 0;
}

static void test_zones(void **state)
{
	struct bench *b = *state;

	append(b, "forward:\n"
		  "  - {zone: corp.example, upstreams: [{address: 192.0.2.20}]}\n"
		  "  - {zone: eu.corp.example, upstreams: [{address: 192.0.2.21}]}\n");
	load(b);
	assert_int_equal(b->snapshot->pool_count, 3);
	assert_int_equal(pool_of(b, "www.corp.example"), 1);
	assert_int_equal(pool_of(b, "eu.corp.example"), 2);
	assert_int_equal(pool_of(b, "example"), 0);
	assert_true(b->snapshot->pools[0].salt == 0);
	assert_true(b->snapshot->pools[1].salt != 0);
	assert_true(b->snapshot->pools[1].salt != b->snapshot->pools[2].salt);
	begin(b);
	load(b);
	assert_null(b->snapshot->zones);
	assert_int_equal(pool_of(b, "www.corp.example"), 0);
}

/* Their pools are no zones: the root is not one that is let have private addresses, say. */
static void test_group_upstreams(void **state)
{
	struct bench *b = *state;
	const struct snapshot *s;
	uint64_t salt;

	append(b, "forward:\n  - {zone: corp.example, upstreams: [{address: 192.0.2.20}]}\n"
		  "rebinding: {enabled: true}\n"
		  "groups:\n"
		  "  - {name: none, clients: [192.0.2.64/28]}\n"
		  "  - {name: kids, clients: [192.0.2.32/28], upstreams: [{address: 192.0.2.21}]}\n"
		  "  - {name: guests, clients: [192.0.2.48/28], zones-too: true,\n"
		  "     upstreams: [{address: 192.0.2.22}]}\n");
	load(b);
	s = b->snapshot;
	assert_int_equal(s->pool_count, 4);
	assert_int_equal(snapshot_zone_pools(s), 2);
	assert_int_equal(pool_of(b, "www.corp.example"), 1);
	assert_int_equal(pool_of(b, "example"), 0);
	assert_int_equal(groups_pool(s->groups, GROUPS_OF_NONE), 0);
	assert_int_equal(groups_pool(s->groups, GROUPS_FIRST), 0);
	assert_int_equal(groups_pool(s->groups, GROUPS_FIRST + 1), 2);
	assert_int_equal(groups_pool(s->groups, GROUPS_FIRST + 2), 3);
	assert_string_equal(s->pools[2].group, "kids");
	assert_true(s->pools[3].zones_too && !s->pools[2].zones_too);
	salt = s->pools[2].salt;
	assert_true(salt != 0 && salt != s->pools[1].salt && salt != s->pools[3].salt);
	begin(b);
	append(b,
	       "groups:\n"
	       "  - {name: kids, clients: [192.0.2.32/28], upstreams: [{address: 192.0.2.21}]}\n");
	load(b);
	assert_int_equal(b->snapshot->pool_count, 2);
	assert_true(b->snapshot->pools[1].salt == salt); /* wherever it stands */
}

static void test_special_use(void **state)
{
	struct bench *b = *state;

	load(b);
	assert_non_null(b->snapshot->special);
	assert_non_null(b->snapshot->tlds);
	append(b, "local: {special-use: false, single-labels: false}\n");
	load(b);
	assert_null(b->snapshot->special);
	assert_null(b->snapshot->local);
	assert_null(b->snapshot->tlds);
	begin(b);
	append(b, "local: {special-use: false, local-only: [lan]}\n");
	load(b);
	assert_non_null(b->snapshot->special);
}

/* A hosts file is read at each load; one that cannot be read fails all but a start. */
static void test_hosts_file(void **state)
{
	struct bench *b = *state;

	append(b, "local: {hosts-file: %s, names: [{name: own.lan, ipv4: [192.168.1.1]}]}\n",
	       scratch_path(&b->scratch, "hosts"));
	expect_load_fails(b, true, ERR_REFUSED, "hosts: No such file");
	scratch_take_stderr(&b->scratch);
	log_set_level(LOG_LEVEL_WARNING);
	load(b);
	assert_true(scratch_logged(&b->scratch, "hosts: No such file or directory; its names"));
	assert_true(is_local(b, "own.lan"));
	write_list(b, "hosts", "192.168.1.2 first.lan\nwhat is this\n");
	load(b);
	assert_true(
		scratch_logged(&b->scratch, "hosts:2: skipped: does not begin with an address"));
	assert_true(is_local(b, "first.lan"));
	assert_true(is_local(b, "2.1.168.192.in-addr.arpa"));
	write_list(b, "hosts", "192.168.1.2 second.lan\n");
	load(b);
	scratch_give_stderr(&b->scratch);
	assert_false(is_local(b, "first.lan"));
	assert_true(is_local(b, "second.lan"));
	assert_int_equal(unlink(scratch_path(&b->scratch, "hosts")), 0);
	expect_load_fails(b, false, ERR_SYS, "hosts: No such file");
	assert_true(is_local(b, "second.lan"));
}

/* ---- no memory */

/* The nth allocation, or the nth mapping, fails. */
static void memory_fail_start(bool mappings, unsigned long nth)
{
	if (mappings)
		map_fail_start(nth);
	else
		alloc_fail_start(nth, false);
}

static bool memory_fail_stop(bool mappings)
{
	return mappings ? map_fail_stop() : alloc_fail_stop();
}

/* Whatever allocation fails: the load fails, or it has all the rules there were. */
static void reload_without_memory(struct bench *b, bool mappings)
{
	char digest[DIGEST_TEXT_MAX];
	bool failed = true;

	load_and_keep(b, "action: nxdomain, mandatory: true");
	/* the library makes itself ready the first time, which fails for good if it does */
	assert_int_equal(accept_digest(b->snapshot->conf, digest), ERR_OK);
	/* the top-level domains take thousands of allocations: special_read_tlds has its own test
	 */
	append(b, "local: {single-labels: false, names: [{name: own.lan, ipv4: [192.168.1.1]}]}\n"
		  "forward: [{zone: corp.example, upstreams: [{address: 192.0.2.20}]}]\n");
	scratch_take_stderr(&b->scratch); /* it says so very often */
	for (unsigned long nth = 0; failed && nth < ALLOCATIONS_MAX;
	     nth += ALLOCATIONS_STEP(mappings)) {
		struct snapshot *next = NULL;
		struct conf *conf = make_conf(b);
		struct snapshot *old = b->snapshot;
		enum err err;

		memory_fail_start(mappings, nth);
		err = loader_load(conf, &rig_key, old, NULL, &next, &b->result, &b->text);
		failed = memory_fail_stop(mappings);
		if (err != ERR_OK) {
			assert_null(next);
			assert_true(failed && b->text.text[0]);
			continue;
		}
		b->snapshot = next;
		snapshot_free(old);
		assert_int_equal(list_of(b, "a.example"), 0);
		assert_int_equal(list_of(b, "b.example"), 0);
		assert_int_equal(list_of(b, "c.example"), 1);
		assert_true(is_local(b, "own.lan"));
		assert_int_equal(pool_of(b, "corp.example"), 1);
	}
	scratch_give_stderr(&b->scratch);
	assert_false(failed);
}

static void test_without_memory(void **state)
{
	reload_without_memory(*state, false);
}

static void test_without_mappings(void **state)
{
	reload_without_memory(*state, true);
}

/* At a start that finds a shorter file, too: no name is lifted for want of memory. */
static void start_without_memory(struct bench *b, bool mappings)
{
	bool failed = true;

	load_and_keep(b, "action: nxdomain, mandatory: true");
	write_list(b, "x", "b.example\n");
	append(b, "local: {single-labels: false}\n");
	scratch_take_stderr(&b->scratch);
	for (unsigned long nth = 0; failed && nth < ALLOCATIONS_MAX;
	     nth += ALLOCATIONS_STEP(mappings)) {
		struct snapshot *next = NULL;
		struct conf *conf = make_conf(b);
		enum err err;

		memory_fail_start(mappings, nth);
		err = loader_load(conf, &rig_key, NULL, NULL, &next, &b->result, &b->text);
		failed = memory_fail_stop(mappings);
		if (err != ERR_OK) {
			assert_true(failed && b->text.text[0]);
			continue;
		}
		snapshot_free(b->snapshot);
		b->snapshot = next;
		assert_int_equal(list_of(b, "a.example"), 0);
		assert_int_equal(list_of(b, "b.example"), 0);
	}
	scratch_give_stderr(&b->scratch);
	assert_false(failed);
}

static void test_start_without_memory(void **state)
{
	start_without_memory(*state, false);
}

static void test_start_without_mappings(void **state)
{
	start_without_memory(*state, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_load),
		TEST(test_lists_are_described),
		TEST(test_no_lists),
		TEST(test_order),
		TEST(test_formats_and_match),
		TEST(test_guard),
		cmocka_unit_test(test_former_rules_stay),
		TEST(test_former_rules_move),
		TEST(test_list_is_gone),
		TEST(test_max_change),
		TEST(test_expected_entries),
		cmocka_unit_test(test_start_on_kept_version),
		TEST(test_stand_ins_are_logged),
		TEST(test_kept_version_is_broken),
		TEST(test_mandatory),
		TEST(test_mandatory_after_none),
		TEST(test_not_mandatory),
		TEST(test_strict),
		TEST(test_cancelled),
		TEST(test_system_upstreams),
		TEST(test_keep),
		TEST(test_keep_nowhere),
		TEST(test_keep_what_was_loaded),
		cmocka_unit_test(test_keep_how_it_was_read),
		TEST(test_keep_of_the_same_time),
		TEST(test_keep_fails),
		TEST(test_cut_off),
		TEST(test_open_for_writing),
		TEST(test_zones),
		TEST(test_group_upstreams),
		TEST(test_special_use),
		TEST(test_hosts_file),
		TEST(test_without_memory),
		TEST(test_without_mappings),
		TEST(test_start_without_memory),
		TEST(test_start_without_mappings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
