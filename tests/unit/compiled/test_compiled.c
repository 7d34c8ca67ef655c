/* SPDX-License-Identifier: BSD-2-Clause */
/* A compiled set that is kept comes back as it was, or not at all, whatever became of its file. */
#include "compiled/compiled.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "compiled/file.h"
#include "support/scratch.h"

#define LISTS 2U
#define FEW 40U
#define MANY 120000U /* more than is read by one thread */
#define FILE_MAX (1L << 16)
#define ROUNDS 30U
#define SEAL sizeof(struct compiled_seal)

static const struct hash_key key = {7, 9};

struct kit {
	struct scratch scratch;
	struct compiled_by by;
	struct compiled_list lists[LISTS];
	struct compiled made; /* of FEW names, and the lists */
	struct compiled found;
	struct err_text text;
	char path[PATH_MAX];
	long len;
	char octets[FILE_MAX]; /* of the file, as it was written */
};

static struct domset *make_set(uint32_t names)
{
	const struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	struct domset_builder *builder;
	struct domset *set;
	struct name name;
	char text[64];

	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, 0), ERR_OK);
	for (uint32_t i = 0; i < names; i++) {
		int len = snprintf(text, sizeof(text), "a%u.host.example.com", i);

		assert_int_equal(name_from_text(text, (size_t)len, &name), ERR_OK);
		assert_int_equal(domset_builder_add(builder, &name, &kind, i + 1), ERR_OK);
	}
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	domset_builder_free(builder);
	return set;
}

static bool has(const struct domset *set, const char *text)
{
	struct domset_hit hit[LISTS];
	struct domset_hits hits = {.room = LISTS, .hit = hit};
	struct name_suffixes suffixes;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(domset_key(set), &name, &suffixes);
	domset_lookup(set, &name, &suffixes, TYPESET_ALL, &hits);
	return hits.count > 0;
}

static bool all_fit(void *arg, const struct compiled_list *lists)
{
	(void)arg;
	(void)lists;
	return true;
}

static enum err put(struct kit *k, const struct compiled *made, const atomic_bool *cancelled)
{
	return compiled_write(k->scratch.path, &k->by, made, cancelled, &k->text);
}

/* What is read is in k->found, and freed by forget. */
static enum err take(struct kit *k, compiled_fits_fn *fits, void *arg)
{
	return compiled_read(k->scratch.path, &key, &k->by, LISTS, fits, arg, &k->found, &k->text);
}

static void forget(struct kit *k)
{
	compiled_free(&k->found);
}

static void write_octets(struct kit *k, const char *octets, long len)
{
	FILE *out = fopen(k->path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(octets, 1, (size_t)len, out), len);
	assert_int_equal(fclose(out), 0);
}

static void expect_none(struct kit *k, enum err expected)
{
	assert_int_equal(take(k, all_fit, NULL), expected);
	assert_null(k->found.set);
	assert_null(k->found.lists);
}

static void expect_all(struct kit *k)
{
	assert_int_equal(take(k, all_fit, NULL), ERR_OK);
	assert_int_equal(k->found.list_count, LISTS);
	assert_memory_equal(k->found.lists, k->lists, sizeof(k->lists));
	assert_int_equal(domset_count(k->found.set, 0).rules, FEW);
	assert_true(has(k->found.set, "x.a7.host.example.com"));
	assert_false(has(k->found.set, "b.host.example.com"));
	forget(k);
}

