/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/key.h"
#include "audit/line.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/moment.h"

#define SIGNED_EACH 100U /* lines of the log have a checkpoint among them */

struct audit {
	char log_path[PATH_MAX];
	char checkpoint_path[PATH_MAX];
	struct key *key;
	pthread_mutex_t writing; /* of the files, and of what follows */
	bool failed;		 /* the last time that something was to be written */
	pthread_mutex_t lock;	 /* of all below */
	json_t *pending[AUDIT_PENDING_MAX];
	size_t count;
	uint64_t lost;
};

/* ---- what waits */

static json_t *event_of(const char *event, json_t *fields)
{
	char when[MOMENT_TEXT_MAX];
	json_t *root =
		json_pack("{s:s, s:s}", "time", moment_text(clock_unix_s(), when), "event", event);

	json_object_update_missing(root, fields);
	json_decref(fields);
	return root;
}

void audit_note(struct audit *audit, const char *event, json_t *fields)
{
	json_t *root;

	if (!audit) {
		json_decref(fields);
		return;
	}
	root = event_of(event, fields);
	pthread_mutex_lock(&audit->lock);
	if (root && audit->count < AUDIT_PENDING_MAX)
		audit->pending[audit->count++] = json_incref(root);
	else
		audit->lost++;
	pthread_mutex_unlock(&audit->lock);
	json_decref(root);
}

/* Those that are noted meanwhile come behind them. */
static size_t pending_count(struct audit *audit)
{
	size_t count;

	pthread_mutex_lock(&audit->lock);
	count = audit->count;
	pthread_mutex_unlock(&audit->lock);
	return count;
}

static void drop_written(struct audit *audit, size_t count)
{
	uint64_t lost;

	pthread_mutex_lock(&audit->lock);
	for (size_t i = 0; i < count; i++)
		json_decref(audit->pending[i]);
	audit->count -= count;
	for (size_t i = 0; i < audit->count; i++)
		audit->pending[i] = audit->pending[i + count];
	lost = audit->lost;
	audit->lost = 0;
	pthread_mutex_unlock(&audit->lock);
	if (lost > 0)
		audit_note(audit, "lost", json_pack("{s:I}", "events", (json_int_t)lost));
}

/* ---- the end of the log */

/* True for what lacks its newline alone, as after an editor, and for what is longer than any line.
 */
static bool is_kept(const char *text, size_t len)
{
	struct line line;
	enum err err = len == LINE_MAX_OCTETS ? ERR_OK : line_read(text, len, &line);

	if (len < LINE_MAX_OCTETS && (err == ERR_OK || err == ERR_REFUSED))
		line_free(&line);
	return err == ERR_OK;
}

static enum err end_line(int fd, off_t *size, char *tail, size_t len)
{
	if (write(fd, "\n", 1) != 1)
		return ERR_SYS;
	log_warning(AUDIT_LOG ": its last line had no end");
	tail[len] = '\n';
	*size += 1;
	return ERR_OK;
}

/* What a crash has left of a line is taken away: it was never said to be on the disk.  `tail` has
 * room for an octet more. */
static enum err cut_torn(int fd, off_t *size, char *tail, size_t len, size_t *ret_whole)
{
	size_t whole = len;

	while (whole > 0 && tail[whole - 1] != '\n')
		whole--;
	*ret_whole = whole;
	if (whole == len)
		return ERR_OK;
	if (is_kept(tail + whole, len - whole)) {
		*ret_whole = len + 1;
		return end_line(fd, size, tail, len);
	}
	log_warning(AUDIT_LOG ": a line was torn by a crash: %zu octets are taken away",
		    len - whole);
	*size -= (off_t)(len - whole);
	return ftruncate(fd, *size) == 0 ? ERR_OK : ERR_SYS;
}

/* A last line that is none begins a new chain: whoever verifies the log is told of it. */
static enum err read_end(const char *tail, size_t whole, struct line_end *ret_end)
{
	size_t start = whole - 1;
	struct line line;
	enum err err;

