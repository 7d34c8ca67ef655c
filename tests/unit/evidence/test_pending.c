/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evidence/pending.h"

struct kit {
	struct pending pending;
	struct findings_table *table; /* of one finding */
};

static int set_up(void **state)
{
	static const struct hash_key key = {1, 2};
	struct kit *kit = calloc(1, sizeof(*kit));

	kit->table = calloc(1, sizeof(*kit->table));
	strcpy(kit->table->lists[0], "bots");
	*state = kit;
	return pending_init(&kit->pending, &key) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	pending_fini(&kit->pending);
	free(kit->table);
	free(kit);
	return 0;
}

/* So many queries of the type with this bit, each a second of its own; half of them are proven. */
static bool add(struct kit *kit, unsigned int client, uint64_t queries, uint16_t type)
{
	static const uint8_t name[] = "\2c2\7example";
	struct finding f = {
		.name_len = sizeof(name),
		.count = queries,
		.proven = queries / 2,
		.merged = queries,
		.types = (uint16_t)(1U << type),
		.ways = 1,
		.first_s = 100,
		.last_s = 100 + (uint32_t)queries,
	};
	char text[32];
	struct ip ip;

	memcpy(kit->table->names, name, sizeof(name));
	snprintf(text, sizeof(text), "2001:db8::%x:%x", client >> 16, client & 0xffff);
	assert_int_equal(ip_parse(text, &ip), ERR_OK);
	return pending_add(&kit->pending, kit->table, &f, &ip);
}

/* Puts the whole batch.  Returns the queries that it counts. */
static uint64_t put_all(struct kit *kit)
{
	uint64_t queries = 0;

	pending_sort(&kit->pending);
	for (uint32_t i = 0; i < kit->pending.batch; i++)
		queries += pending_next(&kit->pending, i)->count;
	return queries;
}

static void test_a_batch_is_in_order_and_then_gone(void **state)
{
	struct kit *kit = *state;

	add(kit, 2, 1, 0);
	add(kit, 1, 1, 0);
	add(kit, 2, 2, 0);
	assert_int_equal(kit->pending.unwritten, 2);
	assert_int_equal(put_all(kit), 4);
	assert_int_equal(pending_put(&kit->pending, 0)->count, 1);
	assert_int_equal(pending_put(&kit->pending, 1)->count, 3);
	pending_written(&kit->pending);
	assert_int_equal(kit->pending.unwritten, 0);
	assert_int_equal(put_all(kit), 0);
	pending_written(&kit->pending);
	assert_int_equal(kit->pending.count, 0);
}

/* Each query goes with one batch, whenever it comes. */
static void test_what_comes_meanwhile_goes_with_the_next(void **state)
{
	struct kit *kit = *state;
	const struct finding *e;

	add(kit, 1, 4, 0);
	add(kit, 2, 4, 0);
	pending_sort(&kit->pending);
	pending_next(&kit->pending, 0);
	add(kit, 1, 10, 1); /* is put */
	add(kit, 2, 20, 1); /* is not yet */
	add(kit, 3, 40, 1); /* is in no batch */
	assert_int_equal(kit->pending.batch, 2);
	assert_int_equal(pending_next(&kit->pending, 1)->count, 24);
	pending_written(&kit->pending);

	assert_int_equal(kit->pending.unwritten, 2);
	pending_sort(&kit->pending);
	e = pending_next(&kit->pending, 0);
	assert_int_equal(e->count, 10);
	assert_int_equal(e->proven, 5);
	assert_int_equal(e->merged, 10);
	assert_true(e->types & 1U << 1);
	assert_int_equal(e->ways, 1);
	assert_int_equal(e->last_s, 110);
	assert_int_equal(pending_next(&kit->pending, 1)->count, 40);
	pending_written(&kit->pending);
	assert_int_equal(kit->pending.unwritten, 0);
}

/* The types of what was written are not those of what comes later. */
static void test_types_are_of_their_batch(void **state)
{
	struct kit *kit = *state;

	add(kit, 1, 1, 0);
	put_all(kit);
	pending_written(&kit->pending);
	add(kit, 1, 1, 3);
	pending_sort(&kit->pending);
	assert_int_equal(pending_next(&kit->pending, 0)->types, 1U << 3);
}

/* A store that fails after half of a batch has none of it. */
static void test_what_was_put_in_vain_is_put_again(void **state)
{
	struct kit *kit = *state;

	add(kit, 1, 1, 0);
	add(kit, 2, 2, 0);
	pending_sort(&kit->pending);
	pending_next(&kit->pending, 0);
	add(kit, 1, 10, 0);
	assert_int_equal(put_all(kit), 13);
	pending_forget(&kit->pending); /* nothing was written */
	assert_int_equal(kit->pending.unwritten, 2);
	assert_int_equal(put_all(kit), 13);
}

/* One query, at this time of a client that asks for nothing else. */
static void add_at(struct kit *kit, uint64_t now_ms)
{
	const struct ip ip = {.family = 2};
	const struct finding f = {
		.name_len = 1,
		.count = 1,
		.merged = 1,
		.types = 1,
		.first_types = 1,
		.spell_lacks = ~1U,
		.first_ms = now_ms,
		.spell_end_ms = now_ms + FINDINGS_SPELL_MS,
	};

	assert_true(pending_add(&kit->pending, kit->table, &f, &ip));
}

/* Each table and each batch has one query of a client that asks twice a second. */
static void test_a_second_ends(void **state)
{
	struct kit *kit = *state;
	uint64_t merged = 0;

	for (uint64_t now_ms = 10000; now_ms < 20000; now_ms += 500) {
		add_at(kit, now_ms);
		pending_sort(&kit->pending);
		merged += pending_next(&kit->pending, 0)->merged;
		pending_written(&kit->pending);
	}
	assert_int_equal(merged, 10);
}

