/* SPDX-License-Identifier: BSD-2-Clause */
#include "querylog/line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dns/rrtype.h"
#include "query/stats.h"

#define ESCAPED_MAX (2U * NAME_TEXT_MAX)

/* A name as JSON has it: what name_to_text writes is printable ASCII. */
static const char *escape(const struct feed_event *event, char buf[ESCAPED_MAX])
{
	char text[NAME_TEXT_MAX];
	size_t len = 0;

	name_to_text(event->name, text, sizeof(text));
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf[len++] = '\\';
		buf[len++] = *c;
	}
	buf[len] = '\0';
	return buf;
}

static const char *type_of(const struct feed_event *event)
{
	bool denied = event->outcome == FEED_BLOCKED || event->outcome == FEED_DROPPED;

	return denied ? "denied" : "allowed";
}

size_t line_write(const struct feed_event *event, uint64_t unix_ms, const char *client,
		  char buf[LINE_OCTETS])
{
	time_t s = (time_t)(unix_ms / 1000);
	char name[ESCAPED_MAX];
	char type[RRTYPE_TEXT_MAX];
	char when[32];
	struct tm tm;
	int len;

	gmtime_r(&s, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	len = snprintf(buf, LINE_OCTETS,
		       "{\"@timestamp\":\"%s.%03uZ\",\"event\":{\"kind\":\"event\",\"category\":"
		       "[\"network\"],\"type\":[\"protocol\",\"%s\"],\"outcome\":\"%s\",\"action\":"
		       "\"%s\"},"
		       "\"client\":{\"ip\":\"%s\"},\"network\":{\"protocol\":\"dns\",\"transport\":"
		       "\"%s\"},"
		       "\"dns\":{\"type\":\"answer\",\"question\":{\"name\":\"%s\",\"type\":\"%s\","
		       "\"class\":\"IN\"}",
		       when, (unsigned int)(unix_ms % 1000), type_of(event),
		       event->outcome == FEED_FAILED ? "failure" : "success",
		       feed_word(event->outcome), client, event->tcp ? "tcp" : "udp",
		       escape(event, name), rrtype_text(event->qtype, type, sizeof(type)));
	if (event->outcome != FEED_DROPPED)
		len += snprintf(buf + len, LINE_OCTETS - (size_t)len, ",\"response_code\":\"%s\"",
				stats_rcode_word(event->rcode));
	len += snprintf(buf + len, LINE_OCTETS - (size_t)len, "}%s%s%s}\n",
			*event->list ? ",\"rule\":{\"ruleset\":\"" : "", event->list,
			*event->list ? "\"}" : "");
	return (size_t)len;
}