static int set_up(void **state)
{
	struct kit *k = calloc(1, sizeof(*k));

	scratch_make(&k->scratch);
	snprintf(k->path, sizeof(k->path), "%s/compiled.set", k->scratch.path);
	snprintf(k->by.program, sizeof(k->by.program), "%064d", 1);
	snprintf(k->by.conf, sizeof(k->by.conf), "%064d", 2);
	k->by.suffixes[0].inode = 3;
	for (uint32_t i = 0; i < LISTS; i++) {
		k->lists[i].version.inode = i + 1;
		k->lists[i].entries = FEW;
		snprintf(k->lists[i].digest, sizeof(k->lists[i].digest), "%064u", i);
	}
	k->made = (struct compiled){make_set(FEW), k->lists, LISTS};
	assert_int_equal(put(k, &k->made, NULL), ERR_OK);
	k->len = scratch_read(k->path, k->octets, sizeof(k->octets));
	assert_true(k->len > 0);
	*state = k;
	return 0;
}

static int tear_down(void **state)
{
	struct kit *k = *state;

	domset_free(k->made.set);
	scratch_remove(&k->scratch);
	free(k);
	return 0;
}

/* ---- as it should be */

static void test_comes_back(void **state)
{
	struct kit *k = *state;

	assert_int_equal(scratch_count(k->scratch.path), 1);
	expect_all(k);
	expect_all(k);
	compiled_remove(k->scratch.path);
	expect_none(k, ERR_NOTFOUND);
	compiled_remove(k->scratch.path);
}

/* One half of a long one is read by another thread. */
static void test_long(void **state)
{
	struct kit *k = *state;
	struct compiled made = {make_set(MANY), k->lists, LISTS};

	assert_int_equal(put(k, &made, NULL), ERR_OK);
	domset_free(made.set);
	assert_int_equal(take(k, all_fit, NULL), ERR_OK);
	assert_int_equal(domset_count(k->found.set, 0).rules, MANY);
	assert_true(has(k->found.set, "a0.host.example.com"));
	assert_true(has(k->found.set, "a119999.host.example.com"));
	forget(k);
}

static bool look_at_lists(void *arg, const struct compiled_list *lists)
{
	assert_memory_equal(lists, ((struct kit *)arg)->lists, LISTS * sizeof(*lists));
	return false;
}

static void test_lists_are_asked_first(void **state)
{
	struct kit *k = *state;

	assert_int_equal(take(k, look_at_lists, k), ERR_REFUSED);
	assert_null(k->found.set);
}

/* ---- of something else */

static void test_made_by_another(void **state)
{
	struct kit *k = *state;
	const struct compiled_by by = k->by;

	k->by.program[63] = '9';
	expect_none(k, ERR_REFUSED);
	k->by = by;
	k->by.conf[0] = '9';
	expect_none(k, ERR_REFUSED);
	k->by = by;
	k->by.libraries[COMPILED_LIBRARIES_MAX - 1] = 'x';
	expect_none(k, ERR_REFUSED);
	k->by = by;
	k->by.suffixes[1].ctime_ns = 1;
	expect_none(k, ERR_REFUSED);
	k->by = by;
	assert_int_equal(compiled_read(k->scratch.path, &key, &by, LISTS + 1, all_fit, NULL,
				       &k->found, &k->text),
			 ERR_REFUSED);
	assert_int_equal(compiled_read(k->scratch.path, &key, &by, UINT32_MAX, all_fit, NULL,
				       &k->found, &k->text),
			 ERR_SYNTAX);
	assert_int_equal(compiled_read(k->scratch.path, &(struct hash_key){7, 10}, &by, LISTS,
				       all_fit, NULL, &k->found, &k->text),
			 ERR_SYNTAX);
	expect_all(k);
}

static void set_head(struct kit *k, size_t at, const void *octets, size_t len)
{
	char changed[FILE_MAX];

	memcpy(changed, k->octets, (size_t)k->len);
	memcpy(changed + at, octets, len);
	write_octets(k, changed, k->len);
}

