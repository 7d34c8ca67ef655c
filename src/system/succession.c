/* SPDX-License-Identifier: BSD-2-Clause */
#include "system/succession.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHANNEL_FD 3	  /* of the successor */
#define SOCKETS_MAX 64U	  /* in one message */
#define BEGIN_MS 10000	  /* for what has been sent before the successor began */
#define MAGIC 0x534b4831U /* "SKH1": another form has another one */

struct message {
	uint32_t magic;
	uint32_t word;
	struct hash_key secret; /* of SUCCESSION_SECRET */
};

/* Room for the descriptors of one message. */
union control {
	struct cmsghdr align;
	char octets[CMSG_SPACE(SOCKETS_MAX * sizeof(int))];
};

/* ---- talk */

static enum err say(int channel, const struct message *m, const int *fds, size_t count)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m)};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;

	if (count > 0) {
		memset(&control, 0, sizeof(control));
		hdr.msg_control = control.octets;
		hdr.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, count * sizeof(int));
	}
	return sendmsg(channel, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(*m) ? ERR_OK
											  : ERR_SYS;
}

enum err succession_say(int channel, enum succession_word word, int fd)
{
	const struct message m = {.magic = MAGIC, .word = (uint32_t)word};

	return say(channel, &m, &fd, fd >= 0 ? 1 : 0);
}

enum err succession_bequeath(int channel, const int *fds, size_t count,
			     const struct hash_key *secret, int said)
{
	const struct message sockets = {.magic = MAGIC, .word = SUCCESSION_SOCKETS};
	const struct message last = {
		.magic = MAGIC,
		.word = SUCCESSION_SECRET,
		.secret = *secret,
	};
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && err == ERR_OK; i += SOCKETS_MAX)
		err = say(channel, &sockets, fds + i,
			  count - i < SOCKETS_MAX ? count - i : SOCKETS_MAX);
	return err == ERR_OK ? say(channel, &last, &said, said >= 0 ? 1 : 0) : err;
}

static size_t take_descriptors(struct msghdr *hdr, int fds[SOCKETS_MAX])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(hdr);
	size_t count = 0;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), count * sizeof(int));
	}
	return count;
}

static enum err receive(int channel, struct message *m, int fds[SOCKETS_MAX], size_t *ret_count)
{
	struct iovec iov = {.iov_base = m, .iov_len = sizeof(*m)};
	union control control;
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof(control.octets),
	};
	ssize_t len = recvmsg(channel, &hdr, MSG_CMSG_CLOEXEC);

	*ret_count = len >= 0 ? take_descriptors(&hdr, fds) : 0;
	if (len == 0 || (len < 0 && errno == ECONNRESET)) {
		*m = (struct message){.magic = MAGIC, .word = SUCCESSION_END};
		return ERR_OK;
	}
	if (len == (ssize_t)sizeof(*m) && m->magic == MAGIC)
		return ERR_OK;
	errno = len < 0 ? errno : EPROTO;
	return ERR_SYS;
}

/* As receive, in time. */
static enum err hear(int channel, int timeout_ms, struct message *m, int fds[SOCKETS_MAX],
		     size_t *ret_count)
{
	struct pollfd readable = {.fd = channel, .events = POLLIN};
	int rc;

	do
		rc = poll(&readable, 1, timeout_ms);
	while (rc < 0 && errno == EINTR);
	*ret_count = 0;
	if (rc > 0)
		return receive(channel, m, fds, ret_count);
	if (rc == 0)
		errno = ETIMEDOUT;
	return ERR_SYS;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

enum err succession_hear(int channel, int timeout_ms, enum succession_word *ret_word, int *ret_fd)
{
	int fds[SOCKETS_MAX];
	struct message m;
	size_t count;
	enum err err = hear(channel, timeout_ms, &m, fds, &count);
	size_t kept = err == ERR_OK && ret_fd && count > 0 ? 1 : 0;

	close_all(fds + kept, count - kept);
	if (err != ERR_OK)
		return err;
	if (ret_fd)
		*ret_fd = kept ? fds[0] : -1;
	*ret_word = (enum succession_word)m.word;
	return ERR_OK;
}

/* ---- the process before */

/* The environment with the channel's number in it; the strings are not copied. */
static char **make_environment(char variable[])
{
	size_t count = 0;
	size_t kept = 0;
	char **copy;

	while (environ[count])
		count++;
	copy = calloc(count + 2, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++)
		if (strncmp(environ[i], SUCCESSION_VARIABLE "=", sizeof(SUCCESSION_VARIABLE)) != 0)
			copy[kept++] = environ[i];
	if (copy)
		copy[kept] = variable;
	return copy;
}

static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGHUP);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGUSR2);
	posix_spawnattr_setsigmask(attributes, &blocked);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
}

