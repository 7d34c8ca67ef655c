/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/report.h"

#include <errno.h>
#include <string.h>

#include "evidence/client.h"
#include "report/sink.h"
#include "who/mac.h"

#define WORD(enumerator, word, help) [enumerator] = (word),
static const char *const words[] = {REPORT_FORMATS(WORD)};
#undef WORD

static const struct format *const formats[REPORT_FORMAT_COUNT] = {
	[REPORT_TABLE] = &format_table, [REPORT_CSV] = &format_csv,
	[REPORT_JSON] = &format_json,	[REPORT_SHADOWSERVER] = &format_shadowserver,
	[REPORT_XARF] = &format_xarf,	[REPORT_INTELMQ] = &format_intelmq,
	[REPORT_STIX] = &format_stix,	[REPORT_MISP] = &format_misp,
	[REPORT_CEF] = &format_cef,	[REPORT_OCSF] = &format_ocsf,
	[REPORT_ECS] = &format_ecs,
};

static const struct format *const client_formats[REPORT_FORMAT_COUNT] = {
	[REPORT_TABLE] = &format_clients_table,
	[REPORT_CSV] = &format_clients_csv,
	[REPORT_JSON] = &format_clients_json,
};

static const struct format *const visit_formats[REPORT_FORMAT_COUNT] = {
	[REPORT_TABLE] = &format_visits_table,
	[REPORT_CSV] = &format_visits_csv,
	[REPORT_JSON] = &format_visits_json,
};

/* What a line is of: its word, the formats that have such, and what leads through the store. */
static const struct {
	const char *word;
	const struct format *const *formats;
	enum err (*each)(struct archive *archive, const struct archive_filter *filter,
			 archive_row_fn *fn, void *arg, struct err_text *text);
} lines[] = {
	[REPORT_BY_FINDING] = {"finding", formats, archive_each},
	[REPORT_BY_CLIENT] = {"client", client_formats, archive_each_client},
	[REPORT_BY_VISIT] = {"visit", visit_formats, archive_each_visit},
};

enum report_by report_by_of(const char *word)
{
	unsigned int i = 0;

	while (i < REPORT_BY_COUNT && strcmp(lines[i].word, word) != 0)
		i++;
	return (enum report_by)i;
}

enum report_format report_format_of(const char *word)
{
	unsigned int i = 0;

	while (i < REPORT_FORMAT_COUNT && strcmp(words[i], word) != 0)
		i++;
	return (enum report_format)i;
}

/* A report under way. */
struct writing {
	struct sink sink;
	const struct format *format;
};

/* Refuses an address that the format would have taken for something else. */
static bool is_sayable(struct writing *w, const struct archive_row *row)
{
	const bool encrypted = client_kind(row->finding.form) == CONF_CLIENTS_ENCRYPTED;
	const char *form = row->finding.form == CONF_CLIENTS_PREFIX ? "a prefix" : "encrypted";

	if (encrypted && w->sink.query->ipcrypt) {
		w->sink.err = err_set(w->sink.text, ERR_REFUSED,
				      "%s was encrypted by another key than the one given; since "
				      "and until leave out the time of the other one",
				      row->finding.client);
		return false;
	}
	if (!w->format->whole || row->finding.form == CONF_CLIENTS_WHOLE ||
	    (row->finding.form == CONF_CLIENTS_PREFIX && w->format->prefixes))
		return true;
	w->sink.err = err_set(w->sink.text, ERR_REFUSED,
			      "format %s has no way to say that the address %s is %s",
			      words[w->sink.query->format], row->finding.client, form);
	return false;
}

/* The hardware address that a forwarder has told the client by (who/mac.h). */
static void show_mac(struct archive_row *row, char buf[MAC_TEXT_MAX])
{
	struct ip ip;

	if (!*row->mac && row->finding.form == CONF_CLIENTS_WHOLE &&
	    ip_parse(row->finding.client, &ip) == ERR_OK && mac_text(&ip, buf))
		row->mac = buf;
}

