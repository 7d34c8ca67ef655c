/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h for what is written down of clients. */
#ifndef CONF_OPTIONS_EVIDENCE_H
#define CONF_OPTIONS_EVIDENCE_H

#define CONF_HUNT_DAYS_MAX 366

/* clang-format off */

#define CONF_ROWS_EVIDENCE(X) \
	X(evidence, ledger, "ledger", BOOL, "true", 0, 0, "", RESTART, \
	  "Whether clients that ask for names of the lists are written down, in ledger.db of " \
	  "state.directory; without one they are not.") \
	X(evidence, store, "store", STRING, "", 0, 1023, "", RESTART, \
	  "A PostgreSQL database that they are written to instead, of many resolvers together: " \
	  "postgresql://USER@HOST/DATABASE, with what libpq knows behind a question mark, as " \
	  "sslmode=verify-full.  No password may stand in it.  What the database has not taken yet waits in the " \
	  "folder spool of state.directory.") \
	X(evidence, password_file, "password-file", PATH, "", 0, CONF_PATH_MAX, "", RESTART, \
	  "The file with the password for store in its first line.  Without one libpq looks for it: in " \
	  "PGPASSFILE, or in a service file.") \
	X(evidence, resolver, "resolver", STRING, "", 0, 255, "", RESTART, \
	  "What this resolver is called in store; the machine's name where it is empty.") \
	X(evidence, spool_bytes, "spool-size", SIZE, "256MiB", 1024 * 1024, 1ULL << 44, "octets", RESTART, \
	  "The most that may wait for store on the disk.  Beyond, findings wait in memory, and what does " \
	  "not fit there is lost and counted (ledger_lost).") \
	X(evidence, clients, "clients", CLIENTS, "whole", 0, 0, "", RESTART, \
	  "How a client's address is written down: whole; its prefix; or encrypted by the key of " \
	  "key-file (ipcrypt-deterministic), whose holder can have it back.") \
	X(evidence, prefix_ipv4, "prefix-ipv4", UINT, "24", 0, 32, "bits", RESTART, \
	  "How many bits of an IPv4 address a prefix has.") \
	X(evidence, prefix_ipv6, "prefix-ipv6", UINT, "56", 0, 128, "bits", RESTART, \
	  "How many bits of an IPv6 address a prefix has.") \
	X(evidence, key_file, "key-file", PATH, "", 0, CONF_PATH_MAX, "", RESTART, \
	  "The file with the key, as 32 hexadecimal digits.") \
	X(evidence, blocked_upstream, "blocked-upstream", BOOL, "true", 0, 0, "", RELOAD, \
	  "Whether clients are written down whose query an upstream says that it blocks: by an Extended DNS " \
	  "Error (Blocked, Censored, Filtered), or as Quad9 does (NXDOMAIN without RA).  In reports the list " \
	  "is called :blocked-upstream.  To be turned off where the upstream blocks advertising.") \
	X(evidence, retention_s, "retention", TTL, "90d", 0, 3650U * CONF_DAY_S, "s", RELOAD, \
	  "How long a finding is kept after the client last asked; 0: for ever.  Those under a legal " \
	  "hold are kept.") \
	X(evidence, size_bytes, "size", SIZE, "1GiB", 1024 * 1024, 1ULL << 44, "octets", RELOAD, \
	  "The most that the findings may take.  Beyond, the oldest go, first those of clients that " \
	  "have not shown that they have the address they asked from.") \
	X(evidence, hunt_days, "hunt-days", UINT, "0", 0, CONF_HUNT_DAYS_MAX, "days", RESTART, \
	  "For how many days it is known who asked for names that no list had: when such a name comes to be " \
	  "listed, those clients are told in the log, and by sinkholectl hunt.  Names are kept as keyed " \
	  "hashes, clients as clients says, in the folder hunt of state.directory.  0: nothing is kept.  " \
	  "The ledger must be kept as well.") \
	X(evidence, hunt_bytes, "hunt-size", SIZE, "1GiB", 1024 * 1024, 1ULL << 44, "octets", RELOAD, \
	  "The most that this may take.  Beyond, the oldest day goes; today's never, which is not added to " \
	  "any more then.  A client with a name takes less than 30 octets for each part of the name that it " \
	  "has not asked for that day.")

/* clang-format on */

#endif