/* Returns what posix_spawn does. */
static int spawn(const char *path, char *const argv[], char *const environment[], int channel,
		 pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		rc = set_signals(&attributes);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(&actions, channel, CHANNEL_FD);
		/* libraries have sockets that are not closed at execve(2): they would pile up */
		if (rc == 0)
			rc = posix_spawn_file_actions_addclosefrom_np(&actions, CHANNEL_FD + 1);
		if (rc == 0)
			rc = posix_spawn(ret_pid, path, &actions, &attributes, argv, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

enum err succession_spawn(const char *path, char *const argv[], const char *state, int *ret_fd,
			  pid_t *ret_pid)
{
	char variable[sizeof(SUCCESSION_VARIABLE) + 16 + SUCCESSION_STATE_MAX];
	char **environment;
	int pair[2];
	int rc = ENOMEM;

	snprintf(variable, sizeof(variable), SUCCESSION_VARIABLE "=%d %s", CHANNEL_FD, state);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return ERR_SYS;
	environment = make_environment(variable);
	if (environment)
		rc = spawn(path, argv, environment, pair[1], ret_pid);
	free(environment);
	close(pair[1]);
	if (rc == 0) {
		*ret_fd = pair[0];
		return ERR_OK;
	}
	close(pair[0]);
	errno = rc;
	return ERR_SYS;
}

/* ---- the successor */

/* -1: there is nobody before. */
static int find_channel(char ret_state[SUCCESSION_STATE_MAX])
{
	const char *text = getenv(SUCCESSION_VARIABLE);
	char *state = (char *)(uintptr_t) "";
	long channel = text ? strtol(text, &state, 10) : -1;

	snprintf(ret_state, SUCCESSION_STATE_MAX, "%s", *state == ' ' ? state + 1 : "");
	unsetenv(SUCCESSION_VARIABLE);
	if (channel <= STDERR_FILENO || channel > INT_MAX ||
	    fcntl((int)channel, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return (int)channel;
}

static enum err take_over(struct inherited *inherited, const int *fds, size_t count)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		if (err == ERR_OK)
			err = inherited_add(inherited, fds[i]);
		else
			close(fds[i]);
	}
	return err;
}

enum err succession_begin(int *ret_channel, char ret_state[SUCCESSION_STATE_MAX],
			  struct inherited *inherited, struct hash_key *secret, int *ret_said)
{
	int channel = find_channel(ret_state);
	struct message m = {.word = SUCCESSION_SOCKETS};
	enum err err = ERR_OK;
	int said = -1;

	while (channel >= 0 && err == ERR_OK && m.word == SUCCESSION_SOCKETS) {
		int fds[SOCKETS_MAX];
		size_t count;

		err = hear(channel, BEGIN_MS, &m, fds, &count);
		if (err == ERR_OK && m.word == SUCCESSION_SECRET && count > 0)
			said = fds[--count];
		if (err == ERR_OK)
			err = take_over(inherited, fds, count);
	}
	if (err != ERR_OK)
		return err;
	*ret_channel = channel;
	*ret_said = said;
	if (channel >= 0 && m.word == SUCCESSION_SECRET)
		*secret = m.secret;
	return ERR_OK;
}
