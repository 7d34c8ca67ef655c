/* SPDX-License-Identifier: BSD-2-Clause */
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "feed/findings.h"

#define LIST_A 0
#define LIST_B 1

static const struct hash_key key = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};
static const struct hash_key name_key = {3, 4};

struct kit {
	struct findings *findings;
	struct policy policy;
	uint64_t now_ms;
	uint64_t generation;
	int wake_fd;
};

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	kit->wake_fd = eventfd(0, EFD_NONBLOCK);
	kit->policy.list_count = 2;
	strcpy(kit->policy.lists[0].name, "a");
	strcpy(kit->policy.lists[1].name, "b");
	kit->now_ms = 100000;
	kit->generation = 7;
	*state = kit;
	return findings_create(&key, kit->wake_fd, &kit->findings) != ERR_OK;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	findings_free(kit->findings);
	close(kit->wake_fd);
	free(kit);
	return 0;
}

static bool add(struct kit *kit, const char *client, const char *text, uint16_t list,
		uint16_t qtype, enum findings_way way)
{
	struct name name;
	struct ip ip;

	assert_int_equal(ip_parse(client, &ip), ERR_OK);
	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return findings_add(kit->findings, &kit->policy, kit->generation,
			    &(struct findings_hit){
				    .client = &ip,
				    .name = &name,
				    .name_hash = name_hash(&name_key, &name),
				    .list = list,
				    .owner_labels = 2,
			    },
			    &(struct findings_query){
				    .now_ms = kit->now_ms,
				    .now_s = (uint32_t)(kit->now_ms / 1000),
				    .qtype = qtype,
				    .way = way,
			    });
}

static void test_nothing_is_nothing(void **state)
{
	struct kit *kit = *state;

	assert_null(findings_take_current(kit->findings));
	assert_null(findings_take_current(kit->findings));
}

static void test_what_differs_is_counted_apart(void **state)
{
	struct kit *kit = *state;
	struct findings_table *t;

	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP);
	add(kit, "192.0.2.1", "c2.example", LIST_B, 1, FINDINGS_WAY_UDP);
	add(kit, "192.0.2.2", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP);
	add(kit, "c000:201::", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP); /* the same octets */
	add(kit, "192.0.2.1", "c3.example", LIST_A, 1, FINDINGS_WAY_UDP);
	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP);
	t = findings_take_current(kit->findings);
	assert_non_null(t);
	assert_int_equal(t->count, 5);
	assert_int_equal(t->entries[0].count, 2);
	assert_string_equal(t->lists[t->entries[1].list], "b");
	assert_int_equal(t->entries[0].owner_labels, 2);
	assert_memory_equal(t->names + t->entries[4].name, "\2c3\7example", 12);
	assert_null(findings_take_current(kit->findings));
	findings_give(kit->findings, t);
	assert_null(findings_take_current(kit->findings));
}

