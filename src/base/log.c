/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 2048

struct level {
	const char *name;
	const char *priority; /* syslog's number as journald reads it, sd-daemon(3) */
};

static const struct level levels[] = {
	[LOG_LEVEL_ERROR] = {"error: ", "<3>"}, [LOG_LEVEL_WARNING] = {"warning: ", "<4>"},
	[LOG_LEVEL_NOTICE] = {"", "<5>"},	[LOG_LEVEL_INFO] = {"", "<6>"},
	[LOG_LEVEL_DEBUG] = {"debug: ", "<7>"},
};

static atomic_int threshold = LOG_LEVEL_INFO;

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

static void write_all(const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody to tell */
		buf += n;
		len -= (size_t)n;
	}
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_OCTETS];
	int saved = errno;
	size_t head;
	size_t len;
	va_list args;

	if (!log_enabled(level))
		return;
	head = (size_t)snprintf(line, sizeof(line), "%s%s",
				getenv("JOURNAL_STREAM") ? levels[level].priority : "",
				levels[level].name);
	va_start(args, fmt);
	vsnprintf(line + head, sizeof(line) - head - 1, fmt, args);
	va_end(args);
	neutralise(line + head);
	len = strlen(line);
	line[len++] = '\n';
	write_all(line, len);
	errno = saved;
}
