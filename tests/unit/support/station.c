/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keep/keep.h"
#include "support/await.h"
#include "support/dnsmsg.h"
#include "support/loopback.h"
#include "support/station.h"

#define YAML_MAX 2048
#define LOG_MAX 65536
#define CACHE_BYTES (1U << 20)

const struct hash_key station_key = {.k0 = 0x0123456789abcdefULL, .k1 = 0xfedcba9876543210ULL};

/* ---- set up, and taken down */

int station_set_up_bare(void **state)
{
	struct station *s = calloc(1, sizeof(*s));
	struct err_text text;

	assert_non_null(s);
	scratch_make(&s->scratch);
	s->address = loopback_endpoint(1, loopback_free_port());
	do
		s->nobody = loopback_endpoint(1, loopback_free_port());
	while (loopback_port(&s->nobody) == loopback_port(&s->address));
	scratch_write(&s->scratch, "ads", "ads.example\n");
	scratch_write(&s->scratch, "court", "court.example\n");
	assert_int_equal(
		keep_prepare(scratch_path(&s->scratch, "state"), getuid(), getgid(), &text),
		ERR_OK);
	scratch_take_stderr(&s->scratch);
	*state = s;
	return 0;
}

int station_set_up(void **state)
{
	struct err_text text;

	station_set_up_bare(state);
	assert_int_equal(station_begin(*state, &(struct station_conf){.top = ""}, &text), ERR_OK);
	return 0;
}

int station_tear_down(void **state)
{
	struct station *s = *state;

	station_end(s);
	scratch_remove(&s->scratch);
	free(s);
	return 0;
}

/* ---- the configuration */

static const char *besides(const char *text)
{
	return text ? text : "";
}

const char *station_write(const struct station *s, const struct station_conf *conf)
{
	char yaml[YAML_MAX];

	snprintf(yaml, sizeof(yaml),
		 "server: {listen: [127.0.0.1@%u]%s}\n"
		 "upstreams: [{address: 127.0.0.1@%u}]\n"
		 "guard: {public-suffixes: false, protected: [bank.example]}\n"
		 "state: {directory: %s}\n"
		 "%s\n"
		 "lists:\n"
		 "  - {name: ads, file: %s, action: nxdomain%s}\n"
		 "  - {name: court, file: %s, action: refused, mandatory: true, reason: order%s}\n",
		 loopback_port(&s->address), besides(conf->server), loopback_port(&s->nobody),
		 scratch_path(&s->scratch, "state"), besides(conf->top),
		 scratch_path(&s->scratch, "ads"), besides(conf->ads),
		 scratch_path(&s->scratch, "court"), besides(conf->court));
	return scratch_write(&s->scratch, "conf", yaml);
}

struct snapshot *station_load(struct station *s)
{
	const struct snapshot *old = s->workers ? workers_snapshot(s->workers) : NULL;
	struct snapshot *snapshot = NULL;
	struct conf *conf = NULL;
	struct err_text text = {""};

	if (conf_load(scratch_path(&s->scratch, "conf"), &conf, &text) != ERR_OK ||
	    loader_load(conf, &station_key, old, NULL, &snapshot, &s->result, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return snapshot;
}

static void start_workers(struct station *s)
{
	struct workers_config config = {
		.listeners = &s->listeners,
		.name_key = station_key,
		.in_flight = 64,
		.ports = 16,
	};
	struct snapshot *first = station_load(s);
	struct err_text text;

	loader_keep(first, &s->result);
	assert_int_equal(cache_create(CACHE_BYTES, &s->cache), ERR_OK);
	assert_int_equal(
		listeners_open(&s->address, 1, STATION_WORKERS, NULL, &s->listeners, &text),
		ERR_OK);
	config.cache = s->cache;
	assert_int_equal(workers_create(&config, first, &s->workers), ERR_OK);
	assert_int_equal(workers_start(s->workers), ERR_OK);
}

enum err station_begin(struct station *s, const struct station_conf *conf, struct err_text *text)
{
	station_write(s, conf);
	start_workers(s);
	return inforce_create(s->workers, &s->result, NULL, NULL, &s->inforce, text);
}

void station_end(struct station *s)
{
	if (s->workers)
		workers_stop(s->workers, 0);
	inforce_free(s->inforce);
	workers_free(s->workers);
	listeners_close(&s->listeners);
	cache_free(s->cache);
	s->inforce = NULL;
	s->workers = NULL;
	s->cache = NULL;
}

/* ---- what is in force */

const char *station_blocks_in(const struct snapshot *snapshot, const char *text)
{
	const struct policy *policy = snapshot->policy;
	struct name_suffixes suffixes;
	struct verdict v;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(domset_key(policy->set), &name, &suffixes);
	v = policy_match(policy, &name, &suffixes, TYPE_A, POLICY_NO_LEAVE);
	if (!v.matched || !action_blocks(v.action))
		return "-";
	return v.list == POLICY_MANUAL_BLOCK ? "block" : policy->lists[v.list].name;
}

struct question {
	const char *name;
	const char *list;
};

static void look(void *arg, const struct snapshot *snapshot, const struct web_loads *loads,
		 const struct manual *manual)
{
	struct question *question = arg;

	question->list = station_blocks_in(snapshot, question->name);
}

const char *station_blocks(const struct station *s, const char *name)
{
	static char list[POLICY_LIST_NAME_MAX];
	struct question question = {.name = name};

	inforce_look(s->inforce, look, &question);
	snprintf(list, sizeof(list), "%s", question.list);
	return list;
}

uint16_t station_ask(const struct station *s, const char *name)
{
	int client = loopback_udp_client(&s->address);
	uint8_t answer[DNSMSG_MAX];
	ssize_t n = 0;
	struct dnsmsg m;

	dnsmsg_query(&m, 1, name, TYPE_A, 0);
	assert_int_equal(send(client, m.octets, m.len, 0), m.len);
	AWAIT((n = recv(client, answer, sizeof(answer), MSG_DONTWAIT)) > 0, await_nap());
	close(client);
	assert_true(n >= (ssize_t)WIRE_HEADER);
	return dnsmsg_rcode(answer);
}

size_t station_logged(const struct station *s, const char *text)
{
	static char log[LOG_MAX];
	size_t count = 0;

	assert_true(scratch_read(scratch_path(&s->scratch, ".log"), log, sizeof(log)) >= 0);
	for (const char *at = log; (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}
