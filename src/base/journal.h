/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of the log as systemd's journal takes them: with fields of their own, by its native
 * protocol (datagrams of KEY=VALUE lines to a socket), rather than as lines of text on stderr.
 *
 *   PRIORITY, MESSAGE, SYSLOG_IDENTIFIER   as all have them
 *   SINKHOLED_FORMAT                       the line's kind: its text without what it is about
 *   SINKHOLED_LIST, SINKHOLED_CLIENT       what it is about, where it names one
 */
#ifndef BASE_JOURNAL_H
#define BASE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_RECORD_MAX 6144U /* octets: a line, its format, and a list or a client */

/* True when stderr is the stream to the journal that `stream` (JOURNAL_STREAM of the environment;
 * NULL: there is none) names by its device and inode, as systemd.exec(5) has it. */
bool journal_is_stderr(const char *stream);

/*
 * Writes the record of a line: `text`, without control characters, made of `fmt`, with a priority
 * of syslog's; returns its length, without the NUL at its end.  Text that does not fit is cut.
 */
size_t journal_record(char record[JOURNAL_RECORD_MAX], int priority, const char *fmt,
		      const char *text);

/* Where such a record has its line of text, and how long that is. */
const char *journal_message(const char *record, size_t *ret_len);

#endif
