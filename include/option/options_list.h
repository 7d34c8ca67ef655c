/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h that are of a list: whence it comes, what it does, what keeps it
 * from doing too much. */
#ifndef CONF_OPTIONS_LIST_H
#define CONF_OPTIONS_LIST_H

#include "option/options_fetch.h"
#include "list/dnsbl.h"
#include "table/options.h"

/* clang-format off */

#define CONF_ROWS_LIST(X) \
	X(list, name, "name", LISTNAME, CONF_REQUIRED, 1, 63, "", RELOAD, \
	  "What logs, answers and metrics call the list.  No two may have the same.") \
	X(list, file, "file", PATH, "", 0, CONF_PATH_MAX, "", RELOAD, \
	  "The file with the names.  Each list has either a file or a url.") \
	CONF_ROWS_LIST_FETCH(X) \
	X(list, format, "format", FORMAT, "auto", 0, 0, "", RELOAD, \
	  "How most of the file is written: names, one a line; hosts, an address and its names; " \
	  "adblock, ||name^ rules; rpz, the master file of a response policy zone; auto, found out from " \
	  "the text.  Lines of another of the first three forms are taken as well.  addresses: addresses, " \
	  "prefixes and ranges (192.0.2.1-192.0.2.9), one a line; an upstream's answer that has one of " \
	  "them is answered as the list says.  csv: a table as of RFC 4180; json: an array of objects, an " \
	  "object of such, or one object a line; which of its columns mean what is said by columns.") \
	X(list, columns, "columns", SECTION(columns), "", 0, 0, "", RELOAD, \
	  "What the columns of format csv and json mean.") \
	X(list, addresses, "addresses", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether addresses that stand among the names of a list of another format, alone in their " \
	  "line, are listed as well.  Else they are skipped.") \
	X(list, match, "match", MATCH, "subtree", 0, 0, "", RELOAD, \
	  "Whether a name stands for itself and all below it (subtree), or for itself alone (exact).") \
	X(list, wildcards, "wildcards", WILDCARDS, "dns", 0, 0, "", RELOAD, \
	  "What a wildcard of a response policy zone covers: dns, what RFC 4592 has it cover, so not what " \
	  "lies below another name under the same parent that the zone has; nearest, all below its " \
	  "parent that has no rule nearer to it.") \
	X(list, add_soa, "add-soa", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether answers by a rule of a response policy zone have the zone's SOA in the additional " \
	  "section, where there is room for it: by its name clients and logs tell which zone it was.") \
	X(list, action, "action", ACTION, "given", 0, 0, "", RELOAD, \
	  "What is answered: given, what the rules of a response policy zone say themselves, and of other " \
	  "lists the addresses of sinkhole; sinkhole, these addresses; nxdomain, no such name; nodata, a name " \
	  "without records; refused; drop, nothing at all; tcp-only, the true answer but over TCP " \
	  "alone; pass, the true answer, and the lists after this one are not asked: what such a list " \
	  "names passes, written as a rule or as an exception (@@); log, the true answer, and it is written " \
	  "down who asks, whatever another list decides.  For a zone another one than given takes the " \
	  "place of all that its rules say.") \
	X(list, dry_run, "dry-run", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether the list only logs, whatever its action: to learn what it would block.  It cannot be " \
	  "mandatory then.") \
	X(list, sinkhole, "sinkhole", SECTION(sinkhole), "", 0, 0, "", RELOAD, \
	  "The addresses answered by action sinkhole, which needs one of the two at least.") \
	X(list, reason, "reason", REASON, "operator", 0, 0, "", RELOAD, \
	  "Why the names are blocked: order, an authority's; operator, our own decision; requested, " \
	  "the client's wish.  It chooses the Extended DNS Error of the answers (RFC 8914).") \
	X(list, mandatory, "mandatory", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether the list holds whatever stands before it, lists with action pass too.  Its own " \
	  "action has to block: it cannot be pass or tcp-only.") \
	X(list, groups_only, "groups-only", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether the list holds only for clients of those groups whose lists name it.") \
	X(list, expect_entries, "expect-entries", UINT, "0", 0, 1000000000, "", RELOAD, \
	  "Exactly how many entries the list has; another number has it refused.  0: not checked.") \
	X(list, min_entries, "min-entries", UINT, "1", 0, 1000000000, "", RELOAD, \
	  "The fewest entries the list may have; with fewer it is refused.  What is held back is no " \
	  "entry.  0: it may be empty.  A list with action pass may be, unless this is 2 or more.") \
	X(list, max_change_percent, "max-change", UINT, "0", 0, 1000, "percent", RELOAD, \
	  "How much the list may grow or shrink over a reload; with more the new one is refused.  " \
	  "A change of ten entries or fewer is always within it.  0: no limit.") \
	X(list, max_bad_percent, "max-bad", UINT, "50", 0, 100, "percent", RELOAD, \
	  "How many of the lines may be bad, comments and empty ones aside; with more the list is " \
	  "refused.") \
	X(list, max_skipped_percent, "max-skipped", UINT, "0", 0, 100, "percent", RELOAD, \
	  "How many of them may be skipped, as what is no rule about whole hosts; with more the list " \
	  "is refused.  0: no limit.") \
	X(list, on_held, "on-held", ONHELD, "leave-out", 0, 0, "", RELOAD, \
	  "What becomes of the list when the guard holds some of its entries back: leave-out, the " \
	  "others are in force; refuse, the list is refused as a whole.") \
	X(list, allow_public_suffixes, "allow-public-suffixes", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether this list may block whole top-level domains and other public suffixes.") \
	X(list, answers, "answers", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether rules of filter lists may give an address or a CNAME ($dnsrewrite).  With false " \
	  "they are skipped: of a list that somebody else writes, who could lead any name anywhere.") \
	X(list, findings, "findings", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether a client that asks for one of the names is written down (see evidence).  To be turned " \
	  "off for lists of advertising and the like, which say nothing of a client.") \
	X(list, valid_from, "valid-from", TIME, "", 0, 25, "", RELOAD, \
	  "From when on the list is in force, with its zone: 2026-11-28T07:00:00Z or " \
	  "2026-11-28T08:00:00+01:00.  Before it is loaded, and says nothing; at that time it is in force " \
	  "without a reload.") \
	X(list, expires, "expires", TIME, "", 0, 25, "", RELOAD, \
	  "When the order of the list lapses, likewise.") \
	X(list, lapse, "lapse", LAPSE, "keep", 0, 0, "", RELOAD, \
	  "What becomes of the list then: keep, it stays in force; log, it only logs; lift, it says nothing " \
	  "any more.  Of a mandatory list keep or lift.") \
	X(list, lapse_warning_s, "lapse-warning", TTL, "14d", 0, 3650U * CONF_DAY_S, "s", RELOAD, \
	  "How long before that the log warns of it, once a day; 0: not at all.") \
	X(list, family, "family", STRING, "", 0, 63, "", RELOAD, \
	  "What the names belong to, such as the name of a botnet; shown in reports.") \
	X(list, authority, "authority", SECTION(authority), "", 0, 0, "", RELOAD, \
	  "Who ordered the list; shown in answers, logs and reports.")

