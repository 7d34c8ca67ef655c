/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"

#define LOG_NAME ".log"
#define LOG_MAX 65536U
#define TURNS 8U

void scratch_make(struct scratch *s)
{
	const char *below = getenv("TMPDIR");

	if (!below || strlen(below) > sizeof(s->path) - 24)
		below = "/tmp";
	snprintf(s->path, sizeof(s->path), "%s/sinkholed.XXXXXX", below);
	assert_non_null(mkdtemp(s->path));
	s->saved_stderr = -1;
	s->log_fd = -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void scratch_remove(struct scratch *s)
{
	scratch_give_stderr(s);
	assert_int_equal(nftw(s->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int scratch_set_up(void **state)
{
	static struct scratch s;

	scratch_make(&s);
	*state = &s;
	return 0;
}

int scratch_tear_down(void **state)
{
	scratch_remove(*state);
	return 0;
}

const char *scratch_path(const struct scratch *s, const char *name)
{
	static char buffers[TURNS][PATH_MAX];
	static unsigned int turn;
	char *buf = buffers[turn++ % TURNS];

	snprintf(buf, PATH_MAX, "%s/%s", s->path, name);
	return buf;
}

const char *scratch_write(const struct scratch *s, const char *name, const char *text)
{
	const char *path = scratch_path(s, name);
	const char *temporary = scratch_path(s, ".written");
	FILE *f = fopen(temporary, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(temporary, path), 0);
	return path;
}

long scratch_read(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t len;

	if (!f)
		return -1;
	len = fread(buf, 1, size - 1, f);
	buf[len] = '\0';
	fclose(f);
	return (long)len;
}

size_t scratch_count(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

void scratch_take_stderr(struct scratch *s)
{
	s->log_fd = open(scratch_path(s, LOG_NAME), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(s->log_fd >= 0);
	s->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(s->saved_stderr >= 0);
	assert_true(dup2(s->log_fd, STDERR_FILENO) >= 0);
}

void scratch_give_stderr(struct scratch *s)
{
	if (s->saved_stderr < 0)
		return;
	dup2(s->saved_stderr, STDERR_FILENO);
	close(s->saved_stderr);
	close(s->log_fd);
	s->saved_stderr = -1;
}

bool scratch_logged(const struct scratch *s, const char *text)
{
	static char log[LOG_MAX];

	return scratch_read(scratch_path(s, LOG_NAME), log, sizeof(log)) >= 0 && strstr(log, text);
}
