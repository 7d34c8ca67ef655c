/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of files that name machines, one after the other. */
#ifndef REPORT_LEASELINE_H
#define REPORT_LEASELINE_H

#include <stdbool.h>

#include "report/leases.h"

#define LEASELINE_MAX 1024U /* a longer line is none */
#define LEASELINE_FIELDS 32U

/* Found out by the first line that is of one: a client that has a say in a line of leases is not to
 * be taken for the operator, who writes hosts files. */
enum leaseline_form {
	LEASELINE_UNKNOWN, /* hosts as yet, or nothing */
	LEASELINE_DNSMASQ, /* a line each */
	LEASELINE_KEA,	   /* CSV with a head */
	LEASELINE_ISC,	   /* blocks */
};

/* What is known of the lines before. */
struct leaseline {
	enum leaseline_form form;
	unsigned int columns[6]; /* of Kea's CSV */
	unsigned int fields;	 /* of each of its lines */
	uint32_t latest_s;	 /* when the last lease before began */
	struct lease open;	 /* ISC: the block that is open; its family is 0 when none is */
	bool unreadable;	 /* a date of it is none */
	unsigned int depth;	 /* so many braces of it are open */
	bool past;		 /* it is not held any more */
	bool nobody;		 /* no machine that is known has it */
};

/*
 * Reads the next line.  True: a lease is at its end; one with neither name nor mac says that nobody
 * has the address from then on.  `whole`: the line ends with a newline; the last line of a lease
 * file that has none is not all there yet, and is passed over.
 */
bool leaseline_read(struct leaseline *reader, const char *line, size_t len, bool whole,
		    struct lease *ret_lease);

#endif
