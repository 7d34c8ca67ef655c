/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/body.h"

#include <jansson.h>
#include <string.h>

static enum err copy(const json_t *value, char *buf, size_t size)
{
	size_t len = json_string_length(value);
	const char *text = json_string_value(value);

	if (!text)
		return ERR_SYNTAX;
	if (len >= size || memchr(text, '\0', len))
		return ERR_RANGE;
	memcpy(buf, text, len + 1);
	return ERR_OK;
}

enum err body_text(const char *data, size_t len, const char *key, char *buf, size_t size)
{
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *value = json_object_get(root, key);
	enum err err;

	if (!json_is_object(root))
		err = ERR_SYNTAX;
	else if (!value)
		err = ERR_NOTFOUND;
	else
		err = copy(value, buf, size);
	json_decref(root);
	return err;
}

enum err body_flag(const char *data, size_t len, const char *key, bool *ret_flag)
{
	json_t *root =
		len > 0 ? json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL) : json_object();
	const json_t *value = json_object_get(root, key);
	enum err err =
		json_is_object(root) && (!value || json_is_boolean(value)) ? ERR_OK : ERR_SYNTAX;

	if (err == ERR_OK)
		*ret_flag = json_is_true(value);
	json_decref(root);
	return err;
}
