/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a query would be answered, and why: a real query is put through query_begin and
 * query_decide, with counters of its own and a cache that is empty, so that what is told here is
 * what clients get.  What an upstream would answer is not known, nor whether the names that its
 * answer leads to are listed.
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/err.h"
#include "match/policy.h"
#include "query/query.h"

#define EXPLAIN_RULES_MAX 64U

/* The strongest rule of one list for the name, or its longest prefix for the address or client. */
struct explain_rule {
	uint16_t list;
	bool decides;
	bool off; /* the list does not hold for the client */
	bool exception;
	bool important;
	uint8_t scope;	/* enum domset_scope */
	uint8_t answer; /* enum domset_answer */
	uint32_t data;	/* of the policy's local data; 0: none */
	uint32_t line;	/* in the list's file */
	struct name owner;
	struct prefix prefix;	       /* instead of it, of addresses; else the family is 0 */
	const struct pattern *pattern; /* of the snapshot; NULL: the rule has an owner */
};

struct explanation {
	struct name name;
	struct ip of_address; /* instead of it: an address; else the family is 0 */
	uint16_t qtype;
	enum query_outcome outcome;
	const char *verdict; /* what became of it, as the metrics call that; never NULL */
	uint8_t rcode;	     /* valid for QUERY_ANSWERED, as the four below */
	bool truncated;
	bool has_address;
	struct ip address; /* the first that the answer has */
	bool has_records;  /* none of them an address */
	uint16_t view;	   /* the client's (group/groups.h); of an address none is asked for */
	struct ip client;  /* family 0: of an address */
	uint16_t pool;	   /* of the snapshot's: who is asked; valid for QUERY_FORWARD */
	struct name asked; /* the name that CNAMEs lead to; else that of the query */
	size_t rule_count;
	struct explain_rule rules[EXPLAIN_RULES_MAX]; /* the first; what decides is among them */
};

/* What is asked, as a person writes it. */
struct explain_text {
	const char *name;   /* or an address; NULL: is missing */
	const char *type;   /* NULL: A */
	const char *client; /* NULL: one that may ask */
};

struct explain_question {
	struct name name;  /* lower case */
	struct ip address; /* instead of it; else the family is 0 */
	uint16_t qtype;
	struct ip client; /* family 0: one that may ask */
};

/* ERR_SYNTAX with `text`: there is no such name, type or address. */
enum err explain_read(const struct explain_text *written, struct explain_question *ret_question,
		      struct err_text *text) MUST_CHECK;

/* Explains a query over UDP; of an address, what becomes of a name's answer that gives it.
 * ERR_NOMEM.  Any thread that may use the snapshot. */
enum err explain(const struct snapshot *snapshot, const struct explain_question *question,
		 struct explanation *ret_explanation) MUST_CHECK;

/* True where a list, or the protection against rebinding, keeps the client from what it asks for.
 */
bool explain_is_blocked(const struct explanation *explanation);

/* True for a list whose rules for name servers may yet block what is asked upstream: who serves the
 * name is not asked here. */
bool explain_is_open(const struct snapshot *snapshot, const struct explanation *e,
		     unsigned int list);

/* What was asked, and what a rule is for, as text. */
const char *explain_subject(const struct explanation *e, char buf[NAME_TEXT_MAX]);
const char *explain_owner(const struct explain_rule *rule, char buf[NAME_TEXT_MAX]);

/* Whether the list is in force: "in force", "not in force yet", "lapsed, and kept", "only logs",
 * "lapsed, and only logs", "lapsed, and lifted".  Static. */
const char *explain_state(const struct policy_list *list);

/* What is answered, in a few words: "192.0.2.1", "NXDOMAIN", "no data", "nothing"; in `buf`, which
 * is returned. */
const char *explain_answer(const struct explanation *e, char *buf, size_t size);

/* The name of the client's group; NULL: it is in none, or there are none. */
const char *explain_group(const struct snapshot *snapshot, const struct explanation *e);

/* What is known of the rule's family, by its row or else by its list, and of the row's ticket. */
struct localdata_note explain_note(const struct snapshot *snapshot,
				   const struct explain_rule *rule);

/* The file of list `index`; "" when the configuration names the list no more. */
const char *explain_file(const struct snapshot *snapshot, size_t index);

/* Writes it for a person to read.  ERR_SYS: writing failed. */
enum err explain_write(const struct snapshot *snapshot, const struct explanation *e,
		       FILE *out) MUST_CHECK;

#endif
