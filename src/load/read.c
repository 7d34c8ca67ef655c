/* SPDX-License-Identifier: BSD-2-Clause */
/* A list's file, read when nobody writes it, and copied as it is read. */
#include <time.h>

#include "base/log.h"
#include "keep/keep.h"
#include "load/load.h"
#include "load/notes.h"
#include "list/listfile.h"

#define TRIES_MAX 40U	/* two seconds: whoever writes for longer does not write a list */
#define TRY_MS 50U	/* between two */
#define SETTLE_MS 1000U /* so old is a file whose end may still be to come */

/* Where the octets go that are read. */
struct taking {
	struct digest *digest; /* NULL: nobody asks for it */
	bool copies;
	struct keep_copy copy;
};

static void take(void *arg, const void *data, size_t len)
{
	struct taking *taking = arg;

	if (taking->digest)
		digest_add(taking->digest, data, len);
	if (taking->copies)
		keep_take(&taking->copy, data, len);
}

/* When a row of a table begins or ends to be in force, all is read again; as well when one that is
 * over is not, since the clock was put back. */
static void note_dates(struct load *load, const struct list_report *report)
{
	struct policy *policy = load->policy;

	if (report->due_s > 0 && (policy->due_s == 0 || report->due_s < policy->due_s))
		policy->due_s = report->due_s;
	if (report->over_s > policy->over_s)
		policy->over_s = report->over_s;
}

static enum err read_once(struct load *load, unsigned int index, const char *file,
			  struct taking *taking, struct list_report *report, struct err_text *text)
{
	const struct conf_list *conf = &load->conf->lists[index];
	struct listfile_options options =
		loader_reading_of(conf, &load->gates, &load->rules, index);
	struct rules_mark mark = rules_mark(&load->rules);
	struct load_into into = {
		.rules = &load->rules,
		.list = &load->policy->lists[index],
	};
	enum err err = rules_begin(&load->rules, index);

	if (err == ERR_OK)
		err = loader_begin_over(load, index, &options);
	options.path = file;
	options.cancelled = load->options.cancelled;
	options.taken = taking ? take : NULL;
	options.taken_arg = taking;
	options.ear = load->options.notes ? notes_ear(load->options.notes, index) : NULL;
	if (taking && *conf->url) /* nobody we know writes what was fetched */
		options.max_bytes = conf->max_size_bytes;
	report_init(report, conf->format);
	if (err == ERR_OK)
		err = loader_read_rules(load, conf, &options, &into, report, text);
	if (err == ERR_OK)
		note_dates(load, report);
	if (err == ERR_OK && load->pass == 0)
		loader_log_cuts(conf->name, &into.zone);
	if (err != ERR_OK)
		rules_rollback(&load->rules, &mark);
	return err;
}

enum err loader_read_file(struct load *load, unsigned int index, const char *file,
			  struct list_report *ret_report, struct err_text *text)
{
	return read_once(load, index, file, NULL, ret_report, text);
}

static void begin_copy(struct load *load, unsigned int index, struct taking *taking)
{
	const struct conf *conf = load->conf;

	load->result.sources[index].copied = false;
	load->result.sources[index].unkept = false;
	taking->copies = *conf->state.directory && loader_writes(load);
	if (taking->copies)
		keep_begin(conf->state.directory, conf->lists[index].name, &taking->copy);
}

/* What cannot be copied is in force all the same, which the log says.  Of what is not taken it says
 * what becomes of it. */
static void end_copy(struct load *load, unsigned int index, struct taking *taking, bool taken)
{
	struct load_source *source = &load->result.sources[index];
	struct err_text text;

	if (!taking->copies || keep_end(&taking->copy, taken, &source->copied, &text) == ERR_OK)
		return;
	source->unkept = taken;
	if (taken && load->pass == 0)
		log_warning("list %s: its last good version is not kept: %s",
			    load->conf->lists[index].name, text.text);
}

void loader_drop_copy(struct load *load, unsigned int index)
{
	if (load->result.sources[index].copied)
		keep_drop(load->conf->state.directory, load->conf->lists[index].name);
	load->result.sources[index].copied = false;
}

void loader_drop_copies(struct load *load)
{
	for (unsigned int i = 0; i < load->conf->lists_count; i++)
		loader_drop_copy(load, i);
}

/* One try, with all that it leaves. */
static enum err try_own(struct load *load, unsigned int index, struct digest *digest,
			struct list_report *report, struct err_text *text)
{
	struct taking taking = {.digest = digest};
	enum err err;

	if (digest)
		digest_reset(digest);
	begin_copy(load, index, &taking);
	err = read_once(load, index, load->conf->lists[index].file, &taking, report, text);
	end_copy(load, index, &taking, err == ERR_OK);
	if (err == ERR_OK && digest)
		err = digest_text(digest, load->file_digests[index]);
	return err;
}

static uint64_t age_ms(const struct stat *version)
{
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (now.tv_sec - version->st_mtim.tv_sec) * 1000 +
	      (now.tv_nsec - version->st_mtim.tv_nsec) / 1000000;
	return age < 0 ? SETTLE_MS : (uint64_t)age; /* a file from the future does not get older */
}

/* True when the file may be another in a moment. */
static bool is_unsettled(enum err err, const struct list_report *report)
{
	if (err != ERR_OK)
		return report->unsteady;
	return report->open_end && age_ms(&report->version) < SETTLE_MS;
}

static void wait_a_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000L}, NULL);
}

enum err loader_read_own(struct load *load, unsigned int index, struct list_report *ret_report,
			 struct err_text *text)
{
	const char *name = load->conf->lists[index].name;
	struct rules_mark mark = rules_mark(&load->rules);
	struct digest *digest = NULL;
	enum err err = ERR_OK;

	report_init(ret_report, load->conf->lists[index].format);
	if (loader_wants_digest(load, name))
		err = digest_create(&digest);
	for (unsigned int tries = 1; err == ERR_OK; tries++) {
		err = try_own(load, index, digest, ret_report, text);
		if (!is_unsettled(err, ret_report) || tries == TRIES_MAX ||
		    loader_is_cancelled(load))
			break;
		rules_rollback(&load->rules, &mark);
		wait_a_moment();
		err = ERR_OK;
	}
	digest_free(digest);
	return err;
}
