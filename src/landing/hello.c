/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing/hello.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "landing/fingerprint.h"

#define RECORD_HEAD 5U
#define RECORD_MAX 16384U /* RFC 8446, 5.1 */
#define RECORD_HANDSHAKE 22U
#define MESSAGE_HEAD 4U
#define MESSAGE_HELLO 1U
#define RANDOM_LEN 32U

#define EXTENSION_NAME 0U
#define EXTENSION_SIGNATURES 13U
#define EXTENSION_ALPN 16U
#define EXTENSION_VERSIONS 43U

/* What is left to be read of some octets.  Once too little was left nothing is. */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static uint32_t take_number(struct cursor *c, size_t octets)
{
	uint32_t n = 0;

	if (c->left < octets) {
		c->bad = true;
		c->left = 0;
		return 0;
	}
	for (size_t i = 0; i < octets; i++)
		n = n << 8 | c->at[i];
	c->at += octets;
	c->left -= octets;
	return n;
}

/* The next `len` octets by themselves. */
static struct cursor take(struct cursor *c, size_t len)
{
	struct cursor part = {.at = c->at, .left = len};

	if (c->left < len) {
		c->bad = true;
		c->left = 0;
		return (struct cursor){.at = c->at, .bad = true};
	}
	c->at += len;
	c->left -= len;
	return part;
}

/* What stands behind its own length. */
static struct cursor take_vector(struct cursor *c, size_t length_octets)
{
	return take(c, take_number(c, length_octets));
}

/* ---- records */

/* Takes the head of a record: how much stands in it.  ERR_TRUNCATED, ERR_SYNTAX. */
static enum err take_head(struct cursor *c, size_t *ret_len)
{
	size_t len;

	if ((c->left > 0 && c->at[0] != RECORD_HANDSHAKE) || (c->left > 1 && c->at[1] != 3))
		return ERR_SYNTAX;
	if (c->left < RECORD_HEAD)
		return ERR_TRUNCATED;
	(void)take_number(c, 3);
	len = take_number(c, 2);
	if (len == 0 || len > RECORD_MAX)
		return ERR_SYNTAX;
	*ret_len = len;
	return ERR_OK;
}

/* How long the message is that begins so; as long as that is not known, its head. */
static size_t message_len(const uint8_t *message, size_t have)
{
	if (have < MESSAGE_HEAD)
		return MESSAGE_HEAD;
	return MESSAGE_HEAD +
	       ((size_t)message[1] << 16 | (size_t)message[2] << 8 | (size_t)message[3]);
}

/* Puts the handshake message together, for which there is room for all that came. */
static enum err join_records(struct cursor c, uint8_t *message, size_t *ret_len)
{
	size_t have = 0;

	while (have < message_len(message, have)) {
		struct cursor part;
		size_t len = 0;
		enum err err = take_head(&c, &len);

		if (err != ERR_OK)
			return err;
		part = take(&c, len < c.left ? len : c.left);
		memcpy(message + have, part.at, part.left);
		have += part.left;
		if ((have > 0 && message[0] != MESSAGE_HELLO) ||
		    message_len(message, have) > HELLO_MAX)
			return ERR_SYNTAX;
		if (part.left < len && have < message_len(message, have))
			return ERR_TRUNCATED;
	}
	*ret_len = message_len(message, have);
	return ERR_OK;
}

/* ---- extensions */

/* The first host name; one with octets that are not printed is none. */
static void read_name(struct cursor c, struct hello *hello)
{
	struct cursor list = take_vector(&c, 2);

	while (list.left > 0) {
		uint32_t type = take_number(&list, 1);
		struct cursor name = take_vector(&list, 2);
		bool fits = !name.bad && name.left > 0 && name.left < HELLO_NAME_MAX;

		if (type != 0)
			continue;
		for (size_t i = 0; fits && i < name.left; i++)
			fits = name.at[i] > ' ' && name.at[i] < 0x7f;
		if (fits) {
			memcpy(hello->name, name.at, name.left);
			hello->name[name.left] = '\0';
		}
		return;
	}
}

static void read_versions(struct cursor c, struct fingerprint *f)
{
	struct cursor list = take_vector(&c, 1);

	f->version = 0; /* that of the head is there for old servers alone */
	while (list.left > 0) {
		uint16_t version = (uint16_t)take_number(&list, 2);

		if (!fingerprint_is_grease(version) && version > f->version)
			f->version = version;
	}
}

static void read_signatures(struct cursor c, struct fingerprint *f)
{
	struct cursor list = take_vector(&c, 2);

	while (list.left > 0)
		fingerprint_add(&f->signatures, (uint16_t)take_number(&list, 2));
}

static void read_protocol(struct cursor c, struct fingerprint *f)
{
	struct cursor list = take_vector(&c, 2);
	struct cursor first = take_vector(&list, 1);

	if (first.bad || first.left == 0)
		return;
	f->protocol[0] = first.at[0];
	f->protocol[1] = first.at[first.left - 1];
	f->has_protocol = true;
}

static void read_extension(uint16_t type, struct cursor c, struct hello *hello,
			   struct fingerprint *f)
{
	if (fingerprint_is_grease(type))
		return;
	fingerprint_add(&f->extensions, type);
	f->named |= type == EXTENSION_NAME;
	if (type == EXTENSION_NAME)
		read_name(c, hello);
	else if (type == EXTENSION_VERSIONS)
		read_versions(c, f);
	else if (type == EXTENSION_SIGNATURES)
		read_signatures(c, f);
	else if (type == EXTENSION_ALPN)
		read_protocol(c, f);
}

/* ---- the message */

static enum err read_message(struct cursor c, struct hello *hello, struct fingerprint *f)
{
	struct cursor ciphers;
	struct cursor extensions;

	f->version = (uint16_t)take_number(&c, 2);
	(void)take(&c, RANDOM_LEN);
	(void)take_vector(&c, 1); /* the session's number */
	ciphers = take_vector(&c, 2);
	(void)take_vector(&c, 1); /* compressions */
	while (ciphers.left > 0)
		fingerprint_add(&f->ciphers, (uint16_t)take_number(&ciphers, 2));
	if (c.bad || ciphers.bad)
		return ERR_SYNTAX;
	if (c.left == 0)
		return ERR_OK; /* of before extensions */
	extensions = take_vector(&c, 2);
	while (extensions.left > 0) {
		uint16_t type = (uint16_t)take_number(&extensions, 2);
		struct cursor part = take_vector(&extensions, 2);

		if (part.bad)
			return ERR_SYNTAX;
		read_extension(type, part, hello, f);
	}
	return c.bad || extensions.bad ? ERR_SYNTAX : ERR_OK;
}

enum err hello_read(const uint8_t *data, size_t len, struct hello *ret_hello)
{
	struct fingerprint f = {.version = 0};
	struct hello hello = {.name = ""};
	uint8_t *message;
	size_t whole = 0;
	enum err err;

	if (len > HELLO_MAX)
		return ERR_SYNTAX;
	message = malloc(HELLO_MAX + MESSAGE_HEAD);
	if (!message)
		return ERR_NOMEM;
	err = join_records((struct cursor){.at = data, .left = len}, message, &whole);
	if (err == ERR_TRUNCATED && len == HELLO_MAX)
		err = ERR_SYNTAX;
	if (err == ERR_OK)
		err = read_message(
			(struct cursor){.at = message + MESSAGE_HEAD, .left = whole - MESSAGE_HEAD},
			&hello, &f);
	free(message);
	if (err == ERR_OK)
		err = fingerprint_text(&f, hello.ja4);
	if (err == ERR_OK)
		*ret_hello = hello;
	return err;
}
