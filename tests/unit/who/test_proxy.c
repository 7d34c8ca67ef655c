/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "who/proxy.h"

#define V4 "\300\0\2\7\300\0\2\1\x12\x34\0\x35" /* 192.0.2.7 port 4660, to 192.0.2.1 port 53 */
#define V6                                                                                         \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x12\x34\0"   \
	"\x35"
#define MAPPED                                                                                     \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\300\0\2\7\0\0\0\0\0\0\0\0\0\0\xff\xff\300\0\2\1\x12\x34\0"   \
	"\x35"
#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *what;
	uint8_t version_command;
	uint8_t family_protocol;
	const char *rest; /* behind the length */
	size_t rest_len;
	enum proxy_verdict verdict;
	const char *client; /* of PROXY_CLIENT */
	bool stream;
} cases[] = {
	{"IPv4, UDP", 0x21, 0x12, TEXT(V4), PROXY_CLIENT, "192.0.2.7", false},
	{"IPv4, TCP", 0x21, 0x11, TEXT(V4), PROXY_CLIENT, "192.0.2.7", true},
	{"IPv6, UDP", 0x21, 0x22, TEXT(V6), PROXY_CLIENT, "2001:db8::7", false},
	{"IPv6, TCP", 0x21, 0x21, TEXT(V6), PROXY_CLIENT, "2001:db8::7", true},
	{"mapped IPv4 is IPv4", 0x21, 0x22, TEXT(MAPPED), PROXY_CLIENT, "192.0.2.7", false},
	{"with TLVs", 0x21, 0x12, TEXT(V4 "\xe0\0\2ab\4\0\0"), PROXY_CLIENT, "192.0.2.7", false},
	{"a TLV beyond the end", 0x21, 0x12, TEXT(V4 "\xe0\0\3ab"), PROXY_BAD, NULL, false},
	{"a TLV of one octet", 0x21, 0x12, TEXT(V4 "\xe0"), PROXY_BAD, NULL, false},
	{"a TLV without its length", 0x21, 0x12, TEXT(V4 "\xe0\0"), PROXY_BAD, NULL, false},
	{"IPv4, an octet short", 0x21, 0x12, V4, sizeof(V4) - 2, PROXY_BAD, NULL, false},
	{"IPv6 with IPv4's octets", 0x21, 0x22, TEXT(V4), PROXY_BAD, NULL, false},
	{"IPv4 with IPv6's octets", 0x21, 0x12, TEXT(V6), PROXY_BAD, NULL, false},
	{"no addresses", 0x21, 0x12, TEXT(""), PROXY_BAD, NULL, false},
	{"LOCAL", 0x20, 0x00, TEXT(""), PROXY_ITSELF, NULL, false},
	{"LOCAL with addresses", 0x20, 0x12, TEXT(V4), PROXY_ITSELF, NULL, false},
	{"LOCAL with anything", 0x20, 0xff, TEXT("abc"), PROXY_ITSELF, NULL, false},
	{"of no family", 0x21, 0x00, TEXT(""), PROXY_ITSELF, NULL, false},
	{"of no family, with octets", 0x21, 0x02, TEXT(V4), PROXY_ITSELF, NULL, false},
	{"a Unix socket", 0x21, 0x31, TEXT(V6 V6 V6 V6 V6 V6), PROXY_BAD, NULL, false},
	{"an unknown family", 0x21, 0x42, TEXT(V6), PROXY_BAD, NULL, false},
	{"of no protocol", 0x21, 0x10, TEXT(V4), PROXY_BAD, NULL, false},
	{"an unknown protocol", 0x21, 0x13, TEXT(V4), PROXY_BAD, NULL, false},
	{"an unknown command", 0x22, 0x12, TEXT(V4), PROXY_BAD, NULL, false},
	{"version 1", 0x11, 0x12, TEXT(V4), PROXY_BAD, NULL, false},
	{"version 3", 0x31, 0x12, TEXT(V4), PROXY_BAD, NULL, false},
};

