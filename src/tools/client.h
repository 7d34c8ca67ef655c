/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP over a Unix socket, as much of it as our own daemon speaks. */
#ifndef TOOLS_CLIENT_H
#define TOOLS_CLIENT_H

#include <stdbool.h>

struct answer {
	int status;
	char *text; /* to be freed */
	char *body; /* in `text` */
};

/* One request to whoever serves the socket `path`.  HTTP/1.0: the answer ends with the connection,
 * and comes in one piece.  False: stderr was told why there is none. */
bool client_exchange(const char *path, const char *method, const char *target, const char *body,
		     struct answer *ret_answer);

#endif