	while (start > 0 && tail[start - 1] != '\n')
		start--;
	err = line_read(tail + start, whole - 1 - start, &line);
	if (err == ERR_SYNTAX) {
		log_limited(LOG_LEVEL_ERROR,
			    AUDIT_LOG ": its last line is none that was written here");
		return ERR_OK;
	}
	if (err != ERR_OK && err != ERR_REFUSED)
		return err;
	ret_end->seq = line.seq;
	memcpy(ret_end->hash, line.hash, sizeof(line.hash));
	line_free(&line);
	return ERR_OK;
}

/* Lines that were written are gone, as where somebody has the file rotated.  An empty one goes on
 * behind them, so that whoever verifies it is told, and may put the two together. */
static void miss_lines(struct audit *audit, off_t size, struct line_end *end)
{
	struct line_end kept;

	if (!key_read_checkpoint(audit->key, audit->checkpoint_path, &kept) || kept.seq <= end->seq)
		return;
	log_error(AUDIT_LOG ": its last %llu lines, up to line %llu, are not there any more",
		  (unsigned long long)(kept.seq - end->seq), (unsigned long long)kept.seq);
	if (size == 0)
		*end = kept;
}

/* The end of the log, and its size in octets. */
static enum err find_end(struct audit *audit, int fd, struct line_end *ret_end, off_t *ret_size)
{
	char *tail = malloc(LINE_MAX_OCTETS + 1);
	enum err err = ERR_SYS;
	struct stat st;
	size_t whole;
	ssize_t got;
	off_t from;

	*ret_end = (struct line_end){.seq = 0};
	if (!tail)
		return ERR_NOMEM;
	if (fstat(fd, &st) == 0) {
		*ret_size = st.st_size;
		from = st.st_size > LINE_MAX_OCTETS ? st.st_size - LINE_MAX_OCTETS : 0;
		got = pread(fd, tail, LINE_MAX_OCTETS, from);
		err = got < 0 ? ERR_SYS : cut_torn(fd, ret_size, tail, (size_t)got, &whole);
		if (err == ERR_OK && whole > 0)
			err = read_end(tail, whole, ret_end);
	}
	free(tail);
	if (err == ERR_OK)
		miss_lines(audit, *ret_size, ret_end);
	return err;
}

/* ---- writing */

static enum err put(FILE *out, json_t *event, struct line_end *end)
{
	char *line;
	size_t len;
	enum err err = line_make(event, end, &line, &len);

	if (err != ERR_OK)
		return err;
	fwrite(line, 1, len, out);
	free(line);
	return ERR_OK;
}

static json_t *checkpoint(struct audit *audit, const struct line_end *end)
{
	char signature[SIGNATURE_TEXT_MAX];

	if (key_sign(audit->key, end, signature) != ERR_OK)
		return NULL;
	return json_pack("{s:I, s:s, s:s}", "of", (json_int_t)end->seq, "of_hash", end->hash,
			 "signature", signature);
}

static enum err put_checkpoint(struct audit *audit, FILE *out, struct line_end *end)
{
	json_t *fields = checkpoint(audit, end);
	json_t *event = fields ? event_of("checkpoint", fields) : NULL;
	enum err err = event ? put(out, event, end) : ERR_NOMEM;

	json_decref(event);
	return err;
}

/* The lines of the first `count` events, by free(). */
static enum err lines_of(struct audit *audit, size_t count, struct line_end *end, char **ret_text,
			 size_t *ret_len)
{
	FILE *out = open_memstream(ret_text, ret_len);
	enum err err = out ? ERR_OK : ERR_NOMEM;

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		err = put(out, audit->pending[i], end);
		if (err == ERR_OK && end->seq % SIGNED_EACH == SIGNED_EACH - 1)
			err = put_checkpoint(audit, out, end);
	}
	if (out && fclose(out) != 0)
		err = ERR_NOMEM;
	if (err != ERR_OK && out)
		free(*ret_text);
	return err;
}

