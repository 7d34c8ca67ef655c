/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/journal.h"
#include "base/loglimit.h"
#include "base/logwriter.h"
#include "base/table.h"

#define LINE_MAX_OCTETS 2048
#define STOP_TIMEOUT_MS 1000U /* for whoever reads the log to read its end */

struct level {
	const char *name;
	const char *priority; /* syslog's number as journald reads it, sd-daemon(3) */
};

#define LEVELS(X)                                                                                  \
	X(LOG_LEVEL_ERROR, {"error: ", "<3>"})                                                     \
	X(LOG_LEVEL_WARNING, {"warning: ", "<4>"})                                                 \
	X(LOG_LEVEL_NOTICE, {"", "<5>"})                                                           \
	X(LOG_LEVEL_INFO, {"", "<6>"})                                                             \
	X(LOG_LEVEL_DEBUG, {"debug: ", "<7>"})

static const struct level levels[] = {LEVELS(TABLE_ROW)};
TABLE_COMPLETE(LEVELS, LOG_LEVEL_COUNT);

static atomic_int threshold = LOG_LEVEL_INFO;
static bool native; /* the journal takes records; set before there is a second thread */

static struct loglimit limit;
static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER;

void log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

static void neutralise(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
}

void log_to_journal(const char *path)
{
	native = journal_is_stderr(getenv("JOURNAL_STREAM")) && logwriter_journal(path);
}

enum err log_start(void)
{
	return logwriter_start();
}

void log_stop(void)
{
	logwriter_stop(STOP_TIMEOUT_MS);
}

uint64_t log_lost(void)
{
	return logwriter_lost();
}

/* What stands before a line: the time on a terminal, the priority where journald reads. */
static size_t write_head(char *line, size_t size, const struct level *level)
{
	const char *priority = getenv("JOURNAL_STREAM") ? level->priority : "";
	struct tm now;
	time_t seconds;
	size_t len;

	if (native)
		priority = "";
	if (native || isatty(STDERR_FILENO) != 1)
		return (size_t)snprintf(line, size, "%s%s", priority, level->name);
	seconds = time(NULL);
	localtime_r(&seconds, &now);
	len = strftime(line, size, "%H:%M:%S ", &now);
	return len + (size_t)snprintf(line + len, size - len, "%s", level->name);
}

/* `line` has room for one more octet. */
static void hand_over(char *line, int priority, const char *fmt)
{
	char record[JOURNAL_RECORD_MAX];
	size_t len = strlen(line);

	if (native) {
		len = journal_record(record, priority, fmt, line);
		logwriter_put(record, len + 1);
		return;
	}
	line[len++] = '\n';
	logwriter_put(line, len);
}

/* Adds what stands behind the priority and the level, and hands the line over. */
__attribute__((format(printf, 3, 0))) static void
write_line(enum log_level level, uint32_t withheld, const char *fmt, va_list args)
{
	char line[LINE_MAX_OCTETS];
	char more[64] = "";
	size_t head;
	size_t len;

	head = write_head(line, sizeof(line), &levels[level]);
	vsnprintf(line + head, sizeof(line) - head - sizeof(more), fmt, args);
	if (withheld > 0)
		snprintf(more, sizeof(more), " (and %u more like this one)", withheld);
	len = strlen(line);
	memcpy(line + len, more, strlen(more) + 1); /* its room was kept free */
	neutralise(line + head);
	hand_over(line, levels[level].priority[1] - '0', fmt);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, fmt);
	write_line(level, 0, fmt, args);
	va_end(args);
	errno = saved;
}

static bool may_write(const char *fmt, uint32_t *ret_withheld)
{
	bool may;

	pthread_mutex_lock(&limit_lock);
	may = loglimit_allow(&limit, fmt, clock_ms(), ret_withheld);
	pthread_mutex_unlock(&limit_lock);
	return may;
}

void log_limited(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	uint32_t withheld;
	va_list args;

	if (!log_enabled(level) || !may_write(fmt, &withheld))
		return;
	va_start(args, fmt);
	write_line(level, withheld, fmt, args);
	va_end(args);
	errno = saved;
}
