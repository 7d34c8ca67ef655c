/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/reply.h"

#include <string.h>

#include "dns/bailiwick.h"
#include "dns/rdata.h"

#define TTL_MAX 0x7fffffffU /* RFC 2181, 8 */

static bool same_question(const uint8_t *a, const uint8_t *question, size_t len)
{
	size_t name_len = len - 4;

	return name_equal_lowered(a, question, name_len) &&
	       memcmp(a + name_len, question + name_len, 4) == 0;
}

/* What a server says that could not, or did not care to, read the question. */
static bool is_bare_error(uint16_t flags)
{
	switch (flags & FLAG_RCODE) {
	case RCODE_FORMERR:
	case RCODE_SERVFAIL:
	case RCODE_NOTIMP:
	case RCODE_REFUSED:
		return true;
	default:
		return false;
	}
}

bool reply_matches(const uint8_t *msg, size_t len, const uint8_t *question, size_t question_len)
{
	uint16_t flags = len < WIRE_HEADER ? 0 : wire_get16(msg + 2);

	if ((flags & (FLAG_QR | FLAG_OPCODE)) != FLAG_QR)
		return false;
	if (wire_get16(msg + 4) == 0)
		return is_bare_error(flags);
	if (wire_get16(msg + 4) != 1 || len < WIRE_HEADER + question_len)
		return false;
	return same_question(msg + WIRE_HEADER, question, question_len);
}

/*
 * A message under examination.  The octets of TTLs are marked, a bit each: they will be changed,
 * now and whenever the reply is given, so no name may have a part of itself there.
 */
struct exam {
	uint8_t *msg;
	size_t len;
	size_t question_end;
	const struct reply_ttl_limits *limits;
	struct reply *reply;
	unsigned int pointers; /* followed so far, in all names */
	bool foreign;	       /* a record seems not to belong to the question */
	uint16_t passed_over;  /* additional records that do not belong, since one that does */
	bool leads_on;	       /* a CNAME was taken in */
	bool answered;	       /* so was what was asked for */
	bool others;	       /* so was one that is neither an address nor an SOA */
	bool opt_seen;	       /* records behind the OPT are checked, and not taken */
	struct name owner;     /* of the record looked at */
	struct name target;    /* the first name in its rdata */
	struct name ignored;   /* the second */
	struct bailiwick bailiwick;
	uint8_t ttl_marks[(WIRE_MESSAGE_MAX + 8) / 8];
};

static void exam_begin(struct exam *exam, size_t len)
{
	exam->len = len;
	exam->pointers = 0;
	exam->foreign = false;
	exam->passed_over = 0;
	exam->leads_on = false;
	exam->answered = false;
	exam->others = false;
	exam->opt_seen = false;
	memset(exam->ttl_marks, 0, (len + 7) / 8);
}

static bool is_marked(const struct exam *exam, size_t at)
{
	return exam->ttl_marks[at / 8] & (1U << (at % 8));
}

static void mark_ttl(struct exam *exam, const struct wire_rr *rr)
{
	for (size_t at = rr->ttl_at; at < rr->ttl_at + 4; at++)
		exam->ttl_marks[at / 8] = (uint8_t)(exam->ttl_marks[at / 8] | 1U << (at % 8));
}

static bool any_marked(const struct exam *exam, size_t from, size_t octets)
{
	for (size_t at = from; at < from + octets; at++)
		if (is_marked(exam, at))
			return true;
	return false;
}

/* True when a name, which name_unpack has read, has an octet in a TTL. */
static bool stands_in_ttl(const struct exam *exam, size_t at)
{
	for (;;) {
		size_t label = exam->msg[at];
		bool pointer = label > NAME_LABEL_MAX;

		if (any_marked(exam, at, pointer ? 2 : label + 1))
			return true;
		if (label == 0)
			return false;
		at = pointer ? wire_get16(exam->msg + at) & 0x3fffU : at + label + 1;
	}
}

/* Reads all of a possibly compressed name that ends before the record does.  All names together
 * may follow as many pointers as the message has octets: honest ones follow far fewer, and reading
 * a message costs no more than its length. */
static enum err read_name(struct exam *exam, const struct wire_rr *rr, size_t *at,
			  struct name *name)
{
	size_t start = *at;
	enum err err = name_unpack_counted(exam->msg, rr->end, at, &exam->pointers, name);

