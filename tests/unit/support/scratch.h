/* SPDX-License-Identifier: BSD-2-Clause */
/* A directory for the files of one test, and what the test has logged. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct scratch {
	char path[64];
	int saved_stderr; /* -1: stderr is not taken */
	int log_fd;
};

/* Makes the directory, below $TMPDIR or /tmp. */
void scratch_make(struct scratch *s);

/* Removes it with all that is in it, and gives stderr back. */
void scratch_remove(struct scratch *s);

/* The same for a test that has no other state. */
int scratch_set_up(void **state);
int scratch_tear_down(void **state);

/* The path of `name` in it, in one of a few buffers that take turns. */
const char *scratch_path(const struct scratch *s, const char *name);

/* Writes a file in it, in the place of an older one, which is not written to.  Returns the path. */
const char *scratch_write(const struct scratch *s, const char *name, const char *text);

/* The whole of a file, at most `size` - 1 octets, as a string; -1 when there is none. */
long scratch_read(const char *path, char *buf, size_t size);

/* How many files there are in a directory. */
size_t scratch_count(const char *path);

/* Has stderr written to a file; scratch_logged tells whether `text` is in it by now. */
void scratch_take_stderr(struct scratch *s);
void scratch_give_stderr(struct scratch *s);
bool scratch_logged(const struct scratch *s, const char *text);

#endif
