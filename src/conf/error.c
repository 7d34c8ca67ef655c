/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define REASON_MAX 400
#define FILE_MAX 160 /* of a longer path the end is shown */

__attribute__((format(printf, 2, 3))) static size_t place_add(struct conf_place *place,
							      const char *fmt, ...)
{
	size_t before = place->len;
	size_t room = sizeof(place->option) - before;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(place->option + before, room, fmt, args);
	va_end(args);
	if (len > 0)
		place->len += (size_t)len < room ? (size_t)len : room - 1;
	return before;
}

size_t conf_place_enter(struct conf_place *place, const char *key)
{
	return place_add(place, "%s%s", place->len > 0 ? "." : "", key);
}

size_t conf_place_index(struct conf_place *place, size_t index)
{
	return place_add(place, "[%zu]", index);
}

void conf_place_leave(struct conf_place *place, size_t len)
{
	place->len = len;
	place->option[len] = '\0';
}

/* Replaces what could break the line it is shown in. */
static void clean(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

/* Cuts off a UTF-8 character of which the end is missing. */
static void trim_broken(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && ((unsigned char)text[len - 1] & 0xc0U) == 0x80U)
		len--;
	if (len > 0 && ((unsigned char)text[len - 1] & 0xc0U) == 0xc0U)
		text[len - 1] = '\0';
}

const char *conf_quoted(char buf[CONF_QUOTED_MAX], const char *text)
{
	char part[CONF_QUOTED_MAX - sizeof("\"\"...")];
	bool cut = (size_t)snprintf(part, sizeof(part), "%s", text) >= sizeof(part);

	if (cut)
		trim_broken(part);
	clean(part);
	snprintf(buf, CONF_QUOTED_MAX, "\"%s\"%s", part, cut ? "..." : "");
	return buf;
}

static const char *file_shown(const char *file, char buf[FILE_MAX])
{
	size_t len = strlen(file);
	bool cut = len >= FILE_MAX;

	snprintf(buf, FILE_MAX, "%s%s", cut ? "..." : "", cut ? file + len - FILE_MAX + 4 : file);
	clean(buf);
	return buf;
}

_Static_assert(CONF_FILE_MAX == 1024 * 1024, "a message names it");

const char *conf_file_reason(enum err err)
{
	if (err == ERR_SYS)
		return file_reason(errno);
	return err == ERR_RANGE ? "larger than 1024 KiB" : err_str(err);
}

enum err conf_fail_file(const char *file, struct err_text *text, enum err err, const char *reason)
{
	char shown[FILE_MAX];

	return err_set(text, err, "%s: %s", file_shown(file, shown), reason);
}

bool conf_place_full(const struct conf_place *place)
{
	return place->nomem || place->found->count == CONF_MISTAKES_MAX;
}

/* Room for a mistake at `mark`, behind those that stand before it in the file. */
static struct conf_mistake *mistake_add(struct conf_mistakes *found, struct conf_mark mark)
{
	size_t at = found->count;
	struct conf_mistake *list = found->list;

	for (; at > 0 &&
	       (list[at - 1].mark.line > mark.line ||
		(list[at - 1].mark.line == mark.line && list[at - 1].mark.column > mark.column));
	     at--)
		list[at] = list[at - 1];
	found->count++;
	list[at].mark = mark;
	return &list[at];
}

enum err conf_fail(struct conf_place *place, struct conf_mark mark, const char *fmt, ...)
{
	char file[FILE_MAX];
	char where[48] = "";
	char reason[REASON_MAX];
	va_list args;

	if (conf_place_full(place))
		return ERR_CONFIG;
	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	if (mark.line > 0)
		snprintf(where, sizeof(where), ":%zu:%zu", mark.line, mark.column);
	return err_set(&mistake_add(place->found, mark)->text, ERR_CONFIG, "%s%s: %s%s%s",
		       file_shown(place->file, file), where, place->option,
		       place->len > 0 ? ": " : "", reason);
}

enum err conf_fail_nomem(struct conf_place *place)
{
	place->nomem = true;
	place->found->count = 1;
	return conf_fail_file(place->file, &place->found->list[0].text, ERR_NOMEM,
			      err_str(ERR_NOMEM));
}
