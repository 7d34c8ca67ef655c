/* SPDX-License-Identifier: BSD-2-Clause */
/* What is given with a request, held against what the command takes (web/commands.h). */
#ifndef WEB_GIVEN_H
#define WEB_GIVEN_H

#include <event2/http.h>
#include <stdbool.h>

#include "web/commands.h"

/*
 * False: it was answered that something is given which the command does not take, or twice, or in
 * the query of a request that changes something.  Who misspells what bounds a command would have it
 * unbounded: {"dry_run": true} a reload, until= a report of all times.  What cannot be read at all
 * is left to who reads it.
 */
bool given_is_taken(struct evhttp_request *req, enum web_command command);

#endif