/* As of a machine with the other order of octets, and of a program that writes another form. */
static void test_other_form(void **state)
{
	static const uint8_t order[] = {1, 2, 3, 4};
	const uint32_t format = COMPILED_FORMAT + 1;
	struct kit *k = *state;

	set_head(k, offsetof(struct compiled_head, magic), "sinkholed set\r\n", 16);
	expect_none(k, ERR_REFUSED);
	if (memcmp(order, &(uint32_t){COMPILED_ORDER}, 4) != 0) {
		set_head(k, offsetof(struct compiled_head, order), order, sizeof(order));
		expect_none(k, ERR_REFUSED);
	}
	set_head(k, offsetof(struct compiled_head, format), &format, sizeof(format));
	expect_none(k, ERR_REFUSED);
}

static void test_lengths_that_cannot_be(void **state)
{
	static const uint64_t lengths[] = {0,	      1,	  INT64_MAX / 2,
					   INT64_MAX, UINT64_MAX, UINT64_MAX - 1000};
	struct kit *k = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		set_head(k, offsetof(struct compiled_head, set_octets), &lengths[i], 8);
		expect_none(k, ERR_SYNTAX);
	}
}

/* ---- damaged */

static void test_cut_off(void **state)
{
	struct kit *k = *state;

	for (long len = 0; len < k->len; len += len < 900 ? 1 : 13) {
		write_octets(k, k->octets, len);
		expect_none(k, ERR_SYNTAX);
	}
	write_octets(k, k->octets, k->len);
	expect_all(k);
	k->octets[k->len] = '\n';
	write_octets(k, k->octets, k->len + 1);
	expect_none(k, ERR_SYNTAX);
}

static void test_each_octet_changed(void **state)
{
	struct kit *k = *state;

	for (long at = 0; at < k->len; at++) {
		const char was = k->octets[at];
		enum err err;

		k->octets[at] = (char)(was ^ (1 << at % 8));
		write_octets(k, k->octets, k->len);
		k->octets[at] = was;
		err = take(k, all_fit, NULL);
		assert_true(err == ERR_REFUSED || err == ERR_SYNTAX);
		assert_null(k->found.set);
	}
}

/* The seal of one, and the set of the other. */
static void test_swapped(void **state)
{
	struct kit *k = *state;
	char first[FILE_MAX];
	long len = k->len;

	memcpy(first, k->octets, (size_t)len);
	k->lists[1].entries++;
	assert_int_equal(put(k, &k->made, NULL), ERR_OK);
	assert_int_equal(scratch_read(k->path, k->octets, sizeof(k->octets)), len);
	memcpy(k->octets + len - SEAL, first + len - SEAL, SEAL);
	write_octets(k, k->octets, len);
	expect_none(k, ERR_SYNTAX);
}

/* What is done to the file when its head and its lists were read. */
struct deed {
	struct kit *kit;
	void (*act)(struct kit *k);
};

static bool act_and_fit(void *arg, const struct compiled_list *lists)
{
	const struct deed *deed = arg;

	(void)lists;
	deed->act(deed->kit);
	return true;
}

static void cut(struct kit *k)
{
	assert_int_equal(truncate(k->path, k->len / 2), 0);
}

static void lengthen(struct kit *k)
{
	assert_int_equal(truncate(k->path, k->len + 4096), 0);
}

static void write_over(struct kit *k)
{
	int fd = open(k->path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "x", 1, k->len - 100), 1);
	close(fd);
}

static void replace(struct kit *k)
{
	k->lists[0].entries++;
	assert_int_equal(put(k, &k->made, NULL), ERR_OK);
	k->lists[0].entries--;
}

static void test_changed_while_it_is_read(void **state)
{
	static void (*const acts[])(struct kit *) = {cut, lengthen, write_over};
	struct kit *k = *state;
	struct deed deed = {.kit = k};

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		deed.act = acts[i];
		write_octets(k, k->octets, k->len);
		assert_int_equal(take(k, act_and_fit, &deed), ERR_SYNTAX);
	}
	write_octets(k, k->octets, k->len);
	deed.act = replace; /* the one that was opened is read to its end */
	assert_int_equal(take(k, act_and_fit, &deed), ERR_OK);
	assert_int_equal(k->found.lists[0].entries, FEW);
	forget(k);
}

