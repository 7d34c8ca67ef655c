/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "fetch/body.h"
#include "fetch/head.h"
#include "fetch/hosts.h"
#include "fetch/place.h"

#define REDIRECTS_MAX 5
#define CONNECT_MS 30000U
#define SLOW_S 60U
#define SLOW_OCTETS 1024L /* a second */

struct transfer {
	const struct transfer_order *order;
	const struct transfer_means *means;
	CURL *easy;
	bool added; /* to the multi handle */
	struct curl_slist *fields;
	struct curl_slist *resolve;
	char url[KEPT_URL_MAX];
	struct place first; /* what was configured */
	struct place place; /* of `url` */
	unsigned int redirects;
	bool conditional;
	uint64_t end_ms; /* of all requests together */
	bool inside;	 /* what was configured has an address of our own networks */
	struct head head;
	struct body body;
	struct err_text barred; /* why an address was not connected to; "": none was not */
	char curl_says[CURL_ERROR_SIZE];
};

void transfer_path(const char *file, const char *suffix, char ret_path[PATH_MAX])
{
	size_t len = strlen(file) - strlen(".list");

	snprintf(ret_path, PATH_MAX, "%.*s%s", (int)len, file, suffix);
}

/* ---- what comes */

static size_t on_field(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	head_take_line(&t->head, data, size * count);
	return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	return body_take(&t->body, &t->head, data, size * count) ? size * count
								 : CURL_WRITEFUNC_ERROR;
}

/*
 * Before each connection.  Who redirects us is not asked inside our own networks by us, which may
 * be let in where that server is not; but one that is inside itself may lead anywhere.
 */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;
	struct ip ip = ip_from_sockaddr(&address->addr);
	bool inner = prefix_set_contains(t->means->inner, &ip);
	char text[ADDR_TEXT_MAX];

	(void)purpose;
	if (t->redirects == 0)
		t->inside = t->inside || inner || *t->order->proxy;
	if (inner && !t->inside) {
		(void)err_set(&t->barred, ERR_REFUSED,
			      "redirected to %s, an address of this network or machine",
			      ip_text(&ip, text, sizeof(text)));
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- the request */

static enum err add_line(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (!longer)
		return ERR_NOMEM;
	*list = longer;
	return ERR_OK;
}

static enum err add_field(struct transfer *t, const char *name, const char *value)
{
	char line[KEPT_FIELD_MAX + 32];

	if (!*value)
		return ERR_OK;
	snprintf(line, sizeof(line), "%s: %s", name, value);
	t->conditional = true;
	return add_line(&t->fields, line);
}

/* The key goes to nobody but whom it is for. */
static enum err make_fields(struct transfer *t)
{
	const struct transfer_order *order = t->order;
	enum err err;

	curl_slist_free_all(t->fields);
	t->fields = NULL;
	t->conditional = false;
	err = add_line(&t->fields, "Accept-Encoding: gzip");
	if (err == ERR_OK)
		err = add_field(t, "If-None-Match", order->kept.etag);
	if (err == ERR_OK)
		err = add_field(t, "If-Modified-Since", order->kept.modified);
	if (err == ERR_OK && *order->header && place_is_same(&t->place, &t->first))
		err = add_line(&t->fields, order->header);
	return err;
}

/* Who has less than a minute in all has half of that to be slow in. */
static long slow_s(uint64_t left_ms)
{
	uint64_t half_s = left_ms / 2000 + 1;

	return (long)(half_s < SLOW_S ? half_s : SLOW_S);
}

static void set_limits(struct transfer *t, uint64_t left_ms)
{
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(left_ms < CONNECT_MS ? left_ms : CONNECT_MS));
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_OCTETS);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, slow_s(left_ms));
	curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->order->max_size_bytes);
}

static void set_proofs(struct transfer *t)
{
	const struct transfer_order *order = t->order;

	curl_easy_setopt(t->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (*order->tls_ca) {
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, order->tls_ca);
		curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
	}
	if (*order->client_certificate && place_is_same(&t->place, &t->first)) {
		curl_easy_setopt(t->easy, CURLOPT_SSLCERT, order->client_certificate);
		curl_easy_setopt(t->easy, CURLOPT_SSLKEY, order->client_key);
	}
}

/* Nothing comes from the environment, and redirections are followed by us: each host is looked up.
 */
static void set_request(struct transfer *t)
{
	curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_PROXY, t->order->proxy);
	curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "sinkholed/" SINKHOLED_VERSION);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->fields);
	curl_easy_setopt(t->easy, CURLOPT_RESOLVE, t->resolve);
	curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->curl_says);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_field);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
}

/* Asks at `t->place`. */
static enum err ask(struct transfer *t, struct lookup *lookup, struct err_text *text)
{
	uint64_t now_ms = clock_ms();
	enum err err;

	if (now_ms >= t->end_ms)
		return err_set(text, ERR_SYS, "it takes longer than fetch-timeout");
	curl_slist_free_all(t->resolve);
	t->resolve = NULL;
	err = hosts_find(lookup, &t->place, t->order->proxy, t->means->ending, &t->resolve, text);
	if (err == ERR_OK)
		err = err_set(text, make_fields(t), "out of memory");
	if (err != ERR_OK)
		return err;
	curl_easy_reset(t->easy);
	t->head = (struct head){.status = 0};
	t->curl_says[0] = '\0';
	set_request(t);
	set_limits(t, t->end_ms - now_ms);
	set_proofs(t);
	t->added = curl_multi_add_handle(t->means->multi, t->easy) == CURLM_OK;
	return err_set(text, t->added ? ERR_OK : ERR_NOMEM, "out of memory");
}

