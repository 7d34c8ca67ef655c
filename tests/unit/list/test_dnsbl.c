/* SPDX-License-Identifier: BSD-2-Clause */
/* The zones that mail filters ask: each is one that the guard can hold, and is in force by default.
 */
#include "list/dnsbl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "list/guard.h"

#define ZONES_MAX 256U

struct kit {
	size_t count;
	char text[ZONES_MAX][NAME_TEXT_MAX];
	struct name zones[ZONES_MAX];
	struct guard *guard;
};

static const char all[] = LIST_DNSBL_ZONES;

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));
	const char *at = all;

	for (; *at && kit->count < ZONES_MAX; kit->count++) {
		size_t len = strcspn(at, " ");

		snprintf(kit->text[kit->count], NAME_TEXT_MAX, "%.*s", (int)len, at);
		if (name_from_host(at, len, &kit->zones[kit->count]) != ERR_OK)
			return 1;
		at += len + (at[len] == ' ');
	}
	*state = kit;
	return *at || guard_create(&(struct guard_config){.zones = kit->zones,
							  .zone_count = kit->count,
							  .hold_suffixes = true},
				   &kit->guard) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	guard_free(kit->guard);
	free(kit);
	return 0;
}

static unsigned int labels_of(const struct name *name)
{
	unsigned int labels = 0;

	for (unsigned int at = 0; name->wire[at]; at += name->wire[at] + 1U)
		labels++;
	return labels;
}

/* As they are compared: in lower case, once, one blank apart.  None is a whole domain that somebody
 * can register, below which there would be much else than answers for mail filters. */
static void test_each_is_a_zone(void **state)
{
	const struct kit *kit = *state;

	assert_true(kit->count > 0);
	assert_null(strstr(all, "  "));
	assert_true(all[0] != ' ' && all[sizeof(all) - 2] != ' ');
	for (size_t i = 0; i < kit->count; i++) {
		char text[NAME_TEXT_MAX];

		assert_string_equal(name_to_text(kit->zones[i].wire, text, sizeof(text)),
				    kit->text[i]);
		assert_true(labels_of(&kit->zones[i]) >= 3);
		for (size_t j = 0; j < i; j++)
			assert_false(name_equal(&kit->zones[i], &kit->zones[j]));
	}
}

static void test_they_are_the_default(void **state)
{
	const struct kit *kit = *state;
	struct conf *conf;

	assert_int_equal(conf_default(&conf), ERR_OK);
	assert_int_equal(conf->guard.dnsbl_zones_count, kit->count);
	for (size_t i = 0; i < kit->count; i++)
		assert_string_equal(conf->guard.dnsbl_zones[i], kit->text[i]);
	conf_free(conf);
}

/* Why a rule of this scope for `before`, put before the zone's own text, is held. */
static const char *held(const struct kit *kit, const char *before, size_t zone,
			const struct domset_kind *kind, unsigned int allowed)
{
	char text[NAME_TEXT_MAX + 32];
	struct name owner;
	const char *why;
	int len = snprintf(text, sizeof(text), "%s%s", before, kit->text[zone]);

	assert_int_equal(name_from_text(text, (size_t)len, &owner), ERR_OK);
	why = guard_entry(kit->guard, &owner, kind, allowed);
	if (why) /* what is quickly told is told alike */
		assert_false(guard_passes(kit->guard, &owner, kind, allowed));
	return why;
}

/* True when the zone lies in another one, as "bl.score.senderscore.com" does. */
static bool is_inside(const struct kit *kit, size_t zone)
{
	for (size_t i = 0; i < kit->count; i++)
		if (i != zone && name_is_below(&kit->zones[zone], &kit->zones[i]))
			return true;
	return false;
}

static void test_the_guard_holds_each(void **state)
{
	static const struct domset_kind both = {.scope = DOMSET_SCOPE_BOTH};
	static const struct domset_kind denied = {.scope = DOMSET_SCOPE_BOTH,
						  .answer = DOMSET_ANSWER_NXDOMAIN};
	static const struct domset_kind exception = {.scope = DOMSET_SCOPE_BOTH, .exception = true};
	const struct kit *kit = *state;

	for (size_t i = 0; i < kit->count; i++) {
		assert_string_equal(held(kit, "", i, &both, 0),
				    is_inside(kit, i) ? "is in a zone of guard.dnsbl-zones"
						      : "is a zone of guard.dnsbl-zones");
		assert_string_equal(held(kit, "2.0.0.127.", i, &both, 0),
				    "is in a zone of guard.dnsbl-zones");
		/* nothing is listed there: mail comes */
		assert_null(held(kit, "", i, &denied, 0));
		assert_null(held(kit, "2.0.0.127.", i, &denied, 0));
		assert_null(held(kit, "", i, &both, GUARD_ALLOW_ZONES));
		assert_null(held(kit, "2.0.0.127.", i, &exception, 0));
	}
}

/* The name above each, from which a rule would reach into it, is held when it reaches below. */
static void test_the_guard_holds_what_is_above(void **state)
{
	const struct kit *kit = *state;

	for (size_t i = 0; i < kit->count; i++) {
		struct name above = {.len = 0};
		size_t first = kit->zones[i].wire[0] + 1U;

		name_copy(&above, kit->zones[i].wire + first, kit->zones[i].len - first);
		for (unsigned int scope = 1; scope <= DOMSET_SCOPE_BOTH; scope++) {
			const struct domset_kind kind = {.scope = (uint8_t)scope};
			const char *why = guard_entry(kit->guard, &above, &kind, 0);

			if (scope & DOMSET_SCOPE_BELOW)
				assert_non_null(why);
		}
	}
}

/* What is beside a zone, or only ends like it, is no business of the guard. */
static void test_the_guard_lets_others_pass(void **state)
{
	static const struct domset_kind both = {.scope = DOMSET_SCOPE_BOTH};
	const struct kit *kit = *state;

	for (size_t i = 0; i < kit->count; i++)
		if (!is_inside(kit, i))
			assert_null(held(kit, "not-", i, &both, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_a_zone),
		cmocka_unit_test(test_they_are_the_default),
		cmocka_unit_test(test_the_guard_holds_each),
		cmocka_unit_test(test_the_guard_holds_what_is_above),
		cmocka_unit_test(test_the_guard_lets_others_pass),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
