/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any octets as a name: as text, as wire, and as a message that holds one, compressed.  What we
 * accept is a name that survives every way between the forms, and is the one that ldns reads.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include "dns/name.h"
#include "fuzz.h"

static const struct hash_key key = {0x0123456789abcdefULL, 0xfedcba9876543210ULL};

/* A suffix taken as a name has the hash that it has as a suffix. */
static void require_hashes(const struct name *name)
{
	struct name_suffixes all;
	size_t labels = 0;

	name_hash_suffixes(&key, name, &all);
	for (size_t at = 0; name->wire[at]; at += name->wire[at] + 1U, labels++) {
		struct name suffix;

		memset(suffix.wire, 0xa5, sizeof(suffix.wire));
		suffix.len = (uint8_t)(name->len - at);
		memcpy(suffix.wire, name->wire + at, suffix.len);
		require(all.offset[labels] == at && all.hash[labels] == name_hash(&key, &suffix));
		require(name_is_below(name, &suffix));
		require(name_is_below(&suffix, name) == (at == 0));
	}
	require(all.labels == labels);
}

/* ldns reads the text that we write as the same name. */
static void require_same_text(const struct name *name, const char *text)
{
	ldns_rdf *theirs = NULL;

	require(ldns_str2rdf_dname(&theirs, text) == LDNS_STATUS_OK);
	require(ldns_rdf_size(theirs) == name->len);
	require(memcmp(ldns_rdf_data(theirs), name->wire, name->len) == 0);
	ldns_rdf_deep_free(theirs);
}

/* What holds of any name that was accepted: it is in lower case, and text and back gives it. */
static void require_good(const struct name *name)
{
	char text[NAME_TEXT_MAX];
	struct name again;

	require(name_check(name->wire, name->len) == name->len);
	name_copy_lower(&again, name->wire, name->len);
	require(name_equal(name, &again));
	name_to_text(name->wire, text, sizeof(text));
	require(strlen(text) < sizeof(text));
	for (const char *p = text; *p; p++)
		require(isgraph((unsigned char)*p));
	require(name_from_text(text, strlen(text), &again) == ERR_OK);
	require(name_equal(name, &again));
	require_same_text(name, text);
	require_hashes(name);
}

/* A host name is a name, and the same one; what is none has an octet that stands in no host. */
static void try_text(const char *text, size_t len)
{
	struct name name;
	struct name host;
	enum err err = name_from_text(text, len, &name);

	if (err == ERR_OK)
		require_good(&name);
	if (name_from_host(text, len, &host) == ERR_OK) {
		require(err == ERR_OK && name_equal(&name, &host));
		for (size_t i = 0; i < len; i++)
			require(isalnum((unsigned char)text[i]) || strchr(".-_", text[i]));
	}
}

static void try_wire(const uint8_t *data, size_t size)
{
	size_t len = name_check(data, size);
	struct name name;

	require(len <= size && len <= NAME_WIRE_MAX);
	if (len == 0)
		return;
	name_copy_lower(&name, data, len);
	require_good(&name);
}

/* The name at `at`, compressed or not.  ldns also takes pointers forward and into the header,
 * which we refuse; what we take, it takes, and reads as the same name. */
static void try_message(const uint8_t *data, size_t size, size_t at)
{
	size_t unpacked = at;
	size_t skipped = at;
	size_t theirs_end = at;
	ldns_rdf *theirs = NULL;
	struct name name;
	struct name lower;
	enum err skip = name_skip(data, size, &skipped);

	require(skipped <= size && (skip == ERR_OK) == (skipped > at));
	if (name_unpack(data, size, &unpacked, &name) != ERR_OK) {
		require(unpacked == at);
		return;
	}
	require(skip == ERR_OK && skipped == unpacked);
	require_good(&name);
	require(ldns_wire2dname(&theirs, data, size, &theirs_end) == LDNS_STATUS_OK);
	require(theirs_end == unpacked);
	name_copy_lower(&lower, ldns_rdf_data(theirs), ldns_rdf_size(theirs));
	require(name_equal(&name, &lower));
	ldns_rdf_deep_free(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_text((const char *)data, size);
	try_wire(data, size);
	for (size_t at = 0; at < size && at < 64; at++)
		try_message(data, size, at);
	return 0;
}
