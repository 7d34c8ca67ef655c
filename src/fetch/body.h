/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of a reply, as it comes: counted, decoded, and put aside until it is whole. */
#ifndef FETCH_BODY_H
#define FETCH_BODY_H

#include "fetch/decode.h"
#include "fetch/head.h"
#include "fetch/part.h"

struct body {
	uint64_t max_bytes; /* of what comes, and of what that is decoded to */
	uint64_t received;  /* octets, as they come */
	uint64_t others;    /* octets of bodies that are not the list */
	bool begun;
	struct decode decode;
	struct part part;
	struct err_text fault; /* why it is taken no further; "": it is */
};

/* Nothing has come yet of what is to be the file `copy`; until then it is at `path`. */
void body_init(struct body *body, const char *path, const char *copy, uint64_t max_bytes);

/* Takes octets of the reply that began as `head` says; false: no more of them are wanted. */
bool body_take(struct body *body, const struct head *head, const void *data, size_t len);

/* True when what came is an answer that is not the list, and longer than anybody reads. */
bool body_is_excessive(const struct body *body);

/*
 * All has come: it takes the place of the copy (part_finish).  ERR_REFUSED with `text`: it is empty
 * or ends too early.  ERR_SYS with `text`.
 */
enum err body_finish(struct body *body, bool *ret_new, struct stat *ret_st,
		     struct err_text *text) MUST_CHECK;

/* Removes what has come, and frees all but the body itself. */
void body_drop(struct body *body);

#endif
