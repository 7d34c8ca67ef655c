/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/trigger.h"

#include <string.h>

#include "dns/wire.h"

#define SPECIAL_PREFIX "rpz-"
#define TYPE_SIG 24U
#define TYPE_NXT 30U
#define TYPE_DNSKEY 48U
#define TYPE_NSEC3PARAM 51U
#define TYPE_CDS 59U
#define TYPE_CDNSKEY 60U
#define TYPE_ZONEMD 63U

/* `owner` without the `apex` that it lies below. */
static void relative_to(const struct name *owner, const struct name *apex, struct name *ret_name)
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

static enum trigger kind_of(const uint8_t *label)
{
	static const struct {
		const char *text;
		enum trigger kind;
	} kinds[] = {
		{"rpz-client-ip", TRIGGER_CLIENT},
		{"rpz-ip", TRIGGER_ADDRESS},
		{"rpz-nsdname", TRIGGER_SERVER},
		{"rpz-nsip", TRIGGER_SERVER_ADDRESS},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (label_is(label, kinds[i].text))
			return kinds[i].kind;
	return TRIGGER_NAME;
}

/* ---- addresses */

#define WORDS 8U

/* A number of at most `max` in a label, without leading zeros but "0" itself. */
static bool read_number(const uint8_t *label, unsigned int base, unsigned int max,
			unsigned int *ret_number)
{
	unsigned int number = 0;

	if (label[0] == 0 || label[0] > 4)
		return false;
	for (unsigned int i = 1; i <= label[0]; i++) {
		uint8_t c = label[i];
		unsigned int digit = 99;

		if (c >= '0' && c <= '9')
			digit = c - (unsigned int)'0';
		else if (c >= 'a' && c <= 'f')
			digit = c - (unsigned int)'a' + 10;

		if (digit >= base)
			return false;
		number = number * base + digit;
	}
	*ret_number = number;
	return number <= max;
}

/* The labels of an address, its last word first. */
static unsigned int split(const uint8_t *wire, const uint8_t *labels[WORDS + 1])
{
	unsigned int count = 0;

	for (; *wire && count <= WORDS; wire += *wire + 1)
		labels[count++] = wire;
	return *wire ? 0 : count;
}

static bool read_ipv4(const uint8_t *const labels[4], struct ip *ret_ip)
{
	*ret_ip = (struct ip){.family = AF_INET};
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int octet;

		if (!read_number(labels[3 - i], 10, 255, &octet))
			return false;
		ret_ip->bytes[i] = (uint8_t)octet;
	}
	return true;
}

/* "zz" stands for as many zeros as are missing. */
static bool read_ipv6(const uint8_t *const *labels, unsigned int count, struct ip *ret_ip)
{
	uint8_t octets[16] = {0};
	unsigned int word = WORDS;
	bool zeros = false;

	for (unsigned int i = 0; i < count; i++) {
		unsigned int value;

		if (!zeros && label_is(labels[i], "zz") && count <= WORDS) {
			zeros = true;
			word -= WORDS + 1 - count;
			continue;
		}
		if (word == 0 || !read_number(labels[i], 16, 0xffff, &value))
			return false;
		word--;
		octets[2 * word] = (uint8_t)(value >> 8);
		octets[2 * word + 1] = (uint8_t)value;
	}
	*ret_ip = (struct ip){.family = AF_INET6};
	memcpy(ret_ip->bytes, octets, sizeof(octets));
	return word == 0;
}

/* An IPv4 address that is mapped is one. */
static bool unmap(struct prefix *prefix)
{
	struct ip ip = ip_from_octets(prefix->ip.bytes, true);

	if (ip.family == AF_INET6)
		return true;
	if (prefix->len < 96)
		return false;
	prefix->ip = ip;
	prefix->len = (uint8_t)(prefix->len - 96);
	return true;
}

