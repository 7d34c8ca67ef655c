/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/leases.h"
#include "support/scratch.h"

#define LATER 2000000000U

static const char hosts[] =
	"# machines\n192.0.2.1 router.example router\n\t2001:db8::1  v6.example. # here\r\n"
	"192.0.2.2\nnot an address\n192.0.2.3 <script>\n";
static const char dnsmasq[] = "1790000000 00:11:22:AA:bb:cc 192.0.2.7 laptop 01:00:11:22:aa:bb:cc\n"
			      "1790000000 00:11:22:aa:bb:cd 192.0.2.8 * *\n"
			      "duid 00:01:00:01\n1790000000 12345 2001:db8::7 phone 00:01\n";
static const char kea[] =
	"address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
	"user_context,pool_id\n"
	"192.0.2.9,00:11:22:33:44:55,,3600,1790003600,1,0,0,printer.example.,0,,0\n"
	"192.0.2.9,66:11:22:33:44:55,,3600,1790007200,1,0,0,other,0,,0\n"
	"192.0.2.10,,,x,y,1,0,0,,0,,0\n";
static const char isc[] =
	"server-duid \"\\000\\001\";\nlease 192.0.2.20 {\n  starts 4 2026/11/26 08:00:00;\n"
	"  ends 4 2026/11/26 09:00:00;\n  hardware ethernet 00:aa:bb:cc:dd:ee;\n"
	"  client-hostname \"tablet\";\n}\nlease 192.0.2.21 {\n  binding state free;\n}\n";

static const struct lease *find(struct leases *l, const char *address, uint32_t at_s)
{
	struct ip ip;

	assert_int_equal(ip_parse(address, &ip), ERR_OK);
	return leases_find(l, &ip, at_s);
}

static void test_forms(void **state)
{
	static const struct {
		const char *text;
		const char *address;
		const char *name; /* NULL: nothing is known */
		const char *mac;
	} cases[] = {
		{hosts, "192.0.2.1", "router.example", ""},
		{hosts, "2001:db8::1", "v6.example", ""},
		{hosts, "192.0.2.2", NULL, NULL},
		{hosts, "192.0.2.3", NULL, NULL},
		{dnsmasq, "192.0.2.7", "laptop", "00:11:22:aa:bb:cc"},
		{dnsmasq, "192.0.2.8", "", "00:11:22:aa:bb:cd"},
		{dnsmasq, "2001:db8::7", "phone", ""},
		{kea, "192.0.2.9", "other", "66:11:22:33:44:55"},
		{kea, "192.0.2.10", NULL, NULL},
		{isc, "192.0.2.20", "tablet", "00:aa:bb:cc:dd:ee"},
		{isc, "192.0.2.21", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct lease *lease;
		struct leases *l;

		assert_int_equal(leases_create(&l), ERR_OK);
		assert_int_equal(leases_add(l, cases[i].text, strlen(cases[i].text)), ERR_OK);
		lease = find(l, cases[i].address, LATER);
		assert_true((lease == NULL) == (cases[i].name == NULL));
		if (lease) {
			assert_string_equal(lease->name, cases[i].name);
			assert_string_equal(lease->mac, cases[i].mac);
		}
		leases_free(l);
	}
	leases_free(NULL);
}

/* A lease says nothing of what was before it began. */
static void test_of_another_machine_by_then(void **state)
{
	struct leases *l;

	(void)state;
	assert_int_equal(leases_create(&l), ERR_OK);
	assert_null(find(l, "192.0.2.9", LATER));
	assert_int_equal(leases_add(l, kea, strlen(kea)), ERR_OK);
	assert_null(find(l, "192.0.2.9", 1789999999));
	assert_string_equal(find(l, "192.0.2.9", 1790000000)->name, "printer.example");
	assert_string_equal(find(l, "192.0.2.9", 1790003600)->name, "other");
	assert_int_equal(leases_add(l, isc, strlen(isc)), ERR_OK);
	assert_null(find(l, "192.0.2.20", 1795679999));
	assert_non_null(find(l, "192.0.2.20", 1795680000));
	leases_free(l);
}

static void test_files(void **state)
{
	struct scratch scratch;
	struct err_text text;
	struct leases *l;
	char paths[8192];

	(void)state;
	scratch_make(&scratch);
	scratch_write(&scratch, "hosts", hosts);
	scratch_write(&scratch, "kea.csv", kea);
	snprintf(paths, sizeof(paths), "%s,", scratch_path(&scratch, "hosts"));
	snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths), "%s,",
		 scratch_path(&scratch, "kea.csv"));
	assert_int_equal(leases_create(&l), ERR_OK);
	assert_int_equal(leases_read(l, paths, &text), ERR_OK);
	assert_non_null(find(l, "192.0.2.1", LATER));
	assert_non_null(find(l, "192.0.2.9", LATER));
	assert_int_equal(leases_read(l, scratch_path(&scratch, "none"), &text), ERR_SYS);
	assert_non_null(strstr(text.text, "none"));
	leases_free(l);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_of_another_machine_by_then),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
