/* SPDX-License-Identifier: BSD-2-Clause */
/* A compiled set goes to the disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/priority.h"
#include "compiled/compiled.h"
#include "compiled/file.h"
#include "set/image.h"

#define OCTETS_AT_ONCE (64U * 1024) /* a fraction of a millisecond's work */
#define BUFFER_OCTETS (64U * 1024)

/* A file that is being written; of small pieces a buffer is filled first. */
struct writing {
	int fd;
	int failed; /* the errno by which it went wrong, or 0 */
	struct mac *mac;
	const atomic_bool *cancelled;
	size_t filled;
	uint8_t buffer[BUFFER_OCTETS];
};

static bool write_octets(struct writing *w, const uint8_t *data, size_t len)
{
	while (len > 0 && !w->failed) {
		ssize_t wrote = write(w->fd, data, len < OCTETS_AT_ONCE ? len : OCTETS_AT_ONCE);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0 || (w->cancelled && atomic_load(w->cancelled))) {
			w->failed = wrote < 0 ? errno : ECANCELED;
			break;
		}
		data += wrote;
		len -= (size_t)wrote;
		priority_give_way();
	}
	return !w->failed;
}

static bool flush(struct writing *w)
{
	bool good = write_octets(w, w->buffer, w->filled);

	w->filled = 0;
	return good;
}

static bool put(void *arg, const void *data, size_t len)
{
	const uint8_t *octets = data;
	struct writing *w = arg;

	if (len > BUFFER_OCTETS - w->filled && !flush(w))
		return false;
	if (len > BUFFER_OCTETS)
		return write_octets(w, octets, len);
	memcpy(w->buffer + w->filled, octets, len);
	w->filled += len;
	return true;
}

/* By pieces: workers wait for the core. */
static bool put_sealed(void *arg, const void *data, size_t len)
{
	const uint8_t *octets = data;
	struct writing *w = arg;

	for (size_t at = 0; at < len; at += OCTETS_AT_ONCE) {
		mac_add(w->mac, octets + at, len - at < OCTETS_AT_ONCE ? len - at : OCTETS_AT_ONCE);
		priority_give_way();
	}
	return put(w, data, len);
}

static bool count(void *arg, const void *data, size_t len)
{
	(void)data;
	*(uint64_t *)arg += len;
	return true;
}

/* ERR_SYS: there are no random numbers. */
static enum err draw_nonce(struct compiled_seal *seal)
{
	struct hash_key random;

	if (hash_key_random(&random) != ERR_OK)
		return ERR_SYS;
	memcpy(seal->nonce, &random, sizeof(seal->nonce));
	return ERR_OK;
}

static enum err write_all(struct writing *w, const struct compiled_by *by,
			  const struct compiled *compiled)
{
	struct compiled_head head = compiled_head(by, compiled->list_count);
	struct compiled_seal seal;
	enum err err = domset_image_write(compiled->set, count, &head.set_octets);

	if (err == ERR_OK)
		err = draw_nonce(&seal);
	if (err == ERR_OK)
		err = compiled_seal_begin(domset_key(compiled->set), &seal, &head, compiled->lists,
					  &w->mac);
	if (err != ERR_OK)
		return err;
	if (!put(w, &head, sizeof(head)) ||
	    !put(w, compiled->lists, head.list_count * sizeof(*compiled->lists)) ||
	    domset_image_write(compiled->set, put_sealed, w) != ERR_OK)
		err = ERR_SYS;
	if (err == ERR_OK)
		err = mac_end(w->mac, seal.code);
	if (err == ERR_OK && (!put(w, &seal, sizeof(seal)) || !flush(w)))
		err = ERR_SYS;
	mac_free(w->mac);
	return err;
}

enum err compiled_write(const char *directory, const struct compiled_by *by,
			const struct compiled *compiled, const atomic_bool *cancelled,
			struct err_text *text)
{
	struct writing w = {.cancelled = cancelled};
	char path[PATH_MAX];
	char made[PATH_MAX];
	enum err err;

	compiled_path(directory, path);
	snprintf(made, sizeof(made), "%s/compiled.set.new", directory);
	w.fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w.fd < 0)
		return err_set(text, ERR_SYS, "%s: %s", made, strerror(errno));
	err = write_all(&w, by, compiled);
	if (close(w.fd) != 0 && err == ERR_OK) {
		w.failed = errno;
		err = ERR_SYS;
	}
	/* not waited for until it is on the disk: what a crash leaves of it has no good seal */
	if (err == ERR_OK && rename(made, path) != 0) {
		w.failed = errno;
		err = ERR_SYS;
	}
	if (err == ERR_OK)
		return ERR_OK;
	unlink(made);
	if (err == ERR_SYS && w.failed == ECANCELED)
		return err_set(text, ERR_CANCELLED, "%s", err_str(ERR_CANCELLED));
	return err_set(text, err, "%s: %s", made,
		       err == ERR_SYS ? strerror(w.failed) : err_str(err));
}
