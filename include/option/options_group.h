/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h that are of groups of clients. */
#ifndef CONF_OPTIONS_GROUP_H
#define CONF_OPTIONS_GROUP_H

#define CONF_GROUPS_MAX 256
#define CONF_GROUP_NAME_MAX 63
#define CONF_SCHEDULE_MAX 32
#define CONF_GROUP_LISTS_ALL "all" /* the word for all lists that are not for groups only */

/* clang-format off */

#define CONF_ROWS_SCHEDULE(X) \
	X(schedule, days, "days", DAYS, "mon tue wed thu fri sat sun", 1, 7, "", RELOAD, \
	  "The days on which the hours begin.") \
	X(schedule, from_min, "from", DAYTIME, CONF_REQUIRED, 0, 1439, "", RELOAD, \
	  "When they begin, as \"21:00\".") \
	X(schedule, to_min, "to", DAYTIME, CONF_REQUIRED, 0, 1440, "", RELOAD, \
	  "When they end; where that is not later than from, on the day after.  What counts is what clocks " \
	  "show: what they show twice, when they are put back, is twice in the hours or outside.") \
	X(schedule, time_zone, "time-zone", STRING, "", 0, 63, "", RELOAD, \
	  "Whose clocks, as Europe/Berlin; empty: those of the machine (/etc/localtime).") \
	X(schedule, lists, "lists", LISTNAMES, "", 0, CONF_LISTS_MAX, "", RELOAD, \
	  "Lists that hold in these hours, beside those of the group.") \
	X(schedule, without, "without", LISTNAMES, "", 0, CONF_LISTS_MAX, "", RELOAD, \
	  "Lists that do not hold in these hours, whatever else says that they do; none is mandatory.")

#define CONF_ROWS_GROUP(X) \
	X(group, name, "name", LISTNAME, CONF_REQUIRED, 1, CONF_GROUP_NAME_MAX, "", RELOAD, \
	  "What explain and the log call the group.  No two may have the same.") \
	X(group, clients, "clients", PREFIXES, "", 1, CONF_PREFIXES_MAX, "", RELOAD, \
	  "The addresses and networks of the group's clients.  Of several groups that have a client the one " \
	  "with the longest prefix is the client's: 0.0.0.0/0 and ::/0 are all that no other group has.") \
	X(group, lists, "lists", LISTNAMES, CONF_GROUP_LISTS_ALL, 0, CONF_LISTS_MAX, "", RELOAD, \
	  "The lists that hold for these clients; all stands for those without groups-only.  A mandatory " \
	  "list holds besides, named or not; so does what is blocked by command.") \
	X(group, without, "without", LISTNAMES, "", 0, CONF_LISTS_MAX, "", RELOAD, \
	  "Lists that do not hold for them, though lists has them; none is mandatory.") \
	X(group, sinkhole_ipv4, "sinkhole-ipv4", IPV4, "", 0, 0, "", RELOAD, \
	  "What they are answered for A by action sinkhole, in the place of the lists' own addresses; but " \
	  "by mandatory lists, and what was blocked by command or what rules give, as ever.") \
	X(group, sinkhole_ipv6, "sinkhole-ipv6", IPV6, "", 0, 0, "", RELOAD, \
	  "The same for AAAA.  Where one of the two alone is given, the other has no address.") \
	X(group, upstreams, "upstreams", SECTIONS(upstream), "", 0, CONF_UPSTREAMS_MAX, "", RELOAD, \
	  "The resolvers that are asked what no list decides for these clients, in the place of those " \
	  "for all; their answers are remembered apart from all others.  Names in a zone of forward are " \
	  "asked of that zone's upstreams.  Without any they ask those for all.") \
	X(group, zones_too, "zones-too", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether the group's upstreams are also asked for names in the zones of forward.") \
	X(group, filter_types, "filter-types", RRTYPES, "", 0, CONF_FILTER_TYPES_MAX, "", RELOAD, \
	  "Record types that these clients are told there are none of, beside those of " \
	  "server.filter-types.  The hints of HTTPS and SVCB records stay, as they are in what is " \
	  "remembered for all.") \
	X(group, schedule, "schedule", SECTIONS(schedule), "", 0, CONF_SCHEDULE_MAX, "", RELOAD, \
	  "Hours of the week in which other lists hold; TTLs of answers end with them.")

/* As struct tm has them. */
#define CONF_WORDS_DAY(W) \
	W(CONF_DAY_SUN, "sun") \
	W(CONF_DAY_MON, "mon") \
	W(CONF_DAY_TUE, "tue") \
	W(CONF_DAY_WED, "wed") \
	W(CONF_DAY_THU, "thu") \
	W(CONF_DAY_FRI, "fri") \
	W(CONF_DAY_SAT, "sat")

/* clang-format on */

#endif
