/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists fetched of a server that says what it likes; what came before stays, whatever it says. */
#include "fetch/fetch.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "support/await.h"
#include "support/loopback.h"
#include "support/scratch.h"

#define LISTS 2U
#define ASKED_MAX 4096U

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define GOOD OK_HEAD "ETag: \"1\"\r\nContent-Length: 10\r\n\r\na.example\n"
#define SAME OK_HEAD "ETag: \"2\"\r\nContent-Length: 10\r\n\r\na.example\n"
#define OTHER OK_HEAD "Content-Length: 10\r\n\r\nb.example\n"
#define NOT_MODIFIED "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"

struct kit {
	struct scratch scratch;
	struct fetch *fetch;
	struct conf conf;
	struct conf_list lists[LISTS];
	struct upstream_pool pools[1];
	struct snapshot snapshot;
	char urls[LISTS][64];
	char files[LISTS][PATH_MAX];
	char none[1];
	int listener;
	uint16_t port;
	pthread_t thread;
	atomic_bool ends;
	pthread_mutex_t lock; /* of all below */
	const char *says;     /* NULL: nothing, for as long as it takes */
	size_t repeats;	      /* of what it says last: a head that has no end */
	unsigned int requests;
	char asked[ASKED_MAX]; /* the last request */
	unsigned int changes;
	bool under_way; /* when the last change was told */
};

/* ---- the server: one request after the other */

static void read_request(struct kit *k, int fd)
{
	char request[ASKED_MAX];
	size_t len = 0;

	while (len + 1 < sizeof(request)) {
		ssize_t got = recv(fd, request + len, sizeof(request) - 1 - len, 0);

		if (got <= 0)
			break;
		len += (size_t)got;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n"))
			break;
	}
	request[len] = '\0';
	pthread_mutex_lock(&k->lock);
	memcpy(k->asked, request, len + 1);
	k->requests++;
	pthread_mutex_unlock(&k->lock);
}

static const char *what_to_say(struct kit *k, size_t *ret_repeats)
{
	const char *says;

	pthread_mutex_lock(&k->lock);
	says = k->says;
	*ret_repeats = k->repeats;
	pthread_mutex_unlock(&k->lock);
	return says;
}

static void reply(struct kit *k, int fd)
{
	static const char line[] = "X-Field: again and again and again and again and again\r\n";
	const char *says;
	size_t repeats;

	while (!(says = what_to_say(k, &repeats)) && !k->ends) {
		struct pollfd gone = {fd, POLLIN, 0};

		if (poll(&gone, 1, 10) > 0) /* whoever has asked is gone */
			return;
	}
	if (!says)
		return;
	(void)send(fd, says, strlen(says), MSG_NOSIGNAL);
	for (; repeats > 0; repeats--)
		if (send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL) < 0)
			return;
}

