/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "group/groups.h"
#include "support/lists.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct list_row lists[] = {
	{.name = "order", .action = ACTION_NXDOMAIN, .rules = "bad.example", .mandatory = true},
	{.name = "ads", .action = ACTION_SINKHOLE, .rules = "ads.example", .ipv4 = "192.0.2.1"},
	{.name = "mine", .action = ACTION_PASS, .rules = "let.ads.example"},
	{.name = "adult", .action = ACTION_NXDOMAIN, .rules = "adult.example ads.example"},
};

#define NOW_S 1764450000U
#define LISTS                                                                                      \
	"lists:\n"                                                                                 \
	"  - {name: order, file: a, mandatory: true, action: nxdomain}\n"                          \
	"  - {name: ads, file: b, sinkhole: {ipv4: 192.0.2.1}}\n"                                  \
	"  - {name: mine, file: c, action: pass, groups-only: true}\n"                             \
	"  - {name: adult, file: d, action: nxdomain, groups-only: true}\n"

#define GROUPS                                                                                     \
	"groups:\n"                                                                                \
	"  - {name: kids, clients: [192.168.1.32/27, 'fd00:1::/64'], lists: [all, adult],\n"       \
	"     sinkhole-ipv4: 198.51.100.1}\n"                                                      \
	"  - {name: office, clients: [192.168.0.0/16], without: [ads]}\n"                          \
	"  - {name: one, clients: [192.168.1.40], lists: [mine]}\n"                                \
	"  - {name: bare, clients: [10.0.0.0/8], lists: []}\n"

struct world {
	struct conf *conf;
	struct groups *groups;
	struct policy *policy;
};

static void make_conf(const char *yaml, struct conf **ret_conf)
{
	struct err_text text;

	if (conf_parse("test", yaml, strlen(yaml), ret_conf, &text) != ERR_OK)
		fail_msg("%s", text.text);
}

static int set_up(void **state)
{
	static struct world w;

	make_conf(LISTS GROUPS, &w.conf);
	assert_int_equal(groups_create(w.conf, &w.groups, NULL), ERR_OK);
	w.policy = lists_policy(lists, COUNT(lists));
	assert_int_equal(groups_apply(w.groups, NOW_S, w.policy), ERR_OK);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	policy_free(w->policy);
	groups_free(w->groups);
	conf_free(w->conf);
	return 0;
}

static uint16_t view_of(const struct world *w, const char *address)
{
	struct ip ip;

	assert_int_equal(ip_parse(address, &ip), ERR_OK);
	return groups_view(w->groups, &ip);
}

