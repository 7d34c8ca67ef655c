/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies, judged by the names and addresses that they lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "inspect/inspect.h"
#include "support/lists.h"
#include "support/message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define QNAME "www.site.example"

static const struct list_row lists[] = {
	{.name = "ads", .action = ACTION_NXDOMAIN, .rules = "ads.example"},
	{.name = "watch", .action = ACTION_LOG, .rules = "watched.example"},
	{.name = "good", .action = ACTION_PASS, .rules = "=good.tracker.example"},
	{.name = "trackers", .action = ACTION_NODATA, .rules = "tracker.example #192.0.2.0/24"},
	{.name = "court", .action = ACTION_SINKHOLE, .rules = "court.example", .mandatory = true},
};

struct kit {
	struct policy *policy;
	struct rebind *rebind;
	struct hash_key key;
	struct inspect_rules rules;
	struct message message;
	struct reply reply;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));
	struct prefix private;

	*state = kit;
	kit->key = LISTS_KEY;
	kit->policy = lists_policy(lists, COUNT(lists));
	assert_int_equal(prefix_parse("10.0.0.0/8", &private), ERR_OK);
	assert_int_equal(rebind_create(&private, 1, &kit->key, &kit->rebind), ERR_OK);
	kit->rules = (struct inspect_rules){.policy = kit->policy, .name_key = &kit->key};
	return 0;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	rebind_free(kit->rebind);
	policy_free(kit->policy);
	free(kit);
	return 0;
}

/* ---- replies */

/* A record of the answer: a name, or for A and AAAA an address. */
struct row {
	const char *owner; /* NULL: the question's name */
	uint16_t type;
	const char *data;
};

static void add(struct message *m, unsigned int section, const struct row *row)
{
	uint8_t address[16];
	int family = row->type == TYPE_A ? AF_INET : AF_INET6;

	if (row->type == TYPE_A || row->type == TYPE_AAAA) {
		assert_int_equal(inet_pton(family, row->data, address), 1);
		message_rr(m, section, row->owner, row->type, 60, address,
			   family == AF_INET ? 4 : 16);
		return;
	}
	message_rr_begin(m, section, row->owner, row->type, 60);
	if (row->type == TYPE_MX)
		message_add16(m, 10);
	if (row->type == TYPE_HTTPS)
		message_add16(m, 1);
	message_add_name(m, row->data);
	message_end(m);
}

static struct verdict judge(struct kit *kit, uint16_t type, const struct row *rows, size_t count,
			    const struct row *beside)
{
	const struct reply_ttl_limits limits = {.max_s = 3600, .max_negative_s = 3600};
	struct message *m = &kit->message;

	message_reply(m, QNAME, type, 0);
	for (size_t i = 0; i < count && rows[i].data; i++)
		add(m, MESSAGE_AN, &rows[i]);
	if (beside)
		add(m, MESSAGE_AR, beside);
	assert_int_equal(
		reply_parse(m->octets, m->len, strlen(QNAME) + 2 + 4, &limits, &kit->reply),
		ERR_OK);
	return inspect_reply(&kit->rules, m->octets, m->len, &kit->reply, POLICY_NO_LEAVE);
}

/* "-": nothing matches. */
static const char *list_of(const struct kit *kit, const struct verdict *v)
{
	return v->matched ? kit->policy->lists[v->list].name : "-";
}

/* ---- what replies lead to */

static void test_leads(void **state)
{
	static const struct {
		uint16_t type;
		struct row rows[4];
		const char *list;
	} cases[] = {
		{TYPE_A, {{NULL, TYPE_A, "198.51.100.1"}}, "-"},
		{TYPE_A, {{NULL, TYPE_A, "198.51.100.1"}, {NULL, TYPE_A, "192.0.2.1"}}, "trackers"},
		{TYPE_AAAA, {{NULL, TYPE_AAAA, "2001:db8::1"}}, "-"},
		{TYPE_AAAA, {{NULL, TYPE_AAAA, "64:ff9b::192.0.2.1"}}, "trackers"},
		{TYPE_A, {{NULL, TYPE_CNAME, "x.ads.example"}}, "ads"},
		{TYPE_A,
		 {{NULL, TYPE_CNAME, "a.example"},
		  {"a.example", TYPE_CNAME, "tracker.example"},
		  {"tracker.example", TYPE_A, "198.51.100.1"}},
		 "trackers"},
		/* the question does not lead there */
		{TYPE_A,
		 {{NULL, TYPE_A, "198.51.100.1"}, {"a.example", TYPE_CNAME, "ads.example"}},
		 "-"},
		/* let pass, and with its addresses */
		{TYPE_A,
		 {{NULL, TYPE_CNAME, "good.tracker.example"},
		  {"good.tracker.example", TYPE_A, "192.0.2.1"}},
		 "-"},
		/* what is let pass lets no mandatory list's name pass */
		{TYPE_A,
		 {{NULL, TYPE_CNAME, "good.tracker.example"},
		  {"good.tracker.example", TYPE_CNAME, "x.court.example"}},
		 "court"},
		/* a mandatory list decides, whatever was found first */
		{TYPE_A,
		 {{NULL, TYPE_CNAME, "ads.example"}, {"ads.example", TYPE_CNAME, "court.example"}},
		 "court"},
		{TYPE_MX, {{NULL, TYPE_MX, "mail.ads.example"}}, "ads"},
		{TYPE_HTTPS, {{NULL, TYPE_HTTPS, "cdn.tracker.example"}}, "trackers"},
		{TYPE_HTTPS, {{NULL, TYPE_HTTPS, "."}}, "-"},
		{TYPE_NS, {{NULL, TYPE_NS, "ns.court.example"}}, "court"},
		{TYPE_A, {{NULL, TYPE_A, "10.0.0.1"}}, "-"}, /* no networks are private */
	};
	struct kit *kit = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict v =
			judge(kit, cases[i].type, cases[i].rows, COUNT(cases[i].rows), NULL);

		if (strcmp(list_of(kit, &v), cases[i].list) != 0)
			fail_msg("case %zu: %s", i, list_of(kit, &v));
	}
}