static void test_no_file(void **state)
{
	struct kit *k = *state;

	compiled_remove(k->scratch.path);
	assert_int_equal(mkfifo(k->path, 0600), 0); /* nobody will ever write to it */
	expect_none(k, ERR_NOTFOUND);
	assert_int_equal(unlink(k->path), 0);
	assert_int_equal(mkdir(k->path, 0700), 0);
	expect_none(k, ERR_NOTFOUND);
	assert_int_equal(put(k, &k->made, NULL), ERR_SYS);
	assert_int_equal(scratch_count(k->scratch.path), 1);
	compiled_remove(k->scratch.path);
	assert_int_equal(rmdir(k->path), 0);
}

/* ---- written */

static void test_given_up(void **state)
{
	struct kit *k = *state;
	const atomic_bool cancelled = true;

	k->lists[0].entries++;
	assert_int_equal(put(k, &k->made, &cancelled), ERR_CANCELLED);
	assert_int_equal(scratch_count(k->scratch.path), 1);
	k->lists[0].entries--;
	expect_all(k);
}

/* The disk takes only a part. */
static void test_full_disk(void **state)
{
	struct kit *k = *state;
	struct rlimit before;
	struct rlimit little;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = (struct rlimit){(rlim_t)k->len / 2, before.rlim_max};
	k->lists[0].entries++;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(put(k, &k->made, NULL), ERR_SYS);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(k->text.text, "compiled.set.new"));
	assert_int_equal(scratch_count(k->scratch.path), 1);
	k->lists[0].entries--;
	expect_all(k);
}

static void test_directory_that_is_not_there(void **state)
{
	struct kit *k = *state;

	assert_int_equal(compiled_write("/nonexistent", &k->by, &k->made, NULL, &k->text), ERR_SYS);
	assert_int_equal(compiled_keep_key("/nonexistent", &key, &k->text), ERR_SYS);
	compiled_remove("/nonexistent");
}

/* A link that somebody has put where the new one is written leads nowhere. */
static void test_link_in_the_way(void **state)
{
	struct kit *k = *state;
	char text[64];
	const char *victim = scratch_write(&k->scratch, "victim", "mine");

	assert_int_equal(symlink(victim, scratch_path(&k->scratch, "compiled.set.new")), 0);
	assert_int_equal(put(k, &k->made, NULL), ERR_SYS);
	assert_int_equal(scratch_read(victim, text, sizeof(text)), 4);
	expect_all(k);
}

struct writer {
	struct kit *kit;
	uint32_t entries;
};

static void *write_often(void *arg)
{
	const struct writer *w = arg;
	struct compiled_list lists[LISTS];
	const struct compiled made = {w->kit->made.set, lists, LISTS};
	struct err_text text;

	memcpy(lists, w->kit->lists, sizeof(lists));
	for (uint32_t i = 0; i < LISTS; i++)
		lists[i].entries = w->entries;
	for (unsigned int i = 0; i < ROUNDS; i++)
		if (compiled_write(w->kit->scratch.path, &w->kit->by, &made, NULL, &text) ==
		    ERR_NOMEM)
			return arg;
	return NULL;
}

/* Two daemons with one directory: what is read is of one of them, or nothing. */
static void test_two_write(void **state)
{
	struct kit *k = *state;
	struct writer writers[2] = {{k, 100}, {k, 200}};
	pthread_t threads[2];

	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_often, &writers[i]), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (take(k, all_fit, NULL) != ERR_OK)
			continue;
		assert_int_equal(k->found.lists[0].entries, k->found.lists[1].entries);
		assert_true(has(k->found.set, "a7.host.example.com"));
		forget(k);
	}
	for (unsigned int i = 0; i < 2; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(put(k, &k->made, NULL), ERR_OK);
	expect_all(k);
}

/* ---- the key, and digests */

