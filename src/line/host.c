/* SPDX-License-Identifier: BSD-2-Clause */
#include "line/host.h"

#include <idn2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Octets of UTF-8 that a name of 255 octets may take, and more. */
#define UTF8_MAX 1024

static bool has_high_octet(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((uint8_t)text[i] >= 0x80)
			return true;
	}
	return false;
}

static enum err host_from_idn(const char *text, size_t len, struct name *ret_name)
{
	uint8_t utf8[UTF8_MAX + 1];
	uint8_t *ascii = NULL;
	enum err err;
	int rc;

	if (len > UTF8_MAX)
		return ERR_NAME;
	if (memchr(text, '\0', len))
		return ERR_CHAR;
	memcpy(utf8, text, len);
	utf8[len] = '\0';
	rc = idn2_lookup_u8(utf8, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc == IDN2_MALLOC)
		return ERR_NOMEM;
	if (rc != IDN2_OK)
		return ERR_SYNTAX;
	err = name_from_host((const char *)ascii, strlen((const char *)ascii), ret_name);
	idn2_free(ascii);
	return err;
}

enum err host_from_text(const char *text, size_t len, struct name *ret_name)
{
	enum err err = name_from_host(text, len, ret_name);

	if (err == ERR_OK || !has_high_octet(text, len))
		return err;
	return host_from_idn(text, len, ret_name);
}

enum err host_from_written(const char *text, struct name *ret_name)
{
	size_t len = strlen(text);

	return has_high_octet(text, len) ? host_from_text(text, len, ret_name)
					 : name_from_text(text, len, ret_name);
}

enum list_reason host_reason(enum err err)
{
	switch (err) {
	case ERR_LABEL:
		return LINE_LABEL;
	case ERR_NAME:
		return LINE_NAME;
	case ERR_CHAR:
		return LINE_CHAR;
	case ERR_SYNTAX:
		return LINE_IDNA;
	default:
		return LINE_NO_MEMORY;
	}
}
