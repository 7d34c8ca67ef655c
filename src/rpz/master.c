/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/master.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldns/ldns.h> /* behind stdbool.h: it has a bool of its own otherwise */

#include "dns/wire.h"
#include "rpz/lines.h"

#define TTL_MAX 2147483647U /* RFC 2181, 8 */

struct span {
	const char *text;
	size_t len;
};

/* Takes the next word from the front of `rest`; its length is 0 at the end.  A blank behind a
 * backslash is a part of it. */
static struct span next_word(struct span *rest)
{
	struct span word;

	while (rest->len > 0 && lines_is_gap(*rest->text)) {
		rest->text++;
		rest->len--;
	}
	word = *rest;
	while (rest->len > 0 && !lines_is_gap(*rest->text)) {
		size_t octets = *rest->text == '\\' && rest->len > 1 ? 2 : 1;

		rest->text += octets;
		rest->len -= octets;
	}
	word.len -= rest->len;
	return word;
}

static bool is_word(struct span word, const char *text)
{
	return word.len == strlen(text) && strncasecmp(word.text, text, word.len) == 0;
}

/* ---- names */

/* True when the dot at the end is one, and not a part of the last label. */
static bool is_absolute(struct span word)
{
	size_t slashes = 0;

	if (word.len == 0 || word.text[word.len - 1] != '.')
		return false;
	while (slashes + 1 < word.len && word.text[word.len - 2 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 0;
}

/* As most owners are: host names, perhaps with a wildcard's label before. */
static enum err host_name(struct span word, struct name *ret_name)
{
	bool wildcard = word.len > 2 && word.text[0] == '*' && word.text[1] == '.';
	enum err err;

	if (!wildcard)
		return name_from_host(word.text, word.len, ret_name);
	err = name_from_host(word.text + 2, word.len - 2, ret_name);
	if (err == ERR_OK && ret_name->len > NAME_WIRE_MAX - 2)
		return ERR_NAME;
	if (err != ERR_OK)
		return err;
	memmove(ret_name->wire + 2, ret_name->wire, ret_name->len);
	memcpy(ret_name->wire, "\1*", 2);
	ret_name->len = (uint8_t)(ret_name->len + 2);
	return ERR_OK;
}

/* A name as it stands in the file; without a dot at its end it lies below the origin. */
static enum err read_name(const struct master *master, struct span word, struct name *ret_name)
{
	size_t labels;
	enum err err;

	if (is_word(word, "@")) {
		*ret_name = master->origin;
		return ERR_OK;
	}
	if (is_word(word, ".")) {
		*ret_name = (struct name){.len = 1};
		return ERR_OK;
	}
	if (word.len > 0 && *word.text == '"') /* which would be taken for a part of the name */
		return ERR_CHAR;
	err = host_name(word, ret_name);
	if (err == ERR_CHAR)
		err = name_from_text(word.text, word.len, ret_name);
	if (err != ERR_OK || is_absolute(word))
		return err;
	labels = ret_name->len - 1U;
	if (labels + master->origin.len > NAME_WIRE_MAX)
		return ERR_NAME;
	memcpy(ret_name->wire + labels, master->origin.wire, master->origin.len);
	ret_name->len = (uint8_t)(labels + master->origin.len);
	return ERR_OK;
}

/* ---- directives */

/* A TTL as "3600" or "1h30m". */
static bool read_ttl(struct span word, uint32_t *ret_ttl_s)
{
	char text[32];
	const char *end;
	uint32_t ttl_s;

	if (word.len == 0 || word.len >= sizeof(text) || word.text[0] < '0' || word.text[0] > '9')
		return false;
	memcpy(text, word.text, word.len);
	text[word.len] = '\0';
	ttl_s = ldns_str2period(text, &end);
	if (*end != '\0' || ttl_s > TTL_MAX)
		return false;
	*ret_ttl_s = ttl_s;
	return true;
}

static enum master_found directive(struct master *master, struct span word, struct span rest)
{
	struct span value = next_word(&rest);
	struct name name;

	if (is_word(word, "$INCLUDE"))
		return MASTER_INCLUDE;
	if (is_word(word, "$TTL")) {
		if (!read_ttl(value, &master->ttl_s))
			return MASTER_BAD;
		master->has_ttl = true;
		return MASTER_NOTHING;
	}
	if (!is_word(word, "$ORIGIN") || value.len == 0 ||
	    read_name(master, value, &name) != ERR_OK)
		return MASTER_BAD;
	master->origin = name;
	master->has_origin = true;
	return MASTER_NOTHING;
}

/* ---- records */

/* Begins with the owner.  MASTER_RECORD: `rest` is what stands behind it. */
static enum master_found begin(struct master *master, struct span *rest)
{
	bool same = rest->len > 0 && lines_is_gap(*rest->text);
	struct span left = *rest;
	struct span word = next_word(&left);
	struct name owner;

	if (word.len == 0)
		return MASTER_NOTHING;
	if (memchr(rest->text, '\0', rest->len))
		return MASTER_BAD;
	if (same)
		return master->owner.len > 0 ? MASTER_RECORD : MASTER_BAD;
	if (*word.text == '$')
		return directive(master, word, left);
	*rest = left;
	if (read_name(master, word, &owner) != ERR_OK) {
		master->owner.len = 0; /* what follows without an owner is not of another one */
		return MASTER_BAD;
	}
	master->owner = owner;
	return MASTER_RECORD;
}

/* What stands before a record's type. */
struct front {
	uint32_t ttl_s;
	bool has_ttl;
	bool has_class;
};

/* Takes a TTL and a class, in either order (RFC 1035, 5.1; "CLASS1": RFC 3597, 5). */
static struct front take_front(struct span *rest)
{
	struct front front = {.ttl_s = 0};
	struct span left = *rest;
	struct span word = next_word(&left);

	for (;;) {
		if (!front.has_ttl && read_ttl(word, &front.ttl_s))
			front.has_ttl = true;
		else if (!front.has_class && (is_word(word, "IN") || is_word(word, "CLASS1")))
			front.has_class = true;
		else
			return front;
		*rest = left;
		word = next_word(&left);
	}
}

static bool is_other_class(struct span rest)
{
	struct span word = next_word(&rest);

	return is_word(word, "CH") || is_word(word, "HS");
}

/* Records without a TTL have that of $TTL (RFC 2308, 4), else the last that was said (RFC 1035,
 * 5.1); where a SOA has none, its minimum is theirs, too. */
static void settle_ttl(struct master *master, const struct front *front,
		       struct master_record *record)
{
	bool is_first = !master->has_ttl && !master->has_said_ttl;

	if (front->has_ttl && !master->has_ttl) {
		master->ttl_s = front->ttl_s;
		master->has_said_ttl = true;
	} else if (is_first && record->type == TYPE_SOA && record->rdlen > 4) {
		master->ttl_s = wire_get32(record->rdata + record->rdlen - 4);
		master->has_ttl = true;
	}
	record->ttl_s = front->has_ttl ? front->ttl_s : master->ttl_s;
}

static bool read_target(const struct master *master, struct span word, struct master_record *record)
{
	struct name target;

	if (read_name(master, word, &target) != ERR_OK)
		return false;
	record->type = TYPE_CNAME;
	record->rdlen = target.len;
	memcpy(record->rdata, target.wire, target.len);
	return true;
}

static bool read_address(struct span word, int family, struct master_record *record)
{
	char text[INET6_ADDRSTRLEN];

	if (word.len >= sizeof(text))
		return false;
	memcpy(text, word.text, word.len);
	text[word.len] = '\0';
	record->type = family == AF_INET ? TYPE_A : TYPE_AAAA;
	record->rdlen = family == AF_INET ? 4 : 16;
	return inet_pton(family, text, record->rdata) == 1;
}

/* True for a word that ldns takes as it stands: without escapes, quotation marks and control
 * characters, some of which it takes for blanks. */
static bool is_simple(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((uint8_t)word.text[i] <= ' ' || word.text[i] == '\\' || word.text[i] == '"')
			return false;
	return true;
}

/* True for what needs no more than words: "CNAME x", and likewise A and AAAA. */
static bool read_simple(const struct master *master, struct span rest, struct master_record *record)
{
	struct span word = next_word(&rest);
	struct span data = next_word(&rest);

	if (data.len == 0 || next_word(&rest).len > 0 || !is_simple(data))
		return false;
	if (is_word(word, "CNAME"))
		return read_target(master, data, record);
	if (is_word(word, "A"))
		return read_address(data, AF_INET, record);
	return is_word(word, "AAAA") && read_address(data, AF_INET6, record);
}

static bool take_rdata(const ldns_rr *rr, struct master_record *record)
{
	size_t len = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *field = ldns_rr_rdf(rr, i);
		size_t size = field ? ldns_rdf_size(field) : 0;

		if (!field || len + size > MASTER_RDATA_MAX)
			return false;
		memcpy(record->rdata + len, ldns_rdf_data(field), size);
		len += size;
	}
	record->rdlen = (uint16_t)len;
	return true;
}

static enum master_found take_rr(const ldns_rr *rr, struct master_record *record)
{
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN || !take_rdata(rr, record))
		return MASTER_BAD;
	record->type = (uint16_t)ldns_rr_get_type(rr);
	return MASTER_RECORD;
}

