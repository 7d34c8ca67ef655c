/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy: which list speaks for a name or an address, and what it wants done.  Pure: a name in,
 * a verdict out; no I/O, no clock, no lock.
 *
 * What was blocked by command is blocked.  Else the first mandatory list that blocks the name
 * decides, whatever stands before it.  Else what was let pass by command passes.  Else a list whose
 * action is to pass lets it pass; else the first that has it decides, in the order of the
 * configuration.  Inside one list the strongest rule speaks (see set/domset.h), of an address
 * that of the longest prefix; if that is an exception, the list says nothing.  A list whose action
 * is to log never decides: that it has the name stands beside the verdict, unless the name passes.
 * A response policy zone is asked in its turn also where its rule, or its action, is to pass.
 *
 * Rules of such zones have other triggers beside names.  The first zone that has any decides; in a
 * zone, a rule for the client goes before one for the name, and that before one for what the answer
 * has.  So what a zone says of a name stands only when no zone before it says something of the
 * answer (policy_waits).
 */
#ifndef MATCH_POLICY_H
#define MATCH_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "dns/ede.h"
#include "dns/name.h"
#include "addrs/addrset.h"
#include "set/domset.h"
#include "given/localdata.h"

#define POLICY_LISTS_MAX 4096U /* of the configuration */
#define POLICY_BITS_MAX 64U    /* lists that have a bit in what is said of a name */
/* Behind them, at places of their own, the two lists that are made by command. */
#define POLICY_MANUAL_BLOCK 4096U
#define POLICY_MANUAL_PASS 4097U
#define POLICY_MANUAL_BLOCK_NAME "manual-block"
#define POLICY_MANUAL_PASS_NAME "manual-unblock"
#define POLICY_PLACES 4098U /* of all that can decide */
#define POLICY_LIST_NAME_MAX 64U
#define POLICY_VIEWS_MAX 1024U

enum action {
	ACTION_SINKHOLE, /* the list's own addresses */
	ACTION_NXDOMAIN,
	ACTION_NODATA,
	ACTION_REFUSED,
	ACTION_DROP,	 /* no answer at all */
	ACTION_TCP_ONLY, /* truncated over UDP, the real answer over TCP */
	ACTION_PASS,	 /* the real answer, later lists not asked */
	ACTION_LOG,	 /* the real answer, and it is written down who asked */
	ACTION_GIVEN,	 /* what the rule itself gives: its records */
	ACTION_COUNT
};

/* What a rule is for; of names, and from TRIGGER_ADDRESS on of addresses. */
enum trigger {
	TRIGGER_NAME,	 /* that is asked for, or that an answer leads to */
	TRIGGER_SERVER,	 /* of a zone that such a name lies in */
	TRIGGER_ADDRESS, /* that an answer has */
	TRIGGER_CLIENT,
	TRIGGER_SERVER_ADDRESS,
	TRIGGER_COUNT
};

/* Why a list blocks: chooses the EDE code of a denial (RFC 8914). */
enum reason {
	REASON_ORDER,	  /* 16, Censored */
	REASON_OPERATOR,  /* 15, Blocked */
	REASON_REQUESTED, /* 17, Filtered */
	REASON_COUNT
};

/* What becomes of a list whose order has lapsed. */
enum lapse {
	LAPSE_KEEP, /* it stays in force */
	LAPSE_LOG,
	LAPSE_LIFT, /* it says nothing any more */
	LAPSE_COUNT
};

/* From when to when a list is in force (see match/term.h). */
struct policy_term {
	uint64_t valid_from_s; /* Unix time; 0: it has always been */
	uint64_t expires_s;    /* 0: never */
	uint32_t warning_s;    /* before it lapses */
	enum lapse lapse;
	enum action action; /* while it is in force */
	bool begun;
	bool lapsed;
};

