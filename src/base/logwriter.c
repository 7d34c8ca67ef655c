/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/logwriter.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/thread.h"

#define QUEUE_OCTETS (256U * 1024)
#define LOST "warning: log: %llu lines were lost, nobody read them"
#define LOST_PRIORITY 4

/* A ring of octets; those that are being written stay in it until they are. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_cond_t emptied;
	pthread_t thread;
	size_t head;
	size_t len;
	bool running;
	bool stopping;
	char octets[QUEUE_OCTETS];
} queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.filled = PTHREAD_COND_INITIALIZER,
	.emptied = PTHREAD_COND_INITIALIZER,
};

static _Atomic uint64_t lost;

/* Where records go; set before there is a second thread. */
static struct {
	int fd; /* 0: there is none, lines go to stderr */
	struct sockaddr_un address;
} journal;

uint64_t logwriter_lost(void)
{
	return atomic_load_explicit(&lost, memory_order_relaxed);
}

/* Writes some of the octets; those of a stderr that nobody can be written to any more count as
 * written. */
static size_t write_some(const char *text, size_t len)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	for (;;) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n > 0)
			return (size_t)n;
		if (n < 0 && errno == EAGAIN)
			poll(&out, 1, -1);
		else if (n == 0 || errno != EINTR)
			return len;
	}
}

static void write_all(const char *text, size_t len)
{
	while (len > 0) {
		size_t n = write_some(text, len);

		text += n;
		len -= n;
	}
}

/* ---- the journal */

bool logwriter_journal(const char *path)
{
	int fd;

	if (strlen(path) >= sizeof(journal.address.sun_path))
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	journal.address.sun_family = AF_UNIX;
	strncpy(journal.address.sun_path, path, sizeof(journal.address.sun_path) - 1);
	journal.fd = fd;
	return true;
}

/* The journal is started anew now and then: each record finds the socket by its path. */
static void send_record(const char *record, size_t len)
{
	const char *text;
	size_t text_len;

	if (sendto(journal.fd, record, len, MSG_NOSIGNAL, (const struct sockaddr *)&journal.address,
		   sizeof(journal.address)) >= 0)
		return;
	text = journal_message(record, &text_len);
	write_all(text, text_len);
	write_all("\n", 1);
}

/* Takes the record at the head of the ring out of it; its length. */
static size_t take_record(char record[JOURNAL_RECORD_MAX])
{
	size_t len = 0;
	char c;

	do {
		c = queue.octets[queue.head];
		queue.head = (queue.head + 1) % QUEUE_OCTETS;
		queue.len--;
		if (len < JOURNAL_RECORD_MAX)
			record[len++] = c;
	} while (c != '\0' && queue.len > 0);
	return len - 1;
}

/* As write_piece, of one record. */
static void send_piece(void)
{
	char record[JOURNAL_RECORD_MAX];
	size_t len = take_record(record);

	pthread_mutex_unlock(&queue.lock);
	record[len] = '\0';
	send_record(record, len);
	pthread_mutex_lock(&queue.lock);
}

/* ---- what is written */

static void write_lines(const char *text, size_t len)
{
	char record[JOURNAL_RECORD_MAX];

	if (!journal.fd) {
		write_all(text, len);
		return;
	}
	len = len < sizeof(record) ? len : sizeof(record);
	memcpy(record, text, len);
	record[len - 1] = '\0';
	send_record(record, len - 1);
}

/* Tells how many lines were lost since that was told last. */
static void tell_lost(uint64_t *told)
{
	uint64_t now = logwriter_lost();
	char line[96];
	char record[JOURNAL_RECORD_MAX];
	size_t len;

	if (now == *told)
		return;
	len = (size_t)snprintf(line, sizeof(line), LOST "\n", (unsigned long long)(now - *told));
	*told = now;
	if (!journal.fd) {
		write_all(line, len);
		return;
	}
	line[len - 1] = '\0';
	len = journal_record(record, LOST_PRIORITY, LOST, line);
	send_record(record, len);
}

/* Writes what lies in the ring up to its end; under the lock, which is given back meanwhile. */
static void write_piece(void)
{
	size_t len = QUEUE_OCTETS - queue.head < queue.len ? QUEUE_OCTETS - queue.head : queue.len;
	size_t n;

	pthread_mutex_unlock(&queue.lock);
	n = write_some(queue.octets + queue.head, len);
	pthread_mutex_lock(&queue.lock);
	queue.head = (queue.head + n) % QUEUE_OCTETS;
	queue.len -= n;
}

static void *write_queued(void *arg)
{
	uint64_t told = 0;

	pthread_mutex_lock(&queue.lock);
	while (queue.len > 0 || !queue.stopping) {
		if (queue.len > 0 && journal.fd)
			send_piece();
		else if (queue.len > 0)
			write_piece();
		else
			pthread_cond_wait(&queue.filled, &queue.lock);
		if (queue.len > 0)
			continue;
		pthread_mutex_unlock(&queue.lock);
		tell_lost(&told);
		pthread_mutex_lock(&queue.lock);
	}
	queue.running = false;
	pthread_cond_broadcast(&queue.emptied);
	pthread_mutex_unlock(&queue.lock);
	return arg;
}

enum err logwriter_start(void)
{
	enum err err = ERR_OK;

	pthread_mutex_lock(&queue.lock);
	queue.stopping = false;
	queue.running = true;
	if (thread_start("log", write_queued, NULL, &queue.thread) != 0) {
		queue.running = false;
		err = ERR_SYS;
	}
	pthread_mutex_unlock(&queue.lock);
	return err;
}

static struct timespec after(uint32_t timeout_ms)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += timeout_ms / 1000;
	at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

void logwriter_stop(uint32_t timeout_ms)
{
	struct timespec deadline = after(timeout_ms);
	bool started;
	bool ended;

	pthread_mutex_lock(&queue.lock);
	started = queue.running;
	queue.stopping = true;
	pthread_cond_signal(&queue.filled);
	while (queue.running &&
	       pthread_cond_timedwait(&queue.emptied, &queue.lock, &deadline) != ETIMEDOUT)
		;
	ended = !queue.running;
	pthread_mutex_unlock(&queue.lock);
	if (started && ended)
		pthread_join(queue.thread, NULL);
	else if (started)
		pthread_detach(queue.thread);
}

/* Under the lock. */
static void enqueue(const char *text, size_t len)
{
	size_t tail = (queue.head + queue.len) % QUEUE_OCTETS;
	size_t first = QUEUE_OCTETS - tail < len ? QUEUE_OCTETS - tail : len;

	memcpy(queue.octets + tail, text, first);
	memcpy(queue.octets, text + first, len - first);
	queue.len += len;
	pthread_cond_signal(&queue.filled);
}

void logwriter_put(const char *text, size_t len)
{
	bool running;

	pthread_mutex_lock(&queue.lock);
	running = queue.running;
	if (running && len <= QUEUE_OCTETS - queue.len)
		enqueue(text, len);
	else if (running)
		atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
	pthread_mutex_unlock(&queue.lock);
	if (!running)
		write_lines(text, len);
}