/* Who asks is written down, and given the answer. */
static void test_logged(void **state)
{
	const struct row rows[] = {{NULL, TYPE_CNAME, "x.watched.example"}};
	const struct row others[] = {{NULL, TYPE_CNAME, "x.example"}};
	struct kit *kit = *state;
	struct verdict v = judge(kit, TYPE_A, rows, 1, NULL);

	assert_false(v.matched);
	assert_true(v.logged != 0);
	v = judge(kit, TYPE_A, others, 1, NULL);
	assert_false(v.matched);
	assert_true(v.logged == 0);
}

/* ---- addresses that are private */

static void test_rebinding(void **state)
{
	const struct row private[] = {{NULL, TYPE_A, "10.0.0.1"}};
	const struct row listed[] = {{NULL, TYPE_A, "10.0.0.1"}, {NULL, TYPE_A, "192.0.2.1"}};
	struct kit *kit = *state;
	struct name own;
	struct verdict v;

	kit->rules.rebind = kit->rebind;
	v = judge(kit, TYPE_A, private, 1, NULL);
	assert_true(v.matched);
	assert_int_equal(v.list, POLICY_REBINDING);
	assert_int_equal(v.action, ACTION_NODATA);
	v = judge(kit, TYPE_A, listed, 2, NULL);
	assert_string_equal(list_of(kit, &v), "trackers");
	assert_int_equal(name_from_text("site.example", 12, &own), ERR_OK);
	assert_int_equal(rebind_except(kit->rebind, &own), ERR_OK);
	v = judge(kit, TYPE_A, private, 1, NULL);
	assert_false(v.matched);
}

/* An answer that is not of an upstream. */
static void test_an_address_alone(void **state)
{
	static const struct {
		const char *address;
		const char *list;
	} cases[] = {{"192.0.2.1", "trackers"},
		     {"2002:c000:201::1", "trackers"},
		     {"198.51.100.1", "-"},
		     {"10.1.1.1", "rebinding"}};
	struct kit *kit = *state;
	struct inspect_rules rules = {.policy = kit->policy, .rebind = kit->rebind};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict v;
		struct ip ip;

		assert_int_equal(ip_parse(cases[i].address, &ip), ERR_OK);
		v = inspect_address(&rules, &ip);
		if (strcmp(cases[i].list, "rebinding") == 0)
			assert_int_equal(v.list, POLICY_REBINDING);
		else
			assert_string_equal(list_of(kit, &v), cases[i].list);
	}
}

/* ---- what stands beside */

/* It is taken away where it is of what is listed, and the answer is given. */
static void test_beside(void **state)
{
	static const struct {
		struct row beside;
		unsigned int left;
	} cases[] = {
		{{"mail.site.example", TYPE_A, "198.51.100.1"}, 1},
		{{"mail.site.example", TYPE_A, "192.0.2.1"}, 0},
		{{"mail.site.example", TYPE_AAAA, "2001:db8::1"}, 1},
	};
	const struct row rows[] = {{NULL, TYPE_MX, "mail.site.example"}};
	struct kit *kit = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict v = judge(kit, TYPE_MX, rows, 1, &cases[i].beside);

		assert_false(v.matched);
		assert_int_equal(kit->reply.ancount, 1);
		assert_int_equal(kit->reply.arcount, cases[i].left);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_leads),     TEST(test_logged),
		TEST(test_rebinding), TEST(test_an_address_alone),
		TEST(test_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
