/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "group/rates.h"
#include "support/alloc_fail.h"

#define ALLOCATIONS_MAX 50U

static struct conf *read_conf(const char *yaml)
{
	struct conf *conf;
	struct err_text text;

	assert_int_equal(conf_parse("test", yaml, strlen(yaml), &conf, &text), ERR_OK);
	return conf;
}

static const struct rate *find(const struct rates *rates, const char *address)
{
	struct ip ip;

	assert_int_equal(ip_parse(address, &ip), ERR_OK);
	return rates_find(rates, &ip);
}

static const char whole[] = "rate-limit:\n"
			    "  rate: 100\n"
			    "  exempt: [10.9.0.0/16, \"2001:db8:9::/48\"]\n"
			    "  networks:\n"
			    "    - prefixes: [10.8.0.0/16, \"2001:db8:8::/48\"]\n"
			    "      rate: 7\n"
			    "      burst: 3\n"
			    "    - rate: 5000\n"
			    "    - prefixes: [10.0.0.0/8]\n"
			    "      rate: 9\n";

static void test_found_by_prefix(void **state)
{
	static const struct {
		const char *address;
		uint32_t per_second; /* 0: no limit */
		uint32_t burst;
	} rows[] = {
		{"10.9.1.1", 0, 0},	   {"2001:db8:9::1", 0, 0},	{"10.8.255.255", 7, 3},
		{"2001:db8:8:1::1", 7, 3}, {"100.64.0.1", 5000, 10000}, {"100.128.0.1", 100, 200},
		{"10.10.0.1", 9, 18},	   {"192.0.2.1", 100, 200},	{"2001:db8:7::1", 100, 200},
		{"::ffff:10.8.0.1", 7, 3}, {"127.0.0.1", 100, 200},
	};
	struct conf *conf = read_conf(whole);
	struct rates *rates = NULL;

	assert_int_equal(rates_create(&conf->rate_limit, &rates), ERR_OK);
	conf_free(conf);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct rate *r = find(rates, rows[i].address);

		assert_int_equal(r != NULL, rows[i].per_second != 0);
		if (!r)
			continue;
		assert_int_equal(r->per_second, rows[i].per_second);
		assert_int_equal(r->burst, rows[i].burst);
	}
	rates_free(rates);
}

static void test_off(void **state)
{
	struct conf *conf = read_conf("rate-limit: {burst: 5}\n");
	struct rates *rates = (struct rates *)&rates;

	assert_int_equal(rates_create(&conf->rate_limit, &rates), ERR_OK);
	assert_null(rates);
	conf_free(conf);
	rates_free(NULL);
}

/* A network alone: all others are as before; by default one's own machine is exempt. */
static void test_networks_alone(void **state)
{
	struct conf *conf =
		read_conf("rate-limit: {networks: [{prefixes: [0.0.0.0/0], rate: 3}]}\n");
	struct rates *rates;

	assert_int_equal(rates_create(&conf->rate_limit, &rates), ERR_OK);
	assert_int_equal(find(rates, "192.0.2.1")->per_second, 3);
	assert_null(find(rates, "2001:db8::1"));
	assert_null(find(rates, "127.0.0.1"));
	assert_null(find(rates, "::1"));
	rates_free(rates);
	conf_free(conf);
}

static void test_without_memory(void **state)
{
	struct conf *conf = read_conf(whole);
	struct rates *rates = NULL;
	enum err err = ERR_NOMEM;

	for (unsigned long i = 0; i < ALLOCATIONS_MAX && err == ERR_NOMEM; i++) {
		alloc_fail_start(i, true);
		err = rates_create(&conf->rate_limit, &rates);
		if (!alloc_fail_stop())
			assert_int_equal(err, ERR_OK);
		else if (err != ERR_OK)
			assert_null(rates);
	}
	assert_int_equal(err, ERR_OK);
	rates_free(rates);
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_by_prefix),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_networks_alone),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
