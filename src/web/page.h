/* SPDX-License-Identifier: BSD-2-Clause */
/* The dashboard: files that are part of the program. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include <event2/http.h>
#include <stdbool.h>

/* Answers with the file of the page that the request names; false: it names none.  They hold no
 * secret, and are for anybody. */
bool page_answer(struct evhttp_request *req);

#endif
