/* SPDX-License-Identifier: BSD-2-Clause */
/* Where mail filters look up addresses and domains (RFC 5782). */
#ifndef LIST_DNSBL_H
#define LIST_DNSBL_H

/* clang-format off */

/* Public zones that mail filters ask, and some that have ended and are still asked by old
 * configurations: a zone that answers nothing is no harm, one that answers with an address is. */
#define LIST_DNSBL_ZONES \
	/* Spamhaus, and its Data Query Service; the CBL of old */ \
	"zen.spamhaus.org sbl.spamhaus.org xbl.spamhaus.org pbl.spamhaus.org sbl-xbl.spamhaus.org " \
	"dbl.spamhaus.org dq.spamhaus.net cbl.abuseat.org " \
	/* of addresses */ \
	"bl.spamcop.net b.barracudacentral.org psbl.surriel.com dnsbl.dronebl.org bl.blocklist.de " \
	"dnsbl-1.uceprotect.net dnsbl-2.uceprotect.net dnsbl-3.uceprotect.net ips.backscatterer.org " \
	"all.spamrats.com auth.spamrats.com dyna.spamrats.com noptr.spamrats.com spam.spamrats.com " \
	"bl.spameatingmonkey.net backscatter.spameatingmonkey.net netbl.spameatingmonkey.net " \
	"bl.ipv6.spameatingmonkey.net bl.nordspam.com bl.scientificspam.net all.s5h.net " \
	"truncate.gbudb.net dnsrbl.swinog.ch dnsbl.spfbl.net hostkarma.junkemailfilter.com " \
	"rbl.interserver.net rbl.efnetrbl.org dnsbl.httpbl.org tor.dan.me.uk torexit.dan.me.uk " \
	"bogons.cymru.com mail.abusix.zone dnsbl.sorbs.net ix.dnsbl.manitu.net " \
	/* of domains, and of other things found in mail */ \
	"multi.surbl.org multi.uribl.com black.uribl.com grey.uribl.com red.uribl.com " \
	"uribl.spameatingmonkey.net urired.spameatingmonkey.net fresh.spameatingmonkey.net " \
	"dbl.nordspam.com rhsbl.scientificspam.net uribl.swinog.ch uribl.rspamd.com hashbl.rspamd.com " \
	"ebl.msbl.org dob.sibl.support-intelligence.net malware.hash.cymru.com " \
	/* reputation, and of those who are trusted */ \
	"list.dnswl.org dwl.dnswl.org dnswl.spfbl.net bl.mailspike.net z.mailspike.net " \
	"wl.mailspike.net rep.mailspike.net score.senderscore.com bl.score.senderscore.com " \
	"sa-trusted.bondedsender.org sa-accredit.habeas.com iadb.isipp.com"

/* clang-format on */

#endif
