/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/mac.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define TEXT_OCTETS 17U
#define BASE64_OCTETS 8U
#define GROUP 0x01U /* of the first octet: not one interface's (IEEE 802) */
#define LOCAL 0x02U /* inverted in an EUI-64 */

/* fe80::/64, and what stands between the halves of the address */
static const uint8_t before[8] = {0xfe, 0x80};
static const uint8_t between[2] = {0xff, 0xfe};

enum err mac_read(const uint8_t *data, size_t len, struct ip *ret_client)
{
	static const uint8_t nobody[MAC_OCTETS];
	uint8_t address[16];

	if (len != MAC_OCTETS || (data[0] & GROUP) || memcmp(data, nobody, MAC_OCTETS) == 0)
		return ERR_SYNTAX;
	memcpy(address, before, sizeof(before));
	memcpy(address + 8, data, 3);
	memcpy(address + 11, between, sizeof(between));
	memcpy(address + 13, data + 3, 3);
	address[8] ^= LOCAL;
	*ret_client = ip_from_octets(address, true);
	return ERR_OK;
}

/* ---- texts */

/* -1: it is no such digit. */
static int hexadecimal(uint8_t c)
{
	uint8_t small = c | 0x20U;

	if (c >= '0' && c <= '9')
		return c - '0';
	return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

static bool read_hexadecimal(const uint8_t *data, uint8_t octets[MAC_OCTETS])
{
	for (size_t i = 0; i < MAC_OCTETS; i++) {
		int high = hexadecimal(data[3 * i]);
		int low = hexadecimal(data[3 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		if (i + 1 < MAC_OCTETS &&
		    (data[3 * i + 2] != data[2] || (data[2] != ':' && data[2] != '-')))
			return false;
		octets[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int base64(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Six octets are eight letters, and no padding. */
static bool read_base64(const uint8_t *data, uint8_t octets[MAC_OCTETS])
{
	for (size_t half = 0; half < 2; half++) {
		uint32_t value = 0;

		for (size_t i = 0; i < 4; i++) {
			int digit = base64(data[4 * half + i]);

			if (digit < 0)
				return false;
			value = value << 6 | (uint32_t)digit;
		}
		octets[3 * half] = (uint8_t)(value >> 16);
		octets[3 * half + 1] = (uint8_t)(value >> 8);
		octets[3 * half + 2] = (uint8_t)value;
	}
	return true;
}

enum err mac_read_text(const uint8_t *data, size_t len, struct ip *ret_client)
{
	uint8_t octets[MAC_OCTETS];
	bool good = false;

	if (len == TEXT_OCTETS)
		good = read_hexadecimal(data, octets);
	else if (len == BASE64_OCTETS)
		good = read_base64(data, octets);
	return good ? mac_read(octets, sizeof(octets), ret_client) : ERR_SYNTAX;
}

const char *mac_text(const struct ip *client, char buf[MAC_TEXT_MAX])
{
	const uint8_t *a = client->bytes;

	if (client->family != AF_INET6 || client->unknown > 0 ||
	    memcmp(a, before, sizeof(before)) != 0 || memcmp(a + 11, between, sizeof(between)) != 0)
		return NULL;
	snprintf(buf, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", a[8] ^ LOCAL, a[9], a[10],
		 a[13], a[14], a[15]);
	return buf;
}
