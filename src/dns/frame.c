/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/frame.h"

#include <string.h>

uint8_t *frame_room(struct frame_window *w, size_t *ret_room)
{
	size_t held = frame_held(w);

	if (w->begin > 0 && held > 0)
		memmove(w->buf, w->buf + w->begin, held);
	w->begin = 0;
	w->end = held;
	*ret_room = w->cap - held;
	return w->buf + held;
}

/* Where the first frame that has octets begins. */
static size_t behind_empty(const struct frame_window *w)
{
	size_t at = w->begin;

	while (w->end - at >= FRAME_PREFIX && wire_get16(w->buf + at) == 0)
		at += FRAME_PREFIX;
	return at;
}

enum frame_state frame_peek(const struct frame_window *w)
{
	size_t at = behind_empty(w);
	size_t held = w->end - at;
	size_t len;

	if (held < FRAME_PREFIX)
		return FRAME_PARTIAL;
	len = wire_get16(w->buf + at);
	if (len < WIRE_HEADER)
		return FRAME_SHORT;
	return held - FRAME_PREFIX < len ? FRAME_PARTIAL : FRAME_WHOLE;
}

enum frame_state frame_take(struct frame_window *w, const uint8_t **ret_msg, size_t *ret_len)
{
	enum frame_state state;

	w->begin = behind_empty(w);
	state = frame_peek(w);
	if (state != FRAME_WHOLE)
		return state;
	*ret_msg = w->buf + w->begin + FRAME_PREFIX;
	*ret_len = wire_get16(w->buf + w->begin);
	w->begin += FRAME_PREFIX + *ret_len;
	return state;
}
