/* SPDX-License-Identifier: BSD-2-Clause */
/* A busy server writes some 100,000 lines a second: they are put together of pieces, since strftime
 * and snprintf take longer than all the rest of the log. */
#include "querylog/line.h"

#include <stdbool.h>
#include <string.h>

#include "dns/rrtype.h"
#include "count/stats.h"

#define DAY_S 86400U

/* Where a line ends so far.  Its pieces together are shorter than LINE_OCTETS: a name takes four
 * octets an octet and, escaped, twice that, at most 2,040; no other piece is over 64. */
struct end {
	char *at;
	const char *limit;
};

static void put_octets(struct end *end, const char *text, size_t len)
{
	if (len > (size_t)(end->limit - end->at))
		len = (size_t)(end->limit - end->at);
	memcpy(end->at, text, len);
	end->at += len;
}

static void put(struct end *end, const char *text)
{
	put_octets(end, text, strlen(text));
}

#define PUT(end, literal) put_octets(end, literal, sizeof(literal) - 1)

/* A name as JSON has it: what name_to_text writes is printable ASCII. */
static void put_name(struct end *end, const struct feed_event *event)
{
	char text[NAME_TEXT_MAX];
	const char *from = text;

	name_to_text(event->name, text, sizeof(text));
	for (;;) {
		size_t plain = strcspn(from, "\"\\");

		put_octets(end, from, plain);
		from += plain;
		if (!*from)
			return;
		PUT(end, "\\");
		put_octets(end, from++, 1);
	}
}

/* ---- the time */

static void put_number(struct end *end, unsigned int number, unsigned int digits)
{
	char text[8];

	for (unsigned int i = digits; i > 0; i--, number /= 10)
		text[i - 1] = (char)('0' + number % 10);
	put_octets(end, text, digits);
}

/* The date of a day since 1970-01-01, by the 400 years after which the calendar repeats; years that
 * begin in March have the odd day last. */
static void put_date(struct end *end, unsigned int days)
{
	unsigned int of_era = (days + 719468U) % 146097U;
	unsigned int of_year;
	unsigned int year;
	unsigned int month;

	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	year += (days + 719468U) / 146097U * 400U + (month >= 10);
	put_number(end, year, 4);
	PUT(end, "-");
	put_number(end, month < 10 ? month + 3 : month - 9, 2);
	PUT(end, "-");
	put_number(end, of_year - (153 * month + 2) / 5 + 1, 2);
}

static void put_time(struct end *end, uint64_t unix_ms)
{
	unsigned int s = (unsigned int)(unix_ms / 1000 % DAY_S);

	put_date(end, (unsigned int)(unix_ms / 1000 / DAY_S));
	PUT(end, "T");
	put_number(end, s / 3600, 2);
	PUT(end, ":");
	put_number(end, s / 60 % 60, 2);
	PUT(end, ":");
	put_number(end, s % 60, 2);
	PUT(end, ".");
	put_number(end, (unsigned int)(unix_ms % 1000), 3);
	PUT(end, "Z");
}

/* ---- the line */

static const char *type_of(const struct feed_event *event)
{
	bool denied = event->outcome == FEED_BLOCKED || event->outcome == FEED_DROPPED;

	return denied ? "denied" : "allowed";
}

static void put_question(struct end *end, const struct feed_event *event)
{
	char type[RRTYPE_TEXT_MAX];

	PUT(end, "\"dns\":{\"type\":\"answer\",\"question\":{\"name\":\"");
	put_name(end, event);
	PUT(end, "\",\"type\":\"");
	put(end, rrtype_text(event->qtype, type, sizeof(type)));
	PUT(end, "\",\"class\":\"IN\"}");
	if (event->outcome != FEED_DROPPED) {
		PUT(end, ",\"response_code\":\"");
		put(end, stats_rcode_word(event->rcode));
		PUT(end, "\"");
	}
	PUT(end, "}");
}

size_t line_write(const struct feed_event *event, uint64_t unix_ms, const char *client,
		  char buf[LINE_OCTETS])
{
	struct end end = {buf, buf + LINE_OCTETS};

	PUT(&end, "{\"@timestamp\":\"");
	put_time(&end, unix_ms);
	PUT(&end, "\",\"event\":{\"kind\":\"event\",\"category\":[\"network\"],\"type\":"
		  "[\"protocol\",\"");
	put(&end, type_of(event));
	PUT(&end, "\"],\"outcome\":\"");
	put(&end, event->outcome == FEED_FAILED ? "failure" : "success");
	PUT(&end, "\",\"action\":\"");
	put(&end, feed_word(event->outcome));
	PUT(&end, "\"},\"client\":{\"ip\":\"");
	put(&end, client);
	PUT(&end, "\"},\"network\":{\"protocol\":\"dns\",\"transport\":\"");
	put(&end, event->tcp ? "tcp" : "udp");
	PUT(&end, "\"},");
	put_question(&end, event);
	if (*event->list) {
		PUT(&end, ",\"rule\":{\"ruleset\":\"");
		put(&end, event->list);
		PUT(&end, "\"}");
	}
	PUT(&end, "}\n");
	return (size_t)(end.at - buf);
}
