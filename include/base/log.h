/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: one line a message to stderr, with a syslog priority prefix when journald reads it.
 * Any thread may log; a line is written by one write().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE, /* what the operator wants to read once: started, reloaded, stopped */
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_COUNT
};

/* Messages less urgent than `level` are not written.  Main thread, before the others start. */
void log_set_level(enum log_level level);

/* True when a message of `level` would be written: guards costly arguments. */
bool log_enabled(enum log_level level);

/* Writes one line.  Control characters in it are shown as '?': input may be hostile. */
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
