/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions from a text file, one 'name [type]' a line (type A when left out; empty lines and
 * lines that start with '#' are skipped), kept in wire form: name, type, class IN.
 */
#ifndef TESTS_TOOLS_QFILE_H
#define TESTS_TOOLS_QFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	QFILE_NAME_MAX = 255,
	QFILE_LABEL_MAX = 63,
	QFILE_QUESTION_MAX = QFILE_NAME_MAX + 4,
	QFILE_LINE_MAX = 1100,
};

struct question {
	uint32_t offset; /* in qfile.wire */
	uint16_t len;
};

struct qfile {
	struct question *questions;
	size_t count;
	size_t capacity;
	uint8_t *wire;
	size_t wire_len;
	size_t wire_capacity;
};

/* Returns the type's number, 0 for one that is not known. */
static inline uint16_t qfile_type(const char *text)
{
	static const struct {
		const char *name;
		uint16_t type;
	} types[] = {
		{"A", 1},     {"NS", 2},     {"CNAME", 5},   {"SOA", 6},   {"PTR", 12},
		{"MX", 15},   {"TXT", 16},   {"AAAA", 28},   {"SRV", 33},  {"NAPTR", 35},
		{"DS", 43},   {"RRSIG", 46}, {"DNSKEY", 48}, {"SVCB", 64}, {"HTTPS", 65},
		{"ANY", 255}, {"CAA", 257},
	};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (strcasecmp(text, types[i].name) == 0)
			return types[i].type;
	}
	if (strncasecmp(text, "TYPE", 4) != 0)
		return 0;
	unsigned long number = strtoul(text + 4, NULL, 10);

	return number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* Writes the name in wire form. Returns its length, 0 when it is no name. No escapes. */
static inline size_t qfile_name(const char *text, uint8_t wire[QFILE_NAME_MAX])
{
	size_t used = 0;

	if (strcmp(text, ".") == 0)
		text++;
	while (*text != '\0') {
		size_t label = strcspn(text, ".");

		if (label == 0 || label > QFILE_LABEL_MAX || used + label + 2 > QFILE_NAME_MAX)
			return 0;
		wire[used] = (uint8_t)label;
		memcpy(wire + used + 1, text, label);
		used += label + 1;
		text += label + (text[label] == '.');
	}
	wire[used] = 0;
	return used + 1;
}

static inline bool qfile_reserve(struct qfile *file)
{
	if (file->count == file->capacity) {
		size_t capacity = file->capacity ? file->capacity * 2 : 1024;
		void *grown = reallocarray(file->questions, capacity, sizeof *file->questions);

		if (grown == NULL)
			return false;
		file->questions = grown;
		file->capacity = capacity;
	}
	if (file->wire_len + QFILE_QUESTION_MAX > file->wire_capacity) {
		size_t capacity = file->wire_capacity ? file->wire_capacity * 2 : 65536;
		void *grown = capacity < UINT32_MAX ? realloc(file->wire, capacity) : NULL;

		if (grown == NULL)
			return false;
		file->wire = grown;
		file->wire_capacity = capacity;
	}
	return true;
}

/* Returns NULL, or what is wrong with the line. */
static inline const char *qfile_add_line(struct qfile *file, char *line)
{
	char *rest = NULL;
	const char *name = strtok_r(line, " \t\r\n", &rest);
	const char *type_name = strtok_r(NULL, " \t\r\n", &rest);

	if (name == NULL || name[0] == '#')
		return NULL;
	if (!qfile_reserve(file))
		return "out of memory";
	uint16_t type = qfile_type(type_name != NULL ? type_name : "A");
	uint8_t *wire = file->wire + file->wire_len;
	size_t len = qfile_name(name, wire);

	if (type == 0)
		return "unknown type";
	if (len == 0)
		return "not a name";
	const uint8_t tail[4] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1};

	memcpy(wire + len, tail, sizeof tail);
	file->questions[file->count].offset = (uint32_t)file->wire_len;
	file->questions[file->count].len = (uint16_t)(len + sizeof tail);
	file->count++;
	file->wire_len += len + sizeof tail;
	return NULL;
}

/* Reads the whole file. On an error a line on stderr says where and what. The caller frees with
 * qfile_fini in either case. */
static inline bool qfile_read(struct qfile *file, const char *path)
{
	char line[QFILE_LINE_MAX];
	const char *wrong = NULL;
	size_t number = 0;
	FILE *stream = fopen(path, "re");

	if (stream == NULL) {
		perror(path);
		return false;
	}
	while (wrong == NULL && fgets(line, sizeof line, stream) != NULL) {
		number++;
		wrong = qfile_add_line(file, line);
	}
	if (wrong == NULL && file->count == 0)
		wrong = "no questions";
	if (wrong != NULL)
		fprintf(stderr, "%s:%zu: %s\n", path, number, wrong);
	fclose(stream);
	return wrong == NULL;
}

static inline void qfile_fini(struct qfile *file)
{
	free(file->questions);
	free(file->wire);
}

#endif
