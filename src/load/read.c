/* SPDX-License-Identifier: BSD-2-Clause */
/* A list's file, read when nobody writes it, and copied as it is read. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "load/keep.h"
#include "load/load.h"
#include "list/listfile.h"

#define TRIES_MAX 40U	/* two seconds: whoever writes for longer does not write a list */
#define TRY_MS 50U	/* between two */
#define SETTLE_MS 1000U /* so old is a file whose end may still be to come */

/* Where the octets go that are read. */
struct taking {
	struct digest *digest; /* NULL: nobody asks for it */
	int fd;		       /* of the copy; -1: there is none */
	int failed;	       /* the errno with which the copy went wrong */
};

static void take(void *arg, const void *data, size_t len)
{
	struct taking *taking = arg;
	const char *from = data;

	if (taking->digest)
		digest_add(taking->digest, data, len);
	while (taking->fd >= 0 && !taking->failed && len > 0) {
		ssize_t done = write(taking->fd, from, len);

		if (done < 0 && errno != EINTR)
			taking->failed = errno;
		from += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
}

static enum err read_once(struct load *load, unsigned int index, const char *file,
			  struct taking *taking, struct list_report *report, struct err_text *text)
{
	const struct conf_list *conf = &load->conf->lists[index];
	struct listfile_options options = loader_reading_of(conf, load->guard);
	struct domset_mark mark = domset_builder_mark(load->builder);
	enum err err = domset_builder_begin(load->builder, index);

	options.path = file;
	options.cancelled = load->options.cancelled;
	options.taken = taking ? take : NULL;
	options.taken_arg = taking;
	report_init(report, conf->format);
	if (err == ERR_OK)
		err = listfile_load(&options, load->builder, report, text);
	if (err != ERR_OK)
		domset_builder_rollback(load->builder, &mark);
	return err;
}

enum err loader_read_file(struct load *load, unsigned int index, const char *file,
			  struct list_report *ret_report, struct err_text *text)
{
	return read_once(load, index, file, NULL, ret_report, text);
}

/* What cannot be copied is in force all the same, which the log says. */
static void begin_copy(struct load *load, unsigned int index, struct taking *taking)
{
	const struct conf *conf = load->conf;
	const struct conf_list *list = &conf->lists[index];
	struct err_text text;
	struct stat now;

	load->result.sources[index].copied = false;
	load->result.sources[index].unkept = false;
	if (!*conf->state.directory || load->options.strict || load->options.accept)
		return;
	if (stat(list->file, &now) == 0 && keep_has(conf->state.directory, list->name, &now))
		return;
	if (keep_begin(conf->state.directory, list->name, &taking->fd, &text) == ERR_OK)
		return;
	load->result.sources[index].unkept = true;
	if (load->pass == 0)
		log_warning("list %s: its last good version is not kept: %s", list->name,
			    text.text);
}

static void end_copy(struct load *load, unsigned int index, struct taking *taking, enum err err,
		     const struct list_report *report)
{
	const char *directory = load->conf->state.directory;
	const char *name = load->conf->lists[index].name;
	struct load_source *source = &load->result.sources[index];
	bool tell = err == ERR_OK; /* else it is not in force, and what becomes of it is told */
	struct err_text text;

	if (taking->fd < 0)
		return;
	if (err == ERR_OK && taking->failed)
		err = err_set(&text, ERR_SYS, "%s", strerror(taking->failed));
	else if (err == ERR_OK)
		source->copied = true;
	if (!source->copied) {
		close(taking->fd);
		keep_drop(directory, name);
	} else if (keep_end(directory, name, taking->fd, &report->version, &text) != ERR_OK) {
		source->copied = false;
		err = ERR_SYS;
	}
	source->unkept = err != ERR_OK;
	if (tell && err != ERR_OK && load->pass == 0)
		log_warning("list %s: its last good version is not kept: %s", name, text.text);
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
	struct taking taking = {.digest = digest, .fd = -1};
	enum err err;

	if (digest)
		digest_reset(digest);
	begin_copy(load, index, &taking);
	err = read_once(load, index, load->conf->lists[index].file, &taking, report, text);
	end_copy(load, index, &taking, err, report);
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
	struct domset_mark mark = domset_builder_mark(load->builder);
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
		domset_builder_rollback(load->builder, &mark);
		wait_a_moment();
		err = ERR_OK;
	}
	digest_free(digest);
	return err;
}
