/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/embedded.h"
#include "inspect/rebind.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct ip ip(const char *text)
{
	struct ip parsed;

	assert_int_equal(ip_parse(text, &parsed), ERR_OK);
	return parsed;
}

static void test_embedded(void **state)
{
	static const struct {
		const char *ipv6;
		const char *ipv4; /* NULL: there is none */
	} rows[] = {
		{"64:ff9b::192.0.2.1", "192.0.2.1"},
		{"64:ff9b::1:192.0.2.1", NULL},
		{"64:ff9b:1::192.0.2.1", NULL},
		{"2002:c000:201::1", "192.0.2.1"},
		{"::192.0.2.1", "192.0.2.1"},
		{"::", NULL},
		{"::1", NULL},
		{"::2", "0.0.0.2"},
		{"::1:0:0", NULL},
		{"192.0.2.1", NULL},
		{"::ffff:192.0.2.1", NULL}, /* is the address itself */
		{"2001:db8::1", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ip from = ip(rows[i].ipv6);
		struct ip found;

		assert_int_equal(embedded_ipv4(&from, &found), rows[i].ipv4 != NULL);
		if (rows[i].ipv4) {
			struct ip expected = ip(rows[i].ipv4);

			assert_true(ip_equal(&found, &expected));
		}
	}
}

static bool is_excepted(const struct rebind *rebind, const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return rebind_is_excepted(rebind, &name);
}

static void except(struct rebind *rebind, const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	assert_int_equal(rebind_except(rebind, &name), ERR_OK);
}

static struct rebind *make(void)
{
	const struct hash_key key = {1, 2};
	struct prefix networks[2];
	struct rebind *rebind;

	assert_int_equal(prefix_parse("10.0.0.0/8", &networks[0]), ERR_OK);
	assert_int_equal(prefix_parse("fc00::/7", &networks[1]), ERR_OK);
	assert_int_equal(rebind_create(networks, COUNT(networks), &key, &rebind), ERR_OK);
	return rebind;
}

static void test_private(void **state)
{
	static const struct {
		const char *text;
		bool is_private;
	} rows[] = {
		{"10.0.0.1", true},
		{"11.0.0.1", false},
		{"fd00::1", true},
		{"2001:db8::1", false},
		{"::ffff:10.0.0.1", true},
		{"64:ff9b::10.255.255.255", true},
		{"64:ff9b::11.0.0.0", false},
		{"2002:a00:1::", true},
		{"::10.0.0.1", true},
	};
	struct rebind *rebind = make();

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ip address = ip(rows[i].text);

		assert_int_equal(rebind_is_private(rebind, &address), rows[i].is_private);
	}
	rebind_free(rebind);
	rebind_free(NULL);
}

static void test_exceptions(void **state)
{
	struct rebind *rebind = make();

	assert_false(is_excepted(rebind, "www.corp.example"));
	except(rebind, "corp.example");
	except(rebind, "corp.example");
	assert_true(is_excepted(rebind, "corp.example"));
	assert_true(is_excepted(rebind, "www.corp.example"));
	assert_false(is_excepted(rebind, "xcorp.example"));
	assert_false(is_excepted(rebind, "example"));
	except(rebind, ".");
	assert_true(is_excepted(rebind, "example"));
	rebind_free(rebind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_exceptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
