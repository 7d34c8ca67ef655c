/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "hunt/ask.h"
#include "hunt/hunter.h"
#include "support/await.h"
#include "support/lists.h"
#include "support/scratch.h"

struct kit {
	struct scratch scratch;
	struct conf *conf;
	struct hunt *hunt;
	struct err_text text;
	pthread_mutex_t lock; /* of the lists in force */
	struct policy *policy;
	uint64_t generation;
};

/* A hunt by this configuration, with so many bits a hash. */
static void begin(struct kit *kit, const char *evidence, unsigned int bits)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml), "state: {directory: %s}\nevidence: {hunt-days: 5, %s}\n",
		 kit->scratch.path, evidence);
	assert_int_equal(conf_parse("c", yaml, strlen(yaml), &kit->conf, &kit->text), ERR_OK);
	assert_true(hunt_is_wanted(kit->conf));
	assert_int_equal(hunt_create(kit->conf, 2, &kit->hunt, &kit->text), ERR_OK);
	kit->hunt->hash.bits = bits;
	assert_int_equal(hunt_start(kit->hunt), ERR_OK);
}

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	scratch_take_stderr(&kit->scratch);
	pthread_mutex_init(&kit->lock, NULL);
	*state = kit;
	return 0;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	hunt_free(kit->hunt);
	hunt_free(NULL);
	conf_free(kit->conf);
	policy_free(kit->policy);
	pthread_mutex_destroy(&kit->lock);
	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

static void put_in_force(struct kit *kit, struct list_row *rows, size_t count)
{
	struct policy *policy = lists_policy(rows, count);
	struct policy *former;

	for (size_t i = 0; i < count; i++)
		policy->lists[i].findings = true;
	policy_give_bits(policy);
	pthread_mutex_lock(&kit->lock);
	former = kit->policy;
	kit->policy = policy;
	kit->generation++;
	pthread_mutex_unlock(&kit->lock);
	policy_free(former);
}

static void show_lists(void *daemon, hunt_look_fn *look, void *arg)
{
	struct kit *kit = daemon;

	pthread_mutex_lock(&kit->lock);
	look(arg, kit->policy, kit->generation);
	pthread_mutex_unlock(&kit->lock);
}

/* As a worker does. */
static void asks(struct kit *kit, size_t worker, const char *client, const char *text)
{
	static const struct hash_key key = {1, 2};
	struct name name;
	struct ip ip;

	assert_int_equal(ip_parse(client, &ip), ERR_OK);
	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	asked_tell(hunt_asked(kit->hunt)[worker], &ip, &name, name_hash(&key, &name), clock_ms(),
		   (uint32_t)clock_unix_s());
}

struct got {
	char text[1024];
	unsigned int count;
};

static bool on_row(void *arg, const struct found_row *row)
{
	struct got *got = arg;
	char client[CLIENT_TEXT_MAX];
	size_t len = strlen(got->text);

	snprintf(got->text + len, sizeof(got->text) - len, "%s %s %u;", row->name,
		 day_client_text(&row->client, client), row->how);
	got->count++;
	return true;
}

static const char *found(const struct kit *kit, const char *list, struct got *got)
{
	const struct hunt_question question = {.state = kit->scratch.path};
	struct err_text text;

	*got = (struct got){.count = 0};
	assert_int_equal(hunt_ask_list(&question, list, on_row, got, &text), ERR_OK);
	return got->text;
}

static uint64_t counted(const struct kit *kit)
{
	return kit->hunt->stats.hunt_written;
}