/* Exactly as long as it says, so that a sanitizer sees what is read beyond. */
static uint8_t *header_of(size_t i, size_t *ret_len)
{
	size_t len = PROXY_FIXED + cases[i].rest_len;
	uint8_t *octets = malloc(len);

	assert_non_null(octets);
	memcpy(octets, PROXY_SIGNATURE, PROXY_SIGNATURE_LEN);
	octets[12] = cases[i].version_command;
	octets[13] = cases[i].family_protocol;
	octets[14] = (uint8_t)(cases[i].rest_len >> 8);
	octets[15] = (uint8_t)cases[i].rest_len;
	memcpy(octets + PROXY_FIXED, cases[i].rest, cases[i].rest_len);
	*ret_len = len;
	return octets;
}

static void test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proxy_header header;
		char text[INET6_ADDRSTRLEN];
		struct ip ip;
		size_t len;
		uint8_t *octets = header_of(i, &len);
		enum proxy_verdict verdict = proxy_read(octets, len, &header);

		if (verdict != cases[i].verdict)
			fail_msg("%s: %d, not %d", cases[i].what, verdict, cases[i].verdict);
		if (verdict != PROXY_BAD)
			assert_int_equal(header.len, len);
		if (verdict == PROXY_CLIENT) {
			ip = ip_from_sockaddr(&header.client.u.sa);
			assert_string_equal(ip_text(&ip, text, sizeof(text)), cases[i].client);
			assert_int_equal(addr_port(&header.client.u.sa), 4660);
			assert_int_equal(header.stream, cases[i].stream);
		}
		free(octets);
	}
}

/* Cut off anywhere, what could be taken is not known to be bad, nor taken. */
static void test_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proxy_header header;
		size_t len;
		uint8_t *octets = header_of(i, &len);

		for (size_t cut = 0; cut < len && cases[i].verdict != PROXY_BAD; cut++) {
			uint8_t *part = malloc(cut ? cut : 1);

			assert_non_null(part);
			memcpy(part, octets, cut);
			if (proxy_read(part, cut, &header) != PROXY_PARTIAL)
				fail_msg("%s: cut at %zu", cases[i].what, cut);
			free(part);
		}
		free(octets);
	}
}

static void test_no_header(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} others[] = {
		{TEXT("PROXY TCP4 192.0.2.7 192.0.2.1 4660 53\r\n")},
		{TEXT("\r\n\r\n\0\r\nQUIT\r")},
		{TEXT("\r\n\r\r")},
		{TEXT("\x12\x34\1\0\0\1\0\0\0\0\0\0\2c2\4test\0\0\1\0\1")},
	};
	struct proxy_header header;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(
			proxy_read((const uint8_t *)others[i].octets, others[i].len, &header),
			PROXY_BAD);
}

/* What stands behind the header is not looked at, and its length has a bound. */
static void test_length(void **state)
{
	static uint8_t octets[PROXY_MAX + 64];
	struct proxy_header header;
	const size_t most = PROXY_MAX - PROXY_FIXED;

	(void)state;
	memcpy(octets, PROXY_SIGNATURE, PROXY_SIGNATURE_LEN);
	octets[12] = 0x20;
	octets[14] = (uint8_t)(most >> 8);
	octets[15] = (uint8_t)most;
	assert_int_equal(proxy_read(octets, sizeof(octets), &header), PROXY_ITSELF);
	assert_int_equal(header.len, PROXY_MAX);
	octets[14] = (uint8_t)((most + 1) >> 8);
	octets[15] = (uint8_t)(most + 1);
	assert_int_equal(proxy_read(octets, sizeof(octets), &header), PROXY_BAD);
	octets[14] = octets[15] = 0xff;
	assert_int_equal(proxy_read(octets, PROXY_FIXED, &header), PROXY_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_no_header),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