/* How one list's matches are answered. */
struct policy_list {
	char name[POLICY_LIST_NAME_MAX];
	enum action action;
	bool mandatory;
	bool silent;	 /* it says nothing now: its order has not begun, or is over */
	bool parted;	 /* it does not hold in some view */
	bool zone;	 /* its rules are those of a response policy zone */
	bool given;	 /* and say themselves what is done */
	bool hasty;	 /* what it says of a name waits for no answer */
	bool answers;	 /* it is a zone with rules for what an answer has */
	uint8_t servers; /* for name servers, that is: bits of enum trigger */
	bool findings;	 /* who asks for one of its names is written down */
	bool adds_soa;	 /* its answers have the zone's SOA */
	bool has_ipv4;
	bool has_ipv6;
	bool null_mx; /* a sinkhole takes no mail (RFC 7505) */
	uint8_t ipv4[4];
	uint8_t ipv6[16];
	uint32_t ttl_s;	  /* of addresses and of the SOA of a denial */
	uint32_t soa;	  /* of a zone: data of one record of that type, whose rdata is all of its
			     SOA, with the owner; 0: it has none */
	uint32_t entries; /* of the last good load, by which the next is measured */
	uint32_t held;	  /* back by the guard, of that load */
	bool open_end;	  /* of the file of that load: its last line had no newline */
	bool unkept;	  /* that file is not what is kept of the list */
	struct {	  /* how that file was read, for whoever reads it again */
		uint8_t format; /* enum list_format */
		bool exact;
		bool addresses;
		bool suffixes; /* public suffixes were let be */
		bool answers;  /* what rules give was given */
		bool nearest; /* wildcards of a zone hold for all below that no rule is nearer to */
		uint64_t columns; /* table_map_mark of a table's */
	} reading;
	uint64_t bit; /* its own in what is excepted and logged; 0: it has none */
	struct policy_term term;
	struct edes forged;	/* EDE 4: an address of ours was given */
	struct edes denied;	/* EDE by reason: nothing was given */
	struct edes structured; /* by reason, as JSON where that is configured: to who wants it */
};

/* What was said by command, beside the lists: a small set, and lists that are not asked. */
struct policy_manual {
	struct domset *set;	    /* owned: of POLICY_MANUAL_BLOCK and POLICY_MANUAL_PASS */
	bool off[POLICY_LISTS_MAX]; /* lists that are not asked for now; never mandatory ones */
};

/*
 * Which lists hold for some of the clients, and what they are answered with: of a group, or of all
 * that are in none.  A mandatory list holds in each, and is answered as it says itself.
 */
struct policy_view {
	uint64_t off[(POLICY_PLACES + 63U) / 64U]; /* by their places: lists that do not hold */
	bool sinkhole; /* these addresses stand in the place of the lists' own */
	bool has_ipv4;
	bool has_ipv6;
	uint8_t ipv4[4];
	uint8_t ipv6[16];
	const char *group; /* its name, of the configuration; NULL: of clients that are in none */
	uint64_t until_s;  /* Unix time: other lists hold from then on; UINT64_MAX: never */
};

/* The views of a policy, which are known by their numbers: from 1. */
struct policy_views {
	size_t count;
	uint64_t made_s;  /* Unix time */
	uint64_t until_s; /* the first of all; UINT64_MAX: never */
	struct policy_view view[];
};

#define POLICY_ALL_LISTS 0U /* instead of a view's number: whatever is configured holds */

/* The place behind all lists, of what no list says: that a name must not have such an address. */
#define POLICY_REBINDING POLICY_PLACES
#define POLICY_NO_PLACE (POLICY_PLACES + 1U) /* nothing of all these has decided */

struct policy {
	struct domset *set;	/* owned */
	struct domset *servers; /* owned, of TRIGGER_SERVER; NULL: there are none */
	struct addrset *prefixes[TRIGGER_COUNT]; /* owned, of addresses; NULL: there are none */
	struct localdata *data;			 /* owned: what rules with ACTION_GIVEN give */
	struct policy_manual *manual;		 /* owned; NULL: nothing was said */
	struct policy_views *views;		 /* owned; NULL: all lists hold for all clients */
	bool sinkholes;				 /* some view has its own */
	size_t list_count;	/* of the configuration; the manual ones are always there */
	size_t without_bit;	/* lists that should have one: see policy_give_bits */
	uint16_t first_answers; /* the first list with rules for answers; POLICY_PLACES: none */
	uint8_t server_rules;	/* what lists have for name servers: bits of enum trigger */
	uint16_t bit_list[POLICY_BITS_MAX]; /* whose bit it is */
	uint64_t due_s;	 /* Unix time when rows of a list begin or end by their dates; 0: never */
	uint64_t over_s; /* and when the last of those that have ended did; 0: none has */
	struct policy_list lists[POLICY_PLACES + 1]; /* the last is POLICY_REBINDING */
};

/*
 * What the lists have let be of one name, which holds for the names that it leads to as well: its
 * CNAME's target, say.
 */
struct policy_leave {
	bool passed;	/* a list lets it pass: only mandatory lists are asked */
	bool itself;	/* of what lies behind the name only mandatory lists are asked */
	bool done;	/* zones with rules for answers are not asked */
	uint16_t limit; /* 0: all lists; else of these zones before list limit - 1, and those that
			 * are mandatory */
	uint16_t view;	/* whose lists are asked: POLICY_ALL_LISTS, or good with the policy alone */
	uint64_t excepted; /* lists with an exception for it, by their bits: they are not asked */
};

#define POLICY_NO_LIMIT UINT16_MAX /* all zones with rules for answers */
#define POLICY_NO_LEAVE ((struct policy_leave){.passed = false})
#define POLICY_NO_LEAVE_IN(number) ((struct policy_leave){.view = (number)})
#define POLICY_MANDATORY_ONLY ((struct policy_leave){.passed = true})

