/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of whole lines that is exchanged when it is large, and opened anew when somebody else has
 * moved it away. */
#ifndef QUERYLOG_FILE_H
#define QUERYLOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define FILE_PATH_OCTETS 4096

/* Zero-initialised but for `fd`, -1: no file.  One thread. */
struct logfile {
	char path[FILE_PATH_OCTETS]; /* "": none is wanted */
	uint64_t size_max;	     /* octets; beyond, it becomes PATH.1, that PATH.2 ... */
	unsigned int keep;	     /* ... and of these so many are kept */
	int fd;
	struct stat opened;
	uint64_t size;
	bool failing; /* which was told */
};

/* Writes `len` octets of whole lines, all into one file, or nothing of them; false: that could not
 * be. */
bool logfile_write(struct logfile *file, const char *lines, size_t len);

/* Opens it anew, if it was moved away or removed.  To be called now and then. */
void logfile_look(struct logfile *file);

void logfile_close(struct logfile *file);

#endif
