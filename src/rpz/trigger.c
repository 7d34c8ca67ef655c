/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/trigger.h"

#include <string.h>

#include "match/domset.h"

#define SPECIAL_PREFIX "rpz-"

void trigger_relative(const struct name *owner, const struct name *apex, struct name *ret_name)
{
	size_t labels = (size_t)owner->len - apex->len;

	memcpy(ret_name->wire, owner->wire, labels);
	ret_name->wire[labels] = 0;
	ret_name->len = (uint8_t)(labels + 1);
}

/* Where the last label of a name, which is not the root, begins. */
static const uint8_t *last_label(const struct name *name)
{
	const uint8_t *label = name->wire;

	while (label[label[0] + 1] != 0)
		label += label[0] + 1;
	return label;
}

static bool label_is(const uint8_t *label, const char *text)
{
	size_t len = strlen(text);

	return label[0] == len && memcmp(label + 1, text, len) == 0;
}

static enum trigger_kind kind_of(const uint8_t *label)
{
	static const struct {
		const char *text;
		enum trigger_kind kind;
	} kinds[] = {
		{"rpz-client-ip", TRIGGER_CLIENT_IP},
		{"rpz-ip", TRIGGER_IP},
		{"rpz-nsdname", TRIGGER_NSDNAME},
		{"rpz-nsip", TRIGGER_NSIP},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (label_is(label, kinds[i].text))
			return kinds[i].kind;
	return TRIGGER_QNAME;
}

void trigger_read(const struct name *owner, const struct name *apex, struct trigger *ret_trigger)
{
	struct name *name = &ret_trigger->name;
	const uint8_t *last;

	trigger_relative(owner, apex, name);
	last = last_label(name);
	ret_trigger->kind = kind_of(last);
	if (ret_trigger->kind != TRIGGER_QNAME) {
		name->len = (uint8_t)(last - name->wire + 1);
		name->wire[name->len - 1] = 0;
	}
	ret_trigger->wildcard = label_is(name->wire, "*");
	if (!ret_trigger->wildcard)
		return;
	name->len = (uint8_t)(name->len - 2);
	memmove(name->wire, name->wire + 2, name->len);
}

/* The label that all special targets but the root and "*." are. */
static bool special_answer(const uint8_t *label, uint8_t *ret_answer)
{
	if (label_is(label, "rpz-passthru"))
		*ret_answer = DOMSET_ANSWER_PASS;
	else if (label_is(label, "rpz-drop"))
		*ret_answer = DOMSET_ANSWER_DROP;
	else if (label_is(label, "rpz-tcp-only"))
		*ret_answer = DOMSET_ANSWER_TCP_ONLY;
	else
		return false;
	return true;
}

static bool begins_special(const uint8_t *label)
{
	size_t len = strlen(SPECIAL_PREFIX);

	return label[0] >= len && memcmp(label + 1, SPECIAL_PREFIX, len) == 0;
}

/*
 * A target in "rpz-..." that is none of those known would be answered as if it were a name; so
 * would one that lies in the zone, for want of the dot at its end.
 */
static bool is_mistaken(const struct name *target, const struct name *apex)
{
	return begins_special(last_label(target)) ||
	       (begins_special(target->wire) && apex->len > 1 && name_is_below(target, apex));
}

bool trigger_action(const struct master_record *record, const struct trigger *trigger,
		    const struct name *apex, uint8_t *ret_answer)
{
	struct name target;

	name_copy_lower(&target, record->rdata, record->rdlen);
	*ret_answer = DOMSET_ANSWER_DATA;
	if (target.len == 1)
		*ret_answer = DOMSET_ANSWER_NXDOMAIN;
	else if (target.len == 3 && label_is(target.wire, "*"))
		*ret_answer = DOMSET_ANSWER_NODATA;
	else if (!trigger->wildcard && name_equal(&target, &trigger->name))
		*ret_answer = DOMSET_ANSWER_PASS;
	else if (target.wire[target.wire[0] + 1] == 0 && special_answer(target.wire, ret_answer))
		return true;
	else
		return !is_mistaken(&target, apex);
	return true;
}