/* What the rule's row says stands behind the name, and of another rule nothing does. */
static void test_notes(void **state)
{
	struct kit *kit = *state;
	struct domset_builder *builder;
	struct localdata_note note = {.family = "Fox", .ticket = "T-1"};
	struct findings_table *t;
	struct verdict rule = {.matched = true, .list = LIST_B};
	struct findings_note found;
	struct localdata *data;
	struct domset_iter iter;
	struct domset_rule ret;
	struct name name;
	struct ip ip = {.family = AF_INET};
	struct findings_hit hit = {.client = &ip, .name = &name, .list = LIST_B, .rule = &rule};
	const struct findings_query query = {.qtype = 1};
	uint32_t number;

	assert_int_equal(name_from_text("c2.example", 10, &name), ERR_OK);
	assert_int_equal(localdata_create(&data), ERR_OK);
	assert_int_equal(localdata_put_note(data, &note, &number), ERR_OK);
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	assert_int_equal(domset_builder_begin(builder, LIST_B), ERR_OK);
	assert_int_equal(domset_builder_add_data(builder, &name,
						 &(struct domset_kind){.scope = DOMSET_SCOPE_BOTH},
						 number, 1),
			 ERR_OK);
	assert_int_equal(domset_builder_freeze(builder, &kit->policy.set), ERR_OK);
	kit->policy.data = data;
	domset_iter_init(&iter, kit->policy.set);
	assert_true(domset_iter_next(&iter, &ret));
	rule.record = iter.record;
	assert_true(findings_add(kit->findings, &kit->policy, 7, &hit, &query));
	hit.list = LIST_A;
	hit.rule = NULL;
	assert_true(findings_add(kit->findings, &kit->policy, 7, &hit, &query));
	t = findings_take_current(kit->findings);
	assert_int_equal(t->count, 2);
	found = findings_note(&t->entries[0], t->names + t->entries[0].name);
	assert_string_equal(found.family, "Fox");
	assert_string_equal(found.ticket, "T-1");
	found = findings_note(&t->entries[1], t->names + t->entries[1].name);
	assert_string_equal(found.family, "");
	assert_string_equal(found.ticket, "");
	assert_memory_equal(t->names + t->entries[1].name, "\2c2\7example", 12);
	findings_give(kit->findings, t);
	domset_builder_free(builder);
	domset_free(kit->policy.set);
	localdata_free(data);
}

/* A name of labels of a letter, with another letter at one place, as text without its last dot. */
static const char *letters(char *text, unsigned int labels, unsigned int other)
{
	for (unsigned int i = 0; i < labels; i++) {
		text[2 * i] = i == other ? 'y' : 'x';
		text[2 * i + 1] = '.';
	}
	text[2 * labels - 1] = '\0';
	return text;
}

/* Each is told from those that differ by one letter, and from those that it is the end of. */
static void test_names_of_all_lengths(void **state)
{
	struct kit *kit = *state;
	struct findings_table *t;
	unsigned int names = 0;
	char text[256];

	for (unsigned int labels = 1; labels <= 40; labels++) {
		for (unsigned int other = 0; other <= labels; other++) {
			for (unsigned int times = 0; times < 2; times++)
				add(kit, "192.0.2.1", letters(text, labels, other), LIST_A, 1,
				    FINDINGS_WAY_UDP);
			names++;
		}
	}
	add(kit, "192.0.2.1", letters(text, 127, 0), LIST_A, 1, FINDINGS_WAY_UDP);
	add(kit, "192.0.2.1", letters(text, 127, 126), LIST_A, 1, FINDINGS_WAY_UDP);
	t = findings_take_current(kit->findings);
	assert_int_equal(t->count, names + 2);
	for (unsigned int i = 0; i < names; i++)
		assert_int_equal(t->entries[i].count, 2);
	findings_give(kit->findings, t);
}

static bool add_hit(struct kit *kit, const struct ip *client, const struct name *name)
{
	return findings_add(kit->findings, &kit->policy, kit->generation,
			    &(struct findings_hit){.client = client, .name = name},
			    &(struct findings_query){.now_ms = 1, .qtype = 1});
}

/* A name of letters, of so many octets with its root label, with another letter at one place. */
static struct name name_of(unsigned int octets, unsigned int other)
{
	struct name name;

	memset(&name, 0xa5, sizeof(name)); /* what is behind it is anything */
	name.len = (uint8_t)octets;
	for (unsigned int at = 0, label = 0; at + 1 < octets; at++, label--) {
		if (label == 0) {
			label = octets - at - 2 < NAME_LABEL_MAX ? octets - at - 2 : NAME_LABEL_MAX;
			name.wire[at++] = (uint8_t)label;
		}
		name.wire[at] = at == other ? 'y' : 'x';
	}
	name.wire[octets - 1] = 0;
	return name;
}

