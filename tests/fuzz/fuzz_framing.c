/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of octets gives the same messages however it is split.  Input: the number of splits,
 * that many lengths of pieces (used again from the first when they run out), the stream.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/frame.h"
#include "fuzz.h"

/* The messages found, and how the stream ended, in one number; and how many there were. */
struct found {
	uint64_t digest;
	size_t messages;
	enum frame_state end;
};

static void digest(struct found *f, const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		f->digest = (f->digest ^ octets[i]) * 0x100000001b3ULL;
	f->digest = (f->digest ^ len) * 0x100000001b3ULL;
}

static void take_all(struct frame_window *w, struct found *f)
{
	const uint8_t *msg;
	size_t len;

	while ((f->end = frame_take(w, &msg, &len)) == FRAME_WHOLE) {
		require(len >= WIRE_HEADER && len <= WIRE_MESSAGE_MAX);
		require(msg >= w->buf + FRAME_PREFIX && msg + len <= w->buf + w->end);
		digest(f, msg, len);
		f->messages++;
	}
	require(frame_held(w) <= w->cap);
	require(frame_peek(w) == f->end);
}

/* The length of the next piece: never 0, so that it ends. */
static size_t piece(const uint8_t *splits, size_t count, size_t at)
{
	size_t p = count ? splits[at % count] : 0;

	return p >= 0xf0 ? (p - 0xef) * 4096 : p + 1;
}

/* Through a window of `cap` octets, as a connection would: pieces as they come, but never more
 * than there is room for; nothing after a frame that is too short. */
static struct found read_split(const uint8_t *stream, size_t size, const uint8_t *splits,
			       size_t split_count, size_t cap)
{
	uint8_t *buf = malloc(cap);
	struct found f = {.end = FRAME_PARTIAL};
	struct frame_window w;
	size_t done = 0;

	require(buf != NULL);
	frame_init(&w, buf, cap);
	for (size_t at = 0; done < size && f.end != FRAME_SHORT; at++) {
		size_t len = piece(splits, split_count, at);
		size_t room;
		uint8_t *to = frame_room(&w, &room);

		require(room > 0 && to + room == buf + cap);
		len = len < room ? len : room;
		len = len < size - done ? len : size - done;
		memcpy(to, stream + done, len);
		frame_added(&w, len);
		done += len;
		take_all(&w, &f);
	}
	free(buf);
	return f;
}

/* In one piece, by a loop that knows nothing of windows. */
static struct found read_whole(const uint8_t *stream, size_t size)
{
	struct found f = {.end = FRAME_PARTIAL};

	while (size >= FRAME_PREFIX) {
		size_t len = (size_t)stream[0] << 8 | stream[1];

		if (len > 0 && len < WIRE_HEADER) {
			f.end = FRAME_SHORT;
			break;
		}
		if (size - FRAME_PREFIX < len)
			break;
		if (len > 0) {
			digest(&f, stream + FRAME_PREFIX, len);
			f.messages++;
		}
		stream += FRAME_PREFIX + len;
		size -= FRAME_PREFIX + len;
	}
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t split_count = size > 0 ? data[0] & 0x0f : 0;
	struct found whole;
	struct found split;

	if (size < 1 + split_count)
		return 0;
	whole = read_whole(data + 1 + split_count, size - 1 - split_count);
	split = read_split(data + 1 + split_count, size - 1 - split_count, data + 1, split_count,
			   FRAME_MAX);
	require(whole.messages == split.messages);
	require(whole.digest == split.digest);
	require(whole.end == split.end);
	return 0;
}
