/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (64U * 1024U * 1024U)
#define REQUEST_MAX 8192

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "sinkholectl: %s: %s\n", what, why);
}

static void fail_to_reach(const char *path)
{
	int error = errno;
	bool away = error == ENOENT || error == ECONNREFUSED;

	fprintf(stderr, "sinkholectl: %s: %s%s\n", path, strerror(error),
		away ? "; is sinkholed running? --socket names another socket (control.socket)"
		: error == EACCES ? "; it is for root and the group of the daemon's user"
				  : "");
}

static int reach(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* All up to the end of the connection; NULL: it broke, or there was too much.  To be freed. */
static char *read_all(int fd)
{
	size_t room = 65536;
	size_t len = 0;
	char *text = malloc(room + 1);

	while (text) {
		ssize_t n = read(fd, text + len, room - len);

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		len += n > 0 ? (size_t)n : 0;
		if (n < 0 || (len == room && room >= ANSWER_MAX)) {
			free(text);
			return NULL;
		}
		if (len == room) {
			char *more = realloc(text, room * 2 + 1);

			if (!more)
				free(text);
			text = more;
			room *= 2;
		}
	}
	if (text)
		text[len] = '\0';
	return text;
}

static bool parse(struct answer *answer)
{
	static const char version[] = "HTTP/1."; /* 0 or 1, a blank, the status */
	char *end = strstr(answer->text, "\r\n\r\n");
	const char *status = answer->text + sizeof(version) + 1;

	if (!end || strncmp(answer->text, version, sizeof(version) - 1) != 0 ||
	    strspn(status, "0123456789") != 3)
		return false;
	answer->status = (int)strtol(status, NULL, 10);
	answer->body = end + 4;
	return true;
}

bool client_exchange(const char *path, const char *method, const char *target, const char *body,
		     struct answer *ret_answer)
{
	char request[REQUEST_MAX];
	int fd = reach(path);
	int len = snprintf(request, sizeof(request),
			   "%s %s HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n"
			   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			   method, target, strlen(body), body);

	if (fd < 0) {
		fail_to_reach(path);
		return false;
	}
	ret_answer->text = NULL;
	if (len < 0 || (size_t)len >= sizeof(request))
		errno = EMSGSIZE;
	else if (write_all(fd, request, (size_t)len))
		ret_answer->text = read_all(fd);
	close(fd);
	if (!ret_answer->text || !parse(ret_answer)) {
		fail(path, ret_answer->text ? "this is no HTTP" : strerror(errno));
		free(ret_answer->text);
		return false;
	}
	return true;
}
