/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page for whoever comes to an address that names are cut off by: in plain words, that this
 * machine has asked for such a name, how it is cleaned, and whom to ask.  It loads nothing.
 */
#ifndef LANDING_PAGE_H
#define LANDING_PAGE_H

#include <event2/buffer.h>

#include "base/err.h"
#include "landing/language.h"
#include "landing/order.h"

#define PAGE_POLICY_MAX 160U

/* Adds the page to `out`; `host`: "" when no name is known.  ERR_NOMEM. */
enum err page_write(struct evbuffer *out, enum language language, const char *host,
		    const struct order *order) MUST_CHECK;

/* What is to stand in the field Content-Security-Policy of the page: nothing but its own style.
 * ERR_NOMEM. */
enum err page_policy(char ret_policy[PAGE_POLICY_MAX]) MUST_CHECK;

#endif
