/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "list/codec.h"

#define RAW_BYTES ((size_t)64 << 10)

struct source {
	const char *path;
	source_fn *taken;
	void *taken_arg;
	int fd;
	bool at_end; /* of the file */
	bool begun;
	bool whole;	      /* of compressed data: it may end here */
	struct codec *codec;  /* NULL: the file is not compressed */
	const uint8_t *at;    /* in `raw`: what is not worked off */
	size_t left;	      /* octets of it */
	uint64_t file_bytes;  /* read */
	uint64_t given_bytes; /* given to the reader */
	uint64_t max_bytes;   /* of these */
	uint8_t raw[RAW_BYTES];
};

/* `error` is what file_open left in errno. */
static enum err cannot_open(const char *path, int error, struct err_text *text)
{
	if (error == EISDIR || error == EINVAL)
		return err_set(text, ERR_SYS, "%s: %s", path,
			       error == EISDIR ? "is a directory" : "is not a regular file");
	if (error != EACCES)
		return err_set(text, ERR_SYS, "%s: %s", path, strerror(error));
	return err_set(text, ERR_SYS,
		       "%s: %s: user %u (server.user) must be let read it, and enter the folders "
		       "above it",
		       path, strerror(error), (unsigned int)geteuid());
}

enum err source_open(const char *path, source_fn *taken, void *arg, struct source **ret_source,
		     struct err_text *text)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return err_set(text, ERR_NOMEM, "%s: %s", path, err_str(ERR_NOMEM));
	source->path = path;
	source->taken = taken;
	source->taken_arg = arg;
	source->max_bytes = SOURCE_BYTES_MAX;
	if (file_open(path, &source->fd) != ERR_OK) {
		enum err err = cannot_open(path, errno, text);

		free(source);
		return err;
	}
	*ret_source = source;
	return ERR_OK;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	codec_free(source->codec);
	close(source->fd);
	free(source);
}

void source_set_max(struct source *source, uint64_t max_bytes)
{
	if (max_bytes < source->max_bytes)
		source->max_bytes = max_bytes;
}

int source_fd(const struct source *source)
{
	return source->fd;
}

uint64_t source_file_bytes(const struct source *source)
{
	return source->file_bytes;
}

/* Reads once, into `buf`. */
static enum err read_some(struct source *source, uint8_t *buf, size_t size, size_t *ret_len,
			  struct err_text *text)
{
	ssize_t got;

	do {
		got = read(source->fd, buf, size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_set(text, ERR_SYS, "%s: %s", source->path, strerror(errno));
	source->at_end = got == 0;
	if (source->taken)
		source->taken(source->taken_arg, buf, (size_t)got);
	source->file_bytes += (uint64_t)got;
	*ret_len = (size_t)got;
	return ERR_OK;
}

/* Refills `raw` when nothing is left in it. */
static enum err refill(struct source *source, struct err_text *text)
{
	if (source->left > 0 || source->at_end)
		return ERR_OK;
	source->at = source->raw;
	return read_some(source, source->raw, RAW_BYTES, &source->left, text);
}

static enum err begin(struct source *source, struct err_text *text)
{
	enum err err = refill(source, text);

	source->begun = true;
	if (err == ERR_OK)
		err = codec_create(source->at, source->left, &source->codec);
	return err == ERR_NOMEM ? err_set(text, err, "%s: %s", source->path, err_str(err)) : err;
}

/* What was read to see how the file begins, then the file itself. */
static enum err read_plain(struct source *source, uint8_t *buf, size_t size, size_t *ret_len,
			   struct err_text *text)
{
	if (source->left == 0)
		return read_some(source, buf, size, ret_len, text);
	*ret_len = source->left < size ? source->left : size;
	memcpy(buf, source->at, *ret_len);
	source->at += *ret_len;
	source->left -= *ret_len;
	return ERR_OK;
}

static enum err refused(const struct source *source, const char *what, struct err_text *text)
{
	return err_set(text, ERR_REFUSED, "%s: is %s, and %s", source->path,
		       codec_name(source->codec), what);
}

/* Goes on until there is something to be given, or nothing more. */
static enum err read_codec(struct source *source, uint8_t *buf, size_t size, size_t *ret_len,
			   struct err_text *text)
{
	struct codec_step step = {.out = buf, .out_len = size};
	bool ended = false;
	enum err err = ERR_OK;

	while (err == ERR_OK && step.out_len == size && !ended) {
		err = refill(source, text);
		if (err != ERR_OK)
			return err;
		step.in = source->at;
		step.in_len = source->left;
		ended = source->at_end && source->left == 0;
		if (codec_run(source->codec, &step, &source->whole) != ERR_OK)
			return refused(source, "damaged", text);
		source->at = step.in;
		source->left = step.in_len;
	}
	*ret_len = size - step.out_len;
	source->given_bytes += *ret_len;
	if (source->given_bytes > source->max_bytes)
		return err_set(text, ERR_REFUSED, "%s: is %s, and comes to more than %llu octets",
			       source->path, codec_name(source->codec),
			       (unsigned long long)source->max_bytes);
	if (*ret_len == 0 && !source->whole)
		return refused(source, "ends too early", text);
	return ERR_OK;
}

enum err source_read(struct source *source, uint8_t *buf, size_t size, size_t *ret_len,
		     struct err_text *text)
{
	enum err err = source->begun ? ERR_OK : begin(source, text);

	if (err != ERR_OK)
		return err;
	return source->codec ? read_codec(source, buf, size, ret_len, text)
			     : read_plain(source, buf, size, ret_len, text);
}
