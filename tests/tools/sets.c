/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a set of names takes, as it is and compact: octets a name, the time to build it, and the
 * time or (under callgrind, by --toggle-collect=look_up) the instructions of a look-up.
 *
 *   sets fast|compact NAMES ASKED [ROUNDS]
 *
 * NAMES is a file of names, one a line, ASKED one of names that are asked for.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/apart.h"
#include "set/domset.h"
#include "set/image.h"

#define ASKED_MAX 100000U

struct question {
	struct name name;
	struct name_suffixes suffixes;
};

static const struct hash_key key = {0x0123456789abcdefULL, 0xfedcba9876543210ULL};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "sets: %s\n", what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool next_name(FILE *file, struct name *name)
{
	char line[NAME_TEXT_MAX];

	while (fgets(line, sizeof(line), file))
		if (name_from_host(line, strcspn(line, "\r\n"), name) == ERR_OK)
			return true;
	return false;
}

static FILE *open_names(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		fail(path);
	return file;
}

static bool add_octets(void *arg, const void *data, size_t len)
{
	(void)data;
	*(uint64_t *)arg += len;
	return true;
}

static struct domset *build(const char *path, bool compact)
{
	const struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	FILE *file = open_names(path);
	struct domset_builder *builder;
	struct domset *set;
	struct name name;
	uint32_t line = 0;
	uint64_t octets = 0;
	double began = now();
	double frozen;

	if (domset_builder_create(&key, &builder) != ERR_OK ||
	    domset_builder_begin(builder, 0) != ERR_OK)
		fail("no memory");
	domset_builder_compact(builder, compact);
	while (next_name(file, &name))
		if (domset_builder_add(builder, &name, &kind, ++line) != ERR_OK)
			fail("no memory");
	fclose(file);
	frozen = now();
	if (domset_builder_freeze(builder, &set) != ERR_OK ||
	    domset_image_write(set, add_octets, &octets) != ERR_OK)
		fail("no memory");
	domset_builder_free(builder);
	printf("%u names, %.2f octets a name, added in %.2f s, frozen in %.2f s\n",
	       domset_count(set, 0).rules, (double)octets / domset_count(set, 0).rules,
	       frozen - began, now() - frozen);
	return set;
}

static uint32_t read_questions(const char *path, struct question *questions)
{
	FILE *file = open_names(path);
	uint32_t count = 0;

	while (count < ASKED_MAX && next_name(file, &questions[count].name)) {
		name_hash_suffixes(&key, &questions[count].name, &questions[count].suffixes);
		count++;
	}
	fclose(file);
	return count;
}

APART uint32_t look_up(const struct domset *set, const struct question *question);

/* A function of its own, so that its instructions can be counted. */
APART uint32_t look_up(const struct domset *set, const struct question *question)
{
	struct domset_hit hit[2];
	struct domset_hits hits = {.room = 2, .hit = hit};

	domset_lookup(set, &question->name, &question->suffixes, 1, &hits);
	return hits.count;
}

int main(int argc, char **argv)
{
	struct question *questions = calloc(ASKED_MAX, sizeof(*questions));
	uint32_t rounds = argc > 4 ? (uint32_t)atoi(argv[4]) : 1;
	struct domset *set;
	uint32_t count;
	uint64_t found = 0;
	double began;

	if (argc < 4 || !questions)
		fail("fast|compact NAMES ASKED [ROUNDS]");
	set = build(argv[2], strcmp(argv[1], "compact") == 0);
	count = read_questions(argv[3], questions);
	began = now();
	for (uint32_t round = 0; round < rounds; round++)
		for (uint32_t i = 0; i < count; i++)
			found += look_up(set, &questions[i]);
	printf("%u asked %u times, %.3f of them found, %.0f ns each\n", count, rounds,
	       (double)found / count / rounds, (now() - began) * 1e9 / count / rounds);
	domset_free(set);
	free(questions);
	return 0;
}
