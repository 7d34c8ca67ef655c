/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lean DNS load generator over UDP: one thread, several connected sockets, batches, every
 * answer matched to its query by ID and question. Open loop (--rate) or closed (--window).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "qfile.h"
#include "stats.h"

enum {
	BATCH = 64,
	IDS = 65536,
	HEADER_LEN = 12,
	UNIQUE_LEN = 9, /* a label of eight letters and digits */
	OPT_LEN = 11,
	QUERY_MAX = HEADER_LEN + UNIQUE_LEN + QFILE_QUESTION_MAX + OPT_LEN,
	ANSWER_MAX = 2048,
	SOCKET_BUFFER = 4 * 1024 * 1024,
	WAIT_MAX_NS = 1000000,
	INTERVALS_MAX = 1000000,
};

enum slot_state { SLOT_FREE, SLOT_OUTSTANDING, SLOT_ANSWERED, SLOT_LOST };

struct slot {
	uint64_t sent_ns;
	uint32_t question;
	uint32_t serial;
	uint32_t interval;
	uint8_t phase;
	uint8_t state;
};

/* IDs are handed out in order from a random start; tail is the oldest that may be outstanding. */
struct source {
	int fd;
	uint16_t head;
	uint16_t tail;
	uint32_t outstanding;
	struct slot slot[IDS];
};

struct load {
	const struct options *opt;
	struct qfile questions;
	struct stats stats;
	uint64_t sent;
	uint32_t next_question;
	uint16_t salt;
	uint64_t turns;
	struct source *source[SOCKETS_MAX];
	struct pollfd poll[SOCKETS_MAX];
	struct mmsghdr tx[BATCH];
	struct iovec tx_iov[BATCH];
	uint8_t query[BATCH][QUERY_MAX];
	struct mmsghdr rx[BATCH];
	struct iovec rx_iov[BATCH];
	uint8_t answer[BATCH][ANSWER_MAX];
};

static volatile sig_atomic_t stop_wanted;
static volatile sig_atomic_t marks;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		marks++;
	else
		stop_wanted = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static struct phase *current_phase(struct load *load)
{
	return &load->stats.phase[load->stats.phases - 1];
}

/* --unique's label: the run's salt and the query's serial number. */
static void put_unique_label(const struct load *load, uint32_t serial, uint8_t *p)
{
	uint64_t number = (uint64_t)load->salt << 28 ^ serial;

	*p++ = UNIQUE_LEN - 1;
	for (int shift = 35; shift >= 0; shift -= 5)
		*p++ = (uint8_t) "abcdefghijklmnopqrstuvwxyz234567"[number >> shift & 31];
}

static size_t build_query(const struct load *load, const struct slot *slot, uint16_t id, uint8_t *p)
{
	static const uint8_t header[HEADER_LEN] = {0, 0, 1, 0, 0, 1};
	const struct question *question = &load->questions.questions[slot->question];
	size_t len = HEADER_LEN;

	memcpy(p, header, sizeof header);
	put16(p, id);
	if (load->opt->unique) {
		put_unique_label(load, slot->serial, p + len);
		len += UNIQUE_LEN;
	}
	memcpy(p + len, load->questions.wire + question->offset, question->len);
	len += question->len;
	if (load->opt->edns != 0) {
		static const uint8_t opt[OPT_LEN] = {0, 0, 41};

		memcpy(p + len, opt, sizeof opt);
		put16(p + len + 3, (unsigned)load->opt->edns);
		p[11] = 1;
		len += OPT_LEN;
	}
	return len;
}

/* The length of the question that the answer echoes, 0 when it is another. */
static size_t match_question(const struct load *load, const struct slot *slot,
			     const uint8_t *answer, size_t len)
{
	const struct question *question = &load->questions.questions[slot->question];
	size_t prefix = load->opt->unique ? UNIQUE_LEN : 0;
	uint8_t label[UNIQUE_LEN];

	if (get16(answer + 4) != 1 || len < HEADER_LEN + prefix + question->len)
		return 0;
	if (prefix != 0) {
		put_unique_label(load, slot->serial, label);
		if (memcmp(answer + HEADER_LEN, label, prefix) != 0)
			return 0;
	}
	if (memcmp(answer + HEADER_LEN + prefix, load->questions.wire + question->offset,
		   question->len) != 0)
		return 0;
	return prefix + question->len;
}

static size_t skip_name(const uint8_t *packet, size_t len, size_t offset)
{
	while (offset < len && packet[offset] != 0 && packet[offset] < 0xc0)
		offset += 1u + packet[offset];
	return offset < len && packet[offset] != 0 ? offset + 2 : offset + 1;
}

