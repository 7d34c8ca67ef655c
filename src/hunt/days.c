/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/days.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"

#define DAY_S 86400

/* What SQLite keeps beside a database, and that. */
static const char *const endings[] = {"-wal", "-shm", ""};

#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

const char *days_folder(const char *state, char folder[PATH_MAX])
{
	snprintf(folder, PATH_MAX, "%s/" DAYS_FOLDER, state);
	return folder;
}

enum err days_make(const char *state, char ret_folder[PATH_MAX], struct err_text *text)
{
	char folder[PATH_MAX];

	if (mkdir(days_folder(state, folder), 0700) != 0 && errno != EEXIST)
		return err_set(text, ERR_SYS, "%s: %s", folder, strerror(errno));
	memcpy(ret_folder, folder, sizeof(folder));
	return ERR_OK;
}

const char *days_text(uint32_t day, char buf[DAYS_TEXT_MAX])
{
	time_t s = (time_t)day * DAY_S;
	struct tm tm;

	if (!gmtime_r(&s, &tm) || strftime(buf, DAYS_TEXT_MAX, "%Y-%m-%d", &tm) == 0)
		buf[0] = '\0';
	return buf;
}

const char *days_path(const char *folder, uint32_t day, char path[PATH_MAX])
{
	char text[DAYS_TEXT_MAX];

	snprintf(path, PATH_MAX, "%s/%s.db", folder, days_text(day, text));
	return path;
}

/* The day of a file by its name; 0: it is no store. */
static uint32_t day_of(const char *file)
{
	char text[DAYS_TEXT_MAX];
	struct tm tm = {.tm_sec = 0};
	const char *end = strptime(file, "%Y-%m-%d", &tm);
	time_t s = end && strcmp(end, ".db") == 0 ? timegm(&tm) : 0;
	uint32_t day = s > 0 && s / DAY_S < UINT16_MAX ? (uint32_t)(s / DAY_S) : 0;

	/* not as 2026-1-1 */
	return day > 0 && strncmp(days_text(day, text), file, DAYS_TEXT_MAX - 1) == 0 ? day : 0;
}

static int is_day(const struct dirent *entry)
{
	return day_of(entry->d_name) > 0;
}

size_t days_list(const char *folder, uint32_t ret_days[DAYS_MAX])
{
	struct dirent **entries;
	int found = scandir(folder, &entries, is_day, alphasort); /* dates: in their order */
	size_t count = 0;

	for (int i = 0; i < found; i++) {
		if (count < DAYS_MAX)
			ret_days[count++] = day_of(entries[i]->d_name);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return count;
}

static uint64_t size_of(const char *folder, uint32_t day)
{
	char path[PATH_MAX];
	char part[PATH_MAX + 8];
	uint64_t size = 0;
	struct stat st;

	days_path(folder, day, path);
	for (size_t i = 0; i < ENDINGS; i++) {
		snprintf(part, sizeof(part), "%s%s", path, endings[i]);
		if (stat(part, &st) == 0)
			size += (uint64_t)st.st_size;
	}
	return size;
}

uint64_t days_size(const char *folder)
{
	uint32_t days[DAYS_MAX];
	size_t count = days_list(folder, days);
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += size_of(folder, days[i]);
	return size;
}

enum err days_remove(const char *folder, uint32_t day)
{
	char path[PATH_MAX];
	char part[PATH_MAX + 8];

	days_path(folder, day, path);
	for (size_t i = 0; i < ENDINGS; i++) {
		snprintf(part, sizeof(part), "%s%s", path, endings[i]);
		if (file_remove(part) != ERR_OK && errno != ENOENT)
			return ERR_SYS;
	}
	return ERR_OK;
}
