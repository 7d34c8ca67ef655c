/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "names/special.h"
#include "list/publicsuffix.h"
#include "support/alloc_fail.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ZEROS_15 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
#define ALLOCATIONS_MAX 1000UL

static const struct hash_key key = {3, 5};

static char fritz_box[] = "fritz.box";
static char internal[] = "internal";
static char local[] = "local";
static char *const zones[] = {fritz_box, internal, local, fritz_box};

static const struct {
	const char *name;
	const char *zone; /* NULL: it is not special */
	enum special_kind kind;
} names[] = {
	{"localhost", "localhost", SPECIAL_LOCALHOST},
	{"a.b.localhost", "localhost", SPECIAL_LOCALHOST},
	{"mylocalhost", NULL, 0},
	{"localhost.example", NULL, 0},
	{"invalid", "invalid", SPECIAL_ABSENT},
	{"www.test", "test", SPECIAL_ABSENT},
	{"printer.local", "local", SPECIAL_ZONE}, /* the operator says so */
	{"x.onion", "onion", SPECIAL_ABSENT},
	{"x.alt", "alt", SPECIAL_ABSENT},
	{"www.example", NULL, 0},
	{"example.com", NULL, 0},
	{"com", NULL, 0},
	{".", NULL, 0},
	{"nas.fritz.box", "fritz.box", SPECIAL_ZONE},
	{"box", NULL, 0},
	{"x.internal", "internal", SPECIAL_ZONE},
	{"home.arpa", "home.arpa", SPECIAL_ZONE},
	{"nas.home.arpa", "home.arpa", SPECIAL_ZONE},
	{"_dns.resolver.arpa", "resolver.arpa", SPECIAL_EMPTY},
	{"arpa", NULL, 0},
	{"ipv4only.arpa", NULL, 0},
	{"in-addr.arpa", NULL, 0},
	{"1.2.3.10.in-addr.arpa", "10.in-addr.arpa", SPECIAL_ZONE},
	{"1.0.15.172.in-addr.arpa", NULL, 0},
	{"1.0.16.172.in-addr.arpa", "16.172.in-addr.arpa", SPECIAL_ZONE},
	{"1.0.31.172.in-addr.arpa", "31.172.in-addr.arpa", SPECIAL_ZONE},
	{"1.0.32.172.in-addr.arpa", NULL, 0},
	{"172.in-addr.arpa", NULL, 0},
	{"168.192.in-addr.arpa", "168.192.in-addr.arpa", SPECIAL_ZONE},
	{"169.192.in-addr.arpa", NULL, 0},
	{"1.0.0.0.in-addr.arpa", "0.in-addr.arpa", SPECIAL_ZONE},
	{"2.0.0.127.in-addr.arpa", "127.in-addr.arpa", SPECIAL_ZONE},
	{"1.0.0.127.in-addr.arpa", "1.0.0.127.in-addr.arpa", SPECIAL_LOOPBACK},
	{"0.0.254.169.in-addr.arpa", "254.169.in-addr.arpa", SPECIAL_ZONE},
	{"1.2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa", SPECIAL_ZONE},
	{"1.3.0.192.in-addr.arpa", NULL, 0},
	{"100.51.198.in-addr.arpa", "100.51.198.in-addr.arpa", SPECIAL_ZONE},
	{"113.0.203.in-addr.arpa", "113.0.203.in-addr.arpa", SPECIAL_ZONE},
	{"255.255.255.255.in-addr.arpa", "255.255.255.255.in-addr.arpa", SPECIAL_ZONE},
	{"254.255.255.255.in-addr.arpa", NULL, 0},
	{"1.0.63.100.in-addr.arpa", NULL, 0},
	{"1.0.64.100.in-addr.arpa", "64.100.in-addr.arpa", SPECIAL_ZONE},
	{"1.0.127.100.in-addr.arpa", "127.100.in-addr.arpa", SPECIAL_ZONE},
	{"1.0.128.100.in-addr.arpa", NULL, 0},
	{"0.0." ZEROS_15 ZEROS_15 "ip6.arpa", "0.0." ZEROS_15 ZEROS_15 "ip6.arpa", SPECIAL_ZONE},
	{"1.0." ZEROS_15 ZEROS_15 "ip6.arpa", "1.0." ZEROS_15 ZEROS_15 "ip6.arpa",
	 SPECIAL_LOOPBACK},
	{"2.0." ZEROS_15 ZEROS_15 "ip6.arpa", NULL, 0},
	{"0.d.f.ip6.arpa", "d.f.ip6.arpa", SPECIAL_ZONE},
	{"c.f.ip6.arpa", NULL, 0},
	{"8.e.f.ip6.arpa", "8.e.f.ip6.arpa", SPECIAL_ZONE},
	{"9.e.f.ip6.arpa", "9.e.f.ip6.arpa", SPECIAL_ZONE},
	{"a.e.f.ip6.arpa", "a.e.f.ip6.arpa", SPECIAL_ZONE},
	{"1.b.e.f.ip6.arpa", "b.e.f.ip6.arpa", SPECIAL_ZONE},
	{"c.e.f.ip6.arpa", NULL, 0},
	{"1.8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", SPECIAL_ZONE},
	{"9.b.d.0.1.0.0.2.ip6.arpa", NULL, 0},
};

