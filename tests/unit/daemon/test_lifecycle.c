/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's life, in a process of its own: what signals and reloads do to it, and what it
 * tells the service manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keep/keep.h"
#include "daemon/lifecycle.h"
#include "load/loader.h"
#include "net/listener.h"
#include "support/await.h"
#include "support/dnsmsg.h"
#include "support/loopback.h"
#include "support/scratch.h"

#define YAML_MAX 1024
#define MESSAGE_MAX 256
#define WORKERS 2U
#define RELOADS 8U
#define MANY_NAMES 50000U
#define LIBEVENT_FILES 3U /* of an event base */
#define STATUS_CHILD 70	  /* the child's own failures, apart from the sanitizers' */
#define LOG_SHOWN 16384
#define PIPE_OCTETS 4096 /* of a page, the least that a pipe can have */

struct daemon {
	struct scratch scratch;
	struct endpoint address;
	uint16_t upstream_port; /* where nobody answers */
	int notify_fd;
	int client;
	uint16_t id;
	pid_t pid; /* 0: not running */
};

/* What is done in the child beside what the daemon does. */
typedef void extra_fn(void);

/* ---- the child */

static enum err serve(const char *conf_path, struct snapshot *first, struct load_result *result,
		      struct workers_config *config, extra_fn *before_run)
{
	struct beside beside = {.landing = NULL};
	struct lifecycle_config life = {
		.beside = &beside,
		.conf_path = conf_path,
		.name_key = config->name_key,
		.first = result,
	};
	struct workers *workers = NULL;
	enum err err = cache_create(1U << 20, &config->cache);

	if (err == ERR_OK)
		err = workers_create(config, first, &workers);
	if (err == ERR_OK)
		err = workers_start(workers);
	if (err == ERR_OK) {
		loader_keep(first, result);
		life.workers = workers;
		life.cache = config->cache;
		if (before_run)
			before_run();
		err = lifecycle_run(&life);
	}
	workers_free(workers);
	cache_free(config->cache);
	return err;
}

/* As src/main.c does it, for as long as it lives. */
static int daemon_main(const char *conf_path, extra_fn *before_run)
{
	struct listeners listeners;
	struct workers_config config = {.listeners = &listeners, .in_flight = 64, .ports = 16};
	struct load_result result;
	struct snapshot *first;
	struct err_text text;
	struct conf *conf;
	sigset_t held;
	enum err err;

	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, NULL);
	if (conf_load(conf_path, &conf, &text) != ERR_OK ||
	    listeners_open(conf->server.listen, conf->server.listen_count, WORKERS, NULL,
			   &listeners, &text) != ERR_OK ||
	    loader_load(conf, &config.name_key, NULL, NULL, &first, &result, &text) != ERR_OK) {
		fprintf(stderr, "%s\n", text.text);
		return STATUS_CHILD;
	}
	err = serve(conf_path, first, &result, &config, before_run);
	listeners_close(&listeners);
	return err == ERR_OK ? EXIT_SUCCESS : STATUS_CHILD + 1;
}

/* ---- the daemon as seen from outside */

static void write_conf(struct daemon *d, const char *server, const char *rest)
{
	char yaml[YAML_MAX];

	snprintf(yaml, sizeof(yaml),
		 "server: {listen: [127.0.0.1@%u], drain-timeout: 1s%s}\n"
		 "upstreams: [{address: 127.0.0.1@%u}]\n"
		 "guard: {public-suffixes: false}\n"
		 "state: {directory: %s}\n"
		 "lists:\n"
		 "  - {name: x, file: %s, action: nxdomain}\n%s",
		 loopback_port(&d->address), server, d->upstream_port,
		 scratch_path(&d->scratch, "state"), scratch_path(&d->scratch, "list"), rest);
	scratch_write(&d->scratch, "conf", yaml);
}

static void write_list(struct daemon *d, const char *content)
{
	scratch_write(&d->scratch, "list", content);
}

static int open_notify(const struct scratch *s)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/notify", s->path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static int set_up(void **state)
{
	struct daemon *d = calloc(1, sizeof(*d));
	struct err_text text;

	assert_non_null(d);
	scratch_make(&d->scratch);
	d->address = loopback_endpoint(1, loopback_free_port());
	do
		d->upstream_port = loopback_free_port();
	while (d->upstream_port == loopback_port(&d->address));
	d->notify_fd = open_notify(&d->scratch);
	d->client = loopback_udp_client(&d->address);
	assert_int_equal(
		keep_prepare(scratch_path(&d->scratch, "state"), getuid(), getgid(), &text),
		ERR_OK);
	write_conf(d, "", "");
	write_list(d, "a.example\n");
	*state = d;
	return 0;
}

