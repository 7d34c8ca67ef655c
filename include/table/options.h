/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h that say what the columns of a table mean. */
#ifndef TABLE_OPTIONS_H
#define TABLE_OPTIONS_H

/* clang-format off */

#define CONF_ROWS_COLUMNS(X) \
	X(columns, preset, "preset", PRESET, "none", 0, 0, "", RELOAD, \
	  "A table whose columns are known: cert-pl, the list of hole.cert.pl, as domains.csv and " \
	  "domains.json; threatfox, the exports of ThreatFox (abuse.ch), and what its API answers.  What is " \
	  "said here as well comes first.") \
	X(columns, name, "name", STRING, "", 0, 255, "", RELOAD, \
	  "The column with the name, whatever its letters' case: as the table calls it, or several such " \
	  "parted by \"|\", of which the first that is there counts; of csv also its number from 1 on, then " \
	  "for all columns, and a first row without a dot in the name is passed over.  A URL stands for its " \
	  "host, and a port is taken off.  An address is listed where addresses is true, else skipped.") \
	X(columns, address, "address", STRING, "", 0, 255, "", RELOAD, \
	  "The column with an address or a prefix, of a table that has one beside the name.") \
	X(columns, insert, "insert", STRING, "", 0, 255, "", RELOAD, \
	  "The column with the time from which on a row is in force; before it is skipped.  Times are as of " \
	  "RFC 3339, without a zone in UTC, days, or seconds since 1970.  When one comes all is reloaded, at " \
	  "most once a minute.") \
	X(columns, delete, "delete", STRING, "", 0, 255, "", RELOAD, \
	  "The column with the time at which it ends: the row is lifted.  Of a mandatory list a name is so " \
	  "only with lapse: lift; else it stays in force.  Addresses of a mandatory list stay in any case.") \
	X(columns, score, "score", STRING, "", 0, 255, "", RELOAD, \
	  "The column with a number: how sure it is.") \
	X(columns, sinkhole, "sinkhole", STRING, "", 0, 255, "", RELOAD, \
	  "The column with an address that is answered for the name in the place of the list's answer; see " \
	  "answers.") \
	X(columns, family, "family", STRING, "", 0, 255, "", RELOAD, \
	  "The column with what the name belongs to, as family of the list says it of all: explain and reports " \
	  "tell this one instead, where a row has it.  Of 64 octets; what is not to be shown to people is a " \
	  "question mark each; \"null\", \"none\" and \"-\" are none.") \
	X(columns, ticket, "ticket", STRING, "", 0, 255, "", RELOAD, \
	  "The column with what the row is known by to whoever has it blocked, as a case, likewise.  All lists " \
	  "together have room for 64 MiB of different families and tickets; rows beyond that are in force " \
	  "without.") \
	X(columns, separator, "separator", STRING, "", 0, 3, "", RELOAD, \
	  "What parts the cells of csv: one of , ; | or tab.  Without one, what most parts the first row, " \
	  "or the comment with the columns' names.") \
	X(columns, least_score, "least-score", UINT, "0", 0, 4294967295, "", RELOAD, \
	  "The least score of rows that are taken; others are skipped.") \
	X(columns, below_score, "below-score", UINT, "0", 0, 4294967295, "", RELOAD, \
	  "Rows are taken whose score is less than this; 0: no bound.  A second list of the same table, with " \
	  "action log, can so log what is not sure enough for the first, which blocks.") \
	X(columns, urls, "urls", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether a URL stands for its host, with all else that is there; else it is skipped.")

#define CONF_WORDS_PRESET(W) \
	W(TABLE_PRESET_NONE, "none") \
	W(TABLE_PRESET_CERT_PL, "cert-pl") \
	W(TABLE_PRESET_THREATFOX, "threatfox")

/* clang-format on */

#endif
