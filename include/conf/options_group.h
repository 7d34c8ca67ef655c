/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of conf/options.h that are of groups of clients. */
#ifndef CONF_OPTIONS_GROUP_H
#define CONF_OPTIONS_GROUP_H

#define CONF_GROUPS_MAX 256
#define CONF_GROUP_LISTS_ALL "all" /* the word for all lists that are not for groups only */

/* clang-format off */

#define CONF_ROWS_GROUP(X) \
	X(group, name, "name", LISTNAME, CONF_REQUIRED, 1, 63, "", RELOAD, \
	  "What explain and the log call the group.  No two may have the same.") \
	X(group, clients, "clients", PREFIXES, "", 1, CONF_PREFIXES_MAX, "", RELOAD, \
	  "The addresses and networks of the group's clients.  Of several groups that have a client the one " \
	  "with the longest prefix is the client's: 0.0.0.0/0 and ::/0 are all that no other group has.") \
	X(group, lists, "lists", LISTNAMES, CONF_GROUP_LISTS_ALL, 0, CONF_LISTS_MAX, "", RELOAD, \
	  "The lists that hold for these clients; all stands for those without groups-only.  A mandatory " \
	  "list holds besides, named or not; so does what is blocked by command.") \
	X(group, without, "without", LISTNAMES, "", 0, CONF_LISTS_MAX, "", RELOAD, \
	  "Lists that do not hold for them, though lists has them.  No mandatory list can stand here.") \
	X(group, sinkhole_ipv4, "sinkhole-ipv4", IPV4, "", 0, 0, "", RELOAD, \
	  "What these clients are answered for A by action sinkhole, in the place of the lists' own " \
	  "addresses.  Mandatory lists, what was blocked by command, and what rules give themselves are " \
	  "answered as ever.") \
	X(group, sinkhole_ipv6, "sinkhole-ipv6", IPV6, "", 0, 0, "", RELOAD, \
	  "The same for AAAA.  Where one of the two alone is given, the other has no address.")

/* clang-format on */

#endif
