/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of option/options.h by which the running daemon is asked, told, and looked at. */
#ifndef CONF_OPTIONS_WATCH_H
#define CONF_OPTIONS_WATCH_H

/* clang-format off */

#define CONF_ROWS_CONTROL(X) \
	X(control, socket, "socket", PATH, "", 0, 107, "", RESTART, \
	  "The Unix socket of sinkholectl(8), which its user and group may use.  Empty: control.sock in " \
	  "the directory that systemd makes for the unit ($RUNTIME_DIRECTORY), or none.") \
	X(control, group, "group", STRING, "", 0, 32, "", RESTART, \
	  "The group of that socket; empty: that of the daemon's user.") \
	X(control, listen, "listen", ENDPOINTS, "", 0, CONF_DOORS_MAX, "", RESTART, \
	  "Loopback addresses and ports (127.0.0.1@8053) where the same is served over HTTP to who has the " \
	  "token, which stands in the file control.token of state.directory.")

#define CONF_ROWS_MANUAL(X) \
	X(manual, action, "action", ACTION, "nxdomain", 0, 0, "", RELOAD, \
	  "What is answered for names that were blocked by command, as by the action of a list.") \
	X(manual, sinkhole, "sinkhole", SECTION(sinkhole), "", 0, 0, "", RELOAD, \
	  "The addresses answered by action sinkhole, which needs one of the two at least.")

#define CONF_ROWS_QUERYLOG(X) \
	X(querylog, file, "file", PATH, "", 0, CONF_PATH_MAX, "", RELOAD, \
	  "The file; empty: none.  It is opened anew when it was moved away.") \
	X(querylog, size_bytes, "size", SIZE, "100MiB", 65536, 1ULL << 44, "octets", RELOAD, \
	  "How large it may be.  Beyond, it is renamed to FILE.1, that to FILE.2, and so on.") \
	X(querylog, keep, "keep", UINT, "5", 0, 1000, "", RELOAD, \
	  "How many of these are kept.") \
	X(querylog, blocked_only, "blocked-only", BOOL, "false", 0, 0, "", RELOAD, \
	  "Whether only queries that a list has blocked are written.")

#define CONF_ROWS_METRICS(X) \
	X(metrics, listen, "listen", ENDPOINTS, "", 0, CONF_DOORS_MAX, "", RESTART, \
	  "The addresses and ports (127.0.0.1@9153) where /metrics is served over HTTP, to anybody.")

/* clang-format on */

#endif
