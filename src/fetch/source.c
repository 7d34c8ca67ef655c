/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fetch/schedule.h"

#define STALE_TIMES 3U /* so many times refresh without success */
#define DAY_S 86400U

/* ---- made and freed */

/* What is logged and shown of a URL: behind a question mark there may be a key. */
static void show(const char *url, char shown[FETCH_SHOWN_MAX])
{
	snprintf(shown, FETCH_SHOWN_MAX, "%.*s", (int)strcspn(url, "?#"), url);
}

enum err source_create(const struct conf_list *list, struct source **ret_source)
{
	struct source *source = calloc(1, sizeof(*source));
	bool good = source != NULL;

	if (!source)
		return ERR_NOMEM;
#define X(field)                                                                                   \
	source->conf.field = strdup(list->field);                                                  \
	good = good && source->conf.field;
	SOURCE_TEXTS(X)
#undef X
	if (!good) {
		source_free(source);
		return ERR_NOMEM;
	}
	source->begun_s = clock_unix_s();
	source->conf.refresh_s = list->refresh_s;
	source->conf.timeout_ms = list->fetch_timeout_ms;
	source->conf.stale_warning_s = list->stale_warning_s;
	source->conf.max_size_bytes = list->max_size_bytes;
	if (place_parse(source->conf.url, &source->place) != ERR_OK) /* its transfer will say so */
		source->place = (struct place){.host = ""};
	show(source->conf.url, source->shown);
	*ret_source = source;
	return ERR_OK;
}

void source_free(struct source *source)
{
	if (!source)
		return;
	transfer_free(source->transfer);
	if (source->conf.header)
		explicit_bzero(source->conf.header, strlen(source->conf.header));
#define X(field) free(source->conf.field);
	SOURCE_TEXTS(X)
#undef X
	free(source);
}

bool source_is_same(const struct source *a, const struct source *b)
{
	bool same = a->conf.refresh_s == b->conf.refresh_s &&
		    a->conf.timeout_ms == b->conf.timeout_ms &&
		    a->conf.stale_warning_s == b->conf.stale_warning_s &&
		    a->conf.max_size_bytes == b->conf.max_size_bytes;

#define X(field) same = same && strcmp(a->conf.field, b->conf.field) == 0;
	SOURCE_TEXTS(X)
#undef X
	return same;
}

static void write_meta(const struct source *source)
{
	char path[PATH_MAX];

	transfer_path(source->conf.file, ".meta", path);
	if (kept_write(path, &source->kept) != ERR_OK)
		log_warning("list %s: %s: %s: after a restart the whole is fetched again",
			    source->conf.name, path, strerror(errno));
}

void source_begin(struct source *source, uint32_t random)
{
	char path[PATH_MAX];
	uint64_t now_s = clock_unix_s();

	transfer_path(source->conf.file, ".meta", path);
	source->kept = kept_read(path, source->conf.file, source->conf.url);
	if (source->kept.unused_s > 0) { /* it is used again */
		source->kept.unused_s = 0;
		write_meta(source);
	}
	source->due_ms =
		clock_ms() + 1000 * schedule_first_s(source->conf.refresh_s, source->kept.checked_s,
						     now_s, random);
}

void source_order(struct source *source)
{
	const struct source_conf *conf = &source->conf;
	struct stat st;

	/* somebody may have written to the copy, or removed it */
	if (stat(conf->file, &st) != 0 || !kept_is_of(&source->kept, &st))
		source->kept = (struct kept){.checked_s = 0};
	source->order = (struct transfer_order){
		.list = conf->name,
		.url = conf->url,
		.file = conf->file,
		.header = conf->header,
		.client_certificate = conf->client_certificate,
		.client_key = conf->client_key,
		.tls_ca = conf->tls_ca,
		.proxy = conf->proxy,
		.timeout_ms = conf->timeout_ms,
		.max_size_bytes = conf->max_size_bytes,
		.kept = source->kept,
	};
	source->wanted = false;
	source->under_way = true;
}

/* ---- how it went */

static void end(struct source *source, uint64_t wait_s)
{
	source->due_ms = clock_ms() + 1000 * wait_s;
	source->under_way = false;
}

void source_succeeded(struct source *source, const struct kept *kept, bool new, uint32_t random)
{
	source->kept = *kept;
	source->failed_in_a_row = 0;
	source->reason[0] = '\0';
	write_meta(source);
	end(source, schedule_after_success_s(source->conf.refresh_s, random));
	if (new)
		log_notice("list %s: fetched from %s: another one, %llu octets", source->conf.name,
			   source->shown, (unsigned long long)kept->size);
	else
		log_info("list %s: %s has nothing new", source->conf.name, source->shown);
}

void source_failed(struct source *source, const char *reason, uint64_t retry_after_s,
		   uint32_t random)
{
	uint64_t wait_s;

	source->failures++;
	source->failed_in_a_row++;
	snprintf(source->reason, sizeof(source->reason), "%s", reason);
	wait_s = schedule_after_failure_s(source->conf.refresh_s, source->failed_in_a_row,
					  retry_after_s, random);
	end(source, wait_s);
	log_warning("list %s: not fetched from %s: %s; %s; it is tried again in %llu s",
		    source->conf.name, source->shown, reason,
		    source->kept.checked_s > 0 ? "the copy that is there stays"
					       : "there is no copy that is known to be of it",
		    (unsigned long long)wait_s);
}

/* ---- nothing comes */

static uint64_t since(uint64_t then_s, uint64_t now_s)
{
	return now_s > then_s ? now_s - then_s : 0;
}

bool source_is_stale(const struct source *source, uint64_t now_s)
{
	uint64_t last_s = source->kept.checked_s > 0 ? source->kept.checked_s : source->begun_s;

	return since(last_s, now_s) >= STALE_TIMES * (uint64_t)source->conf.refresh_s;
}

void source_warn(struct source *source, uint64_t now_s)
{
	uint64_t unchanged_s =
		source->kept.changed_s > 0 ? since(source->kept.changed_s, now_s) : 0;
	bool stale = source_is_stale(source, now_s);
	bool old = source->conf.stale_warning_s > 0 && unchanged_s >= source->conf.stale_warning_s;

	if ((!stale && !old) || since(source->warned_s, now_s) < DAY_S)
		return;
	source->warned_s = now_s;
	if (stale)
		log_error("list %s: nothing could be fetched from %s for three times its refresh: "
			  "what is in force is out of date",
			  source->conf.name, source->shown);
	else
		log_warning("list %s: %s has had nothing new for %llu days: is it still kept up?",
			    source->conf.name, source->shown,
			    (unsigned long long)(unchanged_s / DAY_S));
}

void source_view(const struct source *source, uint64_t now_s, struct fetch_view *ret_view)
{
	*ret_view = (struct fetch_view){
		.under_way = source->under_way || source->wanted,
		.fetched_s = source->kept.checked_s,
		.changed_s = source->kept.changed_s,
		.failures = source->failures,
		.stale = source_is_stale(source, now_s),
	};
	memcpy(ret_view->url, source->shown, sizeof(ret_view->url));
	memcpy(ret_view->reason, source->reason, sizeof(ret_view->reason));
}