static void show_log(const struct daemon *d)
{
	static char log[LOG_SHOWN];

	if (scratch_read(scratch_path(&d->scratch, ".log"), log, sizeof(log)) > 0)
		print_error("%s", log);
}

static int tear_down(void **state)
{
	struct daemon *d = *state;

	if (d->pid) { /* the test has failed */
		kill(d->pid, SIGKILL);
		waitpid(d->pid, NULL, 0);
		show_log(d);
	}
	close(d->notify_fd);
	close(d->client);
	scratch_remove(&d->scratch);
	free(d);
	return 0;
}

static void start(struct daemon *d, extra_fn *before_run)
{
	struct scratch own;

	fflush(NULL);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it does not outlive the test, however that ends */
	own = d->scratch;
	scratch_take_stderr(&own);
	setenv("NOTIFY_SOCKET", scratch_path(&d->scratch, "notify"), 1);
	exit(daemon_main(scratch_path(&d->scratch, "conf"), before_run));
}

/* A daemon that has ended tells nothing more. */
static void nap_beside(const struct daemon *d)
{
	siginfo_t info = {.si_pid = 0};

	assert_int_equal(waitid(P_PID, (id_t)d->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	if (info.si_pid != 0)
		fail_msg("the daemon has ended");
	await_nap();
}

/* The next that the service manager is told begins like this; what is in force is told besides. */
static void expect_notice(struct daemon *d, const char *notice)
{
	char message[MESSAGE_MAX] = "";

	do {
		memset(message, 0, sizeof(message));
		AWAIT(recv(d->notify_fd, message, sizeof(message) - 1, 0) > 0, nap_beside(d));
	} while (strncmp(message, "STATUS=", 7) == 0);
	if (strncmp(message, notice, strlen(notice)) != 0)
		fail_msg("expected %s, got %s", notice, message);
}

static void start_ready(struct daemon *d)
{
	start(d, NULL);
	expect_notice(d, "READY=1");
}

static void send_signal(const struct daemon *d, int number)
{
	assert_int_equal(kill(d->pid, number), 0);
}

static void reload(struct daemon *d)
{
	send_signal(d, SIGHUP);
	expect_notice(d, "RELOADING=1\nMONOTONIC_USEC=");
	expect_notice(d, "READY=1");
}

/* It ends by itself, and well: the sanitizers have looked at it too. */
static void expect_end(struct daemon *d, int wanted)
{
	int status = 0;
	pid_t pid = 0;

	AWAIT((pid = waitpid(d->pid, &status, WNOHANG)) != 0, await_nap());
	assert_int_equal(pid, d->pid);
	d->pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
		show_log(d);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), wanted);
}

static void end(struct daemon *d)
{
	send_signal(d, SIGTERM);
	expect_notice(d, "STOPPING=1");
	expect_end(d, EXIT_SUCCESS);
}

/* The rcode of the answer to a question for `name`. */
static uint16_t ask(struct daemon *d, const char *name)
{
	uint8_t answer[DNSMSG_MAX];
	ssize_t n = 0;
	struct dnsmsg m;

	dnsmsg_query(&m, ++d->id, name, TYPE_A, 0);
	assert_int_equal(send(d->client, m.octets, m.len, 0), m.len);
	AWAIT((n = recv(d->client, answer, sizeof(answer), MSG_DONTWAIT)) > 0, await_nap());
	assert_true(n >= (ssize_t)WIRE_HEADER);
	assert_int_equal(wire_get16(answer), d->id);
	return dnsmsg_rcode(answer);
}

static void expect_blocked(struct daemon *d, const char *name)
{
	assert_int_equal(ask(d, name), RCODE_NXDOMAIN);
}

/* It is asked upstream, where nobody is. */
static void expect_not_blocked(struct daemon *d, const char *name)
{
	assert_int_equal(ask(d, name), RCODE_SERVFAIL);
}

static void expect_log(const struct daemon *d, const char *text)
{
	AWAIT(scratch_logged(&d->scratch, text), await_nap());
}

/* ---- the end */

static void test_sigterm(void **state)
{
	struct daemon *d = *state;

	start_ready(d);
	expect_blocked(d, "www.a.example");
	expect_not_blocked(d, "b.example");
	end(d);
	expect_log(d, "SIGTERM: ending");
	expect_log(d, "queries_udp=2");
	expect_log(d, "ended\n");
}

