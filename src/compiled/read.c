/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compiled set comes from the disk.  It is copied by pread(2): a file that is mapped could be cut
 * off under a worker.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/thread.h"
#include "compiled/compiled.h"
#include "compiled/file.h"
#include "set/image.h"

#define LISTS_MAX DOMSET_LISTS_MAX

/* A file, and how far it is read. */
struct source {
	int fd;
	off_t pos;
};

/* ---- octets: of many one half is read by another thread, as the kernel has to clear memory for
 * them */

#define HALVED_OCTETS ((size_t)1 << 20)

struct stretch {
	int fd;
	off_t pos;
	uint8_t *at;
	size_t len;
	bool whole;
};

static void *read_stretch(void *arg)
{
	struct stretch *s = arg;

	while (s->len > 0) {
		ssize_t got = pread(s->fd, s->at, s->len, s->pos);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return NULL;
		s->at += got;
		s->pos += got;
		s->len -= (size_t)got;
	}
	s->whole = true;
	return NULL;
}

static bool read_halves(const struct source *source, void *data, size_t len)
{
	size_t half = len / 2;
	struct stretch first = {source->fd, source->pos, data, half, false};
	struct stretch second = {source->fd, source->pos + (off_t)half, (uint8_t *)data + half,
				 len - half, false};
	pthread_t thread;
	bool beside = thread_start("compiled", read_stretch, &second, &thread) == 0;

	(void)read_stretch(&first);
	if (beside)
		pthread_join(thread, NULL);
	else
		(void)read_stretch(&second);
	return first.whole && second.whole;
}

static bool get(void *arg, void *data, size_t len)
{
	struct source *source = arg;
	struct stretch all = {source->fd, source->pos, data, len, false};

	if (len >= HALVED_OCTETS)
		all.whole = read_halves(source, data, len);
	else
		(void)read_stretch(&all);
	source->pos += (off_t)len;
	return all.whole;
}

/* ---- the seal, beside the check of what lies in the set */

struct sealing {
	const struct hash_key *key;
	const struct compiled_head *head;
	const struct compiled *compiled;
	struct compiled_seal found; /* in the file */
	bool good;
};

static bool add(void *arg, const void *data, size_t len)
{
	mac_add(arg, data, len);
	return true;
}

/* Of what was read, wherever it lies now: the file is not asked a second time. */
static void *make_seal(void *arg)
{
	struct sealing *s = arg;
	uint8_t code[MAC_OCTETS];
	struct mac *mac;

	if (compiled_seal_begin(s->key, &s->found, s->head, s->compiled->lists, &mac) != ERR_OK)
		return NULL;
	s->good = domset_image_write(s->compiled->set, add, mac) == ERR_OK &&
		  mac_end(mac, code) == ERR_OK && memcmp(code, s->found.code, sizeof(code)) == 0;
	mac_free(mac);
	return NULL;
}

/* True when the seal is the file's, and all is what it should be. */
static bool is_sound(struct sealing *s)
{
	pthread_t thread;
	bool beside = thread_start("seal", make_seal, s, &thread) == 0;
	bool sound = domset_image_check(s->compiled->set, s->head->list_count);

	if (beside)
		pthread_join(thread, NULL);
	else
		(void)make_seal(s);
	return sound && s->good;
}

/* ---- the file */

/* A head that says otherwise is of another program, another configuration, or no head at all. */
static bool is_ours(const struct compiled_head *head, const struct compiled_by *by,
		    uint32_t list_count)
{
	struct compiled_head expected = compiled_head(by, list_count);

	expected.set_octets = head->set_octets;
	return memcmp(head, &expected, sizeof(*head)) == 0;
}

static enum err read_lists(struct source *source, uint32_t count, struct compiled *compiled)
{
	compiled->lists = calloc(count + 1UL, sizeof(*compiled->lists));
	if (!compiled->lists)
		return ERR_NOMEM;
	compiled->list_count = count;
	if (!get(source, compiled->lists, count * sizeof(*compiled->lists)))
		return ERR_SYNTAX;
	for (uint32_t i = 0; i < count; i++)
		if (strnlen(compiled->lists[i].digest, DIGEST_TEXT_MAX) == DIGEST_TEXT_MAX)
			return ERR_SYNTAX;
	return ERR_OK;
}

static enum err read_sealed(struct source *source, const struct hash_key *key,
			    const struct compiled_head *head, struct compiled *compiled)
{
	struct sealing sealing = {.key = key, .head = head, .compiled = compiled};
	char more;
	enum err err = domset_image_read(key, head->set_octets, get, source, &compiled->set);

	if (err != ERR_OK)
		return err;
	if (!get(source, &sealing.found, sizeof(sealing.found)) || get(source, &more, 1) ||
	    !is_sound(&sealing))
		return ERR_SYNTAX;
	return ERR_OK;
}

static bool has_length(int fd, const struct compiled_head *head)
{
	struct stat seen;

	return fstat(fd, &seen) == 0 && head->set_octets <= INT64_MAX / 2 &&
	       (uint64_t)seen.st_size == sizeof(*head) +
						 head->list_count * sizeof(struct compiled_list) +
						 head->set_octets + sizeof(struct compiled_seal);
}

static enum err read_open(int fd, const struct hash_key *key, const struct compiled_by *by,
			  uint32_t list_count, compiled_fits_fn *fits, void *arg,
			  struct compiled *compiled)
{
	struct source source = {.fd = fd};
	struct compiled_head head;
	enum err err;

	if (list_count > LISTS_MAX || !get(&source, &head, sizeof(head)))
		return ERR_SYNTAX;
	if (!is_ours(&head, by, list_count))
		return ERR_REFUSED;
	if (!has_length(fd, &head))
		return ERR_SYNTAX;
	err = read_lists(&source, list_count, compiled);
	if (err == ERR_OK && !fits(arg, compiled->lists))
		err = ERR_REFUSED;
	return err == ERR_OK ? read_sealed(&source, key, &head, compiled) : err;
}

enum err compiled_read(const char *directory, const struct hash_key *key,
		       const struct compiled_by *by, uint32_t list_count, compiled_fits_fn *fits,
		       void *arg, struct compiled *ret_compiled, struct err_text *text)
{
	struct compiled compiled = {.set = NULL};
	char path[PATH_MAX];
	enum err err;
	int fd;

	compiled_path(directory, path);
	if (file_open(path, &fd) != ERR_OK)
		return ERR_NOTFOUND;
	err = read_open(fd, key, by, list_count, fits, arg, &compiled);
	close(fd);
	if (err == ERR_OK)
		*ret_compiled = compiled;
	else
		compiled_free(&compiled);
	return err_set(text, err, "%s: %s", path,
		       err == ERR_REFUSED  ? "of other lists, another configuration or program"
		       : err == ERR_SYNTAX ? "damaged, or of another key"
					   : err_str(err));
}
