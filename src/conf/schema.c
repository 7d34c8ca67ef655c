/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/schema.h"

#include <cyaml/cyaml.h>

#include "conf/conf.h"

#define PASTE(a, b) PASTE_(a, b)
#define PASTE_(a, b) a##b
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The macros make declarations and designators, in which parentheses cannot stand. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
/* clang-format off */

/* Each type's kind, and for the sections the name their rows have. */
#define KIND_UINT      VALUE
#define KIND_SIZE      VALUE
#define KIND_DURATION  VALUE
#define KIND_TTL       VALUE
#define KIND_BOOL      VALUE
#define KIND_LOGLEVEL  VALUE
#define KIND_FORMAT    VALUE
#define KIND_MATCH     VALUE
#define KIND_ACTION    VALUE
#define KIND_REASON    VALUE
#define KIND_POLICY    VALUE
#define KIND_TRANSPORT VALUE
#define KIND_STRING    VALUE
#define KIND_PATH      VALUE
#define KIND_LISTNAME  VALUE
#define KIND_DATE      VALUE
#define KIND_URL       VALUE
#define KIND_HOST      VALUE
#define KIND_NAMES     VALUES
#define KIND_OWNER     VALUE
#define KIND_TEXTS     VALUES
#define KIND_PINS      VALUES
#define KIND_ENDPOINT  VALUE
#define KIND_ENDPOINTS VALUES
#define KIND_PREFIXES  VALUES
#define KIND_RRTYPE    VALUE
#define KIND_IPV4      VALUE
#define KIND_IPV6      VALUE
#define KIND_IPV4S     VALUES
#define KIND_IPV6S     VALUES
#define KIND_SERVER    SECTION
#define KIND_CACHE     SECTION
#define KIND_OUTGOING  SECTION
#define KIND_LOCAL     SECTION
#define KIND_SINKHOLE  SECTION
#define KIND_AUTHORITY SECTION
#define KIND_GUARD     SECTION
#define KIND_STATE     SECTION
#define KIND_UPSTREAMS SECTIONS
#define KIND_CACHETYPES SECTIONS
#define KIND_FORWARDS  SECTIONS
#define KIND_LOCALNAMES SECTIONS
#define KIND_LISTS     SECTIONS

#define ROWS_SERVER    server
#define ROWS_CACHE     cache
#define ROWS_OUTGOING  outgoing
#define ROWS_LOCAL     local
#define ROWS_LOCALNAMES local_name
#define ROWS_SINKHOLE  sinkhole
#define ROWS_AUTHORITY authority
#define ROWS_GUARD     guard
#define ROWS_STATE     state
#define ROWS_UPSTREAMS upstream
#define ROWS_CACHETYPES cachetype
#define ROWS_FORWARDS  forward
#define ROWS_LISTS     list

/* ---- what libcyaml fills */

#define RAW(section, field, key, type, ...) PASTE(RAW_, KIND_##type)(field, ROWS_##type)
#define RAW_VALUE(field, rows)              char *field;
#define RAW_VALUES(field, rows)             RAW_COUNTED(char *, field)
#define RAW_SECTION(field, rows)            struct PASTE(raw_, rows) *field;
#define RAW_SECTIONS(field, rows)           RAW_COUNTED(struct PASTE(raw_, rows), field)
#define RAW_COUNTED(type, field)            type *field; uint32_t field##_count;

/* ---- the schema it reads with: all is optional, conf_check knows what is not */

#define FIELD(section, field, key, type, ...)                                                      \
	PASTE(FIELD_, KIND_##type)(struct raw_##section, field, key, ROWS_##type)
#define FIELD_VALUE(raw, field, key, rows)                                                         \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL, raw, field, 0, CYAML_UNLIMITED),
#define FIELD_VALUES(raw, field, key, rows)                                                        \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, raw, field,            \
			     &schema_text, 0, CYAML_UNLIMITED),
#define FIELD_SECTION(raw, field, key, rows)                                                       \
	CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL, raw, field,    \
				PASTE(fields_, rows)),
#define FIELD_SECTIONS(raw, field, key, rows)                                                      \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL, raw, field,       \
			     &PASTE(schema_, rows), 0, CYAML_UNLIMITED),

/* ---- the rows as data */