/* All of it, or nothing. */
static enum err append(int fd, off_t size, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == len && fdatasync(fd) == 0)
		return ERR_OK;
	int reason = errno;

	if (ftruncate(fd, size) != 0)
		log_error(AUDIT_LOG ": a line stays torn: %s", strerror(errno));
	errno = reason;
	return ERR_SYS;
}

static enum err write_lines(struct audit *audit, int fd, size_t count, struct line_end *ret_end)
{
	char *text;
	size_t len;
	off_t size;
	enum err err = find_end(audit, fd, ret_end, &size);

	if (err == ERR_OK)
		err = lines_of(audit, count, ret_end, &text, &len);
	if (err != ERR_OK)
		return err;
	err = append(fd, size, text, len);
	free(text);
	return err;
}

static void write_checkpoint(struct audit *audit, const struct line_end *end)
{
	json_t *root = checkpoint(audit, end);
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;

	json_decref(root);
	if (!text || file_replace(audit->checkpoint_path, text, strlen(text)) != ERR_OK)
		log_limited(LOG_LEVEL_ERROR, AUDIT_CHECKPOINT ": cannot be written: %s",
			    text ? strerror(errno) : "out of memory");
	free(text);
}

static void commit(struct audit *audit, size_t count)
{
	int fd = open(audit->log_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct line_end end;
	enum err err = ERR_SYS;

	if (fd >= 0 && flock(fd, LOCK_EX) == 0) {
		err = write_lines(audit, fd, count, &end);
		if (err == ERR_OK)
			write_checkpoint(audit, &end);
	}
	audit->failed = err != ERR_OK;
	if (err == ERR_OK)
		drop_written(audit, count);
	else
		log_limited(LOG_LEVEL_ERROR, "%s: %s; %zu events wait", audit->log_path,
			    err == ERR_SYS ? strerror(errno) : err_str(err), count);
	if (fd >= 0)
		close(fd);
}

void audit_commit(struct audit *audit)
{
	size_t count;

	if (!audit)
		return;
	pthread_mutex_lock(&audit->writing);
	count = pending_count(audit);
	if (count > 0)
		commit(audit, count);
	pthread_mutex_unlock(&audit->writing);
}

/* ---- made and freed */

static bool join(const char *directory, const char *name, char path[PATH_MAX])
{
	return (unsigned int)snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX;
}

enum err audit_open(const char *directory, struct audit **ret_audit, struct err_text *text)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	char key[PATH_MAX];
	char public_key[PATH_MAX];
	enum err err = ERR_OK;

	if (!audit)
		return err_set(text, ERR_NOMEM, "out of memory");
	if (!join(directory, AUDIT_LOG, audit->log_path) ||
	    !join(directory, AUDIT_CHECKPOINT, audit->checkpoint_path) ||
	    !join(directory, AUDIT_KEY, key) || !join(directory, AUDIT_PUBLIC_KEY, public_key))
		err = err_set(text, ERR_SYS, "%s: the path is too long", directory);
	if (err == ERR_OK)
		err = key_open(key, public_key, &audit->key, text);
	if (err != ERR_OK) {
		free(audit);
		return err;
	}
	pthread_mutex_init(&audit->writing, NULL);
	pthread_mutex_init(&audit->lock, NULL);
	*ret_audit = audit;
	return ERR_OK;
}

void audit_close(struct audit *audit)
{
	if (!audit)
		return;
	if (!audit->failed)
		audit_commit(audit);
	for (size_t i = 0; i < audit->count; i++)
		json_decref(audit->pending[i]);
	key_free(audit->key);
	pthread_mutex_destroy(&audit->writing);
	pthread_mutex_destroy(&audit->lock);
	free(audit);
}
