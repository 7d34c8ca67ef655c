/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ports.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		struct port_range range;
	} rows[] = {
		{"8053", ERR_OK, {8053, 8053}},
		{"8000-8100", ERR_OK, {8000, 8100}},
		{"1-65535", ERR_OK, {1, 65535}},
		{"7-7", ERR_OK, {7, 7}},
		{"", ERR_SYNTAX, {0}},
		{"-", ERR_SYNTAX, {0}},
		{"-5", ERR_SYNTAX, {0}},
		{"5-", ERR_SYNTAX, {0}},
		{"a", ERR_SYNTAX, {0}},
		{"5 ", ERR_SYNTAX, {0}},
		{"5-6-7", ERR_SYNTAX, {0}},
		{"0", ERR_RANGE, {0}},
		{"0-5", ERR_RANGE, {0}},
		{"65536", ERR_RANGE, {0}},
		{"99999999999999999999", ERR_RANGE, {0}},
		{"6-5", ERR_RANGE, {0}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct port_range range = {0};

		assert_int_equal(port_range_parse(rows[i].text, &range), rows[i].err);
		assert_int_equal(range.first, rows[i].range.first);
		assert_int_equal(range.last, rows[i].range.last);
	}
}

/* Each of the ports that are left is drawn, and no other. */
static void test_left_alone(void **state)
{
	static const struct port_range avoid[] = {{1, 2000}, {5000, 65535}};
	struct random_pool random = {0};
	uint32_t drawn[65536] = {0};
	struct ports *ports = NULL;

	assert_int_equal(ports_create(avoid, 2, "2001-3000,4999 ,x,70000,3500\n", &ports), ERR_OK);
	for (int i = 0; i < 200000; i++)
		drawn[ports_draw(ports, &random)]++;
	for (uint32_t port = 0; port < 65536; port++) {
		if (port > 3000 && port < 4999 && port != 3500)
			assert_in_range(drawn[port], 40, 200); /* about 100 */
		else
			assert_int_equal(drawn[port], 0);
	}
	ports_free(ports);
}

static void test_too_few(void **state)
{
	static const struct port_range most = {1024, 65535 - PORTS_LEAST};
	struct ports *ports = NULL;

	assert_int_equal(ports_create(&most, 1, NULL, &ports), ERR_OK);
	ports_free(ports);
	ports = NULL;
	assert_int_equal(ports_create(&most, 1, "65535", &ports), ERR_RANGE);
	assert_null(ports);
	ports_free(NULL);
}

static void test_all(void **state)
{
	struct random_pool random = {0};
	uint16_t least = UINT16_MAX;
	uint16_t most = 0;

	for (int i = 0; i < 100000; i++) {
		uint16_t port = ports_draw(NULL, &random);

		least = port < least ? port : least;
		most = port > most ? port : most;
	}
	assert_in_range(least, PORT_MIN, PORT_MIN + 20);
	assert_in_range(most, 65515, 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_too_few),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
