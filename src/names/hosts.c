/* SPDX-License-Identifier: BSD-2-Clause */
#include "names/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "line/listline.h"

struct reader {
	const char *path;
	hosts_fn *fn;
	void *arg;
	struct list_report *report;
	struct err_text *text;
};

static enum err refused(const struct reader *r, const char *reason)
{
	return err_set(r->text, ERR_REFUSED, "%s: %s", r->path, reason);
}

/* The address of the line; false when the address is one of a link. */
static bool address_of(const struct listline *line, struct ip *ret_ip)
{
	char text[INET6_ADDRSTRLEN];

	if (line->address_len >= sizeof(text))
		return false;
	memcpy(text, line->address, line->address_len);
	text[line->address_len] = '\0';
	return ip_parse(text, ret_ip) == ERR_OK;
}

static enum err take_name(const struct reader *r, const struct ip *ip, const struct name *name)
{
	if (++r->report->entries > HOSTS_NAMES_MAX)
		return refused(r, "more than 65536 names");
	return r->fn(r->arg, ip, name);
}

/* What a line says of a name; sets why when it is not taken. */
static enum listline_verdict next_name(struct listline *line, struct listline_rule *rule,
				       struct ip *ret_ip)
{
	enum listline_verdict verdict = listline_next(line, rule);

	if (verdict == LISTLINE_END || verdict == LISTLINE_SKIPPED)
		return verdict;
	if (!line->is_hosts) {
		line->pos = line->end;
		rule->reason = LINE_NO_ADDRESS;
		return LISTLINE_BAD;
	}
	if (verdict == LISTLINE_RULE && rule->kind.scope != DOMSET_SCOPE_ITSELF) {
		rule->reason = LINE_CHAR;
		return LISTLINE_BAD;
	}
	if (verdict == LISTLINE_RULE && !address_of(line, ret_ip)) {
		rule->reason = LINE_LINK;
		return LISTLINE_SKIPPED;
	}
	return verdict;
}

static enum err take_line(const struct reader *r, const char *text, size_t len)
{
	struct list_report *report = r->report;
	enum listline_verdict verdict;
	struct listline_rule rule;
	struct listline line;
	bool counted = false, told = false;
	struct ip ip;
	enum err err = ERR_OK;

	report->lines++;
	listline_init(&line, LIST_FORMAT_HOSTS, true, text, len);
	while (err == ERR_OK) {
		verdict = next_name(&line, &rule, &ip);
		if (verdict == LISTLINE_END)
			break;
		report->told += !told;
		told = true;
		if (verdict == LISTLINE_RULE)
			err = take_name(r, &ip, &rule.owner);
		else if (verdict == LISTLINE_BAD && rule.reason == LINE_NO_MEMORY)
			err = ERR_NOMEM;
		else if (!counted)
			report_not_taken(report, report->lines, rule.reason, text, len);
		counted = counted || verdict != LISTLINE_RULE;
	}
	return err;
}

static enum err take_text(const struct reader *r, const char *text, size_t len)
{
	const char *end = text + len;
	enum err err = ERR_OK;

	while (err == ERR_OK && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		err = take_line(r, text, (size_t)(stop - text));
		text = stop + 1;
	}
	return err;
}

static enum err not_read(const struct reader *r, enum err err)
{
	if (err == ERR_RANGE)
		return refused(r, "larger than 16 MiB");
	if (err != ERR_SYS)
		return err;
	return err_set(r->text, err, "%s: %s", r->path,
		       errno == EISDIR || errno == EINVAL ? "not a regular file" : strerror(errno));
}

enum err hosts_read(const char *path, hosts_fn *fn, void *arg, struct list_report *ret_report,
		    struct err_text *text)
{
	const struct reader reader = {path, fn, arg, ret_report, text};
	char *content;
	size_t len;
	enum err err = file_read(path, HOSTS_FILE_MAX, &content, &len);

	report_init(ret_report, LIST_FORMAT_HOSTS);
	if (err != ERR_OK)
		return not_read(&reader, err);
	ret_report->bytes = len;
	err = take_text(&reader, content, len);
	free(content);
	return err;
}