#define FRONT ". 0 IN "

/* Owner, TTL and class are ours to read: ldns is given others. */
static enum master_found read_by_ldns(const struct master *master, struct span rest,
				      struct master_record *record)
{
	const size_t front = strlen(FRONT);
	char *text = malloc(front + rest.len + 1);
	ldns_rdf *origin =
		ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, master->origin.len, master->origin.wire);
	enum master_found found = MASTER_NOMEM;
	ldns_rr *rr = NULL;
	ldns_status status;

	if (text && origin) {
		memcpy(text, FRONT, front);
		memcpy(text + front, rest.text, rest.len);
		text[front + rest.len] = '\0';
		status = ldns_rr_new_frm_str(&rr, text, 0, origin, NULL);
		found = status == LDNS_STATUS_OK	? take_rr(rr, record)
			: status == LDNS_STATUS_MEM_ERR ? MASTER_NOMEM
							: MASTER_BAD;
	}
	ldns_rr_free(rr);
	ldns_rdf_deep_free(origin);
	free(text);
	return found;
}

static enum master_found read_record(struct master *master, const char *text, size_t len,
				     bool slowly, struct master_record *record)
{
	struct span rest = {text, len};
	enum master_found found;
	struct front front;

	while (rest.len > 0 && rest.text[rest.len - 1] == '\r')
		rest.len--;
	found = begin(master, &rest);
	if (found != MASTER_RECORD)
		return found;
	front = take_front(&rest);
	if (is_other_class(rest))
		return MASTER_BAD;
	record->owner = master->owner;
	if (slowly || !read_simple(master, rest, record))
		found = read_by_ldns(master, rest, record);
	if (found == MASTER_RECORD)
		settle_ttl(master, &front, record);
	return found;
}

enum master_found master_read(struct master *master, const char *text, size_t len,
			      struct master_record *ret_record)
{
	return read_record(master, text, len, false, ret_record);
}

enum master_found master_read_slowly(struct master *master, const char *text, size_t len,
				     struct master_record *ret_record)
{
	return read_record(master, text, len, true, ret_record);
}