static void test_sigint(void **state)
{
	struct daemon *d = *state;

	start_ready(d);
	send_signal(d, SIGINT);
	expect_notice(d, "STOPPING=1");
	expect_end(d, EXIT_SUCCESS);
	expect_log(d, "SIGINT: ending");
}

/* Asked twice to end, it ends once. */
static void test_sigterm_twice(void **state)
{
	struct daemon *d = *state;

	start_ready(d);
	send_signal(d, SIGSTOP); /* so that all are there before it goes on */
	send_signal(d, SIGTERM);
	send_signal(d, SIGTERM);
	send_signal(d, SIGINT);
	send_signal(d, SIGCONT);
	expect_notice(d, "STOPPING=1");
	expect_end(d, EXIT_SUCCESS);
}

/* The files are used up, as far as an event base can still be had. */
static void use_up_files(void)
{
	int fd = dup(STDERR_FILENO);
	struct rlimit limit;

	close(fd);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = (rlim_t)fd + LIBEVENT_FILES;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The workers do not outlive a lifecycle that cannot begin. */
static void test_cannot_begin(void **state)
{
	struct daemon *d = *state;

	start(d, use_up_files);
	expect_end(d, STATUS_CHILD + 1);
}

/* ---- counters */

static void test_sigusr1(void **state)
{
	struct daemon *d = *state;

	start_ready(d);
	for (int i = 0; i < 7; i++)
		expect_blocked(d, "a.example");
	send_signal(d, SIGUSR1);
	expect_log(d, "counters: queries_udp=7 queries_tcp=0");
	expect_log(d, "blocked_name=7");
	expect_log(d, "cache: entries=0");
	assert_false(scratch_logged(&d->scratch, "ending"));
	expect_blocked(d, "a.example");
	end(d);
	expect_log(d, "counters: queries_udp=8");
}

/* ---- reloads */

static void test_reload(void **state)
{
	struct daemon *d = *state;
	char kept[MESSAGE_MAX];

	start_ready(d);
	write_list(d, "b.example\n");
	expect_not_blocked(d, "b.example");
	reload(d);
	expect_blocked(d, "b.example");
	expect_not_blocked(d, "a.example");
	expect_log(d, "SIGHUP: reloading");
	expect_log(d, "reload 2 done: 1 names of 1 lists in force, 0 lists refused");
	assert_true(scratch_read(scratch_path(&d->scratch, "state/x.list"), kept, sizeof(kept)) >
		    0);
	assert_string_equal(kept, "b.example\n");
	end(d);
}

static void test_reload_configuration(void **state)
{
	struct daemon *d = *state;

	start_ready(d);
	write_conf(d, ", allow: []", "");
	reload(d);
	assert_int_equal(ask(d, "a.example"), RCODE_REFUSED);
	write_conf(d, ", cookies: false, workers: 7", "");
	reload(d);
	expect_blocked(d, "a.example");
	expect_log(d, "server.workers has changed, which takes effect at a restart only");
	assert_false(scratch_logged(&d->scratch, "server.cookies has changed"));
	end(d);
}

/* All stays as it was, and the next good one is taken. */
static void test_bad_reload(void **state)
{
	struct daemon *d = *state;

	start_ready(d);
	write_list(d, "b.example\n");
	scratch_write(&d->scratch, "conf", "server: {listen: nowhere}\n");
	reload(d);
	expect_log(d, "reload FAILED, all stays as it was: ");
	expect_log(d, "server.listen");
	expect_blocked(d, "a.example");
	unlink(scratch_path(&d->scratch, "conf"));
	reload(d);
	expect_blocked(d, "a.example");
	write_conf(d, "",
		   "  - {name: missing, file: /nonexistent/list, action: nxdomain, "
		   "mandatory: true}\n");
	reload(d);
	expect_log(d, "list missing is mandatory and cannot be loaded");
	expect_blocked(d, "a.example");
	expect_not_blocked(d, "b.example");
	write_conf(d, "", "");
	reload(d);
	expect_log(d, "reload 2 done"); /* those that failed were none */
	expect_blocked(d, "b.example");
	end(d);
}

static void test_reload_with_refused_list(void **state)
{
	struct daemon *d = *state;

	start_ready(d);
	write_list(d, "<html>\n");
	reload(d);
	expect_log(d, "list x: REFUSED: ");
	expect_log(d, "reload 2 done: 1 names of 1 lists in force, 1 lists refused");
	expect_blocked(d, "a.example");
	end(d);
}

/* However they come, the last that was written is in force in the end. */
static void test_reloads_in_a_row(void **state)
{
	struct daemon *d = *state;
	uint64_t end_ms;
	char list[64];

	start_ready(d);
	for (unsigned int i = 0; i < RELOADS; i++) {
		snprintf(list, sizeof(list), "n%u.example\n", i);
		write_list(d, list);
		send_signal(d, SIGHUP);
	}
	snprintf(list, sizeof(list), "n%u.example", RELOADS - 1);
	end_ms = await_clock_ms() + AWAIT_LIMIT_MS;
	while (ask(d, list) != RCODE_NXDOMAIN)
		assert_true(await_clock_ms() < end_ms);
	expect_not_blocked(d, "a.example");
	send_signal(d, SIGTERM);
	expect_end(d, EXIT_SUCCESS);
}

/* A load under way gives up, wherever it is; the reload that was to follow does not begin. */
static void test_sigterm_while_loading(void **state)
{
	struct daemon *d = *state;
	size_t size = MANY_NAMES * (size_t)20;
	char *content = malloc(size);
	size_t len = 0;

	assert_non_null(content);
	for (unsigned int i = 0; i < MANY_NAMES; i++)
		len += (size_t)snprintf(content + len, size - len, "n%u.example\n", i);
	start_ready(d);
	write_list(d, content);
	free(content);
	send_signal(d, SIGHUP);
	expect_notice(d, "RELOADING=1");
	send_signal(d, SIGHUP);
	send_signal(d, SIGTERM);
	expect_end(d, EXIT_SUCCESS);
	expect_log(d, scratch_logged(&d->scratch, "reload 2 done: 50000 names")
			      ? "ended\n"
			      : "reload given up");
	assert_false(scratch_logged(&d->scratch, "reload 3"));
}

/* Fills a list with more than fits in a pipe of one page. */
static void write_long_list(struct daemon *d)
{
	char text[PIPE_OCTETS * 2 + 1];
	size_t len = 0;

	while (len + sizeof("b00000.example\n") <= sizeof(text))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "b%05zu.example\n", len);
	write_list(d, text);
}

