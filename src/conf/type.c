/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/type.h"

#include <string.h>

static const struct conf_type *const types[CONF_T_COUNT] = {
	[CONF_T_UINT] = &conf_type_u32,		 [CONF_T_SIZE] = &conf_type_u64,
	[CONF_T_DURATION] = &conf_type_u32,	 [CONF_T_TTL] = &conf_type_u32,
	[CONF_T_POLICY] = &conf_type_word,	 [CONF_T_TRANSPORT] = &conf_type_word,
	[CONF_T_HOST] = &conf_type_host,	 [CONF_T_PINS] = &conf_type_pin,
	[CONF_T_BOOL] = &conf_type_bool,	 [CONF_T_LOGLEVEL] = &conf_type_word,
	[CONF_T_FORMAT] = &conf_type_word,	 [CONF_T_MATCH] = &conf_type_word,
	[CONF_T_ACTION] = &conf_type_word,	 [CONF_T_REASON] = &conf_type_word,
	[CONF_T_STRING] = &conf_type_string,	 [CONF_T_PATH] = &conf_type_string,
	[CONF_T_LISTNAME] = &conf_type_listname, [CONF_T_DATE] = &conf_type_date,
	[CONF_T_URL] = &conf_type_url,		 [CONF_T_NAMES] = &conf_type_host,
	[CONF_T_ENDPOINT] = &conf_type_endpoint, [CONF_T_ENDPOINTS] = &conf_type_endpoint,
	[CONF_T_PREFIXES] = &conf_type_prefix,	 [CONF_T_IPV4] = &conf_type_ip,
	[CONF_T_IPV6] = &conf_type_ip,		 [CONF_T_IPV4S] = &conf_type_ip,
	[CONF_T_IPV6S] = &conf_type_ip,		 [CONF_T_OWNER] = &conf_type_owner,
	[CONF_T_TEXTS] = &conf_type_text,	 [CONF_T_RRTYPE] = &conf_type_rrtype,
};

const struct conf_type *conf_type_of(const struct conf_row *row)
{
	return types[row->type];
}

bool conf_row_is_list(const struct conf_row *row)
{
	return row->kind == CONF_KIND_VALUES || row->kind == CONF_KIND_SECTIONS;
}

size_t conf_row_count(const struct conf_row *row, const void *base)
{
	size_t count = 1;

	if (conf_row_is_list(row))
		memcpy(&count, (const char *)base + row->count_offset, sizeof(count));
	return count;
}

void *conf_row_array(const struct conf_row *row, const void *base)
{
	void *array = NULL;

	if (conf_row_is_list(row))
		memcpy(&array, (const char *)base + row->offset, sizeof(array));
	return array;
}

const void *conf_row_item(const struct conf_row *row, const void *base, size_t index)
{
	if (!conf_row_is_list(row))
		return (const char *)base + row->offset;
	return (const char *)conf_row_array(row, base) + index * conf_row_size(row);
}

size_t conf_row_size(const struct conf_row *row)
{
	return row->section ? row->section->size : conf_type_of(row)->size;
}
