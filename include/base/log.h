/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: one line a message to stderr, behind the time of day on a terminal, and behind a syslog
 * priority when journald reads it; or to journald with fields.
 * Any thread may log.  From log_start on a thread of its own writes the lines: a pipe that nobody
 * reads, or a slow disk, stops nobody who logs.  256 KiB of lines wait; what comes beyond is lost,
 * counted, and told as soon as somebody reads again.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

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

/*
 * Has lines go to systemd's journal with fields of their own (what kind of line, about which list
 * or client), by the socket at `path`, when stderr is the stream to it, as JOURNAL_STREAM of the
 * environment tells; else nothing changes.  Main thread, before the others start.
 */
#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"
void log_to_journal(const char *path);

/* Has a thread write from now on; until then a line is written by whoever logs it.  Main thread,
 * with the signals blocked that the process handles.  ERR_SYS: there is no thread to be had. */
enum err log_start(void) MUST_CHECK;

/* Writes what waits, for at most a second, and ends the thread.  Main thread, at the very end;
 * without log_start it does nothing. */
void log_stop(void);

/* Lines lost so far since nobody read the log.  Any thread. */
uint64_t log_lost(void);

/* True when a message of `level` would be written: guards costly arguments. */
bool log_enabled(enum log_level level);

/* Writes one line.  Control characters in it are shown as '?': input may be hostile. */
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As log_write, for lines that packets can cause: of one format 30 in ten seconds are written, and
 * the next one afterwards says how many were not. */
void log_limited(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