/* Names whose hashes are the same are told apart by each of their octets. */
static void test_names_of_one_hash(void **state)
{
	static const struct ip client = {.family = AF_INET, .bytes = {192, 0, 2, 1}};
	static const unsigned int octets[] = {3,  4,  5,  7,  8,  9,  15, 16,  17,  18,	 31, 32,
					      33, 34, 47, 48, 49, 63, 64, 129, 131, 253, 255};
	struct kit *kit = *state;
	struct findings_table *t;
	uint64_t left = 0;

	for (size_t i = 0; i < 2 * sizeof(octets) / sizeof(octets[0]); i++) {
		unsigned int len = octets[i / 2]; /* each twice */

		for (unsigned int other = 0; other < len; other++, left++) {
			const struct name name = name_of(len, other);

			assert_true(name_check(name.wire, name.len) == name.len);
			assert_true(add_hit(kit, &client, &name));
		}
	}
	t = findings_take_current(kit->findings);
	for (uint32_t i = 0; i < t->count; i++) {
		const struct finding *e = &t->entries[i];

		/* "another letter" where lengths of labels stand, or the root, is the same name */
		assert_int_equal(e->count % 2, 0);
		for (uint32_t j = 0; j < i; j++)
			assert_false(e->name_len == t->entries[j].name_len &&
				     memcmp(t->names + e->name, t->names + t->entries[j].name,
					    e->name_len) == 0);
		left -= e->count;
	}
	assert_int_equal(left, 0);
	findings_give(kit->findings, t);
}

/* What is known of an address, and each of its bits, tells clients apart. */
static void test_clients_of_one_name(void **state)
{
	const struct name name = name_of(12, 3);
	struct kit *kit = *state;
	struct findings_table *t;
	unsigned int clients = 0;

	for (unsigned int round = 0; round < 2; round++) {
		clients = 0;
		for (unsigned int unknown = 0; unknown <= 128; unknown++, clients++)
			add_hit(kit, &(struct ip){AF_INET6, (uint8_t)unknown, {0}}, &name);
		for (unsigned int bit = 0; bit < 128; bit++, clients++) {
			struct ip ip = {.family = AF_INET6};

			ip.bytes[bit / 8] = (uint8_t)(1U << bit % 8);
			add_hit(kit, &ip, &name);
		}
		add_hit(kit, &(struct ip){.family = AF_INET}, &name);
		clients++;
	}
	t = findings_take_current(kit->findings);
	assert_int_equal(t->count, clients);
	for (uint32_t i = 0; i < t->count; i++)
		assert_int_equal(t->entries[i].count, 2);
	findings_give(kit->findings, t);
}

static void test_ways_types_and_times(void **state)
{
	struct kit *kit = *state;
	struct findings_table *t;
	const struct finding *e;

	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP);
	kit->now_ms += 5000;
	add(kit, "192.0.2.1", "c2.example", LIST_A, 28, FINDINGS_WAY_COOKIE);
	add(kit, "192.0.2.1", "c2.example", LIST_A, 999, FINDINGS_WAY_TCP);
	t = findings_take_current(kit->findings);
	e = &t->entries[0];
	assert_int_equal(e->count, 3);
	assert_int_equal(e->proven, 2);
	assert_int_equal(e->ways,
			 1 << FINDINGS_WAY_UDP | 1 << FINDINGS_WAY_COOKIE | 1 << FINDINGS_WAY_TCP);
	assert_int_equal(e->types, 1 | 2 | 1 << FINDINGS_TYPE_OTHER);
	assert_int_equal(e->first_s, 100);
	assert_int_equal(e->last_s, 105);
	findings_give(kit->findings, t);
}