/* How many octets wait in the pipe. */
static int pipe_octets(int fd)
{
	int octets = 0;

	assert_int_equal(ioctl(fd, FIONREAD, &octets), 0);
	return octets;
}

/* Nobody reads the pipe that has taken the place of the file which a kept version is written to:
 * so does a file system hang.  The end does not wait for it, nor free what it may yet use. */
static void test_sigterm_while_a_load_hangs(void **state)
{
	struct daemon *d = *state;
	const char *path = scratch_path(&d->scratch, "state/x.list.new");
	int pipe;

	start_ready(d);
	assert_int_equal(mkfifo(path, 0600), 0);
	pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(pipe >= 0);
	assert_int_equal(fcntl(pipe, F_SETPIPE_SZ, PIPE_OCTETS), PIPE_OCTETS);
	write_long_list(d);
	send_signal(d, SIGHUP);
	expect_notice(d, "RELOADING=1");
	expect_blocked(d, "a.example");
	AWAIT(pipe_octets(pipe) == PIPE_OCTETS, await_nap());
	end(d);
	close(pipe);
	expect_log(d, "the load under way does not give up: ending without it");
	expect_log(d, "ended\n");
}

static void hang_up_early(void)
{
	raise(SIGHUP);
}

/* A reload asked for while starting up is done then. */
static void test_sighup_while_starting(void **state)
{
	struct daemon *d = *state;

	start(d, hang_up_early);
	expect_notice(d, "READY=1");
	expect_notice(d, "RELOADING=1");
	expect_notice(d, "READY=1");
	expect_log(d, "reload 2 done");
	expect_blocked(d, "a.example");
	end(d);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sigterm),
		TEST(test_sigint),
		TEST(test_sigterm_twice),
		TEST(test_cannot_begin),
		TEST(test_sigusr1),
		TEST(test_reload),
		TEST(test_reload_configuration),
		TEST(test_bad_reload),
		TEST(test_reload_with_refused_list),
		TEST(test_reloads_in_a_row),
		TEST(test_sigterm_while_loading),
		TEST(test_sigterm_while_a_load_hangs),
		TEST(test_sighup_while_starting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
