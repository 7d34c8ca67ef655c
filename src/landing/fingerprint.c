/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing/fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define DIGEST_DIGITS 12
#define COUNT_MAX 99U

static const struct {
	uint16_t version;
	char text[3];
} versions[] = {
	{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"},
};

static const char *version_text(uint16_t version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].version == version)
			return versions[i].text;
	return "00";
}

static bool is_letter_or_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Two characters: those at both ends, or what their octets begin and end with in hexadecimal. */
static void protocol_text(const struct fingerprint *f, char text[3])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t first = f->protocol[0];
	uint8_t last = f->protocol[1];
	bool plain = is_letter_or_digit(first) && is_letter_or_digit(last);

	text[0] = !f->has_protocol ? '0' : plain ? (char)first : digits[first >> 4];
	text[1] = !f->has_protocol ? '0' : plain ? (char)last : digits[last & 15U];
	text[2] = '\0';
}

static int compare(const void *a, const void *b)
{
	const uint16_t *x = a;
	const uint16_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void sort(struct offered *offered)
{
	qsort(offered->values, offered->count, sizeof(offered->values[0]), compare);
}

/* What stands in the text already: whether a name is asked for, and the protocol. */
static bool is_told(uint16_t extension)
{
	return extension == 0x0000 || extension == 0x0010;
}

static size_t add_values(struct digest *digest, const struct offered *offered, bool all)
{
	char text[6];
	size_t added = 0;

	for (size_t i = 0; i < offered->count; i++) {
		if (!all && is_told(offered->values[i]))
			continue;
		snprintf(text, sizeof(text), "%s%04x", added++ > 0 ? "," : "", offered->values[i]);
		digest_add(digest, text, strlen(text));
	}
	return added;
}

/* The first digits of the digest; zeros of nothing. */
static enum err end_digest(struct digest *digest, bool nothing, char text[DIGEST_DIGITS + 1])
{
	char whole[DIGEST_TEXT_MAX];
	enum err err = digest_text(digest, whole);

	if (err == ERR_OK)
		snprintf(text, DIGEST_DIGITS + 1, "%.*s", DIGEST_DIGITS,
			 nothing ? "000000000000" : whole);
	return err;
}

static enum err digest_ciphers(const struct fingerprint *f, struct digest *digest,
			       char text[DIGEST_DIGITS + 1])
{
	digest_reset(digest);
	return end_digest(digest, add_values(digest, &f->ciphers, true) == 0, text);
}

static enum err digest_extensions(const struct fingerprint *f, struct digest *digest,
				  char text[DIGEST_DIGITS + 1])
{
	size_t added;

	digest_reset(digest);
	added = add_values(digest, &f->extensions, false);
	if (f->signatures.count > 0) {
		digest_add(digest, "_", 1);
		added += add_values(digest, &f->signatures, true);
	}
	return end_digest(digest, added == 0, text);
}

static unsigned int shown(const struct offered *offered)
{
	return offered->count < COUNT_MAX ? (unsigned int)offered->count : COUNT_MAX;
}

enum err fingerprint_text(struct fingerprint *f, char ret_text[HELLO_FINGERPRINT_MAX])
{
	char ciphers[DIGEST_DIGITS + 1] = "";
	char extensions[DIGEST_DIGITS + 1] = "";
	char protocol[3];
	struct digest *digest;
	enum err err = digest_create(&digest);

	if (err != ERR_OK)
		return err;
	sort(&f->ciphers);
	sort(&f->extensions);
	protocol_text(f, protocol);
	err = digest_ciphers(f, digest, ciphers);
	if (err == ERR_OK)
		err = digest_extensions(f, digest, extensions);
	digest_free(digest);
	if (err == ERR_OK)
		snprintf(ret_text, HELLO_FINGERPRINT_MAX, "t%s%c%02u%02u%s_%s_%s",
			 version_text(f->version), f->named ? 'd' : 'i', shown(&f->ciphers),
			 shown(&f->extensions), protocol, ciphers, extensions);
	return err;
}