static void test_a_second_merges(void **state)
{
	static const struct {
		unsigned int after_ms;
		uint16_t qtype;
		uint64_t merged;
	} steps[] = {{0, 1, 1},	  {1, 1, 1},  {1, 28, 2},   {500, 28, 2},
		     {600, 1, 3}, {0, 28, 4}, {1000, 1, 5}, {999, 1, 5}};
	struct kit *kit = *state;
	struct findings_table *t;
	uint64_t merged = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		kit->now_ms += steps[i].after_ms;
		add(kit, "192.0.2.1", "c2.example", LIST_A, steps[i].qtype, FINDINGS_WAY_UDP);
		merged = steps[i].merged;
	}
	t = findings_take_current(kit->findings);
	assert_int_equal(t->entries[0].count, 8);
	assert_int_equal(t->entries[0].merged, merged);
	assert_int_equal(t->entries[0].first_types, 3);
	findings_give(kit->findings, t);
}

/* A way is another one within the second of its type too, which does not begin anew. */
static void test_ways_of_a_second(void **state)
{
	struct kit *kit = *state;
	struct findings_table *t;

	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP);
	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_TCP);
	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_TCP);
	t = findings_take_current(kit->findings);
	assert_int_equal(t->entries[0].ways, 1 << FINDINGS_WAY_UDP | 1 << FINDINGS_WAY_TCP);
	assert_int_equal(t->entries[0].proven, 2);
	assert_int_equal(t->entries[0].merged, 1);
	findings_give(kit->findings, t);
}

static bool is_woken(const struct kit *kit)
{
	uint64_t count;

	return read(kit->wake_fd, &count, sizeof(count)) > 0;
}

/* Adds clients `from` to `to` - 1; returns how many were lost. */
static unsigned int add_many(struct kit *kit, unsigned int from, unsigned int to)
{
	unsigned int lost = 0;

	for (unsigned int i = from; i < to; i++) {
		char client[32];

		snprintf(client, sizeof(client), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255,
			 i & 255);
		lost += !add(kit, client, "c2.example", LIST_A, 1, FINDINGS_WAY_UDP);
	}
	return lost;
}

/* Gives it back. */
static unsigned int count_of(struct kit *kit, struct findings_table *t)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < t->count; i++)
		count += (unsigned int)t->entries[i].count;
	assert_string_equal(t->lists[0], "a");
	findings_give(kit->findings, t);
	return count;
}

static unsigned int take_all(struct kit *kit)
{
	struct findings_table *t;
	unsigned int count = 0;

	while ((t = findings_take_full(kit->findings)) != NULL)
		count += count_of(kit, t);
	t = findings_take_current(kit->findings);
	return t ? count + count_of(kit, t) : count;
}

static void test_full_tables_are_handed_over(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(add_many(kit, 0, FINDINGS_TABLE_MAX), 0);
	assert_false(is_woken(kit));
	assert_int_equal(findings_waiting(kit->findings), 0);
	assert_int_equal(add_many(kit, FINDINGS_TABLE_MAX, 3 * FINDINGS_TABLE_MAX), 0);
	assert_true(is_woken(kit));
	assert_int_equal(findings_waiting(kit->findings), 2);
	assert_int_equal(take_all(kit), 3 * FINDINGS_TABLE_MAX);
}

/* Whoever takes these alone leaves the worker its current one. */
static void test_full_tables_are_taken_alone(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(add_many(kit, 0, 2 * FINDINGS_TABLE_MAX + 1), 0);
	for (size_t left = 2; left-- > 0;) {
		struct findings_table *t = findings_take_full(kit->findings);

		assert_int_equal(t->count, FINDINGS_TABLE_MAX);
		findings_give(kit->findings, t);
		assert_int_equal(findings_waiting(kit->findings), left);
	}
	assert_null(findings_take_full(kit->findings));
	assert_int_equal(take_all(kit), 1);
}

