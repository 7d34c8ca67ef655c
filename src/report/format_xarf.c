/* SPDX-License-Identifier: BSD-2-Clause */
/* XARF 4.2: one report a client, ready to be mailed, with its findings as evidence. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "given/localdata.h"
#include "report/sink.h"

#define EVIDENCE_MAX (1024U * 1024) /* octets of one report's evidence; XARF allows 5 MB */
#define TAG_MAX 80

/* The client whose findings come. */
struct xarf {
	char client[64];
	char name[1024];		     /* one that it asked for */
	char family[LOCALDATA_NOTE_MAX + 1]; /* a list's own is shorter */
	char list[64];
	char remedy[1024];
	uint32_t first_s;
	uint32_t last_s;
	uint64_t count;
	uint64_t proven;
	char *evidence; /* CSV */
	size_t evidence_len;
	FILE *stream; /* that writes it; NULL: no client yet */
	uint64_t left_out;
};

static enum err begin(struct sink *sink)
{
	const struct report_query *q = sink->query;

	if (!q->contact || !q->domain || !strchr(q->contact, '@'))
		return err_set(sink->text, ERR_REFUSED,
			       "format xarf needs who reports: --contact MAIL and --domain NAME");
	sink->own = calloc(1, sizeof(struct xarf));
	return sink->own ? ERR_OK : err_set(sink->text, ERR_NOMEM, "out of memory");
}

static json_t *reporter(const struct report_query *q)
{
	return json_pack("{s:o, s:o, s:o}", "org", report_string(q->org ? q->org : "sinkholed"),
			 "contact", report_string(q->contact), "domain", report_string(q->domain));
}

/* "botnet:waledac": of lower-case letters and digits. */
static json_t *tags_of(const struct xarf *x)
{
	const char *what = *x->family ? x->family : x->list;
	char tag[TAG_MAX];
	size_t len = (size_t)snprintf(tag, sizeof(tag), "botnet:");
	size_t begin = len;

	for (; *what && len < sizeof(tag) - 1; what++) {
		char c = *what;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 'a' - 'A');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			tag[len++] = c;
		else if (len > begin && tag[len - 1] != '_')
			tag[len++] = '_';
	}
	tag[len] = '\0';
	return len > begin ? json_pack("[s]", tag) : json_array();
}

static json_t *evidence_of(const struct xarf *x)
{
	char *coded = malloc(4 * (x->evidence_len / 3 + 1) + 1);
	json_t *evidence = NULL;

	if (!coded)
		return NULL;
	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)x->evidence,
			(int)x->evidence_len);
	evidence = json_pack("[{s:s, s:s, s:s, s:I}]", "content_type", "text/csv", "description",
			     x->left_out ? "queries of this client, the first of them"
					 : "queries of this client",
			     "payload", coded, "size", (json_int_t)x->evidence_len);
	free(coded);
	return evidence;
}

static json_t *report_of(const struct sink *sink, const struct xarf *x)
{
	char text[256];
	char time[REPORT_TIME_MAX];
	char uuid[REPORT_UUID_MAX];
	json_t *report = json_object();

	snprintf(text, sizeof(text), "xarf|%s|%u|%u|%llu", x->client, x->first_s, x->last_s,
		 (unsigned long long)x->count);
	report_set(report, "xarf_version", "4.2.0");
	report_set(report, "report_id", report_uuid(text, uuid));
	report_set(report, "timestamp", report_time(x->last_s, time));
	json_object_set_new(report, "reporter", reporter(sink->query));
	json_object_set_new(report, "sender", reporter(sink->query));
	report_set(report, "source_identifier", x->client);
	report_set(report, "category", "infrastructure");
	report_set(report, "type", "botnet");
	report_set(report, "evidence_source", "traffic_analysis");
	json_object_set_new(report, "evidence", evidence_of(x));
	json_object_set_new(report, "tags", tags_of(x));
	json_object_set_new(report, "confidence", json_real(x->proven ? 0.9 : 0.5));
	report_set(report, "malware_family", x->family);
	report_set(report, "c2_server", x->name);
	report_set(report, "c2_protocol", "dns");
	snprintf(text, sizeof(text),
		 "%llu DNS queries for names that are cut off, %llu of them with "
		 "the source address verified (TCP, TLS or a DNS cookie)",
		 (unsigned long long)x->count, (unsigned long long)x->proven);
	report_set(report, "compromise_evidence", text);
	report_set(report, "description", text);
	report_set(report, "first_seen", report_time(x->first_s, time));
	report_set(report, "last_seen", report_time(x->last_s, time));
	report_set(report, "remedy", x->remedy);
	return report;
}

/* Writes the report of the client whose findings have come. */
static void finish(struct sink *sink, struct xarf *x)
{
	if (!x->stream)
		return;
	fclose(x->stream);
	x->stream = NULL;
	if (x->evidence)
		report_line(sink, report_of(sink, x));
	free(x->evidence);
	x->evidence = NULL;
}

static void start(struct sink *sink, struct xarf *x, const struct archive_row *row)
{
	*x = (struct xarf){.first_s = row->finding.first_s};
	snprintf(x->client, sizeof(x->client), "%s", report_client(row));
	snprintf(x->name, sizeof(x->name), "%s", row->finding.name);
	snprintf(x->family, sizeof(x->family), "%s", row->list.family);
	snprintf(x->list, sizeof(x->list), "%s", row->list.name);
	snprintf(x->remedy, sizeof(x->remedy), "%s", row->list.remedy);
	x->stream = open_memstream(&x->evidence, &x->evidence_len);
	if (!x->stream) {
		sink->err = err_set(sink->text, ERR_NOMEM, "out of memory");
		return;
	}
	sink->own = x;
}

/* The evidence has the same columns as format csv. */
static void add_evidence(struct xarf *x, const struct archive_row *row)
{
	struct sink inner = {.out = x->stream};
	bool first = ftell(x->stream) == 0;

	if (!first && (size_t)ftell(x->stream) > EVIDENCE_MAX) {
		x->left_out++;
		return;
	}
	if (first && format_csv.begin(&inner) != ERR_OK)
		return;
	format_csv.row(&inner, row);
}

static void row_xarf(struct sink *sink, const struct archive_row *row)
{
	struct xarf *x = sink->own;

	if (!x->stream || strcmp(x->client, report_client(row)) != 0) {
		finish(sink, x);
		start(sink, x, row);
	}
	if (!x->stream)
		return;
	if (row->finding.first_s < x->first_s)
		x->first_s = row->finding.first_s;
	if (row->finding.last_s > x->last_s)
		x->last_s = row->finding.last_s;
	x->count += row->finding.count;
	x->proven += row->finding.proven;
	add_evidence(x, row);
}

static void end(struct sink *sink)
{
	struct xarf *x = sink->own;

	if (sink->err == ERR_OK)
		finish(sink, x);
	if (x->stream)
		fclose(x->stream);
	free(x->evidence);
	free(x);
}

const struct format format_xarf = {
	.whole = true, .prefixes = true, .begin = begin, .row = row_xarf, .end = end};