static bool read_prefix(struct zone_trigger *trigger)
{
	struct prefix *prefix = &trigger->prefix;
	const uint8_t *labels[WORDS + 1];
	const uint8_t *first = trigger->name.wire;
	unsigned int count;
	unsigned int len;
	struct ip ip;

	if (trigger->wildcard || !read_number(first, 10, 128, &len) || len == 0)
		return false;
	count = split(first + first[0] + 1, labels);
	if (count < 2 || (count != 4 && count > WORDS))
		return false;
	if (count == 4 && len <= 32 && read_ipv4(labels, &prefix->ip))
		prefix->len = (uint8_t)len;
	else if (read_ipv6(labels, count, &prefix->ip))
		prefix->len = (uint8_t)len;
	else
		return false;
	if (prefix->ip.family == AF_INET6 && !unmap(prefix))
		return false;
	ip = ip_masked(&prefix->ip, prefix->len);
	trigger->loose = !ip_equal(&ip, &prefix->ip);
	prefix->ip = ip;
	return true;
}

#define PREFIX_OCTETS 18U /* family, length, address */

void trigger_name_of(const struct prefix *prefix, struct name *ret_name)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t octets[PREFIX_OCTETS] = {prefix->ip.family, prefix->len};

	memcpy(octets + 2, prefix->ip.bytes, sizeof(prefix->ip.bytes));
	ret_name->wire[0] = 2 * PREFIX_OCTETS;
	for (unsigned int i = 0; i < PREFIX_OCTETS; i++) {
		ret_name->wire[1 + 2 * i] = (uint8_t)digits[octets[i] >> 4];
		ret_name->wire[2 + 2 * i] = (uint8_t)digits[octets[i] & 15U];
	}
	ret_name->wire[1 + 2 * PREFIX_OCTETS] = 0;
	ret_name->len = 2 + 2 * PREFIX_OCTETS;
}

struct prefix trigger_prefix_of(const struct name *name)
{
	uint8_t octets[PREFIX_OCTETS];
	struct prefix prefix;

	for (unsigned int i = 0; i < PREFIX_OCTETS; i++) {
		uint8_t high = name->wire[1 + 2 * i];
		uint8_t low = name->wire[2 + 2 * i];

		octets[i] = (uint8_t)((high > '9' ? high - 'a' + 10 : high - '0') << 4 |
				      (low > '9' ? low - 'a' + 10 : low - '0'));
	}
	prefix = (struct prefix){.ip = {.family = octets[0]}, .len = octets[1]};
	memcpy(prefix.ip.bytes, octets + 2, sizeof(prefix.ip.bytes));
	return prefix;
}

/* ---- owners */

bool trigger_read(const struct name *owner, const struct name *apex,
		  struct zone_trigger *ret_trigger)
{
	struct name *name = &ret_trigger->name;
	const uint8_t *last;

	relative_to(owner, apex, name);
	last = last_label(name);
	ret_trigger->kind = kind_of(last);
	ret_trigger->loose = false;
	if (ret_trigger->kind != TRIGGER_NAME) {
		name->len = (uint8_t)(last - name->wire + 1);
		name->wire[name->len - 1] = 0;
	}
	ret_trigger->wildcard = label_is(name->wire, "*");
	if (ret_trigger->wildcard) {
		name->len = (uint8_t)(name->len - 2);
		memmove(name->wire, name->wire + 2, name->len);
	}
	return ret_trigger->kind < TRIGGER_ADDRESS || read_prefix(ret_trigger);
}

bool trigger_gives(uint16_t type)
{
	switch (type) {
	case 0:
	case TYPE_NS:
	case TYPE_SOA:
	case TYPE_SIG:
	case TYPE_NXT:
	case TYPE_DNAME:
	case TYPE_OPT:
	case TYPE_DS:
	case TYPE_RRSIG:
	case TYPE_NSEC:
	case TYPE_DNSKEY:
	case TYPE_NSEC3:
	case TYPE_NSEC3PARAM:
	case TYPE_CDS:
	case TYPE_CDNSKEY:
	case TYPE_ZONEMD:
		return false;
	default:
		return type < TYPE_TKEY || type > TYPE_ANY;
	}
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

bool trigger_is_special(const struct name *name)
{
	return begins_special(last_label(name));
}

/*
 * A target in "rpz-..." that is none of those known would be answered as if it were a name; so
 * would one that lies in the zone, for want of the dot at its end.
 */
static bool is_mistaken(const struct name *target, const struct name *apex)
{
	return trigger_is_special(target) ||
	       (begins_special(target->wire) && apex->len > 1 && name_is_below(target, apex));
}

bool trigger_action(const struct master_record *record, const struct zone_trigger *trigger,
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