static void test_what_is_lost_is_told(void **state)
{
	struct kit *kit = *state;
	unsigned int many = 20 * FINDINGS_TABLE_MAX;
	unsigned int lost = add_many(kit, 0, many);

	assert_in_range(lost, 1, many - 3 * FINDINGS_TABLE_MAX);
	/* one that the table has is counted on */
	assert_true(add(kit, "10.0.128.1", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP));
	assert_int_equal(take_all(kit), many - lost + 1);
	/* and there is room again */
	assert_int_equal(add_many(kit, 0, 3 * FINDINGS_TABLE_MAX), 0);
	assert_int_equal(take_all(kit), 3 * FINDINGS_TABLE_MAX);
}

/* The table that the worker counts into, with so many findings; they are not given back. */
static struct findings_table *take_one(struct kit *kit, uint32_t count)
{
	struct findings_table *t = findings_take_current(kit->findings);

	assert_non_null(t);
	assert_int_equal(t->count, count);
	return t;
}

/* What has been asked for has its place still when its table comes around again, and counts anew:
 * in the same second it is of the same spell, and later another one. */
static void test_a_table_given_back_keeps_places(void **state)
{
	struct kit *kit = *state;
	struct findings_table *t;
	struct finding *e;

	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_TCP);
	findings_give(kit->findings, take_one(kit, 1));
	assert_null(findings_take_current(kit->findings)); /* the other table */

	kit->now_ms += 300;
	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_TCP); /* of the same spell */
	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP); /* its way is not */
	add(kit, "192.0.2.1", "c2.example", LIST_A, 28, FINDINGS_WAY_UDP);
	t = take_one(kit, 1);
	e = &t->entries[0];
	assert_int_equal(e->count, 3);
	assert_int_equal(e->proven, 1);
	assert_int_equal(e->merged, 1);
	assert_int_equal(e->first_types, 1U << 1); /* of what is counted here */
	assert_int_equal(e->types, 1U << 1 | 1U << 0);
	assert_int_equal(e->ways, 1U << FINDINGS_WAY_UDP | 1U << FINDINGS_WAY_TCP);
	assert_int_equal(e->first_ms, 100000);
	findings_give(kit->findings, t);
	assert_null(findings_take_current(kit->findings));

	kit->now_ms += 5000;
	add(kit, "192.0.2.1", "c2.example", LIST_A, 28, FINDINGS_WAY_UDP);
	t = take_one(kit, 1);
	e = &t->entries[0];
	assert_int_equal(e->count, 1);
	assert_int_equal(e->proven, 0);
	assert_int_equal(e->merged, 1);
	assert_int_equal(e->types, 1U << 1);
	assert_int_equal(e->first_types, 1U << 1);
	assert_int_equal(e->ways, 1U << FINDINGS_WAY_UDP);
	assert_int_equal(e->first_ms, kit->now_ms);
	assert_int_equal(e->spell_end_ms, kit->now_ms + FINDINGS_SPELL_MS);
	assert_int_equal(e->first_s, kit->now_ms / 1000);
	assert_int_equal(e->last_s, kit->now_ms / 1000);
	findings_give(kit->findings, t);
}

/* A table of which nothing was asked for again begins anew, and so does one that is nearly full. */
static void test_what_is_not_asked_again_makes_room(void **state)
{
	struct kit *kit = *state;

	assert_int_equal(add_many(kit, 0, 3), 0);
	findings_give(kit->findings, take_one(kit, 3));
	assert_null(findings_take_current(kit->findings)); /* the other table */
	assert_int_equal(add_many(kit, 0, 1), 0);
	findings_give(kit->findings, take_one(kit, 3));
	assert_null(findings_take_current(kit->findings));
	findings_give(kit->findings, take_one(kit, 3));
	assert_null(findings_take_current(kit->findings));
	assert_int_equal(add_many(kit, 5, 6), 0);
	findings_give(kit->findings, take_one(kit, 1));
	assert_null(findings_take_current(kit->findings));
	assert_int_equal(add_many(kit, 0, FINDINGS_TABLE_MAX - 1), 0);
	findings_give(kit->findings, take_one(kit, FINDINGS_TABLE_MAX - 1));
	assert_null(findings_take_current(kit->findings));
	assert_int_equal(add_many(kit, 5, 6), 0);
	findings_give(kit->findings, take_one(kit, 1));
}