	if (err == ERR_OK && exam->pointers > exam->len)
		return ERR_POINTER;
	if (err == ERR_OK && stands_in_ttl(exam, start))
		return ERR_POINTER;
	return err;
}

/* What the owner points to as well: whoever is handed the record will read it. */
static enum err read_owner(struct exam *exam, const struct wire_rr *rr,
			   const struct name **ret_owner)
{
	size_t at = rr->owner;

	if (exam->bailiwick.count > 0 && wire_get16(exam->msg + at) == WIRE_QNAME_POINTER) {
		*ret_owner = &exam->bailiwick.names[0]; /* was compared with our own */
		return ERR_OK;
	}
	*ret_owner = &exam->owner;
	return read_name(exam, rr, &at, &exam->owner);
}

/* The name of a service is never compressed (RFC 9460, 2.2). */
static enum err read_service(struct exam *exam, const struct wire_rr *rr)
{
	const uint8_t *name = exam->msg + rr->rdata + 2;
	size_t len = rr->rdlen < 3 ? 0 : name_check(name, rr->rdlen - 2U);

	if (len == 0)
		return ERR_SYNTAX;
	name_copy_lower(&exam->target, name, len);
	return ERR_OK;
}

static enum err read_rdata(struct exam *exam, const struct wire_rr *rr)
{
	struct rdata_form form = rdata_form(rr->type);
	size_t at = rr->rdata + form.before;
	enum err err;

	if (rr->type == TYPE_A && rr->rrclass == CLASS_IN)
		return rr->rdlen == 4 ? ERR_OK : ERR_SYNTAX;
	if (rr->type == TYPE_AAAA && rr->rrclass == CLASS_IN)
		return rr->rdlen == 16 ? ERR_OK : ERR_SYNTAX;
	if (rr->type == TYPE_SVCB || rr->type == TYPE_HTTPS)
		return read_service(exam, rr);
	if (form.names == 0)
		return ERR_OK;
	err = read_name(exam, rr, &at, &exam->target);
	if (err == ERR_OK && form.names > 1)
		err = read_name(exam, rr, &at, &exam->ignored);
	if (err != ERR_OK)
		return err;
	return rr->end - at == form.after ? ERR_OK : ERR_SYNTAX;
}

static uint32_t clamp(uint32_t ttl_s, uint16_t type, const struct reply_ttl_limits *limits)
{
	uint32_t max_s = limits->max_s;

	for (size_t i = 0; i < limits->type_count; i++)
		if (limits->types[i].type == type && limits->types[i].max_s < max_s)
			max_s = limits->types[i].max_s;
	if (ttl_s > TTL_MAX)
		ttl_s = 0;
	if (ttl_s < limits->min_s)
		ttl_s = limits->min_s;
	return ttl_s > max_s ? max_s : ttl_s;
}

/* The time a negative reply may be kept: the least of the SOA's TTL and MINIMUM (RFC 2308, 5). */
static uint32_t negative_ttl(const uint8_t *msg, const struct wire_rr *soa,
			     const struct reply_ttl_limits *limits)
{
	uint32_t minimum = wire_get32(msg + soa->end - 4);
	uint32_t ttl_s = soa->ttl_s < minimum ? soa->ttl_s : minimum;

	ttl_s = clamp(ttl_s, TYPE_SOA, limits);
	return ttl_s < limits->max_negative_s ? ttl_s : limits->max_negative_s;
}

static void note_answer(struct exam *exam, uint16_t type)
{
	uint16_t qtype = exam->bailiwick.qtype;

	exam->leads_on |= type == TYPE_CNAME;
	exam->answered |= type == qtype || qtype == TYPE_ANY || qtype == TYPE_RRSIG;
}

/* Additional records at the end that do not belong are left out by ending the body before them;
 * else the body is written anew.  True when the record is in the body. */
