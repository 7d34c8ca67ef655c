/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that cost next to nothing, for the upstreams of the benchmarks. */
#ifndef TOOLS_ANSWER_H
#define TOOLS_ANSWER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	PACKET_MAX = 4096,
	HEADER_LEN = 12,
	RR_FIXED_LEN = 10, /* type, class, TTL, length */
	ANSWER_LEN = 16,
	ANSWERS_MAX = 16,
	OPT_LEN = 11,
	TYPE_A = 1,
	TYPE_OPT = 41,
};

/* The record that every A question is answered with, and further ones of the addresses behind it.
 */
struct answer {
	uint32_t ttl_s;
	unsigned further;
	struct in_addr address;
};

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* The offset behind the name that starts at offset, or 0 when it does not end inside the packet. */
static inline size_t skip_name(const uint8_t *packet, size_t len, size_t offset)
{
	while (offset < len) {
		uint8_t label = packet[offset];

		if (label == 0)
			return offset + 1;
		if (label >= 0xc0)
			return offset + 2 <= len ? offset + 2 : 0;
		if (label > 63)
			return 0;
		offset += 1u + label;
	}
	return 0;
}

/* Whether the records behind the question hold an OPT that lies inside the packet. */
static inline bool has_opt(const uint8_t *packet, size_t len, size_t offset)
{
	unsigned left = (unsigned)get16(packet + 6) + get16(packet + 8) + get16(packet + 10);

	for (; left > 0; left--) {
		offset = skip_name(packet, len, offset);
		if (offset == 0 || offset + RR_FIXED_LEN > len)
			return false;
		size_t end = offset + RR_FIXED_LEN + get16(packet + offset + 8);

		if (end > len)
			return false;
		if (get16(packet + offset) == TYPE_OPT)
			return true;
		offset = end;
	}
	return false;
}

static inline size_t put_answer(uint8_t *p, const struct answer *answer, unsigned number)
{
	static const uint8_t head[] = {0xc0, 0x0c, 0, TYPE_A, 0, 1};
	struct in_addr address = {.s_addr = htonl(ntohl(answer->address.s_addr) + number)};

	memcpy(p, head, sizeof head);
	put16(p + 6, answer->ttl_s >> 16);
	put16(p + 8, answer->ttl_s & 0xffff);
	put16(p + 10, 4);
	memcpy(p + 12, &address, 4);
	return ANSWER_LEN;
}

static inline size_t put_opt(uint8_t *p)
{
	static const uint8_t opt[OPT_LEN] = {0, 0, TYPE_OPT, 0x04, 0xd0};

	memcpy(p, opt, OPT_LEN);
	return OPT_LEN;
}

/* Turns the query into its answer in place. Returns the new length, 0 for what is no query. */
static inline size_t answer_query(uint8_t *packet, size_t len, const struct answer *answer)
{
	size_t name_end = skip_name(packet, len, HEADER_LEN);
	size_t end = name_end + 4;

	if (get16(packet + 4) != 1 || name_end == 0 || end > len ||
	    end + ANSWERS_MAX * ANSWER_LEN + OPT_LEN > PACKET_MAX)
		return 0;
	bool edns = has_opt(packet, len, end);
	bool address = get16(packet + name_end) == TYPE_A;

	packet[2] = 0x81;
	packet[3] = 0x80;
	put16(packet + 6, address ? 1 + answer->further : 0);
	put16(packet + 8, 0);
	put16(packet + 10, edns);
	for (unsigned i = 0; address && i <= answer->further; i++)
		end += put_answer(packet + end, answer, i);
	if (edns)
		end += put_opt(packet + end);
	return end;
}

#endif