/* What is kept is of the lists it was counted for. */
static void test_places_that_are_kept_are_of_their_lists(void **state)
{
	struct kit *kit = *state;
	struct findings_table *t;

	assert_int_equal(add_many(kit, 0, 3), 0);
	findings_give(kit->findings, take_one(kit, 3));
	assert_null(findings_take_current(kit->findings));
	strcpy(kit->policy.lists[0].name, "other");
	kit->generation = 8;
	assert_int_equal(add_many(kit, 0, 3), 0);
	t = findings_take_full(kit->findings); /* the table of before, with nothing counted */
	assert_int_equal(t->entries[0].count, 0);
	findings_give(kit->findings, t);
	t = take_one(kit, 3);
	assert_string_equal(t->lists[0], "other");
	assert_int_equal(t->entries[0].count, 1);
	findings_give(kit->findings, t);
}

static void test_lists_of_another_load(void **state)
{
	struct kit *kit = *state;
	struct findings_table *t;
	struct name name;
	struct ip ip;

	add(kit, "192.0.2.1", "c2.example", LIST_A, 1, FINDINGS_WAY_UDP);
	strcpy(kit->policy.lists[0].name, "other");
	assert_int_equal(ip_parse("192.0.2.1", &ip), ERR_OK);
	assert_int_equal(name_from_text("c2.example", 10, &name), ERR_OK);
	assert_true(findings_add(kit->findings, &kit->policy, 8,
				 &(struct findings_hit){.client = &ip, .name = &name},
				 &(struct findings_query){.way = FINDINGS_WAY_UDP}));
	t = findings_take_full(kit->findings);
	assert_string_equal(t->lists[t->entries[0].list], "a");
	findings_give(kit->findings, t);
	t = findings_take_current(kit->findings);
	assert_string_equal(t->lists[t->entries[0].list], "other");
	findings_give(kit->findings, t);
}

/* ---- whatever is asked, taken and loaded, in whatever order */

#define MODEL_CLIENTS 32U
#define MODEL_STEPS 200000U

struct model {
	uint64_t random;
	uint64_t asked[MODEL_CLIENTS];
	uint64_t proven[MODEL_CLIENTS];
	uint64_t seconds[MODEL_CLIENTS]; /* as `merged` */
	uint32_t last_s[MODEL_CLIENTS];
};

static unsigned int draw(struct model *m, unsigned int below)
{
	m->random = m->random * 6364136223846793005 + 1442695040888963407;
	return (unsigned int)(m->random >> 33) % below;
}

static void ask(struct kit *kit, struct model *m)
{
	static const uint16_t qtypes[] = {1, 28, 65, 16};
	unsigned int i = draw(m, MODEL_CLIENTS);
	enum findings_way way = draw(m, FINDINGS_WAY_COUNT);
	char client[32];

	snprintf(client, sizeof(client), "192.0.2.%u", i);
	if (!add(kit, client, "c2.example", LIST_A, qtypes[draw(m, 4)], way))
		return;
	m->asked[i]++;
	m->proven[i] += findings_way_proves(way);
	m->last_s[i] = (uint32_t)(kit->now_ms / 1000);
}