/* Whether the first address record (of the family of --expect) is the expected address. */
static bool is_expected(const struct options *opt, const uint8_t *answer, size_t len, size_t offset)
{
	uint16_t type = opt->expect_family == AF_INET ? 1 : 28;
	size_t size = opt->expect_family == AF_INET ? 4 : 16;

	for (unsigned left = get16(answer + 6); left > 0; left--) {
		offset = skip_name(answer, len, offset);
		if (offset + 10 > len)
			return false;
		size_t data = offset + 10;

		if (get16(answer + offset) == type)
			return get16(answer + offset + 8) == size && data + size <= len &&
			       memcmp(answer + data, opt->expect, size) == 0;
		offset = data + get16(answer + offset + 8);
	}
	return false;
}

static void mark_lost(struct load *load, struct source *source, struct slot *slot)
{
	struct stats *stats = &load->stats;

	slot->state = SLOT_LOST;
	source->outstanding--;
	stats->phase[slot->phase].lost++;
	if (stats->interval_ns != 0)
		stats->interval[slot->interval].lost++;
}

/* Walks over what is answered, and over what has waited too long. */
static void expire(struct load *load, struct source *source, uint64_t now)
{
	uint64_t timeout_ns = load->opt->timeout_ms * 1000000;

	while (source->tail != source->head) {
		struct slot *slot = &source->slot[source->tail];

		if (slot->state == SLOT_OUTSTANDING) {
			if (now < slot->sent_ns + timeout_ns)
				return;
			mark_lost(load, source, slot);
		}
		source->tail++;
	}
}

static void count_answer(struct load *load, struct slot *slot, const uint8_t *answer, uint64_t now)
{
	struct stats *stats = &load->stats;
	uint64_t latency_ns = now > slot->sent_ns ? now - slot->sent_ns : 0;

	slot->state = SLOT_ANSWERED;
	stats->answered++;
	stats->rcode[answer[3] & 15]++;
	stats->truncated += (answer[2] & 2) != 0;
	hist_add(&stats->phase[slot->phase].latency, latency_ns);
	if (stats->interval_ns != 0 && stats->interval[slot->interval].max_ns < latency_ns)
		stats->interval[slot->interval].max_ns = latency_ns;
}

static void take_answer(struct load *load, struct source *source, const uint8_t *answer, size_t len,
			uint64_t now)
{
	struct stats *stats = &load->stats;

	if (len < HEADER_LEN || (answer[2] & 0x80) == 0) {
		stats->malformed++;
		return;
	}
	struct slot *slot = &source->slot[get16(answer)];
	size_t question = slot->state != SLOT_FREE ? match_question(load, slot, answer, len) : 0;

	if (question == 0) {
		stats->stray++;
	} else if (slot->state == SLOT_OUTSTANDING) {
		source->outstanding--;
		count_answer(load, slot, answer, now);
		if (load->opt->expect_set &&
		    !is_expected(load->opt, answer, len, HEADER_LEN + question))
			stats->phase[slot->phase].mismatched++;
	} else {
		stats->late += slot->state == SLOT_LOST;
		stats->duplicate += slot->state == SLOT_ANSWERED;
	}
}

static void note_silence(struct stats *stats, uint64_t now)
{
	if (now - stats->last_answer_ns > stats->longest_silence_ns)
		stats->longest_silence_ns = now - stats->last_answer_ns;
}

static unsigned receive(struct load *load, struct source *source)
{
	int received = recvmmsg(source->fd, load->rx, BATCH, MSG_DONTWAIT, NULL);
	struct stats *stats = &load->stats;

	if (received <= 0)
		return 0; /* nothing, or an ICMP error that the socket has now shed */
	uint64_t now = now_ns();

	for (int i = 0; i < received; i++)
		take_answer(load, source, load->answer[i], load->rx[i].msg_len, now);
	note_silence(stats, now);
	stats->last_answer_ns = now;
	return (unsigned)received;
}

static uint32_t interval_at(struct stats *stats, uint64_t now)
{
	if (stats->interval_ns == 0)
		return 0;
	uint64_t index = (now - stats->begin_ns) / stats->interval_ns;
	uint32_t last = (uint32_t)stats->intervals - 1;

	return index < last ? (uint32_t)index : last;
}

