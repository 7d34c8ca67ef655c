/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/head.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define VERSION_LEN 5 /* "HTTP/" */

static void begin(struct head *head, const char *line, size_t len)
{
	const char *at = memchr(line, ' ', len);
	const char *end = line + len;

	*head = (struct head){.status = 0};
	/* a stream of HTTP/2 and 3 says where it ends */
	head->measured = line[VERSION_LEN] == '2' || line[VERSION_LEN] == '3';
	for (int digits = 0; at && ++at < end && digits < 3 && *at >= '0' && *at <= '9'; digits++)
		head->status = head->status * 10 + (unsigned int)(*at - '0');
}

/* The value of the field, without blanks around it; false: the line is another field. */
static bool value_of(const char *line, size_t len, const char *name, const char **ret_value,
		     size_t *ret_len)
{
	size_t name_len = strlen(name);

	if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
		return false;
	line += name_len + 1;
	len -= name_len + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r' ||
			   line[len - 1] == '\n'))
		len--;
	*ret_value = line;
	*ret_len = len;
	return true;
}

/* Keeps a value that has no controls and is not too long: half of one is none. */
static void keep(char *field, size_t size, const char *value, size_t len)
{
	field[0] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return;
	if (len >= size)
		return;
	memcpy(field, value, len);
	field[len] = '\0';
}

static bool ends_in_chunked(const char *value, size_t len)
{
	static const char word[] = "chunked";
	size_t word_len = sizeof(word) - 1;

	return len >= word_len && strncasecmp(value + len - word_len, word, word_len) == 0;
}

/* Of two lengths neither can be relied on (RFC 9112, 6.3), which libcurl does not mind. */
static void take_length(struct head *head, const char *value, size_t len)
{
	char length[sizeof(head->length)];

	keep(length, sizeof(length), value, len);
	head->disputed =
		head->disputed || !*length || (*head->length && strcmp(head->length, length) != 0);
	head->measured = true;
	memcpy(head->length, length, sizeof(length));
}

void head_take_line(struct head *head, const char *line, size_t len)
{
	const char *value;
	size_t value_len;

	if (len > VERSION_LEN && memcmp(line, "HTTP/", VERSION_LEN) == 0)
		begin(head, line, len);
	else if (value_of(line, len, "etag", &value, &value_len))
		keep(head->etag, sizeof(head->etag), value, value_len);
	else if (value_of(line, len, "last-modified", &value, &value_len))
		keep(head->modified, sizeof(head->modified), value, value_len);
	else if (value_of(line, len, "content-length", &value, &value_len))
		take_length(head, value, value_len);
	else if (value_of(line, len, "transfer-encoding", &value, &value_len))
		head->measured = head->measured || ends_in_chunked(value, value_len);
	else if (value_of(line, len, "content-encoding", &value, &value_len))
		keep(head->encoding, sizeof(head->encoding), value, value_len);
}

bool head_can_be_decoded(const struct head *head)
{
	return head_is_gzip(head) || !*head->encoding ||
	       strcasecmp(head->encoding, "identity") == 0;
}

bool head_is_gzip(const struct head *head)
{
	return strcasecmp(head->encoding, "gzip") == 0 || strcasecmp(head->encoding, "x-gzip") == 0;
}
