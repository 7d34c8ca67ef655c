/* SPDX-License-Identifier: BSD-2-Clause */
/* What all formats write: times, types, addresses, JSON. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/sink.h"
#include "feed/findings.h"

const char *report_client(const struct archive_row *row)
{
	return row->finding.client;
}

/* Labels are counted from the right; a dot with a backslash before it parts none. */
const char *report_listed(const struct archive_row *row)
{
	const char *name = row->finding.name;
	unsigned int left = row->finding.owner_labels;
	const char *at = name + strlen(name);

	if (left == 0)
		return "";
	while (at > name) {
		if (at[-1] == '.' && !(at - 1 > name && at[-2] == '\\') && --left == 0)
			return at;
		at--;
	}
	return name;
}

const char *report_ticket(const struct archive_row *row)
{
	return row->finding.ticket ? row->finding.ticket : "";
}

const char *report_source_word(enum report_source source)
{
	static const char *const source_words[] = {
#define SOURCE_WORD(enumerator, word) [enumerator] = (word),
		REPORT_SOURCES(SOURCE_WORD)
#undef SOURCE_WORD
	};

	return source_words[source];
}

const char *report_host(const struct archive_row *row)
{
	return strcmp(row->hostname_from, report_source_word(REPORT_SOURCE_UNCONFIRMED)) == 0
		       ? ""
		       : row->hostname;
}

const char *report_time(uint64_t time_s, char buf[REPORT_TIME_MAX])
{
	time_t t = (time_t)time_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, REPORT_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

static void add_word(char buf[REPORT_WORDS_MAX], const char *word)
{
	size_t len = strlen(buf);

	snprintf(buf + len, REPORT_WORDS_MAX - len, "%s%s", len > 0 ? " " : "", word);
}

const char *report_types(uint16_t types, char buf[REPORT_WORDS_MAX])
{
	buf[0] = '\0';
#define X(bit, type, mnemonic)                                                                     \
	if (types & 1U << (bit))                                                                   \
		add_word(buf, mnemonic);
	FINDINGS_TYPES(X)
#undef X
	if (types & 1U << FINDINGS_TYPE_OTHER)
		add_word(buf, "other");
	return buf;
}

const char *report_ways(uint8_t ways, char buf[REPORT_WORDS_MAX])
{
	static const char *const words[] = {
		[FINDINGS_WAY_UDP] = "udp",
		[FINDINGS_WAY_COOKIE] = "udp-cookie",
		[FINDINGS_WAY_TCP] = "tcp",
		[FINDINGS_WAY_TLS] = "tls",
	};

	buf[0] = '\0';
	for (unsigned int i = 0; i < FINDINGS_WAY_COUNT; i++)
		if (ways & 1U << i)
			add_word(buf, words[i]);
	return buf;
}

const char *report_transport(uint8_t ways)
{
	return ways & (1U << FINDINGS_WAY_TCP | 1U << FINDINGS_WAY_TLS) ? "tcp" : "udp";
}

const char *report_uuid(const char *text, char buf[REPORT_UUID_MAX])
{
	static const unsigned char space[16] = {0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c,
						0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7};
	unsigned char d[EVP_MAX_MD_SIZE] = {0};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
	    EVP_DigestUpdate(ctx, space, sizeof(space)) == 1 &&
	    EVP_DigestUpdate(ctx, text, strlen(text)) == 1)
		EVP_DigestFinal_ex(ctx, d, NULL);
	EVP_MD_CTX_free(ctx);
	d[6] = (unsigned char)((d[6] & 0x0f) | 0x50);
	d[8] = (unsigned char)((d[8] & 0x3f) | 0x80);
	snprintf(buf, REPORT_UUID_MAX,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
		 d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14],
		 d[15]);
	return buf;
}

json_t *report_string(const char *text)
{
	json_t *string = json_string(text);

	return string ? string : json_string("(not UTF-8)");
}

void report_set(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(object, key, report_string(text));
}

void report_line(struct sink *sink, json_t *object)
{
	char *line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	json_decref(object);
	if (!line) {
		sink->err = err_set(sink->text, ERR_NOMEM, "out of memory");
		return;
	}
	fprintf(sink->out, "%s\n", line);
	free(line);
}