static void prepare(struct load *load, struct source *source, unsigned count, uint64_t now)
{
	struct stats *stats = &load->stats;
	uint32_t interval = interval_at(stats, now);

	for (unsigned i = 0; i < count; i++) {
		struct slot *slot = &source->slot[source->head];

		slot->sent_ns = now;
		slot->question = load->next_question;
		slot->serial = (uint32_t)load->sent + i;
		slot->interval = interval;
		slot->phase = (uint8_t)(stats->phases - 1);
		slot->state = SLOT_OUTSTANDING;
		load->tx_iov[i].iov_len = build_query(load, slot, source->head, load->query[i]);
		source->head++;
		if (++load->next_question == load->questions.count)
			load->next_question = 0;
	}
	source->outstanding += count;
	load->sent += count;
	current_phase(load)->sent += count;
	if (stats->interval_ns != 0)
		stats->interval[interval].sent += count;
}

/* A send that fails costs its query: a client whose packet is refused has no answer either. */
static void send_queries(struct load *load, struct source *source, unsigned count)
{
	unsigned done = 0;

	while (done < count) {
		int sent = sendmmsg(source->fd, load->tx + done, count - done, 0);

		if (sent <= 0) {
			load->stats.refused_sends++;
			sent = 1;
		}
		done += (unsigned)sent;
	}
}

static unsigned lesser(uint64_t a, uint64_t b)
{
	return (unsigned)(a < b ? a : b);
}

/* How many queries this source may send now. */
static unsigned allowance(const struct load *load, const struct source *source, uint64_t now)
{
	const struct options *opt = load->opt;
	uint64_t ids_free = IDS - 1u - (uint16_t)(source->head - source->tail);
	uint64_t allowed = BATCH;

	if (opt->rate > 0) {
		double due = opt->rate * stats_seconds(load->stats.begin_ns, now) + 1;

		allowed = due > (double)load->sent ? (uint64_t)(due - (double)load->sent) : 0;
	} else {
		uint64_t share = (opt->window + opt->sockets - 1) / opt->sockets;

		allowed = share > source->outstanding ? share - source->outstanding : 0;
	}
	if (opt->count != 0)
		allowed = lesser(allowed, opt->count - load->sent);
	return lesser(lesser(allowed, ids_free), BATCH);
}

/* One turn over all sources, each time from another one on. Returns how many packets moved. */
static unsigned turn(struct load *load)
{
	uint64_t sockets = load->opt->sockets;
	uint64_t first = load->turns++;
	unsigned moved = 0;

	for (uint64_t i = 0; i < sockets; i++) {
		struct source *source = load->source[(first + i) % sockets];

		moved += receive(load, source);
		uint64_t now = now_ns();

		expire(load, source, now);
		unsigned count = allowance(load, source, now);

		if (count == 0)
			continue;
		prepare(load, source, count, now);
		send_queries(load, source, count);
		moved += count;
	}
	return moved;
}

static void wait_for_answers(struct load *load)
{
	struct timespec wait = {.tv_nsec = WAIT_MAX_NS};

	if (load->opt->rate > 0) {
		double due_s = (double)load->sent / load->opt->rate;
		double wait_s = due_s - stats_seconds(load->stats.begin_ns, now_ns());

		if (wait_s <= 0)
			return;
		if (wait_s * 1e9 < WAIT_MAX_NS)
			wait.tv_nsec = (long)(wait_s * 1e9);
	}
	(void)ppoll(load->poll, load->opt->sockets, &wait, NULL);
}

static void begin_phase(struct load *load, uint64_t now)
{
	struct stats *stats = &load->stats;

	if (stats->phases == STATS_PHASES)
		return;
	if (stats->phases > 0)
		current_phase(load)->end_ns = now;
	stats->phases++;
	current_phase(load)->begin_ns = now;
}

static void run(struct load *load)
{
	const struct options *opt = load->opt;
	uint64_t begin = now_ns();
	uint64_t end = begin + (uint64_t)(opt->seconds * 1e9);
	sig_atomic_t marks_seen = 0;

	load->stats.begin_ns = load->stats.last_answer_ns = begin;
	begin_phase(load, begin);
	while (!stop_wanted && (opt->count == 0 || load->sent < opt->count) && now_ns() < end) {
		if (marks_seen != marks) {
			marks_seen = marks;
			begin_phase(load, now_ns());
		}
		if (turn(load) == 0)
			wait_for_answers(load);
	}
	load->stats.end_ns = now_ns();
	note_silence(&load->stats, load->stats.end_ns);
	current_phase(load)->end_ns = load->stats.end_ns;
}

