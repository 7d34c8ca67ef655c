/* SPDX-License-Identifier: BSD-2-Clause */
/* Dumps of a cache, put together octet by octet: nothing is checked but the room. */
#ifndef SUPPORT_DUMPFILE_H
#define SUPPORT_DUMPFILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "dns/wire.h"

#define DUMPFILE_MAX (1U << 20)
#define DUMPFILE_HEAD 20U
#define DUMPFILE_PART_HEAD 12U
#define DUMPFILE_ENTRY_HEAD 11U

struct dumpfile {
	uint8_t data[DUMPFILE_MAX];
	size_t len;
};

static inline void dumpfile_add(struct dumpfile *f, const void *octets, size_t len)
{
	if (len > sizeof(f->data) - f->len)
		abort();
	if (len > 0)
		memcpy(f->data + f->len, octets, len);
	f->len += len;
}

static inline void dumpfile_put64(uint8_t *p, uint64_t v)
{
	wire_put32(p, (uint32_t)(v >> 32));
	wire_put32(p + 4, (uint32_t)v);
}

static inline void dumpfile_add_part(struct dumpfile *f, uint64_t written_s, uint64_t number,
				     const uint8_t *data, size_t len)
{
	const struct hash_key key = {written_s, number};
	uint8_t head[DUMPFILE_PART_HEAD];

	wire_put32(head, (uint32_t)len);
	dumpfile_put64(head + 4, hash_siphash24(&key, data, len));
	dumpfile_add(f, head, sizeof(head));
	dumpfile_add(f, data, len);
}

/* A whole file whose one part, if any, has these octets. */
static inline void dumpfile_make(struct dumpfile *f, uint64_t written_s, const uint8_t *data,
				 size_t len)
{
	uint8_t head[DUMPFILE_HEAD] = "SINKHOLE\0\0\0\2";

	f->len = 0;
	dumpfile_put64(head + 12, written_s);
	dumpfile_add(f, head, sizeof(head));
	if (len > 0)
		dumpfile_add_part(f, written_s, 0, data, len);
	dumpfile_add_part(f, written_s, len > 0, data, 0);
}

#endif
