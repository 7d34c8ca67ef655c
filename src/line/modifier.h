/* SPDX-License-Identifier: BSD-2-Clause */
/* The modifiers of a rule of a filter list: what stands behind its "$". */
#ifndef LINE_MODIFIER_H
#define LINE_MODIFIER_H

#include "line/line.h"

/* What the modifiers of a rule say. */
struct modifiers {
	struct domset_kind kind;
	struct listline_record gives;
	bool badfilter;
	struct word denyallow;
};

static inline void modifiers_init(struct modifiers *m, bool exception)
{
	m->kind = (struct domset_kind){.exception = exception};
	m->gives.type = 0;
	m->badfilter = false;
	m->denyallow = (struct word){NULL, 0};
}

/* Takes all of "important,dnstype=A".  Why the rule is not taken for their sake;
 * LIST_REASON_COUNT: it is still about whole hosts. */
enum list_reason modifiers_take(struct word text, struct modifiers *m);

#endif