static void test_found_when_it_is_listed(void **state)
{
	struct list_row before[] = {
		{.name = "bots", .rules = "c2.example", .action = ACTION_NXDOMAIN}};
	struct list_row after[] = {
		{.name = "pass", .rules = "let.example", .action = ACTION_PASS},
		{.name = "first", .rules = "evil.example", .action = ACTION_NXDOMAIN},
		{.name = "bots",
		 .rules = "c2.example evil.example =itself.example <below.example @not.example "
			  "let.example example",
		 .action = ACTION_NXDOMAIN},
		{.name = "logs", .rules = "log.test", .action = ACTION_LOG},
	};
	struct kit *kit = *state;
	struct got got;

	begin(kit, "", HUNT_BITS);
	put_in_force(kit, before, 1);
	assert_int_equal(hunt_search(kit->hunt, show_lists, kit), ERR_OK);
	asks(kit, 0, "192.0.2.1", "evil.example");
	asks(kit, 1, "192.0.2.1", "evil.example"); /* by another worker: the same */
	asks(kit, 1, "192.0.2.1", "a.itself.example");
	asks(kit, 1, "192.0.2.1", "itself.example");
	asks(kit, 1, "192.0.2.1", "below.example");
	asks(kit, 0, "192.0.2.2", "not.example");
	asks(kit, 0, "192.0.2.2", "let.example");
	asks(kit, 0, "192.0.2.3", "a.log.test");
	AWAIT(counted(kit) >= 11, await_nap());
	put_in_force(kit, after, 4);
	AWAIT(strstr(found(kit, "logs", &got), ";"), await_nap());
	assert_string_equal(got.text, "log.test 192.0.2.3 2;");
	assert_string_equal(found(kit, "first", &got), "evil.example 192.0.2.1 1;");
	/* the list that has the name first decides; what is below a top-level domain is found too
	 */
	found(kit, "bots", &got);
	assert_non_null(strstr(got.text, "itself.example 192.0.2.1 1;"));
	assert_non_null(strstr(got.text, "example 192.0.2.1 2;"));
	assert_non_null(strstr(got.text, "example 192.0.2.2 2;"));
	assert_int_equal(got.count, 3);
	assert_string_equal(found(kit, "pass", &got), "");
	AWAIT(kit->hunt->stats.hunt_found == 5, await_nap());
}

/* With hashes so narrow that they fall together, of names that nobody asked for so many are
 * found as hunt_hash_false says: no more, and no fewer. */
static void test_false_ones(void **state)
{
	enum { ASKED = 1000, NAMES = 4000, BITS = 16 };
	struct list_row list[] = {{.name = "bots", .action = ACTION_NXDOMAIN}};
	char *rules = malloc(NAMES * 16);
	struct kit *kit = *state;
	double expected;
	size_t len = 0;
	char text[32];
	struct got got;

	assert_non_null(rules);
	begin(kit, "", BITS);
	for (unsigned int i = 0; i < ASKED; i++) {
		snprintf(text, sizeof(text), "a%u", i); /* a hash each */
		asks(kit, 0, "192.0.2.1", text);
	}
	AWAIT(counted(kit) > ASKED * 9 / 10, await_nap());
	for (unsigned int i = 0; i < NAMES; i++)
		len += (size_t)sprintf(rules + len, "n%u ", i);
	rules[len - 1] = '\0';
	list[0].rules = rules;
	put_in_force(kit, list, 1);
	assert_int_equal(hunt_search(kit->hunt, show_lists, kit), ERR_OK);
	expected = hunt_hash_false(BITS, NAMES, counted(kit));
	AWAIT(kit->hunt->stats.hunt_found > 0, await_nap());
	hunt_end_search(kit->hunt);
	found(kit, "bots", &got);
	assert_true((got.count - expected) * (got.count - expected) < 36 * expected);
	free(rules);
}

static void test_what_cannot_be_written_is_kept(void **state)
{
	const struct hunt_question question = {.until_ms = UINT64_MAX};
	struct hunt_question here = question;
	struct kit *kit = *state;
	struct hunt_seen seen;
	struct name name;
	char aside[PATH_MAX + 8];
	struct got got = {.count = 0};

	begin(kit, "clients: prefix", HUNT_BITS);
	snprintf(aside, sizeof(aside), "%s.aside", kit->hunt->folder);
	assert_int_equal(rename(kit->hunt->folder, aside), 0);
	asks(kit, 0, "192.0.2.1", "evil.example");
	AWAIT(kit->hunt->stats.hunt_failures > 0, await_nap());
	assert_int_equal(counted(kit), 0);
	assert_int_equal(rename(aside, kit->hunt->folder), 0);
	AWAIT(counted(kit) == 2, await_nap());
	here.state = kit->scratch.path;
	assert_int_equal(name_from_text("evil.example", 12, &name), ERR_OK);
	assert_int_equal(hunt_ask_name(&here, &name, on_row, &got, &seen, &kit->text), ERR_OK);
	assert_string_equal(got.text, "evil.example 192.0.2.0/24 1;");
	assert_int_equal(kit->hunt->stats.hunt_lost, 0);
}

static void test_the_end_writes_what_is_there(void **state)
{
	struct kit *kit = *state;

	begin(kit, "", HUNT_BITS);
	asks(kit, 1, "2001:db8::1", "evil.example");
	hunt_stop(kit->hunt);
	assert_int_equal(counted(kit), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found_when_it_is_listed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_false_ones, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_written_is_kept, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_the_end_writes_what_is_there, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