/* What a report relies on, of each finding that is counted. */
static void check_finding(struct model *m, const struct findings_table *t, const struct finding *e)
{
	unsigned int i = e->client.bytes[3];
	unsigned int first = (unsigned int)__builtin_popcount(e->first_types);

	assert_string_equal(t->lists[e->list], t->generation % 2 ? "a" : "b");
	assert_in_range(e->count, 1, m->asked[i]);
	assert_in_range(e->proven, 0, e->count);
	assert_in_range(e->merged, first, e->count);
	assert_int_equal(e->first_types & ~e->types, 0);
	assert_int_not_equal(e->types, 0);
	assert_int_not_equal(e->ways, 0);
	assert_int_equal(e->proven > 0 && e->ways == 1U << FINDINGS_WAY_UDP, 0);
	assert_in_range(e->first_s, 1, e->last_s);
	assert_in_range(e->last_s, e->first_s, m->last_s[i]);
	assert_in_range(e->first_ms, 1, e->spell_end_ms - FINDINGS_SPELL_MS);
	m->asked[i] -= e->count;
	m->proven[i] -= e->proven;
	m->seconds[i] += e->merged;
}

static void check_table(struct kit *kit, struct model *m, struct findings_table *t)
{
	for (uint32_t i = 0; t && i < t->count; i++)
		if (t->entries[i].count > 0)
			check_finding(m, t, &t->entries[i]);
	if (t)
		findings_give(kit->findings, t);
}

static void check_all(struct kit *kit, struct model *m)
{
	struct findings_table *t;

	while ((t = findings_take_full(kit->findings)) != NULL)
		check_table(kit, m, t);
	check_table(kit, m, findings_take_current(kit->findings));
}

static void load(struct kit *kit)
{
	kit->generation++;
	strcpy(kit->policy.lists[LIST_A].name, kit->generation % 2 ? "a" : "b");
}

static void test_whatever_is_asked_is_counted_once(void **state)
{
	struct kit *kit = *state;
	struct model m = {.random = 7};

	for (unsigned int i = 0; i < MODEL_STEPS; i++) {
		kit->now_ms += draw(&m, 20) ? draw(&m, 30) : draw(&m, 1500);
		if (draw(&m, 3000) == 0)
			load(kit);
		if (draw(&m, 40) == 0)
			check_all(kit, &m);
		else
			ask(kit, &m);
	}
	check_all(kit, &m);
	for (unsigned int i = 0; i < MODEL_CLIENTS; i++) {
		assert_int_equal(m.asked[i], 0);
		assert_int_equal(m.proven[i], 0);
		assert_int_not_equal(m.seconds[i], 0);
	}
}

#define ROUNDS 60000U

static atomic_bool done;

static void *count_many(void *arg)
{
	struct kit *kit = arg;
	uintptr_t lost = 0;

	for (unsigned int i = 0; i < ROUNDS; i++)
		lost += add_many(kit, i % 20000, i % 20000 + 1);
	done = true;
	return (void *)lost;
}

/* Nothing is lost nor counted twice while one thread counts and another takes. */
static void test_two_threads(void **state)
{
	struct kit *kit = *state;
	unsigned int taken = 0;
	pthread_t thread;
	void *lost;

	done = false;
	assert_int_equal(pthread_create(&thread, NULL, count_many, kit), 0);
	while (!done)
		taken += take_all(kit);
	pthread_join(thread, &lost);
	taken += take_all(kit);
	assert_int_equal(taken + (uintptr_t)lost, ROUNDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_nothing),
		TEST(test_what_differs_is_counted_apart),
		TEST(test_nothing_is_nothing),
		TEST(test_notes),
		TEST(test_names_of_all_lengths),
		TEST(test_names_of_one_hash),
		TEST(test_clients_of_one_name),
		TEST(test_ways_of_a_second),
		TEST(test_ways_types_and_times),
		TEST(test_a_second_merges),
		TEST(test_full_tables_are_handed_over),
		TEST(test_full_tables_are_taken_alone),
		TEST(test_what_is_lost_is_told),
		TEST(test_a_table_given_back_keeps_places),
		TEST(test_what_is_not_asked_again_makes_room),
		TEST(test_places_that_are_kept_are_of_their_lists),
		TEST(test_lists_of_another_load),
		TEST(test_whatever_is_asked_is_counted_once),
		TEST(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