#define CONF_ROWS_SINKHOLE(X) \
	X(sinkhole, ipv4, "ipv4", IPV4, "", 0, 0, "", RELOAD, \
	  "The answer to questions for A.") \
	X(sinkhole, ipv6, "ipv6", IPV6, "", 0, 0, "", RELOAD, \
	  "The answer to questions for AAAA; without it they get none (NODATA).") \
	X(sinkhole, null_mx, "null-mx", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether questions for MX are answered with \"0 .\" (RFC 7505), so that mail to a listed " \
	  "name bounces at once.  Without it they get none (NODATA), and mail is tried at the address.") \
	X(sinkhole, ttl_s, "ttl", TTL, "60", 0, CONF_DAY_S, "s", RELOAD, \
	  "The TTL of the list's answers, those of other actions as well.")

#define CONF_ROWS_AUTHORITY(X) \
	X(authority, court, "court", STRING, "", 0, 255, "", RELOAD, \
	  "The court or agency.") \
	X(authority, case_id, "case", STRING, "", 0, 127, "", RELOAD, \
	  "Its case or file number.") \
	X(authority, date, "date", DATE, "", 0, 10, "", RELOAD, \
	  "The day of the order.") \
	X(authority, contact, "contact", STRING, "", 0, 255, "", RELOAD, \
	  "Whom a user who was blocked may turn to.") \
	X(authority, url, "url", URL, "", 0, 1023, "", RELOAD, \
	  "A page about the order.") \
	X(authority, remedy, "remedy", URL, "", 0, 1023, "", RELOAD, \
	  "A page that says how an infected machine is cleaned.") \
	X(authority, public_record, "public-record", TEXTS, "", 0, CONF_PUBLIC_RECORDS_MAX, "", RELOAD, \
	  "Where the order stands in public databases of what is filtered, each as DATABASE:ID of at most 160 octets, told to " \
	  "clients by structured-errors.")

#define CONF_ROWS_GUARD(X) \
	X(guard, protected, "protected", NAMES, "", 0, CONF_NAMES_MAX, "", RELOAD, \
	  "Names that no rule may block, nor one for a name above them.  The hosts of lists that are " \
	  "fetched are such names, too.") \
	X(guard, protected_file, "protected-file", PATH, "", 0, CONF_PATH_MAX, "", RELOAD, \
	  "A file with more of them, one a line; # begins a comment.  It is read with the " \
	  "configuration.") \
	X(guard, dnsbl_zones, "dnsbl-zones", NAMES, LIST_DNSBL_ZONES, 0, CONF_NAMES_MAX, "", RELOAD, \
	  "Zones in which mail servers look up addresses and domains (DNSBL, DNSWL, RFC 5782).  Any " \
	  "address is a listing there: with one of a sinkhole a mail server refuses everybody.  Rules " \
	  "at such a zone, above it or in it are held back, but for lists with action nxdomain or " \
	  "nodata, by which nothing is listed, and tcp-only and pass.  What is configured takes the place of " \
	  "these; sinkholed --dump-config shows them, to be added to.") \
	X(guard, shortest_ipv4, "shortest-ipv4", UINT, "8", 0, 32, "bits", RELOAD, \
	  "The shortest prefix of IPv4 addresses that a list may block; what is wider is held back.") \
	X(guard, shortest_ipv6, "shortest-ipv6", UINT, "19", 0, 128, "bits", RELOAD, \
	  "The same of IPv6 addresses.") \
	X(guard, protected_addresses, "protected-addresses", PREFIXES, CONF_PRIVATE_NETWORKS, 0, \
	  CONF_PREFIXES_MAX, "", RELOAD, \
	  "Networks of which no list may block an address: entries that overlap one are held back.  So " \
	  "are those that have an address of server.listen, of an upstream, or that a list answers with.") \
	X(guard, public_suffixes, "public-suffixes", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether rules for public suffixes, such as com or co.uk, are held back, but for lists with " \
	  "allow-public-suffixes.")

/* clang-format on */

#endif