static bool take_in(struct exam *exam, const struct wire_rr *rr, enum section section,
		    const struct name *owner)
{
	struct reply *reply = exam->reply;
	bool belongs =
		bailiwick_take(&exam->bailiwick, section, exam->msg, rr, owner, &exam->target);

	if (section == SECTION_ADDITIONAL) {
		if (!belongs) {
			exam->passed_over++;
			return false;
		}
		exam->foreign |= exam->passed_over > 0;
		reply->arcount = (uint16_t)(reply->arcount + exam->passed_over + 1);
		exam->passed_over = 0;
	}
	if (section == SECTION_ANSWER)
		note_answer(exam, rr->type);
	exam->foreign |= !belongs;
	exam->others |= rr->type != TYPE_A && rr->type != TYPE_AAAA && rr->type != TYPE_SOA;
	reply->body_len = (uint16_t)(rr->end - exam->question_end);
	return true;
}

/* Takes one record other than the OPT into the reply's account. */
static enum err take_record(struct exam *exam, const struct wire_rr *rr, enum section section)
{
	struct reply *reply = exam->reply;
	uint32_t ttl_s = clamp(rr->ttl_s, rr->type, exam->limits);
	const struct name *owner;
	enum err err;

	mark_ttl(exam, rr);
	err = read_owner(exam, rr, &owner);
	if (err == ERR_OK)
		err = read_rdata(exam, rr);
	if (err != ERR_OK)
		return err;
	if (section == SECTION_AUTHORITY && rr->type == TYPE_SOA) {
		ttl_s = negative_ttl(exam->msg, rr, exam->limits);
		reply->has_soa = true;
	}
	wire_put32(exam->msg + rr->ttl_at, ttl_s);
	if (!exam->opt_seen && take_in(exam, rr, section, owner) && ttl_s < reply->ttl_s)
		reply->ttl_s = ttl_s;
	return ERR_OK;
}

static enum err take_opt(struct exam *exam, const struct wire_rr *rr, enum section section)
{
	struct reply *reply = exam->reply;
	struct edns edns;
	enum err err;

	if (exam->opt_seen || section != SECTION_ADDITIONAL)
		return ERR_SYNTAX;
	err = wire_read_opt(exam->msg, rr, &edns);
	if (err != ERR_OK)
		return err;
	exam->opt_seen = true;
	reply->has_opt = true;
	reply->rcode = (uint16_t)(reply->rcode | (edns.ext_rcode << 4));
	if (edns.cookie) {
		reply->cookie_len = edns.cookie_len;
		memcpy(reply->cookie, exam->msg + edns.cookie, edns.cookie_len);
	}
	if (edns.version == 0)
		edes_read(&reply->ede, exam->msg + rr->rdata, rr->rdlen);
	return ERR_OK;
}

/* Walks as many records as the reply counts; the body ends at the OPT, or at the message's end. */
static enum err take_records(struct exam *exam)
{
	struct reply *reply = exam->reply;
	unsigned int additional = (unsigned int)reply->ancount + reply->nscount;
	unsigned int count = additional + reply->arcount;
	size_t pos = exam->question_end;
	struct wire_rr rr;

	reply->arcount = 0;
	for (unsigned int i = 0; i < count; i++) {
		enum section section = i < reply->ancount ? SECTION_ANSWER
				       : i < additional	  ? SECTION_AUTHORITY
							  : SECTION_ADDITIONAL;
		enum err err = wire_next_rr(exam->msg, exam->len, &pos, &rr);

		if (err == ERR_OK)
			err = rr.type == TYPE_OPT ? take_opt(exam, &rr, section)
						  : take_record(exam, &rr, section);
		if (err != ERR_OK)
			return err;
	}
	return pos == exam->len ? ERR_OK : ERR_SYNTAX;
}

static unsigned int records(const struct bailiwick_body *body)
{
	return (unsigned int)body->count[SECTION_ANSWER] + body->count[SECTION_AUTHORITY] +
	       body->count[SECTION_ADDITIONAL];
}

/*
 * Removes what does not belong, and takes the records that are left anew: what is told of the
 * reply is told of them.  An answer of which nothing is left is none.
 */
static enum err prune(struct exam *exam)
{
	struct reply *reply = exam->reply;
	struct bailiwick_body body = {
		.begin = exam->question_end,
		.end = exam->question_end + reply->body_len,
		.count = {reply->ancount, reply->nscount, reply->arcount},
	};
	unsigned int before = records(&body);
	bool answered = reply->ancount > 0;
	enum err err = bailiwick_prune(&exam->bailiwick, exam->msg, &body);

