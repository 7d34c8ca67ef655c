/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept in the state directory of what was ordered and done: receipts, the audit log. */
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/tail.h"
#include "audit/verify.h"
#include "receipt/receipt.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/door.h"
#include "web/json.h"
#include "web/parameter.h"

#define EVENTS_USUAL 20U
#define EVENTS_MAX 1000U

/* ---- the directory */

static void find_directory(const struct web_now *now, void *arg)
{
	snprintf(arg, PATH_MAX, "%s", now->snapshot->conf->state.directory);
}

/* False: it was answered that nothing is kept. */
static bool has_directory(struct evhttp_request *req, const struct web_view *view,
			  char directory[PATH_MAX])
{
	view->look(view->daemon, find_directory, directory);
	if (!*directory)
		answer_refuse(req, HTTP_NOTFOUND, "nothing is kept: see state.directory");
	return *directory != '\0';
}

/* ---- receipts */

/* A page of receipts, in one of the two forms. */
struct sheet {
	FILE *out;     /* CSV; else NULL */
	json_t *array; /* JSON; else NULL */
	uint64_t last; /* its number */
};

static void write_receipt(void *arg, const struct receipt *receipt)
{
	struct sheet *sheet = arg;

	sheet->last = receipt->number;
	if (sheet->out)
		receipt_csv(sheet->out, receipt);
	else
		json_array_append_new(sheet->array, receipt_json(receipt));
}

static void answer_csv(struct evhttp_request *req, const char *text, size_t len)
{
	struct evbuffer *body = evbuffer_new();

	if (body && evbuffer_add(body, text, len) == 0)
		door_reply(req, HTTP_OK, "text/csv; charset=utf-8", body);
	else
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	if (body)
		evbuffer_free(body);
}

static void count_receipt(void *arg, const struct receipt *receipt)
{
	size_t *count = arg;

	(void)receipt;
	(*count)++;
}

/* True for a list that is known, or was: it has receipts.  False: it was answered that there is
 * none. */
static bool is_list(struct evhttp_request *req, const struct web_view *view,
		    struct receipts *receipts, const char *list)
{
	struct err_text text;
	size_t count = 0;

	if (!list || parameter_is_list(view, list) ||
	    receipts_each(receipts, list, 0, count_receipt, &count, &text) != ERR_OK || count > 0)
		return true;
	parameter_refuse_list(req, list);
	return false;
}

static void answer_failure(struct evhttp_request *req, enum err err, const struct err_text *text)
{
	answer_refuse(req, err == ERR_NOTFOUND ? HTTP_NOTFOUND : HTTP_SERVUNAVAIL,
		      err == ERR_NOTFOUND ? "no receipts were written yet" : text->text);
}

static void send_csv(struct evhttp_request *req, struct receipts *receipts, const char *list,
		     uint64_t after)
{
	char *data = NULL;
	size_t len = 0;
	struct sheet sheet = {.out = open_memstream(&data, &len)};
	struct err_text text = {"out of memory"};
	enum err err = ERR_NOMEM;

	if (sheet.out) {
		if (after == 0)
			receipt_csv_head(sheet.out);
		err = receipts_each(receipts, list, after, write_receipt, &sheet, &text);
		if (fclose(sheet.out) != 0)
			err = ERR_NOMEM;
	}
	if (err == ERR_OK)
		answer_csv(req, data, len);
	else
		answer_failure(req, err, &text);
	free(data);
}

static void send_json(struct evhttp_request *req, struct receipts *receipts, const char *list,
		      uint64_t after)
{
	struct sheet sheet = {.array = json_array(), .last = after};
	struct err_text text;
	enum err err = receipts_each(receipts, list, after, write_receipt, &sheet, &text);

	if (err == ERR_OK)
		answer_json(req, HTTP_OK,
			    json_pack("{s:I, s:O}", "last", (json_int_t)sheet.last, "receipts",
				      sheet.array));
	else
		answer_failure(req, err, &text);
	json_decref(sheet.array);
}

static void send_receipts(struct evhttp_request *req, const struct web_view *view,
			  const struct evkeyvalq *query)
{
	const char *format = evhttp_find_header(query, "format");
	const char *list = evhttp_find_header(query, "list");
	uint64_t after;
	char directory[PATH_MAX] = "";
	struct receipts *receipts;
	struct err_text text;
	bool csv = !format || strcmp(format, "csv") == 0;
	enum err err;

	if (!csv && strcmp(format, "json") != 0) {
		answer_refuse(req, HTTP_BADREQUEST, "there is no such format: csv, json");
		return;
	}
	if (!parameter_number(req, query, "after", 0, &after) ||
	    !has_directory(req, view, directory))
		return;
	err = receipts_open(directory, false, &receipts, &text);
	if (err != ERR_OK) {
		answer_failure(req, err, &text);
		return;
	}
	if (is_list(req, view, receipts, list))
		(csv ? send_csv : send_json)(req, receipts, list, after);
	receipts_close(receipts);
}

void api_receipts(struct evhttp_request *req, const struct web_view *view)
{
	struct evkeyvalq query;

	if (!api_query(req, &query))
		return;
	send_receipts(req, view, &query);
	evhttp_clear_headers(&query);
}

/* ---- the audit log */

/* Whether the log is as it was written, and what is wrong with it. */
static json_t *verify(const char *path)
{
	char *said = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&said, &len);
	struct err_text text;
	enum err err;
	json_t *made;

	if (!out)
		return NULL;
	err = audit_verify(path, NULL, NULL, out, &text);
	if (fclose(out) != 0)
		return NULL;
	while (len > 0 && said[len - 1] == '\n')
		said[--len] = '\0';
	made = json_pack("{s:o, s:o}", "verified",
			 err == ERR_OK	     ? json_true()
			 : err == ERR_SYNTAX ? json_false()
					     : json_null(),
			 "verdict", json_text(len > 0 ? said : text.text));
	free(said);
	return made;
}

static json_t *verdict_of(const char *path, bool whole)
{
	if (whole)
		return verify(path);
	return json_pack("{s:n, s:s}", "verified", "verdict",
			 "too long to be verified in a moment: sinkholed --audit-verify does it");
}

static void send_audit(struct evhttp_request *req, const struct web_view *view,
		       const struct evkeyvalq *query)
{
	const char *list = evhttp_find_header(query, "list");
	uint64_t last;
	char directory[PATH_MAX] = "";
	char path[PATH_MAX + sizeof(AUDIT_LOG)];
	struct err_text text;
	json_t *events;
	json_t *root;
	bool whole;

	if (!parameter_number(req, query, "last", EVENTS_USUAL, &last) ||
	    !has_directory(req, view, directory))
		return;
	snprintf(path, sizeof(path), "%s/" AUDIT_LOG, directory);
	if (audit_tail(path, list, last > EVENTS_MAX ? EVENTS_MAX : (size_t)last, &events, &whole,
		       &text) != ERR_OK) {
		answer_refuse(req, HTTP_SERVUNAVAIL, text.text);
		return;
	}
	/* of a list that was there once the log still has lines */
	if (list && json_array_size(events) == 0 && !parameter_is_list(view, list)) {
		json_decref(events);
		parameter_refuse_list(req, list);
		return;
	}
	root = verdict_of(path, whole);
	json_object_set_new(root, "events", events);
	answer_json(req, HTTP_OK, root);
}

void api_audit(struct evhttp_request *req, const struct web_view *view)
{
	struct evkeyvalq query;

	if (!api_query(req, &query))
		return;
	send_audit(req, view, &query);
	evhttp_clear_headers(&query);
}