/* Waits for the answers still under way, for no longer than the timeout. */
static void drain(struct load *load)
{
	const struct timespec wait = {.tv_nsec = WAIT_MAX_NS};
	uint64_t outstanding = 1;

	while (outstanding > 0) {
		outstanding = 0;
		for (uint64_t i = 0; i < load->opt->sockets; i++) {
			struct source *source = load->source[i];

			while (receive(load, source) == BATCH)
				;
			expire(load, source, now_ns());
			outstanding += source->outstanding;
		}
		if (outstanding > 0)
			(void)ppoll(load->poll, load->opt->sockets, &wait, NULL);
	}
}

static void count_client_drops(struct load *load)
{
	for (uint64_t i = 0; i < load->opt->sockets; i++) {
		uint32_t info[SK_MEMINFO_VARS] = {0};
		socklen_t len = sizeof info;

		if (getsockopt(load->source[i]->fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0)
			load->stats.client_drops += info[SK_MEMINFO_DROPS];
	}
}

static struct source *source_create(const struct options *opt, uint16_t first_id)
{
	const struct sockaddr *server = (const struct sockaddr *)&opt->server;
	struct source *source = calloc(1, sizeof *source);
	int size = SOCKET_BUFFER;

	if (source == NULL)
		return NULL;
	source->head = source->tail = first_id;
	source->fd = socket(server->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (source->fd < 0 || connect(source->fd, server, opt->server_len) < 0) {
		if (source->fd >= 0)
			close(source->fd);
		free(source);
		return NULL;
	}
	if (setsockopt(source->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(source->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	return source;
}

static bool open_sources(struct load *load)
{
	for (uint64_t i = 0; i < load->opt->sockets; i++) {
		load->source[i] = source_create(load->opt, (uint16_t)(load->salt * (i + 1)));
		if (load->source[i] == NULL) {
			perror("load: socket");
			return false;
		}
		load->poll[i] = (struct pollfd){.fd = load->source[i]->fd, .events = POLLIN};
	}
	return true;
}

static void init_messages(struct load *load)
{
	for (size_t i = 0; i < BATCH; i++) {
		load->tx_iov[i].iov_base = load->query[i];
		load->tx[i].msg_hdr.msg_iov = &load->tx_iov[i];
		load->tx[i].msg_hdr.msg_iovlen = 1;
		load->rx_iov[i] = (struct iovec){load->answer[i], ANSWER_MAX};
		load->rx[i].msg_hdr.msg_iov = &load->rx_iov[i];
		load->rx[i].msg_hdr.msg_iovlen = 1;
	}
}

static bool init_intervals(struct load *load)
{
	const struct options *opt = load->opt;
	struct stats *stats = &load->stats;

	if (opt->interval_ms == 0)
		return true;
	double wanted = opt->seconds * 1000 / (double)opt->interval_ms + 2;

	if (wanted > INTERVALS_MAX)
		wanted = INTERVALS_MAX; /* the last one takes the rest */
	stats->interval_ns = opt->interval_ms * 1000000;
	stats->intervals = (size_t)wanted;
	stats->interval = calloc(stats->intervals, sizeof *stats->interval);
	return stats->interval != NULL;
}

static bool load_init(struct load *load, const struct options *opt)
{
	const struct sigaction action = {.sa_handler = on_signal};

	load->opt = opt;
	load->salt = (uint16_t)((uint64_t)getpid() * 40503u ^ now_ns() >> 10) | 1;
	init_messages(load);
	if (!qfile_read(&load->questions, opt->path) || !init_intervals(load) ||
	    !open_sources(load))
		return false;
	(void)prctl(PR_SET_TIMERSLACK, 1ul);
	return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0 &&
	       sigaction(SIGUSR1, &action, NULL) == 0;
}

static void load_free(struct load *load)
{
	for (size_t i = 0; i < SOCKETS_MAX && load->source[i] != NULL; i++) {
		close(load->source[i]->fd);
		free(load->source[i]);
	}
	qfile_fini(&load->questions);
	free(load->stats.interval);
	free(load);
}

static int run_all(const struct options *opt)
{
	struct load *load = calloc(1, sizeof *load);

	if (load == NULL || !load_init(load, opt)) {
		if (load != NULL)
			load_free(load);
		return 2;
	}
	run(load);
	drain(load);
	count_client_drops(load);
	if (opt->json)
		stats_print_json(&load->stats, stdout);
	else
		stats_print_text(&load->stats, stdout);
	load_free(load);
	return 0;
}

int main(int argc, char **argv)
{
	struct options opt = {.seconds = 10, .timeout_ms = 1000, .window = 128, .sockets = 4};

	if (!parse_options(argc, argv, &opt)) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (opt.help) {
		fputs(usage_text, stdout);
		return 0;
	}
	return run_all(&opt);
}