static void test_names(void **state)
{
	struct namemap *map = NULL;

	assert_int_equal(special_create(&key, zones, COUNT(zones), true, &map), ERR_OK);
	for (size_t i = 0; i < COUNT(names); i++) {
		char text[NAME_TEXT_MAX];
		struct name_suffixes s;
		struct namemap_hit hit;
		struct name name;

		assert_int_equal(name_from_text(names[i].name, strlen(names[i].name), &name),
				 ERR_OK);
		name_hash_suffixes(&key, &name, &s);
		hit = namemap_find(map, &name, &s, 0);
		if (hit.found != (names[i].zone != NULL))
			fail_msg("%s", names[i].name);
		if (!hit.found)
			continue;
		assert_int_equal(hit.value, names[i].kind);
		assert_string_equal(
			name_to_text(name.wire + s.offset[hit.suffix], text, sizeof(text)),
			names[i].zone);
	}
	namemap_free(map);
}

static void test_without_memory(void **state)
{
	bool failed = true;

	for (unsigned long nth = 0; failed; nth++) {
		struct namemap *map = NULL;
		enum err err;

		assert_true(nth < ALLOCATIONS_MAX);
		alloc_fail_start(nth, false);
		err = special_create(&key, zones, COUNT(zones), true, &map);
		failed = alloc_fail_stop();
		assert_int_equal(err, failed ? ERR_NOMEM : ERR_OK);
		assert_int_equal(map == NULL, failed);
		namemap_free(map);
	}
}

static void test_zones_alone(void **state)
{
	struct namemap *map = NULL;
	struct name_suffixes s;
	struct name name;

	assert_int_equal(special_create(&key, zones, 2, false, &map), ERR_OK);
	assert_int_equal(name_from_text("a.test", 6, &name), ERR_OK);
	name_hash_suffixes(&key, &name, &s);
	assert_false(namemap_find(map, &name, &s, 0).found);
	namemap_free(map);
}

static bool is_tld(const struct namemap *map, const char *text)
{
	struct name_suffixes s;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(&key, &name, &s);
	return namemap_get(map, &name, &s).found;
}

static void test_tlds(void **state)
{
	static const char *const here[] = {"com", "de", "arpa", "ck", "jp", "xn--p1ai", "museum"};
	static const char *const not [] = {"wpad", "lan", "co.uk", "printer", "home", "fritz"};
	struct namemap *map = NULL;

	assert_int_equal(special_read_tlds("/nowhere", &key, &map), ERR_SYS);
	assert_int_equal(special_read_tlds("/dev/null", &key, &map), ERR_SYS);
	assert_null(map);
	assert_int_equal(special_read_tlds(PUBLICSUFFIX_FILE, &key, &map), ERR_OK);
	for (size_t i = 0; i < COUNT(here); i++)
		if (!is_tld(map, here[i]))
			fail_msg("%s", here[i]);
	for (size_t i = 0; i < COUNT(not ); i++)
		if (is_tld(map, not [i]))
			fail_msg("%s", not [i]);
	namemap_free(map);
}

static void test_canaries(void **state)
{
	static const struct {
		const char *name;
		bool canary;
	} rows[] = {
		{"use-application-dns.net", true},
		{"mask.icloud.com", true},
		{"mask-h2.icloud.com", true},
		{"mask-h3.icloud.com", false},
		{"use-application-dns.com", false},
		{"x.mask.icloud.com", false},
		{"icloud.com", false},
		{"mosk.icloud.com", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct name name;

		assert_int_equal(name_from_text(rows[i].name, strlen(rows[i].name), &name), ERR_OK);
		if (special_is_canary(&name) != rows[i].canary)
			fail_msg("%s", rows[i].name);
	}
}

static void test_tlds_without_memory(void **state)
{
	const char *path = scratch_write(*state, "suffixes",
					 "// ===BEGIN ICANN DOMAINS===\ncom\nco.uk\n*.ck\n!www.ck\n"
					 "// ===END ICANN DOMAINS===\n");
	bool failed = true;

	for (unsigned long nth = 0; failed; nth++) {
		struct namemap *map = NULL;
		enum err err;

		assert_true(nth < ALLOCATIONS_MAX);
		alloc_fail_start(nth, false);
		err = special_read_tlds(path, &key, &map);
		failed = alloc_fail_stop();
		if (!failed)
			assert_int_equal(err, ERR_OK);
		assert_int_equal(map == NULL, err != ERR_OK);
		if (map)
			assert_true(is_tld(map, "com") && is_tld(map, "uk") && is_tld(map, "ck"));
		namemap_free(map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_zones_alone),
		cmocka_unit_test(test_tlds),
		cmocka_unit_test_setup_teardown(test_tlds_without_memory, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test(test_canaries),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests_name("special", tests, NULL, NULL);
}
