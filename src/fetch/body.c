/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/body.h"

#include <errno.h>
#include <string.h>

#define OTHER_OCTETS (64U * 1024) /* of a body that is not the list */

void body_init(struct body *body, const char *path, const char *copy, uint64_t max_bytes)
{
	*body = (struct body){.max_bytes = max_bytes};
	part_init(&body->part, path, copy);
}

static enum err too_large(struct body *body)
{
	return err_set(&body->fault, ERR_RANGE, "larger than max-size, %llu octets",
		       (unsigned long long)body->max_bytes);
}

static enum err begin(struct body *body, const struct head *head)
{
	if (body->begun)
		return ERR_OK;
	if (!head_can_be_decoded(head))
		return err_set(&body->fault, ERR_REFUSED, "encoded as %s, which was not asked for",
			       head->encoding);
	if (decode_init(&body->decode, head_is_gzip(head)) != ERR_OK)
		return err_set(&body->fault, ERR_NOMEM, "out of memory");
	body->begun = true;
	return ERR_OK;
}

static enum err keep(void *arg, const void *data, size_t len)
{
	struct body *body = arg;

	if (len > body->max_bytes - body->part.size)
		return too_large(body);
	if (part_add(&body->part, data, len) != ERR_OK)
		return err_set(&body->fault, ERR_SYS, "%s: %s", body->part.path, strerror(errno));
	return ERR_OK;
}

bool body_take(struct body *body, const struct head *head, const void *data, size_t len)
{
	enum err err;

	if (head->status != 200) { /* of a 404 it is nothing but an excuse */
		body->others += len;
		return !body_is_excessive(body);
	}
	err = begin(body, head);
	body->received += len;
	if (err == ERR_OK && body->received > body->max_bytes)
		err = too_large(body);
	if (err != ERR_OK)
		return false;
	err = decode_add(&body->decode, data, len, keep, body);
	if (err == ERR_SYNTAX || err == ERR_NOMEM)
		(void)err_set(&body->fault, err, "its gzip: %s",
			      err == ERR_NOMEM ? "out of memory" : "damaged");
	return err == ERR_OK;
}

bool body_is_excessive(const struct body *body)
{
	return body->others > OTHER_OCTETS;
}

enum err body_finish(struct body *body, bool *ret_new, struct stat *ret_st, struct err_text *text)
{
	if (!decode_is_whole(&body->decode))
		return err_set(text, ERR_REFUSED, "its gzip ends too early");
	if (body->part.size == 0)
		return err_set(text, ERR_REFUSED, "the answer is empty");
	return err_set(text, part_finish(&body->part, ret_new, ret_st), "%s: %s", body->part.copy,
		       strerror(errno));
}

void body_drop(struct body *body)
{
	part_drop(&body->part);
	decode_fini(&body->decode);
	body->begun = false;
}
