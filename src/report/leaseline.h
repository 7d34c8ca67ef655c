/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of files that name machines, one after the other. */
#ifndef REPORT_LEASELINE_H
#define REPORT_LEASELINE_H

#include <stdbool.h>

#include "report/leases.h"

#define LEASELINE_MAX 1024U /* a longer line is none */
#define LEASELINE_FIELDS 16U

enum leaseline_form {
	LEASELINE_UNKNOWN, /* each line for itself: hosts, or dnsmasq's */
	LEASELINE_KEA,	   /* CSV with a head */
	LEASELINE_ISC,	   /* blocks */
};

/* What is known of the lines before. */
struct leaseline {
	enum leaseline_form form;
	unsigned int columns[5]; /* of Kea's CSV */
	struct lease open;	 /* ISC: the block that is open; its family is 0 when none is */
};

/* Reads the next line.  True: a lease is at its end. */
bool leaseline_read(struct leaseline *reader, const char *line, size_t len,
		    struct lease *ret_lease);

#endif
