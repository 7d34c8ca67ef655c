/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy: which list speaks for a name, and what it wants done.  Pure: a name in, a verdict
 * out; no I/O, no clock, no lock.
 *
 * The first mandatory list that has the name decides, whatever stands before it.  Else a list whose
 * action is to pass lets it pass; else the first that has it decides, in the order of the
 * configuration.  Inside one list the strongest rule speaks (see match/domset.h); if that is an
 * exception, the list says nothing.
 */
#ifndef MATCH_POLICY_H
#define MATCH_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/edns.h"
#include "dns/name.h"
#include "match/domset.h"

#define POLICY_LISTS_MAX 64U
#define POLICY_LIST_NAME_MAX 64U

enum action {
	ACTION_SINKHOLE, /* the list's own addresses */
	ACTION_NXDOMAIN,
	ACTION_NODATA,
	ACTION_REFUSED,
	ACTION_DROP,	 /* no answer at all */
	ACTION_TCP_ONLY, /* truncated over UDP, the real answer over TCP */
	ACTION_PASS,	 /* the real answer, later lists not asked */
	ACTION_COUNT
};

/* Why a list blocks: chooses the EDE code of a denial (RFC 8914). */
enum reason {
	REASON_ORDER,	  /* 16, Censored */
	REASON_OPERATOR,  /* 15, Blocked */
	REASON_REQUESTED, /* 17, Filtered */
	REASON_COUNT
};

/* How one list's matches are answered. */
struct policy_list {
	char name[POLICY_LIST_NAME_MAX];
	enum action action;
	bool mandatory;
	bool findings; /* who asks for one of its names is written down */
	bool has_ipv4;
	bool has_ipv6;
	bool null_mx; /* a sinkhole takes no mail (RFC 7505) */
	uint8_t ipv4[4];
	uint8_t ipv6[16];
	uint32_t ttl_s;	   /* of addresses and of the SOA of a denial */
	uint32_t entries;  /* of the last good load, by which the next is measured */
	uint32_t held;	   /* back by the guard, of that load */
	bool open_end;	   /* of the file of that load: its last line had no newline */
	struct ede forged; /* EDE 4: an address of ours was given */
	struct ede denied; /* EDE by reason: nothing was given */
};

struct policy {
	struct domset *set; /* owned */
	size_t list_count;
	struct policy_list lists[POLICY_LISTS_MAX];
};

/*
 * What the lists have let be of one name, which holds for the names that it leads to as well: its
 * CNAME's target, say.
 */
struct policy_leave {
	bool passed;	   /* a list lets it pass: only mandatory lists are asked */
	uint64_t excepted; /* lists with an exception for it, a bit each: they are not asked */
};

#define POLICY_NO_LEAVE ((struct policy_leave){.passed = false})
#define POLICY_MANDATORY_ONLY ((struct policy_leave){.passed = true})

/* What is to be done with one name.  A value: it outlives the policy it came from. */
struct verdict {
	bool matched;
	enum action action; /* valid when matched */
	uint8_t list;	    /* index of the list that decided */
	uint8_t owner_labels;
	bool below_only;   /* the rule is for what is below its owner, which is not listed */
	uint32_t record;   /* the rule, for domset_rule of the same policy */
	uint64_t excepted; /* valid always: as in struct policy_leave */
};

/* True for an action by which no client has the true answer.  Over TCP, tcp-only gives it. */
static inline bool action_blocks(enum action action)
{
	return action != ACTION_PASS && action != ACTION_TCP_ONLY;
}

/* Fills in the EDEs of `list` from its name, `reason`, and the order's case ("" when none). */
void policy_list_describe(struct policy_list *list, enum reason reason, const char *case_number);

/* The verdict on a lower-case name that was reached with `leave`.  Any thread. */
struct verdict policy_match(const struct policy *policy, const struct name *name,
			    const struct name_suffixes *suffixes, struct policy_leave leave);

/* What holds for the names that lie behind the one of `verdict`, which was reached with `leave`. */
static inline struct policy_leave policy_leave_behind(struct policy_leave leave,
						      const struct verdict *verdict)
{
	leave.passed |= verdict->matched && verdict->action == ACTION_PASS;
	leave.excepted |= verdict->excepted;
	return leave;
}

/* Frees the policy and its set; NULL is fine. */
void policy_free(struct policy *policy);

#endif