static void test_key(void **state)
{
	struct kit *k = *state;
	const struct hash_key other = {1, 2};
	struct hash_key found = other;
	const char *path = scratch_path(&k->scratch, "compiled.key");

	assert_false(compiled_read_key(k->scratch.path, &found));
	assert_memory_equal(&found, &other, sizeof(found));
	assert_int_equal(compiled_keep_key(k->scratch.path, &key, &k->text), ERR_OK);
	assert_true(compiled_read_key(k->scratch.path, &found));
	assert_memory_equal(&found, &key, sizeof(found));
	found = other;
	for (unsigned int bit = 1; bit < 0100; bit <<= 1) {
		assert_int_equal(chmod(path, 0600 | bit), 0);
		assert_false(compiled_read_key(k->scratch.path, &found));
	}
	assert_int_equal(compiled_keep_key(k->scratch.path, &other, &k->text), ERR_OK);
	assert_true(compiled_read_key(k->scratch.path, &found)); /* it is nobody else's again */
	found = key;
	assert_int_equal(truncate(path, sizeof(key) - 1), 0);
	assert_false(compiled_read_key(k->scratch.path, &found));
	assert_int_equal(truncate(path, sizeof(key) + 1), 0);
	assert_false(compiled_read_key(k->scratch.path, &found));
	assert_int_equal(truncate(path, 0), 0); /* and of its size, but nothing else */
	assert_int_equal(truncate(path, sizeof(key)), 0);
	assert_false(compiled_read_key(k->scratch.path, &found));
	assert_memory_equal(&found, &key, sizeof(found));
}

static void test_program(void **state)
{
	char program[DIGEST_TEXT_MAX] = "";
	char again[DIGEST_TEXT_MAX] = "";

	(void)state;
	assert_int_equal(compiled_program(program), ERR_OK);
	assert_int_equal(compiled_program(again), ERR_OK);
	assert_string_equal(program, again);
	assert_true(strlen(program) >= 16 &&
		    strspn(program, "0123456789abcdef") == strlen(program));
}

static void test_digest(void **state)
{
	static const char empty[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	const atomic_bool cancelled = true;
	struct kit *k = *state;
	char digest[DIGEST_TEXT_MAX];
	const char *path = scratch_write(&k->scratch, "list", "");

	assert_int_equal(compiled_digest(path, NULL, digest), ERR_OK);
	assert_string_equal(digest, empty);
	assert_int_equal(compiled_digest(k->path, &cancelled, digest), ERR_CANCELLED);
	assert_int_equal(compiled_digest(k->scratch.path, NULL, digest), ERR_SYS);
	assert_int_equal(compiled_digest("/nonexistent", NULL, digest), ERR_SYS);
	assert_string_equal(digest, empty);
}

static void test_versions(void **state)
{
	const struct stat seen = {.st_ino = 1, .st_size = 5, .st_mtim = {10, 20}};
	struct compiled_version a = compiled_version(&seen);
	struct stat other = seen;
	struct compiled_version b;

	(void)state;
	b = compiled_version(&other);
	assert_true(compiled_same_version(&a, &b));
	other.st_ctim.tv_nsec = 1; /* somebody has set its time back */
	b = compiled_version(&other);
	assert_false(compiled_same_version(&a, &b));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_comes_back),
		TEST(test_long),
		TEST(test_lists_are_asked_first),
		TEST(test_made_by_another),
		TEST(test_other_form),
		TEST(test_lengths_that_cannot_be),
		TEST(test_cut_off),
		TEST(test_each_octet_changed),
		TEST(test_swapped),
		TEST(test_changed_while_it_is_read),
		TEST(test_no_file),
		TEST(test_given_up),
		TEST(test_full_disk),
		TEST(test_directory_that_is_not_there),
		TEST(test_link_in_the_way),
		TEST(test_two_write),
		TEST(test_key),
		TEST(test_program),
		TEST(test_digest),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests_name("compiled", tests, NULL, NULL);
}
