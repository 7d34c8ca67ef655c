/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "match/listline.h"

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

static enum err failed(const struct reader *r)
{
	return err_set(r->text, ERR_SYS, "%s: %s", r->path, strerror(errno));
}

/* The address of the line; false when it is one of a link. */
static bool address_of(const struct listline *line, struct ip *ret_ip)
{
	char text[INET6_ADDRSTRLEN];

	if (line->address_len >= sizeof(text))
		return false;
	memcpy(text, line->address, line->address_len);
	text[line->address_len] = '\0';
	return ip_parse(text, ret_ip) == ERR_OK;
}

static enum err take_name(const struct reader *r, const struct listline *line,
			  const struct name *name)
{
	struct ip ip;

	if (!address_of(line, &ip)) {
		r->report->skipped++;
		return ERR_OK;
	}
	if (++r->report->entries > HOSTS_NAMES_MAX)
		return refused(r, "more than 65536 names");
	return r->fn(r->arg, &ip, name);
}

static enum err take_line(const struct reader *r, const char *text, size_t len)
{
	struct list_report *report = r->report;
	struct listline_rule rule;
	struct listline line;
	enum err err = ERR_OK;

	report->lines++;
	if (len > LISTLINE_MAX) {
		report_bad(report, report->lines, "the line is over 4096 octets", text, len);
		return ERR_OK;
	}
	listline_init(&line, LIST_FORMAT_HOSTS, true, text, len);
	while (err == ERR_OK) {
		enum listline_verdict verdict = listline_next(&line, &rule);

		if (verdict == LISTLINE_END)
			break;
		if (verdict == LISTLINE_RULE)
			err = take_name(r, &line, &rule.owner);
		else if (verdict == LISTLINE_SKIPPED)
			report->skipped++;
		else
			report_bad(report, report->lines, rule.reason, text, len);
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

/* Reads to the end of the file, or one octet more than it may have. */
static enum err read_all(const struct reader *r, int fd, char *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, buf + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failed(r);
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return ERR_OK;
}

/* Reads a pipe or a terminal never: that may not end. */
static enum err read_file(const struct reader *r, int fd)
{
	struct stat status;
	size_t size;
	size_t len = 0;
	char *buf;
	enum err err;

	if (fstat(fd, &status) < 0)
		return failed(r);
	if (!S_ISREG(status.st_mode))
		return err_set(r->text, ERR_SYS, "%s: not a regular file", r->path);
	if (status.st_size > HOSTS_FILE_MAX)
		return refused(r, "larger than 16 MiB");
	size = (size_t)status.st_size + 1;
	buf = malloc(size);
	if (!buf)
		return ERR_NOMEM;
	err = read_all(r, fd, buf, size, &len);
	if (err == ERR_OK && len == size)
		err = err_set(r->text, ERR_SYS, "%s: it grew while it was read", r->path);
	if (err == ERR_OK)
		err = take_text(r, buf, len);
	r->report->bytes = len;
	free(buf);
	return err;
}

enum err hosts_read(const char *path, hosts_fn *fn, void *arg, struct list_report *ret_report,
		    struct err_text *text)
{
	const struct reader reader = {path, fn, arg, ret_report, text};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum err err;

	report_init(ret_report, LIST_FORMAT_HOSTS);
	if (fd < 0)
		return failed(&reader);
	err = read_file(&reader, fd);
	close(fd);
	return err;
}