#define RESTART_RELOAD  false
#define RESTART_RESTART true
#define ROW(section, field, name, type, fallback, low, high, units, apply, text)                   \
	{                                                                                          \
		.key = name, .def = fallback, .unit = units, .help = text, .least = low,           \
		.most = high, .restart = RESTART_##apply,                                          \
		.offset = offsetof(STRUCT_##section, field),                                       \
		.raw_offset = offsetof(struct raw_##section, field),                               \
		.kind = PASTE(CONF_KIND_, KIND_##type),                                            \
		PASTE(ROW_, KIND_##type)(section, field, CONF_T_##type, ROWS_##type)               \
	},
#define ROW_VALUE(part, field, id, rows)    .type = id
#define ROW_VALUES(part, field, id, rows)   .type = id, ROW_COUNTED(part, field)
#define ROW_SECTION(part, field, id, rows)  .section = &PASTE(conf_section_, rows)
#define ROW_SECTIONS(part, field, id, rows) ROW_SECTION(, , , rows), ROW_COUNTED(part, field)
#define ROW_COUNTED(part, field)                                                                   \
	.count_offset = offsetof(STRUCT_##part, field##_count),                                    \
	.raw_count_offset = offsetof(struct raw_##part, field##_count)

#define STRUCT_main      struct conf
#define STRUCT_server    struct conf_server
#define STRUCT_cache     struct conf_cache
#define STRUCT_cachetype struct conf_cachetype
#define STRUCT_outgoing  struct conf_outgoing
#define STRUCT_upstream  struct conf_upstream
#define STRUCT_forward   struct conf_forward
#define STRUCT_local     struct conf_local
#define STRUCT_local_name struct conf_local_name
#define STRUCT_list      struct conf_list
#define STRUCT_sinkhole  struct conf_sinkhole
#define STRUCT_authority struct conf_authority
#define STRUCT_guard     struct conf_guard
#define STRUCT_state     struct conf_state

/* clang-format on */

static const cyaml_schema_value_t schema_text = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

/* All of a section; those it holds stand before it. */
#define SECTION(linkage, section, ROWS)                                                            \
	struct raw_##section {                                                                     \
		ROWS(RAW)                                                                          \
	};                                                                                         \
	static const cyaml_schema_field_t fields_##section[] = {ROWS(FIELD) CYAML_FIELD_END};      \
	static const struct conf_row rows_##section[] = {ROWS(ROW)};                               \
	linkage const struct conf_section conf_section_##section = {                               \
		.rows = rows_##section,                                                            \
		.count = COUNT(rows_##section),                                                    \
		.size = sizeof(STRUCT_##section),                                                  \
		.raw_size = sizeof(struct raw_##section),                                          \
	};
#define ITEM(section)                                                                              \
	static const cyaml_schema_value_t schema_##section = {                                     \
		CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_##section, fields_##section),   \
	};

SECTION(static, server, CONF_ROWS_SERVER)
SECTION(static, cachetype, CONF_ROWS_CACHETYPE)
ITEM(cachetype)
SECTION(static, cache, CONF_ROWS_CACHE)
SECTION(static, outgoing, CONF_ROWS_OUTGOING)
SECTION(static, upstream, CONF_ROWS_UPSTREAM)
ITEM(upstream)
SECTION(static, forward, CONF_ROWS_FORWARD)
ITEM(forward)
SECTION(static, local_name, CONF_ROWS_LOCAL_NAME)
ITEM(local_name)
SECTION(static, local, CONF_ROWS_LOCAL)
SECTION(static, sinkhole, CONF_ROWS_SINKHOLE)
SECTION(static, authority, CONF_ROWS_AUTHORITY)
SECTION(static, list, CONF_ROWS_LIST)
SECTION(static, guard, CONF_ROWS_GUARD)
SECTION(static, state, CONF_ROWS_STATE)
ITEM(list)
SECTION(, main, CONF_ROWS_MAIN)
/* NOLINTEND(bugprone-macro-parentheses) */

static const cyaml_schema_value_t schema_main = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER_NULL, struct raw_main, fields_main),
};

static const cyaml_config_t cyaml_config = {
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS,
};

enum err conf_raw_load(const struct conf_place *place, const char *yaml, size_t len, void **ret_raw)
{
	void *raw = NULL;
	cyaml_err_t err = cyaml_load_data((const uint8_t *)yaml, len, &cyaml_config, &schema_main,
					  &raw, NULL);

	/* that the text is YAML is known: libyaml can only have run out of memory */
	if (err == CYAML_ERR_OOM || err == CYAML_ERR_LIBYAML_PARSER ||
	    err == CYAML_ERR_LIBYAML_PARSER_INIT)
		return conf_fail_nomem(place);
	if (err != CYAML_OK)
		return conf_fail(place, (struct conf_mark){0}, "%s", cyaml_strerror(err));
	*ret_raw = raw;
	return ERR_OK;
}

void conf_raw_free(void *raw)
{
	cyaml_free(&cyaml_config, &schema_main, raw, 0);
}