static void *serve(void *arg)
{
	struct kit *k = arg;

	while (!k->ends) {
		struct pollfd ready = {k->listener, POLLIN, 0};
		int fd = poll(&ready, 1, 20) > 0 ? accept(k->listener, NULL, NULL) : -1;

		if (fd < 0)
			continue;
		read_request(k, fd);
		reply(k, fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

static void say_again(struct kit *k, const char *says, size_t repeats)
{
	pthread_mutex_lock(&k->lock);
	k->says = says;
	k->repeats = repeats;
	pthread_mutex_unlock(&k->lock);
}

static void say(struct kit *k, const char *says)
{
	say_again(k, says, 0);
}

static unsigned int requests(struct kit *k)
{
	unsigned int count;

	pthread_mutex_lock(&k->lock);
	count = k->requests;
	pthread_mutex_unlock(&k->lock);
	return count;
}

static bool was_asked(struct kit *k, const char *text)
{
	bool found;

	pthread_mutex_lock(&k->lock);
	found = strstr(k->asked, text) != NULL;
	pthread_mutex_unlock(&k->lock);
	return found;
}

/* ---- the kit */

static void on_change(void *arg, const char *list)
{
	struct kit *k = arg;
	struct fetch_view view;

	assert_true(fetch_look(k->fetch, list, &view));
	pthread_mutex_lock(&k->lock);
	k->changes++;
	k->under_way = view.under_way;
	pthread_mutex_unlock(&k->lock);
}

static unsigned int changes(struct kit *k)
{
	unsigned int count;

	pthread_mutex_lock(&k->lock);
	count = k->changes;
	pthread_mutex_unlock(&k->lock);
	return count;
}

static void fill_list(struct kit *k, unsigned int i, const char *name)
{
	snprintf(k->urls[i], sizeof(k->urls[i]), "http://127.0.0.1:%u/%s?key=secret", k->port,
		 name);
	snprintf(k->files[i], sizeof(k->files[i]), "%s/%s.list",
		 scratch_path(&k->scratch, "fetched"), name);
	k->lists[i] = (struct conf_list){
		.name = (char *)(uintptr_t)name,
		.url = k->urls[i],
		.file = k->files[i],
		.header = k->none,
		.client_certificate = k->none,
		.client_key = k->none,
		.tls_ca = k->none,
		.proxy = k->none,
		.refresh_s = 86400,
		.fetch_timeout_ms = 60000,
		.max_size_bytes = 1000,
	};
}

static int set_up(void **state)
{
	struct kit *k = calloc(1, sizeof(*k));
	const struct endpoint at = loopback_endpoint(1, 0);
	struct endpoint bound;

	scratch_make(&k->scratch);
	scratch_take_stderr(&k->scratch);
	pthread_mutex_init(&k->lock, NULL);
	k->says = GOOD;
	k->listener = loopback_bind(&at, SOCK_STREAM, false);
	if (k->listener < 0 || listen(k->listener, 16) != 0)
		return 1;
	bound = loopback_bound(k->listener);
	k->port = loopback_port(&bound);
	fill_list(k, 0, "feed");
	fill_list(k, 1, "other");
	k->conf.lists = k->lists;
	k->conf.lists_count = 1;
	k->conf.state.directory = k->none;
	k->conf.local.hosts_file = k->none;
	k->conf.guard.protected_file = k->none;
	k->pools[0].zone.len = 1;
	k->snapshot = (struct snapshot){
		.generation = 1, .conf = &k->conf, .pools = k->pools, .pool_count = 1};
	*state = k;
	return pthread_create(&k->thread, NULL, serve, k) != 0 ||
	       fetch_create(on_change, k, &k->fetch) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *k = *state;

	fetch_free(k->fetch);
	k->ends = true;
	pthread_join(k->thread, NULL);
	close(k->listener);
	pthread_mutex_destroy(&k->lock);
	scratch_remove(&k->scratch);
	free(k);
	return 0;
}

static struct fetch_view look(struct kit *k)
{
	struct fetch_view view;

	assert_true(fetch_look(k->fetch, "feed", &view));
	return view;
}

static void configure(struct kit *k)
{
	assert_int_equal(fetch_configure(k->fetch, &k->snapshot), ERR_OK);
}

/* Until what is under way has ended, well or not. */
static void await_end(struct kit *k, unsigned int asked)
{
	AWAIT(requests(k) > asked && !look(k).under_way, await_nap());
}

static void fetch_again(struct kit *k)
{
	const unsigned int asked = requests(k);

	assert_int_equal(fetch_now(k->fetch, "feed"), 1);
	await_end(k, asked);
}

static void expect_copy(struct kit *k, const char *expected)
{
	char text[64];

	assert_int_equal(scratch_read(k->files[0], text, sizeof(text)), (long)strlen(expected));
	assert_string_equal(text, expected);
	assert_int_equal(scratch_count(scratch_path(&k->scratch, "fetched")), 2); /* and .meta */
}

static void begin(struct kit *k)
{
	configure(k);
	await_end(k, 0);
	expect_copy(k, "a.example\n");
}

/* ---- */

static void test_fetched(void **state)
{
	struct kit *k = *state;
	struct fetch_view view;

	begin(k);
	view = look(k);
	assert_int_equal(changes(k), 1);
	assert_true(k->under_way); /* when that was told */
	assert_true(view.fetched_s > 0 && view.changed_s == view.fetched_s);
	assert_int_equal(view.failures, 0);
	assert_string_equal(view.reason, "");
	assert_null(strstr(view.url, "secret"));
	assert_true(was_asked(k, "GET /feed?key=secret HTTP/1.1\r\n"));
	assert_false(was_asked(k, "If-None-Match"));
}

/* That nothing is new is told to nobody. */
static void test_nothing_new(void **state)
{
	struct kit *k = *state;
	const char *const says[] = {NOT_MODIFIED, SAME, NOT_MODIFIED};

	begin(k);
	for (unsigned int i = 0; i < 3; i++) {
		say(k, says[i]);
		fetch_again(k);
		assert_int_equal(look(k).failures, 0);
	}
	assert_int_equal(changes(k), 1);
	assert_true(was_asked(k, "If-None-Match: \"2\"\r\n"));
	say(k, OTHER);
	fetch_again(k);
	assert_int_equal(changes(k), 2);
	expect_copy(k, "b.example\n");
}

#define REDIRECT(to) "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: " to "\r\n\r\n"

static const char *const lies[] = {
	"",
	"x",
	"\r\n\r\n",
	"SSH-2.0-x\r\n",
	"HTTP/1.1 200 OK\r\n",
	"HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nb.example\n",
	"HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\n\r\nb.example\n",
	"HTTP/1.1 204 No Content\r\n\r\n",
	/* who knows whether that is all? */
	OK_HEAD "\r\nb.example\n",
	OK_HEAD "Content-Length: 11\r\n\r\nb.example\n",
	OK_HEAD "Content-Length: 10\r\nContent-Length: 9\r\n\r\nb.example\n",
	OK_HEAD "Content-Length: 99999999999999999999\r\n\r\nb.example\n",
	OK_HEAD "Content-Length: -1\r\n\r\nb.example\n",
	OK_HEAD "Content-Length: 100000\r\n\r\nb.example\n",
	OK_HEAD "Transfer-Encoding: chunked\r\n\r\na\r\nb.example\n\r\n",
	OK_HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nb.example\n",
	OK_HEAD "Transfer-Encoding: chunked\r\n\r\nz\r\n",
	/* in no coding, or one that it was not asked for */
	OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\nb.example\n",
	OK_HEAD "Content-Encoding: br\r\nContent-Length: 10\r\n\r\nb.example\n",
	/* to nowhere */
	REDIRECT(""),
	REDIRECT("/feed"),
	REDIRECT("ftp://127.0.0.1/feed"),
	REDIRECT("file:///etc/passwd"),
	REDIRECT("http://[::1"),
	REDIRECT("http://user:word@127.0.0.1:1/feed"),
	"HTTP/1.1 302 Found\r\n\r\n",
};

/* Whatever the server says, the copy is what it was, and nobody is told. */
static void test_lies(void **state)
{
	struct kit *k = *state;
	struct fetch_view before;

	begin(k);
	before = look(k);
	for (unsigned int i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		say(k, lies[i]);
		fetch_again(k);
		if (look(k).failures != i + 1U)
			print_error("%u: %s\n", i, lies[i]);
		assert_int_equal(look(k).failures, i + 1U);
		assert_true(*look(k).reason != '\0');
		expect_copy(k, "a.example\n");
	}
	assert_int_equal(changes(k), 1);
	assert_int_equal(look(k).fetched_s, before.fetched_s);
	say(k, OTHER);
	fetch_again(k);
	assert_string_equal(look(k).reason, "");
	expect_copy(k, "b.example\n");
}

/* What is told of nothing that is there is no answer to who has not asked that. */
static void test_not_modified_unasked(void **state)
{
	struct kit *k = *state;

	say(k, NOT_MODIFIED);
	configure(k);
	await_end(k, 0);
	assert_int_equal(look(k).failures, 1);
	assert_int_equal(changes(k), 0);
	assert_int_equal(look(k).fetched_s, 0);
}

/* A head that does not end, and a body of which nothing was told. */
static void test_no_end(void **state)
{
	struct kit *k = *state;

	begin(k);
	say_again(k, "HTTP/1.1 200 OK\r\n", 100000);
	fetch_again(k);
	assert_int_equal(look(k).failures, 1);
	say_again(k, OK_HEAD "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", 1000);
	fetch_again(k);
	assert_int_equal(look(k).failures, 2);
	expect_copy(k, "a.example\n");
}

/* Somebody has written to the copy: all is asked for. */
static void test_copy_of_another(void **state)
{
	struct kit *k = *state;

	begin(k);
	assert_int_equal(unlink(k->files[0]), 0);
	scratch_write(&k->scratch, "fetched/feed.list", "evil.example\n");
	fetch_again(k);
	assert_false(was_asked(k, "If-None-Match"));
	expect_copy(k, "a.example\n");
}

static void test_paused(void **state)
{
	struct kit *k = *state;
	unsigned int asked;

	begin(k);
	asked = requests(k);
	say(k, NULL);
	assert_int_equal(fetch_now(k->fetch, NULL), 1);
	AWAIT(requests(k) > asked, await_nap());
	fetch_pause(k->fetch, true);
	AWAIT(!look(k).under_way, await_nap());
	expect_copy(k, "a.example\n");
	say(k, OTHER);
	fetch_pause(k->fetch, false);
	fetch_again(k);
	expect_copy(k, "b.example\n");
}

/* A list that is configured no more is fetched no more, not even what is under way. */
static void test_configured_no_more(void **state)
{
	struct kit *k = *state;
	struct fetch_view view;
	char text[64];

	say(k, NULL);
	configure(k);
	AWAIT(requests(k) > 0, await_nap());
	k->conf.lists = &k->lists[1];
	configure(k);
	say(k, GOOD);
	AWAIT(fetch_look(k->fetch, "other", &view) && view.fetched_s > 0, await_nap());
	assert_false(fetch_look(k->fetch, "feed", &view));
	assert_int_equal(fetch_now(k->fetch, "feed"), 0);
	assert_int_equal(scratch_read(k->files[0], text, sizeof(text)), -1);
	assert_int_equal(changes(k), 1);
}

/* The process ends while a server is silent, and half of a list is there. */
static void test_ended_meanwhile(void **state)
{
	struct kit *k = *state;

	begin(k);
	say(k, NULL);
	assert_int_equal(fetch_now(k->fetch, "feed"), 1);
	AWAIT(requests(k) > 1, await_nap());
	fetch_end(k->fetch);
	fetch_wait(k->fetch);
	assert_int_equal(fetch_now(k->fetch, "feed"), 1); /* which nobody does any more */
	expect_copy(k, "a.example\n");
	assert_int_equal(changes(k), 1);
}

static void test_nothing(void **state)
{
	struct fetch_view view;
	struct kit *k = *state;

	assert_false(fetch_look(NULL, "feed", &view));
	fetch_end(NULL);
	fetch_wait(NULL);
	fetch_free(NULL);
	assert_int_equal(fetch_now(k->fetch, NULL), 0);
	assert_false(fetch_look(k->fetch, "feed", &view));
	k->conf.lists_count = 0;
	configure(k);
	fetch_pause(k->fetch, true);
	fetch_pause(k->fetch, false);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fetched),
		TEST(test_nothing_new),
		TEST(test_lies),
		TEST(test_not_modified_unasked),
		TEST(test_no_end),
		TEST(test_copy_of_another),
		TEST(test_paused),
		TEST(test_configured_no_more),
		TEST(test_ended_meanwhile),
		TEST(test_nothing),
	};

	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