static enum report_source called(const struct report_query *query, const struct ip *ip,
				 uint32_t at_s, struct lease *lease)
{
	const struct leases *leases = query->leases;

	if (leases && leases_find(&leases, 1, ip, at_s, lease) && *lease->name)
		return lease->hosts ? REPORT_SOURCE_HOSTS : REPORT_SOURCE_LEASE;
	return query->called ? query->called(query->called_arg, ip, at_s, lease)
			     : REPORT_SOURCE_NONE;
}

/* What the client of a row was called when it was last seen. */
static void name_client(const struct report_query *query, struct archive_row *row,
			struct lease *lease)
{
	uint32_t at_s = row->finding.last_s > 0 ? row->finding.last_s : row->visit.last_s;
	enum report_source source;
	struct ip ip;

	if (row->finding.form != CONF_CLIENTS_WHOLE || ip_parse(row->finding.client, &ip) != ERR_OK)
		return;
	source = called(query, &ip, at_s, lease);
	row->mac = lease->mac;
	if (source == REPORT_SOURCE_NONE)
		return;
	row->hostname = lease->name;
	row->hostname_from = report_source_word(source);
}

static bool write_row(void *arg, const struct archive_row *stored)
{
	struct writing *w = arg;
	struct archive_row row = *stored;
	char address[INET6_ADDRSTRLEN];
	struct lease lease = {.since_s = 0};
	char mac[MAC_TEXT_MAX];
	struct ip ip;

	if (w->sink.query->ipcrypt && client_is_of(row.finding.form, w->sink.query->ipcrypt) &&
	    ip_parse(row.finding.client, &ip) == ERR_OK) {
		ip = ipcrypt_decrypt(w->sink.query->ipcrypt, &ip);
		row.finding.client = ip_text(&ip, address, sizeof(address));
		row.finding.form = CONF_CLIENTS_WHOLE;
	}
	name_client(w->sink.query, &row, &lease);
	show_mac(&row, mac);
	if (!is_sayable(w, &row))
		return false;
	w->format->row(&w->sink, &row);
	w->sink.rows++;
	return w->sink.err == ERR_OK && !ferror(w->sink.out);
}

static enum err lead_through(struct writing *w, struct archive *archive)
{
	const struct report_query *query = w->sink.query;
	enum err err = ERR_OK;

	if (w->format->begin)
		err = w->format->begin(&w->sink);
	if (err != ERR_OK)
		return err;
	err = lines[query->by].each(archive, &query->filter, write_row, w, w->sink.text);
	if (err == ERR_OK)
		err = w->sink.err;
	if (w->format->end)
		w->format->end(&w->sink);
	return err;
}

enum err report_write(struct archive *archive, const struct report_query *query, FILE *out,
		      struct err_text *text)
{
	struct writing w = {
		.sink = {.query = query, .out = out, .text = text},
		.format = lines[query->by].formats[query->format],
	};
	enum err err;

	if (!w.format)
		return err_set(text, ERR_REFUSED, "format %s has no report by %s",
			       words[query->format], lines[query->by].word);
	err = lead_through(&w, archive);
	if (err == ERR_OK && (fflush(out) != 0 || ferror(out)))
		err = err_set(text, ERR_SYS, "the report cannot be written: %s", strerror(errno));
	return err;
}

/* ---- what cannot be found */

struct hiding {
	struct ipcrypt *key;
	struct report_hidden hidden;
};

static bool on_client(void *arg, const struct archive_row *row)
{
	struct hiding *h = arg;
	int form = row->finding.form;

	if (client_kind(form) != CONF_CLIENTS_ENCRYPTED)
		h->hidden.plain = h->key != NULL;
	else if (!h->key || !client_is_of(form, h->key))
		h->hidden.encrypted = true;
	return !h->hidden.encrypted || (h->key && !h->hidden.plain);
}

enum err report_hides(struct archive *archive, struct ipcrypt *key,
		      struct report_hidden *ret_hidden, struct err_text *text)
{
	const struct archive_filter all = {.client = NULL};
	struct hiding h = {.key = key};
	enum err err = archive_each_client(archive, &all, on_client, &h, text);

	*ret_hidden = h.hidden;
	return err;
}
