/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/label.h"

/* Octets of the well-formed character at `text`, 0: there is none (RFC 3629). */
static size_t character(const unsigned char *text)
{
	static const struct {
		unsigned char from, to, low, high;
		size_t len;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	if (text[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].from || text[0] > forms[i].to)
			continue;
		if (text[1] < forms[i].low || text[1] > forms[i].high)
			return 0;
		for (size_t n = 2; n < forms[i].len; n++)
			if ((text[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

void label_add(struct evbuffer *out, const char *text)
{
	while (*text) {
		size_t len = character((const unsigned char *)text);

		if (len == 0)
			evbuffer_add(out, "\xef\xbf\xbd", 3);
		else if (*text == '\n')
			evbuffer_add(out, "\\n", 2);
		else if (*text == '\\' || *text == '"')
			evbuffer_add_printf(out, "\\%c", *text);
		else
			evbuffer_add(out, text, len);
		text += len ? len : 1;
	}
}