static void clients_are_in_the_group_of_the_longest_prefix(void **state)
{
	static const struct {
		const char *client;
		const char *group;
	} rows[] = {
		{"192.168.1.32", "kids"},   {"192.168.1.63", "kids"},
		{"192.168.1.64", "office"}, {"192.168.1.31", "office"},
		{"192.168.1.40", "one"},    {"192.168.1.41", "kids"},
		{"fd00:1::7", "kids"},	    {"fd00:2::7", NULL},
		{"10.255.255.255", "bare"}, {"11.0.0.0", NULL},
		{"127.0.0.1", NULL},	    {"::1", NULL},
		{"192.169.0.0", NULL},	    {"::ffff:192.168.1.33", "kids"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint16_t view = view_of(w, rows[i].client);
		const struct conf_group *group = groups_of_view(w->groups, view);

		assert_int_equal(view == GROUPS_OF_NONE, rows[i].group == NULL);
		assert_string_equal(group ? group->name : "none",
				    rows[i].group ? rows[i].group : "none");
	}
}

static struct verdict match(const struct world *w, const char *client, const char *text)
{
	struct name_suffixes suffixes;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(domset_key(w->policy->set), &name, &suffixes);
	return policy_match(w->policy, &name, &suffixes, 1, POLICY_NO_LEAVE_IN(view_of(w, client)));
}

static void each_view_has_its_lists(void **state)
{
	static const struct {
		const char *client;
		const char *name;
		const char *list; /* that decides; NULL: none */
	} rows[] = {
		/* an order's, whoever asks */
		{"192.168.1.32", "bad.example", "order"},
		{"192.168.1.64", "bad.example", "order"},
		{"192.168.1.40", "bad.example", "order"},
		{"10.0.0.1", "bad.example", "order"},
		{"127.0.0.1", "bad.example", "order"},
		/* all, without those that are for groups only */
		{"192.168.1.32", "ads.example", "ads"},
		{"192.168.1.64", "ads.example", NULL},
		{"192.168.1.40", "ads.example", NULL},
		{"10.0.0.1", "ads.example", NULL},
		{"127.0.0.1", "ads.example", "ads"},
		{"127.0.0.1", "let.ads.example", "ads"},
		{"192.168.1.40", "let.ads.example", "mine"},
		{"192.168.1.32", "adult.example", "adult"},
		{"192.168.1.64", "adult.example", NULL},
		{"127.0.0.1", "adult.example", NULL},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict v = match(w, rows[i].client, rows[i].name);

		assert_string_equal(v.matched ? w->policy->lists[v.list].name : "none",
				    rows[i].list ? rows[i].list : "none");
		assert_true(v.listed);
		assert_int_equal(v.view, view_of(w, rows[i].client));
	}
	assert_false(match(w, "127.0.0.1", "good.example").listed);
}

/* An order's address is its own; a group with one address of the two has that alone. */
static void the_sinkhole_is_the_groups(void **state)
{
	struct world *w = *state;
	uint16_t kids = view_of(w, "192.168.1.32");
	const struct policy_view *view = policy_sinkhole_of(w->policy, kids, 1);

	assert_non_null(view);
	assert_true(view->has_ipv4 && !view->has_ipv6);
	assert_memory_equal(view->ipv4, "\xc6\x33\x64\1", 4);
	assert_null(policy_sinkhole_of(w->policy, kids, 0));
	assert_null(policy_sinkhole_of(w->policy, view_of(w, "192.168.1.64"), 1));
	assert_null(policy_sinkhole_of(w->policy, GROUPS_OF_NONE, 1));
}

/* A number of another policy, or none, takes nothing away. */
static void numbers_that_are_no_views_have_all_lists(void **state)
{
	struct world *w = *state;

	for (unsigned int place = 0; place < COUNT(lists); place++) {
		assert_true(policy_holds(w->policy, POLICY_ALL_LISTS, place));
		assert_true(policy_holds(w->policy, 6, place));
		assert_true(policy_holds(w->policy, UINT16_MAX, place));
		assert_null(policy_sinkhole_of(w->policy, UINT16_MAX, place));
	}
	assert_true(policy_holds(w->policy, 5, POLICY_MANUAL_BLOCK));
}

/* A list that stays though the configuration has it no longer is an order's. */
static void a_list_that_is_not_configured_is_in_all(void **state)
{
	static const struct list_row former[] = {
		{.name = "gone", .action = ACTION_NXDOMAIN, .rules = "x", .mandatory = true},
		{.name = "other", .action = ACTION_NXDOMAIN, .rules = "y"},
	};
	struct world *w = *state;
	struct policy *policy = lists_policy(former, COUNT(former));

	assert_int_equal(groups_apply(w->groups, NOW_S, policy), ERR_OK);
	for (uint16_t view = 1; view <= policy->views->count; view++)
		assert_true(policy_holds(policy, view, 0));
	assert_true(policy_holds(policy, GROUPS_OF_NONE, 1));
	policy_free(policy);
}

static void without_groups_there_are_none(void **state)
{
	struct world *w = *state;
	struct groups *groups = w->groups;
	struct conf *conf;
	struct ip ip;

	make_conf("lists:\n  - {name: ads, file: b, action: nxdomain}\n", &conf);
	assert_int_equal(groups_create(conf, &groups, NULL), ERR_OK);
	assert_null(groups);
	assert_int_equal(ip_parse("192.168.1.1", &ip), ERR_OK);
	assert_int_equal(groups_view(NULL, &ip), POLICY_ALL_LISTS);
	assert_int_equal(groups_apply(NULL, NOW_S, w->policy), ERR_OK);
	assert_null(w->policy->views);
	groups_free(NULL);
	conf_free(conf);
}

/* A list for groups alone, of which none names it, holds for nobody. */
static void a_list_for_groups_needs_one(void **state)
{
	struct world *w = *state;
	struct groups *groups;
	struct conf *conf;

	make_conf(LISTS, &conf);
	assert_int_equal(groups_create(conf, &groups, NULL), ERR_OK);
	assert_non_null(groups);
	assert_int_equal(groups_apply(groups, NOW_S, w->policy), ERR_OK);
	assert_int_equal(w->policy->views->count, 1);
	assert_true(policy_holds(w->policy, GROUPS_OF_NONE, 1));
	assert_false(policy_holds(w->policy, GROUPS_OF_NONE, 3));
	groups_free(groups);
	conf_free(conf);
}

#define BEDTIME                                                                                    \
	LISTS                                                                                      \
	"groups:\n"                                                                                \
	"  - name: kids\n"                                                                         \
	"    clients: [192.168.1.32/27]\n"                                                         \
	"    without: [ads]\n"                                                                     \
	"    schedule:\n"                                                                          \
	"      - {days: [mon], from: \"21:00\", to: \"07:00\", time-zone: UTC, lists: [adult]}\n"  \
	"      - {days: [mon], from: \"22:00\", to: \"23:00\", time-zone: UTC, lists: [all],\n"    \
	"         without: [adult]}\n"

#define MONDAY_S 1795996800U /* 2026-11-30T00:00:00Z */
#define HOUR_S 3600U

/* Hours add lists and take them away; the order's is in force in each. */
static void hours_have_other_lists(void **state)
{
	static const struct {
		uint32_t hour;
		bool ads;
		bool adult;
		uint32_t until_hour;
	} rows[] = {
		{20, false, false, 21}, {21, false, true, 22}, {22, true, false, 23},
		{23, false, true, 31},	{30, false, true, 31}, {31, false, false, 168 + 21},
	};
	struct world *w = *state;
	struct err_text text;
	struct groups *groups;
	struct conf *conf;

	make_conf(BEDTIME, &conf);
	assert_int_equal(groups_create(conf, &groups, &text), ERR_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t now_s = MONDAY_S + rows[i].hour * HOUR_S;
		uint64_t until_s = MONDAY_S + rows[i].until_hour * HOUR_S;

		assert_int_equal(groups_apply(groups, now_s, w->policy), ERR_OK);
		assert_true(policy_holds(w->policy, GROUPS_FIRST, 0));
		assert_int_equal(policy_holds(w->policy, GROUPS_FIRST, 1), rows[i].ads);
		assert_int_equal(policy_holds(w->policy, GROUPS_FIRST, 3), rows[i].adult);
		assert_int_equal(w->policy->views->until_s, until_s);
		assert_int_equal(w->policy->views->view[GROUPS_FIRST - 1].until_s, until_s);
		assert_true(w->policy->views->view[GROUPS_OF_NONE - 1].until_s == UINT64_MAX);
		assert_false(groups_are_due(w->policy, now_s));
		assert_false(groups_are_due(w->policy, until_s - 1));
		assert_true(groups_are_due(w->policy, until_s));
		assert_true(groups_are_due(w->policy, now_s - HOUR_S)); /* the clock was put back */
	}
	groups_free(groups);
	conf_free(conf);
}

static void a_zone_that_is_not_there_is_told(void **state)
{
	static const char *const zones[] = {"Europe/Nowhere", "../../etc/passwd", "Europe",
					    "/etc/localtime"};
	struct err_text text;
	struct groups *groups;
	struct conf *conf;
	char yaml[512];

	(void)state;
	for (size_t i = 0; i < COUNT(zones); i++) {
		snprintf(
			yaml, sizeof(yaml),
			"groups:\n  - {name: a, clients: [192.0.2.1], schedule: [{from: \"21:00\", "
			"to: \"22:00\", time-zone: %s}]}\n",
			zones[i]);
		make_conf(yaml, &conf);
		assert_int_not_equal(groups_create(conf, &groups, &text), ERR_OK);
		assert_non_null(strstr(text.text, zones[i]));
		conf_free(conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(clients_are_in_the_group_of_the_longest_prefix),
		TEST(each_view_has_its_lists),
		TEST(the_sinkhole_is_the_groups),
		TEST(numbers_that_are_no_views_have_all_lists),
		TEST(a_list_that_is_not_configured_is_in_all),
		TEST(without_groups_there_are_none),
		TEST(a_list_for_groups_needs_one),
		TEST(hours_have_other_lists),
		cmocka_unit_test(a_zone_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
