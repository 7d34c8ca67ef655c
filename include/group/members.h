/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The group of a client, by the longest prefix of its address: found by one look into a table for
 * all addresses with the same first 16 bits, unless these are divided.
 */
#ifndef GROUP_MEMBERS_H
#define GROUP_MEMBERS_H

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "addrs/addrset.h"
#include "base/addr.h"
#include "base/err.h"

#define MEMBERS_NO_GROUP 0U	   /* else the group's place and 1 */
#define MEMBERS_GROUPS_MAX 0x7ffeU /* groups */
#define MEMBERS_BLOCKS 0x10000U	   /* of a family */

/* Never changed: any thread. */
struct members;

/* From prefixes, whose lists are the places of their groups; they are taken over when that
 * succeeds.  ERR_NOMEM. */
enum err members_create(struct addrset *prefixes, struct members **ret_members) MUST_CHECK;

/* NULL is fine. */
void members_free(struct members *members);

/* members_group, where the table alone does not tell. */
uint16_t members_search(const struct members *members, const struct ip *client);

struct members {
	struct addrset *prefixes; /* owned */
	struct members_range *ranges;
	struct members_split *splits;
	/* By family, and the first 16 bits as members_block has them: the group, or more, which is
	 * where to search. */
	uint16_t blocks[2][MEMBERS_BLOCKS];
};

/* The place of an address among the blocks of its family: its first two octets, in the order of
 * the machine, which spares the turning. */
static inline uint16_t members_block(const struct ip *ip)
{
	uint16_t block;

	memcpy(&block, ip->bytes, sizeof(block));
	return block;
}

/* The client's group.  Of one whose last bits are not known, the one that all that it may be are
 * in. */
static inline uint16_t members_group(const struct members *members, const struct ip *client)
{
	const uint16_t found = members->blocks[client->family != AF_INET][members_block(client)];

	if (found <= MEMBERS_GROUPS_MAX && client->unknown == 0)
		return found;
	return members_search(members, client);
}

#endif
