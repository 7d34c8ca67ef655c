/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "pattern/glob.h"
#include "pattern/matcher.h"

#define CODE_BYTES_MAX 16384U /* of a compiled pattern */
#define NEST_MAX 32U	      /* groups in groups */

/* What a pattern is compiled from. */
struct expression {
	const char *text;
	size_t len;
	uint32_t options;
	char glob[GLOB_REGEX_MAX];
};

static bool is_text(const struct pattern_source *source)
{
	for (size_t i = 0; i < source->len; i++)
		if (source->text[i] <= ' ' || source->text[i] > '~')
			return false;
	return source->len > 0;
}

static enum err express(const struct pattern_source *source, struct expression *e)
{
	enum err err;

	e->text = source->text;
	e->len = source->len;
	e->options = PCRE2_CASELESS | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF |
		     PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;
	if (source->len > PATTERN_TEXT_MAX)
		return ERR_RANGE;
	if (!is_text(source))
		return ERR_SYNTAX;
	if (source->form & PATTERN_REGEX)
		return ERR_OK;
	err = glob_regex(source, e->glob, &e->len);
	e->text = e->glob;
	e->options |= PCRE2_ANCHORED;
	return err;
}

static enum err reason_of(int error)
{
	switch (error) {
	case PCRE2_ERROR_HEAP_FAILED:
		return ERR_NOMEM;
	case PCRE2_ERROR_PATTERN_TOO_LARGE:
	case PCRE2_ERROR_PATTERN_TOO_COMPLICATED:
	case PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP:
		return ERR_REFUSED;
	default:
		return ERR_SYNTAX;
	}
}

static enum err compile(const struct expression *e, pcre2_code **ret_code)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_SIZE offset;
	pcre2_code *code;
	size_t size = 0;
	int error = 0;

	if (!context)
		return ERR_NOMEM;
	pcre2_set_parens_nest_limit(context, NEST_MAX);
	code = pcre2_compile((PCRE2_SPTR)(const void *)e->text, e->len, e->options, &error, &offset,
			     context);
	pcre2_compile_context_free(context);
	if (!code)
		return reason_of(error);
	(void)pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
	if (size > CODE_BYTES_MAX) {
		pcre2_code_free(code);
		return ERR_REFUSED;
	}
	/* Where memory may not be made executable, the pattern is interpreted. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	*ret_code = code;
	return ERR_OK;
}

/* As filter lists write it. */
static void write_text(const struct pattern_source *source, char *out)
{
	const char *before = source->form & PATTERN_REGEX      ? "/"
			     : source->form & PATTERN_AT_LABEL ? "||"
			     : source->form & PATTERN_AT_START ? "|"
							       : "";
	const char *behind = source->form & PATTERN_REGEX    ? "/"
			     : source->form & PATTERN_TO_END ? "^"
							     : "";
	size_t len = strlen(before);

	memcpy(out, before, len);
	memcpy(out + len, source->text, source->len);
	memcpy(out + len + source->len, behind, strlen(behind) + 1);
}

/* A long name that is made of `text` over and over, in labels of `label` octets. */
static void repeat(const char *text, size_t text_len, size_t label, struct name *ret_name)
{
	size_t pos = 0;
	size_t octet = 0;

	while (pos + label + 2 <= NAME_WIRE_MAX) {
		ret_name->wire[pos++] = (uint8_t)label;
		for (size_t i = 0; i < label; i++)
			ret_name->wire[pos++] = (uint8_t)text[octet++ % text_len];
	}
	ret_name->wire[pos++] = 0;
	ret_name->len = (uint8_t)pos;
}

static bool decides(const struct pattern *pattern, const struct name *name)
{
	return pattern_match(pattern, name) != PATTERN_UNDECIDED;
}

static bool decides_repeated(const struct pattern *pattern, const char *text)
{
	static const size_t labels[] = {1, 2, 5, 30, 63};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct name name = {.len = 0};

		repeat(text, strlen(text), labels[i], &name);
		if (!decides(pattern, &name))
			return false;
	}
	return true;
}

static void put_label(struct name *name, const char *text, size_t len)
{
	name->wire[name->len++] = (uint8_t)len;
	memcpy(name->wire + name->len, text, len);
	name->len = (uint8_t)(name->len + len);
}

/* Among much else, the pattern's own text: alone, and within a label. */
static bool decides_around(const struct pattern *pattern, const struct literal *l, const char *fill)
{
	struct name name = {.len = 0};
	char own[LITERAL_OCTETS_MAX];
	char label[NAME_LABEL_MAX];
	size_t own_len = 0;

	for (size_t i = 0; i < sizeof(label); i++)
		label[i] = fill[i % strlen(fill)];
	for (size_t i = 0; i < l->len; i++)
		if (l->octets[i] != '.')
			own[own_len++] = l->octets[i];
	put_label(&name, label, sizeof(label));
	if (own_len > 0)
		put_label(&name, own, own_len);
	put_label(&name, label, sizeof(label));
	memcpy(label + 30, own, own_len);
	put_label(&name, label, sizeof(label));
	name.wire[name.len++] = 0;
	return decides(pattern, &name);
}

/*
 * Whether it goes back too often is not told by its looks.  Names that make those who do are made
 * of one octet over and over, or of what the pattern itself has.
 */
static bool is_cheap(const struct pattern *pattern)
{
	static const char *const texts[] = {"a", "0", "-", "a1", "ab", "x-", "z9-"};
	const struct literals *literals = &pattern->literals;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!decides_repeated(pattern, texts[i]))
			return false;
		for (uint32_t k = 0; k < literals->count; k++)
			if (!decides_around(pattern, &literals->at[k], texts[i]))
				return false;
	}
	return true;
}

enum err pattern_create(const struct pattern_source *source, struct pattern **ret_pattern)
{
	struct expression expression;
	struct pattern *pattern;
	enum err err = express(source, &expression);

	if (err != ERR_OK)
		return err;
	pattern = calloc(1, sizeof(*pattern) + PATTERN_SHOWN_MAX);
	if (!pattern)
		return ERR_NOMEM;
	pattern->refs = 1;
	write_text(source, pattern->text);
	err = compile(&expression, &pattern->code);
	if (err == ERR_OK) {
		literal_find(expression.text, expression.len, &pattern->literals);
		err = is_cheap(pattern) ? ERR_OK : ERR_REFUSED;
	}
	if (err == ERR_OK)
		*ret_pattern = pattern;
	else
		pattern_unref(pattern);
	return err;
}

struct pattern *pattern_ref(struct pattern *pattern)
{
	__atomic_fetch_add(&pattern->refs, 1, __ATOMIC_RELAXED);
	return pattern;
}

void pattern_unref(struct pattern *pattern)
{
	if (!pattern || __atomic_fetch_sub(&pattern->refs, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	pcre2_code_free(pattern->code);
	free(pattern);
}

const char *pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}

bool pattern_is_loose(const struct pattern *pattern)
{
	return pattern->literals.count == 0;
}

enum pattern_outcome pattern_match(const struct pattern *pattern, const struct name *name)
{
	struct matcher matcher;

	subject_set(&matcher.subject, name);
	matcher_begin(&matcher, name);
	return matcher_try(&matcher, pattern);
}