enum err transfer_begin(const struct transfer_means *means, const struct transfer_order *order,
			struct lookup *lookup, struct transfer **ret_transfer,
			struct err_text *text)
{
	struct transfer *t = calloc(1, sizeof(*t));
	char path[PATH_MAX];
	enum err err;

	if (!t)
		return err_set(text, ERR_NOMEM, "out of memory");
	t->order = order;
	t->means = means;
	t->end_ms = clock_ms() + order->timeout_ms;
	transfer_path(order->file, ".part", path);
	body_init(&t->body, path, order->file, order->max_size_bytes);
	snprintf(t->url, sizeof(t->url), "%s", order->url);
	t->easy = curl_easy_init();
	err = err_set(text, t->easy ? place_parse(t->url, &t->first) : ERR_NOMEM, "url is no URL");
	t->place = t->first;
	if (err == ERR_OK)
		err = ask(t, lookup, text);
	if (err == ERR_OK)
		*ret_transfer = t;
	else
		transfer_free(t);
	return err;
}

/* ---- its end */

static enum transfer_end fail(struct transfer *t, struct err_text *text, const char *why)
{
	(void)err_set(text, ERR_SYS, "%s", why);
	body_drop(&t->body);
	return TRANSFER_FAILED;
}

/* Goes where the server says. */
static enum transfer_end follow(struct transfer *t, struct lookup *lookup, struct err_text *text)
{
	struct err_text why;
	struct place next;
	const char *forbidden;
	char *url = NULL;

	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
	if (!url)
		return fail(t, text, "redirected to nowhere");
	if (strlen(url) >= sizeof(t->url) || place_parse(url, &next) != ERR_OK)
		return fail(t, text, "redirected to what is no URL of HTTP");
	if (++t->redirects > REDIRECTS_MAX)
		return fail(t, text, "redirected more than five times");
	forbidden = place_forbids(&t->place, &next);
	if (forbidden) {
		(void)err_set(&why, ERR_REFUSED, "redirected to %s", forbidden);
		return fail(t, text, why.text);
	}
	snprintf(t->url, sizeof(t->url), "%s", url);
	t->place = next;
	return ask(t, lookup, &why) == ERR_OK ? TRANSFER_GOES_ON : fail(t, text, why.text);
}

/* What the server says of the copy now. */
static void keep_head(const struct transfer *t, struct kept *kept)
{
	snprintf(kept->url, sizeof(kept->url), "%s", t->order->url);
	memcpy(kept->etag, t->head.etag, sizeof(kept->etag));
	memcpy(kept->modified, t->head.modified, sizeof(kept->modified));
	kept->checked_s = clock_unix_s();
}

static enum transfer_end store(struct transfer *t, struct kept *ret_kept, struct err_text *text)
{
	struct kept kept = t->order->kept;
	struct err_text why;
	struct stat st;
	bool new;

	if (t->head.disputed)
		return fail(t, text, "the answer tells two lengths, or none that is one");
	if (!t->head.measured)
		return fail(t, text,
			    "the answer does not tell its length, nor is it in chunks: nobody "
			    "knows whether the whole has come");
	if (body_finish(&t->body, &new, &st, &why) != ERR_OK)
		return fail(t, text, why.text);
	keep_head(t, &kept);
	kept_set_file(&kept, &st);
	if (new || kept.changed_s == 0)
		kept.changed_s = kept.checked_s;
	*ret_kept = kept;
	return new ? TRANSFER_NEW : TRANSFER_SAME;
}

/* A reply without one of the two leaves what was known (RFC 9110, 15.4.5). */
static enum transfer_end confirm(struct transfer *t, struct kept *ret_kept, struct err_text *text)
{
	if (!t->conditional)
		return fail(
			t, text,
			"the server answers 304, though it was not asked whether anything is new");
	*ret_kept = t->order->kept;
	ret_kept->checked_s = clock_unix_s();
	return TRANSFER_SAME;
}

static enum transfer_end judge(struct transfer *t, struct lookup *lookup, struct kept *ret_kept,
			       struct err_text *text)
{
	struct err_text why;

	switch (t->head.status) {
	case 200:
		return store(t, ret_kept, text);
	case 304:
		return confirm(t, ret_kept, text);
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return follow(t, lookup, text);
	default:
		(void)err_set(&why, ERR_REFUSED, "the server answers %u", t->head.status);
		return fail(t, text, why.text);
	}
}

/* Why there is no whole reply; NULL: there is one. */
static const char *failure(const struct transfer *t, CURLcode code)
{
	bool large = code == CURLE_FILESIZE_EXCEEDED;

	if (*t->body.fault.text)
		return t->body.fault.text;
	/* an answer that is not the list says what it says by its status */
	if (code == CURLE_OK || (t->head.status >= 300 && (large || body_is_excessive(&t->body))))
		return NULL;
	if (large)
		return "larger than max-size";
	if (code == CURLE_COULDNT_CONNECT && *t->barred.text)
		return t->barred.text;
	return *t->curl_says ? t->curl_says : curl_easy_strerror(code);
}

enum transfer_end transfer_finish(struct transfer *t, CURLcode code, struct lookup *lookup,
				  struct kept *ret_kept, struct err_text *text)
{
	const char *why = failure(t, code);

	curl_multi_remove_handle(t->means->multi, t->easy);
	t->added = false;
	return why ? fail(t, text, why) : judge(t, lookup, ret_kept, text);
}

uint64_t transfer_retry_after_s(const struct transfer *t)
{
	curl_off_t s = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &s);
	return s > 0 ? (uint64_t)s : 0;
}

void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	if (t->added)
		curl_multi_remove_handle(t->means->multi, t->easy);
	body_drop(&t->body);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->fields);
	curl_slist_free_all(t->resolve);
	free(t);
}

struct transfer *transfer_of(CURL *easy)
{
	char *private = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	return (struct transfer *)(void *)private;
}
