/* SPDX-License-Identifier: BSD-2-Clause */
#include "line/reason.h"

#include "base/table.h"

#define FORMAT_NAMES(X)                                                                            \
	X(LIST_FORMAT_AUTO, "auto")                                                                \
	X(LIST_FORMAT_NAMES, "names")                                                              \
	X(LIST_FORMAT_HOSTS, "hosts")                                                              \
	X(LIST_FORMAT_ADBLOCK, "adblock")                                                          \
	X(LIST_FORMAT_RPZ, "rpz")                                                                  \
	X(LIST_FORMAT_ADDRESSES, "addresses")                                                      \
	X(LIST_FORMAT_CSV, "csv")                                                                  \
	X(LIST_FORMAT_JSON, "json")

static const char *const format_names[] = {FORMAT_NAMES(TABLE_ROW)};
TABLE_COMPLETE(FORMAT_NAMES, LIST_FORMAT_COUNT);

static const char *const reason_words[] = {LIST_REASONS(TABLE_ROW)};

const char *list_format_str(enum list_format format)
{
	return (unsigned int)format < LIST_FORMAT_COUNT ? format_names[format] : "unknown";
}

const char *list_reason_str(enum list_reason reason)
{
	return (unsigned int)reason < LIST_REASON_COUNT ? reason_words[reason] : "unknown";
}
