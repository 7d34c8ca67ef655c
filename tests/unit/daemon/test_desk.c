/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes by the control socket, and where it goes in the daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/desk.h"
#include "support/await.h"
#include "support/cachekit.h"
#include "support/loopback.h"
#include "support/station.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ANSWER_MAX 65536
#define STARTED_S 1795849200U

struct front {
	struct station *station;
	struct event_base *base;
	struct desk *desk;
	struct desk_config config;
	struct beside beside; /* nothing */
	unsigned int reloads; /* how often one was wanted */
};

static void on_reload(void *arg)
{
	struct front *f = arg;

	f->reloads++;
}

static void begin(struct front *f, const char *socket)
{
	struct err_text text = {""};
	char control[256];

	snprintf(control, sizeof(control), "control: {socket: \"%s\"}", socket);
	assert_int_equal(station_begin(f->station, &(struct station_conf){.top = control}, &text),
			 ERR_OK);
	f->config = (struct desk_config){
		.workers = f->station->workers,
		.cache = f->station->cache,
		.inforce = f->station->inforce,
		.beside = &f->beside,
		.started_s = STARTED_S,
	};
	assert_int_equal(desk_open(f->base, &f->config, on_reload, f, &f->desk), ERR_OK);
}

static int set_up_closed(void **state)
{
	struct front *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	unsetenv("RUNTIME_DIRECTORY");
	station_set_up_bare(state);
	f->station = *state;
	f->base = event_base_new();
	assert_non_null(f->base);
	*state = f;
	return 0;
}

static int set_up(void **state)
{
	struct front *f;

	set_up_closed(state);
	f = *state;
	begin(f, scratch_path(&f->station->scratch, "control"));
	return 0;
}

static int tear_down(void **state)
{
	struct front *f = *state;
	void *station = f->station;

	desk_close(f->desk);
	event_base_free(f->base);
	station_tear_down(&station);
	free(f);
	return 0;
}

static void turn(struct front *f)
{
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	await_nap();
}

static int connected(const struct front *f)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/control", f->station->scratch.path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

/* Asks, as sinkholectl(8) does; returns the answer, which stands until the next one. */
static const char *ask(const struct front *f, const char *what, const char *body)
{
	static char answer[ANSWER_MAX];
	char request[1024];
	int fd = connected(f);
	size_t len = 0;
	ssize_t n;

	snprintf(request, sizeof(request),
		 "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		 what, strlen(body), body);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while ((n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0)) > 0)
		len += (size_t)n;
	close(fd);
	answer[len] = '\0';
	return answer;
}

static void expect(const struct front *f, const char *what, const char *body, const char *status,
		   const char *part)
{
	const char *answer = ask(f, what, body);

	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0 ||
	    !strstr(answer, part)) {
		scratch_give_stderr(&f->station->scratch); /* for a person to read */
		fail_msg("%s %s: %s", what, body, answer);
	}
}

/* ---- tests */

/* What is shown is the workers', the loads' and what was said. */
static void test_shows(void **state)
{
	static const struct {
		const char *what;
		const char *part;
	} rows[] = {
		{"GET /v1/status", "\"started\": 1795849200"},
		{"GET /v1/status", "\"names\": 2"},
		{"GET /v1/stats", "\"queries_udp\": 3"},
		{"GET /v1/lists", "\"court\""},
		{"GET /metrics", "sinkholed_queries_total{transport=\"udp\"} 3"},
	};
	struct front *f = *state;
	char upstream[64];

	for (unsigned int i = 0; i < 3; i++)
		(void)station_ask(f->station, "ads.example");
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(f, rows[i].what, "", "200", rows[i].part);
	snprintf(upstream, sizeof(upstream), "127.0.0.1@%u", loopback_port(&f->station->nobody));
	AWAIT(strstr(ask(f, "GET /v1/upstreams", ""), upstream), await_nap()); /* pinned up */
}