	if (err != ERR_OK || records(&body) == before)
		return err;
	reply->pruned = true;
	reply->ancount = body.count[SECTION_ANSWER];
	reply->nscount = body.count[SECTION_AUTHORITY];
	reply->arcount = body.count[SECTION_ADDITIONAL];
	reply->body_len = 0;
	reply->has_soa = false;
	reply->ttl_s = TTL_MAX;
	if (answered && reply->ancount == 0 && reply->rcode == RCODE_NOERROR)
		return ERR_SYNTAX;
	exam_begin(exam, body.end);
	return take_records(exam);
}

/*
 * A NOERROR with answers may still be a CNAME chain that ends in nothing, which an SOA tells: that
 * is an answer too, kept as long as its least TTL; and so is the DNAME that makes too long a name
 * (RFC 6672, 2.2).
 */
static enum reply_kind kind_of(const struct reply *reply, bool says_nothing)
{
	if (reply->rcode == RCODE_NXDOMAIN)
		return REPLY_NXDOMAIN;
	if (reply->rcode != RCODE_NOERROR && reply->rcode != RCODE_YXDOMAIN)
		return REPLY_FAILURE;
	if (reply->ancount == 0)
		return REPLY_NODATA;
	return says_nothing && !reply->has_soa ? REPLY_CNAME : REPLY_ANSWER;
}

static enum err take_all(uint8_t *msg, size_t len, const struct reply_ttl_limits *limits,
			 struct reply *reply)
{
	struct exam exam;
	enum err err;

	exam.msg = msg;
	exam.question_end = reply->question_end;
	exam.limits = limits;
	exam.reply = reply;
	bailiwick_begin(&exam.bailiwick, msg + WIRE_HEADER, reply->question_end - WIRE_HEADER);
	exam.bailiwick.servers = limits->servers;
	exam_begin(&exam, len);
	err = take_records(&exam);
	if (err == ERR_OK && exam.foreign)
		err = prune(&exam);
	reply->kind = kind_of(reply, exam.leads_on && !exam.answered);
	reply->simple = !exam.others && reply->arcount == 0;
	return err == ERR_OK && exam.bailiwick.circle ? ERR_SYNTAX : err;
}

enum err reply_parse(uint8_t *msg, size_t len, size_t question_len,
		     const struct reply_ttl_limits *limits, struct reply *ret_reply)
{
	uint16_t flags = wire_get16(msg + 2);
	size_t body_at = WIRE_HEADER + (wire_get16(msg + 4) > 0 ? question_len : 0);
	struct reply reply = {
		.rcode = flags & FLAG_RCODE,
		.tc = (flags & FLAG_TC) != 0,
		.ad = (flags & FLAG_AD) != 0,
		.no_ra = (flags & (FLAG_RA | FLAG_AA)) == 0,
		.ancount = wire_get16(msg + 6),
		.nscount = wire_get16(msg + 8),
		.arcount = wire_get16(msg + 10),
		.question_end = (uint16_t)body_at,
		.ttl_s = TTL_MAX,
		.body = msg + body_at,
	};
	enum err err = ERR_OK;

	if (reply.tc) {
		reply.ancount = reply.nscount = reply.arcount = 0;
		reply.kind = kind_of(&reply, false);
	} else {
		err = take_all(msg, len, limits, &reply);
	}
	if (err != ERR_OK)
		return err;
	*ret_reply = reply;
	return ERR_OK;
}

void reply_age(uint8_t *msg, size_t len, size_t pos, unsigned int count, uint32_t age_s)
{
	struct wire_rr rr;

	for (unsigned int i = 0; i < count; i++) {
		if (wire_next_rr(msg, len, &pos, &rr) != ERR_OK)
			return;
		wire_put32(msg + rr.ttl_at, rr.ttl_s > age_s ? rr.ttl_s - age_s : 0);
	}
}

void reply_cap_ttl(uint8_t *msg, size_t len, size_t pos, unsigned int count, uint32_t ttl_s)
{
	struct wire_rr rr;

	for (unsigned int i = 0; i < count; i++) {
		if (wire_next_rr(msg, len, &pos, &rr) != ERR_OK)
			return;
		if (rr.ttl_s > ttl_s && rr.type != TYPE_OPT)
			wire_put32(msg + rr.ttl_at, ttl_s);
	}
}
