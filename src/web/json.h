/* SPDX-License-Identifier: BSD-2-Clause */
/* What is shown, as JSON.  NULL: out of memory.  The caller owns what is returned. */
#ifndef WEB_JSON_H
#define WEB_JSON_H

#include <jansson.h>

#include "web/view.h"

json_t *json_status(const struct web_now *now);
json_t *json_stats(const struct web_now *now);
json_t *json_lists(const struct web_now *now);

#endif