/* Each reload that is asked for is wanted by its kind, and the main thread is told. */
static void test_reload(void **state)
{
	static const struct {
		const char *body;
		enum web_reload kind;
	} rows[] = {
		{"", WEB_RELOAD_NEW},
		{"{\"dry-run\": true}", WEB_RELOAD_DRY},
		{"{\"back\": true}", WEB_RELOAD_BACK},
	};
	struct front *f = *state;
	uint64_t number = inforce_want(f->station->inforce, WEB_RELOAD_NEW);

	inforce_cover(f->station->inforce, WEB_RELOAD_NEW, number);

	for (unsigned int i = 0; i < COUNT(rows); i++) {
		const struct snapshot *former;
		uint64_t covers = 0;
		char part[48];

		snprintf(part, sizeof(part), "\"reload\": %llu", (unsigned long long)++number);
		expect(f, "POST /v1/reload", rows[i].body, "202", part);
		AWAIT(f->reloads > i, turn(f));
		assert_int_equal(inforce_begin(f->station->inforce, &covers, &former),
				 rows[i].kind);
		assert_int_equal(covers, number);
		inforce_cover(f->station->inforce, rows[i].kind, covers);
	}
	assert_int_equal(f->reloads, COUNT(rows));
}

/* What was done now would be lost: it is refused, and what only looks is not. */
static void test_leaving(void **state)
{
	static const struct {
		const char *what;
		const char *body;
	} rows[] = {
		{"POST /v1/reload", ""},
		{"POST /v1/flush", "{\"name\": \"all\"}"},
		{"POST /v1/fetch", ""},
		{"POST /v1/block", "{\"name\": \"a.example\"}"},
		{"PUT /v1/log-level", "{\"level\": \"info\"}"},
	};
	struct front *f = *state;

	inforce_pause(f->station->inforce, true);
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(f, rows[i].what, rows[i].body, "503", WEB_LEAVING);
	expect(f, "GET /v1/status", "", "200", "\"version\"");
	inforce_pause(f->station->inforce, false);
	expect(f, "POST /v1/flush", "{\"name\": \"all\"}", "200", "flushed");
	inforce_forbid(f->station->inforce);
	expect(f, "POST /v1/flush", "{\"name\": \"all\"}", "503", WEB_LEAVING);
}

static void test_say(void **state)
{
	struct front *f = *state;

	expect(f, "POST /v1/block", "{\"name\": \"said.example\"}", "200", "said.example");
	assert_string_equal(station_blocks(f->station, "www.said.example"), "block");
	expect(f, "GET /v1/manual", "", "200", "said.example");
	expect(f, "POST /v1/block", "{\"name\": \"bank.example\"}", "409", "bank.example");
	expect(f, "POST /v1/withdraw", "{\"name\": \"said.example\"}", "200", "said.example");
	assert_string_equal(station_blocks(f->station, "www.said.example"), "-");
	expect(f, "POST /v1/withdraw", "{\"name\": \"said.example\"}", "404", "");
}

static void test_flush(void **state)
{
	static const struct {
		const char *body;
		const char *part;
	} rows[] = {
		{"{\"name\": \"below.example\"}", "\"flushed\": 2"},
		{"{\"name\": \"below.example\"}", "\"flushed\": 0"},
		{"{\"name\": \"all\"}", "\"flushed\": 1"},
	};
	static const char *const names[] = {"below.example", "a.below.example", "other.example"};
	const struct conf_cache *conf;
	struct front *f = *state;

	conf = &workers_snapshot(f->station->workers)->conf->cache;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct kit_key key;

		kit_key(&key, names[i]);
		kit_put(f->station->cache, conf, &key, 1000, 3600, 1);
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(f, "POST /v1/flush", rows[i].body, "200", rows[i].part);
}

/* Who is never told does not keep the desk from closing. */
static void test_closed_while_asked(void **state)
{
	struct front *f = *state;
	char answer[64];
	int fd = connected(f);

	assert_int_equal(send(fd, "GET /v1/st", 10, MSG_NOSIGNAL), 10);
	desk_close(f->desk);
	f->desk = NULL;
	assert_true(recv(fd, answer, sizeof(answer), 0) <= 0);
	close(fd);
}

/* Names are answered whatever becomes of the socket. */
static void test_no_door(void **state)
{
	static const struct {
		const char *socket;
		size_t errors;
	} rows[] = {{"", 0}, {"/nowhere/at/all/control", 1}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct front *f;

		set_up_closed(state);
		f = *state;
		begin(f, rows[i].socket);
		assert_int_equal(station_logged(f->station, "/nowhere/at/all/control"),
				 rows[i].errors);
		assert_string_equal(station_blocks(f->station, "ads.example"), "ads");
		tear_down(state);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shows),
		TEST(test_reload),
		TEST(test_leaving),
		TEST(test_say),
		TEST(test_flush),
		TEST(test_closed_while_asked),
		cmocka_unit_test(test_no_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