/* What is to be done with one name.  A value: it outlives the policy it came from. */
struct verdict {
	bool matched;
	bool noted;	    /* that list has it written down who asks */
	enum action action; /* valid when matched */
	uint16_t list;	    /* index of the list that decided */
	uint8_t owner_labels;
	bool below_only;   /* the rule is for what is below its owner, which is not listed */
	uint8_t trigger;   /* enum trigger: of an address the rule has no owner */
	bool listed;	   /* valid always: some list has it, whether that holds or not */
	uint16_t view;	   /* that it was made in */
	uint32_t record;   /* the rule, for domset_rule or addrset_rule of the trigger's set */
	uint64_t excepted; /* valid always: as in struct policy_leave */
	uint64_t logged;   /* valid always: lists that only log, and have it, by their bits */
};

/* True for an action by which no client has the true answer.  Over TCP, tcp-only gives it. */
static inline bool action_blocks(enum action action)
{
	return action != ACTION_PASS && action != ACTION_TCP_ONLY && action != ACTION_LOG;
}

/* What a rule of `list` has done, by what it says itself. */
enum action policy_action(const struct policy_list *list, uint8_t answer);

/* True when the hit keeps the true answer from clients. */
static inline bool policy_hit_blocks(const struct policy *policy, const struct domset_hit *hit)
{
	return !hit->exception &&
	       action_blocks(policy_action(&policy->lists[hit->list], hit->answer));
}

/* Fills in the EDEs of `list` from its name, `reason`, and the order's case ("" when none). */
void policy_list_describe(struct policy_list *list, enum reason reason, const char *case_number);

/* Has `list` say `len` octets of `json` to who wants that, with the code of `reason`; false, with
 * nothing changed: they are too many. */
bool policy_list_describe_json(struct policy_list *list, enum reason reason, const char *json,
			       size_t len);

/* True when rows have begun or ended by their dates since the lists were read; and when the clock
 * was put back to before one has ended, which is in force again.  Rows that have begun stay. */
static inline bool policy_is_due(const struct policy *policy, uint64_t now_s)
{
	return (policy->due_s > 0 && policy->due_s <= now_s) || now_s < policy->over_s;
}

/* True when the list says nothing now. */
static inline bool policy_is_silent(const struct policy *policy, unsigned int list)
{
	return policy->lists[list].silent;
}

/* True when what the list has is blocked, whatever another says. */
static inline bool policy_is_enforced(const struct policy *policy, unsigned int list)
{
	return policy->lists[list].mandatory && action_blocks(policy->lists[list].action) &&
	       !policy_is_silent(policy, list);
}

/* Fills in which lists are zones with what kinds of rules, once the sets are there. */
void policy_note_zones(struct policy *policy);

/* Fills in POLICY_REBINDING. */
void policy_describe_rebinding(struct policy *policy);

/*
 * Gives the lists their bits, once the set is frozen: those that log or may come to, then those
 * with exceptions, as long as there are any.  What has none is counted nowhere when it logs, and
 * its exceptions hold for a name itself, but not for what that leads to; returns how many such
 * lists there are.
 */
size_t policy_give_bits(struct policy *policy);

/* The verdict on a lower-case name that was reached with `leave`, for questions of a type.  Any
 * thread. */
struct verdict policy_match(const struct policy *policy, const struct name *name,
			    const struct name_suffixes *suffixes, uint16_t qtype,
			    struct policy_leave leave);

/* The same of the name that `client` asks for: with rules for clients. */
struct verdict policy_match_query(const struct policy *policy, const struct name *name,
				  const struct name_suffixes *suffixes, uint16_t qtype,
				  const struct ip *client, struct policy_leave leave);

/* The verdict on an address of TRIGGER_ADDRESS or TRIGGER_SERVER_ADDRESS that a name with `leave`
 * has.  Asks no list when `policy->prefixes` has no such set, which a caller may look at first. Any
 * thread. */
struct verdict policy_match_prefix(const struct policy *policy, enum trigger trigger,
				   const struct ip *ip, struct policy_leave leave);

static inline struct verdict policy_match_address(const struct policy *policy, const struct ip *ip,
						  struct policy_leave leave)
{
	return policy_match_prefix(policy, TRIGGER_ADDRESS, ip, leave);
}

/* The verdict on a name server of the zone that a name with `leave` lies in; lower case.  Any
 * thread. */
struct verdict policy_match_server(const struct policy *policy, const struct name *server,
				   struct policy_leave leave);