/* What comes late, of a worker whose table waited, is of a second of its own. */
static void test_what_comes_late_is_of_its_second(void **state)
{
	struct kit *kit = *state;

	add_at(kit, 20000);
	add_at(kit, 15000);
	add_at(kit, 20999);
	add_at(kit, 21000);
	pending_sort(&kit->pending);
	assert_int_equal(pending_next(&kit->pending, 0)->merged, 3);
}

/* What was put of another that had the same place before is not taken off. */
static void test_what_comes_meanwhile_has_a_place_of_its_own(void **state)
{
	struct kit *kit = *state;

	for (unsigned int i = 0; i < 10; i++)
		add(kit, i, 4, 0);
	assert_int_equal(put_all(kit), 40);
	pending_written(&kit->pending);
	add(kit, 9, 3, 0);
	assert_int_equal(put_all(kit), 3);
	pending_written(&kit->pending);
	assert_int_equal(kit->pending.count, 1);

	assert_int_equal(put_all(kit), 0);
	for (unsigned int i = 10; i < 20; i++)
		add(kit, i, 3, 0);
	pending_written(&kit->pending);
	assert_int_equal(kit->pending.unwritten, 10);
	assert_int_equal(put_all(kit), 30);
}

/* ---- whatever comes, in whatever order */

#define MODEL_CLIENTS 64U
#define MODEL_STEPS 300U

struct sums {
	uint64_t count;
	uint64_t proven;
	uint64_t merged;
};

static void add_to(struct sums *sums, uint64_t count, uint64_t proven, uint64_t merged)
{
	sums->count += count;
	sums->proven += proven;
	sums->merged += merged;
}

struct model {
	uint64_t random;
	struct sums added;
	struct sums written;
};

static unsigned int draw(struct model *m, unsigned int below)
{
	m->random = m->random * 6364136223846793005 + 1442695040888963407;
	return (unsigned int)(m->random >> 33) % below;
}

static void add_some(struct kit *kit, struct model *m)
{
	for (unsigned int i = draw(m, MODEL_CLIENTS / 2); i > 0; i--) {
		uint64_t queries = 1 + draw(m, 9);

		assert_true(add(kit, draw(m, MODEL_CLIENTS), queries, (uint16_t)draw(m, 16)));
		add_to(&m->added, queries, queries / 2, queries);
	}
}

/* A batch that is written, or fails somewhere, while others come. */
static void write_some(struct kit *kit, struct model *m)
{
	struct pending *p = &kit->pending;
	struct sums put = {.count = 0};
	uint32_t i;

	pending_sort(p);
	for (i = 0; i < p->batch && draw(m, 2 * MODEL_CLIENTS) > 0; i++) {
		const struct finding *e;

		if (draw(m, 8) == 0)
			add_some(kit, m);
		e = pending_next(p, i);
		assert_in_range(e->count, 1, m->added.count);
		assert_in_range(e->proven, 0, e->count);
		assert_in_range(e->merged, 0, e->count);
		assert_int_not_equal(e->types, 0);
		add_to(&put, e->count, e->proven, e->merged);
	}
	if (i < p->batch || draw(m, 4) == 0)
		return;
	add_some(kit, m);
	add_to(&m->written, put.count, put.proven, put.merged);
	pending_written(p);
}

/* What was added is written, or waits. */
static void check_sums(const struct kit *kit, const struct model *m)
{
	const struct pending *p = &kit->pending;
	struct sums sums = m->written;
	uint32_t unwritten = 0;

	for (uint32_t i = 0; i < p->count; i++) {
		const struct finding *e = &p->entries[i];

		unwritten += e->count > 0;
		add_to(&sums, e->count, e->proven, e->merged);
	}
	assert_int_equal(p->unwritten, unwritten);
	assert_memory_equal(&sums, &m->added, sizeof(sums));
}

static void test_whatever_comes_is_written_once(void **state)
{
	struct kit *kit = *state;
	struct model m = {.random = 7};

	for (unsigned int i = 0; i < MODEL_STEPS; i++) {
		switch (draw(&m, 8)) {
		case 0:
			pending_forget(&kit->pending);
			break;
		case 1:
		case 2:
		case 3:
			write_some(kit, &m);
			break;
		default:
			add_some(kit, &m);
		}
		check_sums(kit, &m);
	}
}

static void test_room_is_made_of_what_is_written(void **state)
{
	struct kit *kit = *state;

	for (unsigned int i = 0; i < PENDING_MAX; i++)
		assert_true(add(kit, i, 1, 0));
	assert_false(add(kit, PENDING_MAX, 1, 0));
	assert_true(add(kit, 7, 1, 0)); /* it has a place */
	assert_int_equal(put_all(kit), PENDING_MAX + 1);
	assert_true(add(kit, 7, 1, 0));
	assert_false(add(kit, PENDING_MAX, 1, 0));
	pending_written(&kit->pending);
	assert_false(add(kit, PENDING_MAX, 1, 0)); /* all are remembered */
	pending_forget(&kit->pending);
	assert_true(add(kit, PENDING_MAX, 1, 0));
	assert_int_equal(put_all(kit), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_batch_is_in_order_and_then_gone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_comes_meanwhile_goes_with_the_next,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_types_are_of_their_batch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_was_put_in_vain_is_put_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_second_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_comes_late_is_of_its_second, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_comes_meanwhile_has_a_place_of_its_own,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_whatever_comes_is_written_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_room_is_made_of_what_is_written, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
