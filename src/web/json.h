/* SPDX-License-Identifier: BSD-2-Clause */
/* What is shown, as JSON.  NULL: out of memory.  The caller owns what is returned. */
#ifndef WEB_JSON_H
#define WEB_JSON_H

#include <jansson.h>

#include "explain/explain.h"
#include "web/view.h"

/* A text; "?" where that is not UTF-8, which jansson refuses, and with it all that was to be
 * packed.
 */
json_t *json_text(const char *s);

json_t *json_status(const struct web_now *now);
json_t *json_stats(const struct web_now *now);
json_t *json_lists(const struct web_now *now);
json_t *json_upstreams(const struct web_now *now);
json_t *json_difference(const struct web_now *now);
json_t *json_manual(const struct web_now *now);
json_t *json_manual_entry(const struct manual_entry *entry);
json_t *json_explain(const struct snapshot *s, const struct explanation *e);

#endif
