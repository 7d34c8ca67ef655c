/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiles a list of names, one a line, to a constant database (cr.yp.to/cdb) whose keys are the
 * names in wire form and whose values are empty: what dnsdist's CDB store looks names up in.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qfile.h"

enum {
	TABLES = 256,
	HEADER_LEN = TABLES * 8,
	STREAM_BUFFER = 1 << 20,
};

struct entry {
	uint32_t hash;
	uint32_t position;
};

struct cdb {
	FILE *out;
	uint64_t position;
	struct entry *entries;
	size_t count;
	size_t capacity;
	uint32_t table_count[TABLES];
};

static void put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static void write_pair(struct cdb *cdb, uint32_t first, uint32_t second)
{
	uint8_t pair[8];

	put32(pair, first);
	put32(pair + 4, second);
	fwrite(pair, sizeof pair, 1, cdb->out);
	cdb->position += sizeof pair;
}

static uint32_t hash_key(const uint8_t *key, size_t len)
{
	uint32_t hash = 5381;

	for (size_t i = 0; i < len; i++)
		hash = (hash + (hash << 5)) ^ key[i];
	return hash;
}

static bool add_key(struct cdb *cdb, const uint8_t *key, size_t len)
{
	if (cdb->count == cdb->capacity) {
		size_t capacity = cdb->capacity ? cdb->capacity * 2 : 4096;
		void *grown = reallocarray(cdb->entries, capacity, sizeof *cdb->entries);

		if (grown == NULL)
			return false;
		cdb->entries = grown;
		cdb->capacity = capacity;
	}
	struct entry *entry = &cdb->entries[cdb->count++];

	entry->hash = hash_key(key, len);
	entry->position = (uint32_t)cdb->position;
	cdb->table_count[entry->hash % TABLES]++;
	write_pair(cdb, (uint32_t)len, 0);
	fwrite(key, len, 1, cdb->out);
	cdb->position += len;
	return cdb->position < UINT32_MAX / 2;
}

static bool add_names(struct cdb *cdb, FILE *in)
{
	char line[QFILE_LINE_MAX];
	uint8_t key[QFILE_NAME_MAX];

	while (fgets(line, sizeof line, in) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		size_t len = line[0] != '\0' ? qfile_name(line, key) : 0;

		if (len != 0 && !add_key(cdb, key, len))
			return false;
	}
	return true;
}

/* Groups the entries by table; starts[t] is where table t begins. */
static struct entry *sort_entries(const struct cdb *cdb, size_t starts[TABLES])
{
	struct entry *sorted = calloc(cdb->count + 1, sizeof *sorted);
	size_t next[TABLES];
	size_t start = 0;

	for (size_t t = 0; t < TABLES; t++) {
		starts[t] = next[t] = start;
		start += cdb->table_count[t];
	}
	for (size_t i = 0; sorted != NULL && i < cdb->count; i++)
		sorted[next[cdb->entries[i].hash % TABLES]++] = cdb->entries[i];
	return sorted;
}

/* Each table has twice the slots it needs; a slot's position 0 says it is free. */
static bool write_table(struct cdb *cdb, const struct entry *entries, size_t count)
{
	size_t slots = count * 2;
	struct entry *table = calloc(slots + 1, sizeof *table);

	if (table == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t slot = (entries[i].hash >> 8) % slots;

		while (table[slot].position != 0)
			slot = (slot + 1) % slots;
		table[slot] = entries[i];
	}
	for (size_t i = 0; i < slots; i++)
		write_pair(cdb, table[i].hash, table[i].position);
	free(table);
	return true;
}

static bool write_tables(struct cdb *cdb)
{
	size_t starts[TABLES];
	uint32_t positions[TABLES];
	struct entry *sorted = sort_entries(cdb, starts);
	bool good = sorted != NULL;

	for (size_t t = 0; good && t < TABLES; t++) {
		positions[t] = (uint32_t)cdb->position;
		good = write_table(cdb, sorted + starts[t], cdb->table_count[t]);
	}
	free(sorted);
	if (!good || cdb->position > UINT32_MAX || fseek(cdb->out, 0, SEEK_SET) != 0)
		return false;
	for (size_t t = 0; t < TABLES; t++)
		write_pair(cdb, positions[t], cdb->table_count[t] * 2);
	return true;
}

static bool compile(struct cdb *cdb, FILE *in)
{
	static const uint8_t header[HEADER_LEN];

	(void)setvbuf(cdb->out, NULL, _IOFBF, STREAM_BUFFER);
	fwrite(header, sizeof header, 1, cdb->out);
	cdb->position = sizeof header;
	bool good = add_names(cdb, in) && write_tables(cdb);

	free(cdb->entries);
	return good;
}

int main(int argc, char **argv)
{
	struct cdb cdb = {0};
	FILE *in = argc == 3 ? fopen(argv[1], "re") : NULL;

	if (in == NULL) {
		fputs("usage: cdbmake NAMES CDB\n", stderr);
		return EXIT_FAILURE;
	}
	cdb.out = fopen(argv[2], "we");
	bool good = cdb.out != NULL && compile(&cdb, in);

	if (cdb.out != NULL && (ferror(cdb.out) != 0 || fclose(cdb.out) != 0))
		good = false;
	fclose(in);
	if (!good)
		fprintf(stderr, "cdbmake: %s could not be written\n", argv[2]);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
