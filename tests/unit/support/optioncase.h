/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of options with a value that is taken and one that is not, for tests of their rows. */
#ifndef SUPPORT_OPTIONCASE_H
#define SUPPORT_OPTIONCASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/row.h"

#define OPTIONCASE_YAML_MAX 2048

struct option_case {
	const char *key;
	const char *good; /* as --dump-config writes it, and not the default */
	const char *bad;
	const char *yaml; /* what is around it; NULL: what is around all of its section */
};

#define OPTION(key, good, bad)                                                                     \
	{                                                                                          \
		key, good, bad, NULL                                                               \
	}

/* The section that the option `key` of `section` is. */
static inline const struct conf_section *option_section(const struct conf_section *section,
							const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->rows[i].key, key) == 0)
			return section->rows[i].section;
	fail_msg("there is no section %s", key);
	return NULL;
}

/* Reads the value behind the key in `yaml`, which has %s where both are; a configuration, or NULL
 * with why not. */
static inline struct conf *option_read(const char *yaml, const char *key, const char *value,
				       struct err_text *text)
{
	char option[OPTIONCASE_YAML_MAX];
	char whole[OPTIONCASE_YAML_MAX];
	struct conf *conf = NULL;
	const char *at = strstr(yaml, "%s");

	assert_non_null(at);
	snprintf(option, sizeof(option), "%s: %s", key, value);
	snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(at - yaml), yaml, option, at + 2);
	return conf_parse("f", whole, strlen(whole), &conf, text) == ERR_OK ? conf : NULL;
}

static inline void option_expect_good(const char *yaml, const struct option_case *c)
{
	char wanted[OPTIONCASE_YAML_MAX];
	struct err_text text = {""};
	struct conf *conf = option_read(yaml, c->key, c->good, &text);
	char *dump = NULL;
	size_t size;
	FILE *out;

	if (!conf)
		fail_msg("%s: %s: %s", c->key, c->good, text.text);
	out = open_memstream(&dump, &size);
	assert_non_null(out);
	assert_int_equal(conf_dump(conf, out), ERR_OK);
	assert_int_equal(fclose(out), 0);
	assert_non_null(dump);
	conf_free(conf);
	snprintf(wanted, sizeof(wanted), " %s: %s\n", c->key, c->good);
	if (!strstr(dump, wanted) && *c->good != '[' && *c->good != '{')
		fail_msg("%s: %s is not what is dumped", c->key, c->good);
	free(dump);
}

static inline void option_expect_bad(const char *yaml, const struct option_case *c)
{
	struct err_text text = {""};
	struct conf *conf = option_read(yaml, c->key, c->bad, &text);

	conf_free(conf);
	if (conf || !strstr(text.text, c->key))
		fail_msg("%s: %s: \"%s\"", c->key, c->bad, text.text);
}

/* Each row of the section has its case, each case its row, and is read as that says. */
static inline void option_check(const struct conf_section *section, const char *yaml,
				const struct option_case *cases, size_t count)
{
	for (size_t i = 0; i < section->count; i++) {
		size_t found = 0;

		for (size_t j = 0; j < count; j++)
			found += strcmp(cases[j].key, section->rows[i].key) == 0;
		if (found != 1)
			fail_msg("%s has %zu cases", section->rows[i].key, found);
	}
	assert_int_equal(section->count, count);
	for (size_t i = 0; i < count; i++) {
		const char *around = cases[i].yaml ? cases[i].yaml : yaml;

		option_expect_good(around, &cases[i]);
		option_expect_bad(around, &cases[i]);
	}
}

#endif