/* Of a list that is not asked, since others go before it or it has been asked. */
static inline bool policy_is_left_out(const struct policy_list *list, unsigned int place,
				      struct policy_leave leave)
{
	if (leave.done && list->answers)
		return true;
	return leave.limit > 0 && !list->mandatory && !(list->answers && place + 1U < leave.limit);
}

/*
 * True where a rule of the kind `trigger`, which is for name servers, may yet say something that
 * counts of a name with `leave`: that goes before `best`, which was said of it (where it matched),
 * and is stronger than `said`, which was of names before it.
 */
bool policy_asks_server(const struct policy *policy, enum trigger trigger,
			struct policy_leave leave, const struct verdict *best,
			const struct verdict *said);

/* policy_waits, of a list that is behind one with rules for answers. */
bool policy_waits_for_answer(const struct policy *policy, const struct verdict *verdict,
			     struct policy_leave leave);

/* True where a zone may yet say something that goes before `verdict`, by what the answer to its
 * name has. */
static inline bool policy_waits(const struct policy *policy, const struct verdict *verdict,
				struct policy_leave leave)
{
	return policy->first_answers < verdict->list &&
	       policy_waits_for_answer(policy, verdict, leave);
}

/* What an answer is judged with that such a verdict waits for. */
static inline struct policy_leave policy_leave_waiting(const struct verdict *verdict)
{
	return (struct policy_leave){
		.itself = true,
		.limit = (uint16_t)(verdict->list + 1U),
		.view = verdict->view,
		.excepted = verdict->excepted,
	};
}

/* True where a zone has rules for what an answer has. */
static inline bool policy_has_answers(const struct policy *policy)
{
	return policy->first_answers < POLICY_PLACES;
}

/* The number of the records that the verdict's rule gives; 0: none.  Any thread. */
uint32_t policy_data(const struct policy *policy, const struct verdict *verdict);

/* The prefix of the verdict's rule, which is for addresses. */
struct prefix policy_prefix(const struct policy *policy, const struct verdict *verdict);

/* What holds for the names that lie behind the one of `verdict`, which was reached with `leave`. */
static inline struct policy_leave policy_leave_behind(struct policy_leave leave,
						      const struct verdict *verdict)
{
	leave.passed |= verdict->matched && verdict->action == ACTION_PASS;
	leave.excepted |= verdict->excepted;
	return leave;
}

/* What holds for what such a name leads to. */
static inline struct policy_leave policy_leave_led(struct policy_leave leave)
{
	leave.passed |= leave.itself;
	leave.itself = false;
	leave.limit = 0;
	return leave;
}

/* The places of all lists, one after the other, for loops that end at POLICY_PLACES. */
static inline unsigned int policy_first_place(const struct policy *policy)
{
	return policy->list_count > 0 ? 0 : POLICY_MANUAL_BLOCK;
}

static inline unsigned int policy_next_place(const struct policy *policy, unsigned int place)
{
	return place + 1 == policy->list_count ? POLICY_MANUAL_BLOCK : place + 1;
}

/* The rules of the list at `place`, which may be a manual one. */
struct domset_count policy_count(const struct policy *policy, unsigned int place);

/* False for a list, at this place, that does not hold in the view. */
static inline bool policy_holds(const struct policy *policy, uint16_t view, unsigned int place)
{
	const struct policy_views *views = policy->views;

	return view == POLICY_ALL_LISTS || !views || view > views->count ||
	       !(views->view[view - 1].off[place / 64] >> (place % 64) & 1);
}

/* The view's own addresses for what the list blocks; NULL: the list's. */
static inline const struct policy_view *policy_sinkhole_of(const struct policy *policy,
							   uint16_t view, unsigned int place)
{
	const struct policy_views *views = policy->views;

	if (!policy->sinkholes || view == POLICY_ALL_LISTS || !views || view > views->count ||
	    policy->lists[place].mandatory || !views->view[view - 1].sinkhole)
		return NULL;
	return &views->view[view - 1];
}

/* Frees the policy, its sets and data; NULL is fine. */
void policy_free(struct policy *policy);

/* Puts `views` (taken over; may be NULL) in the place of those of `policy`, which nobody reads yet.
 */
void policy_set_views(struct policy *policy, struct policy_views *views);

/* Puts `manual` (taken over; may be NULL) in the place of what `policy`, which nobody reads yet,
 * has. */
void policy_set_manual(struct policy *policy, struct policy_manual *manual);

/*
 * A policy as `policy`, but with `manual` (taken over, if that succeeds; may be NULL), and without
 * views.  All else is the new one's from then on: of the former one policy_free_former frees what
 * is left.  ERR_NOMEM.
 */
enum err policy_follow(const struct policy *policy, struct policy_manual *manual,
		       struct policy **ret_policy) MUST_CHECK;
void policy_free_former(struct policy *policy);

void policy_manual_free(struct policy_manual *manual);

#endif
