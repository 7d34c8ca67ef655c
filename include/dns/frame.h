/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages in a stream of octets, each behind its length in two (RFC 1035, 4.2.2).  A window on
 * the stream is a buffer of the caller's, to which octets are added as they come and from which
 * whole messages are taken.  A frame of no octets says nothing and is passed over.  No I/O, no
 * allocation.
 */
#ifndef DNS_FRAME_H
#define DNS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

#define FRAME_PREFIX 2U /* octets of the length before a message */
#define FRAME_MAX (FRAME_PREFIX + WIRE_MESSAGE_MAX)

struct frame_window {
	uint8_t *buf;
	size_t cap;
	size_t begin; /* of the octets not yet taken */
	size_t end;
};

enum frame_state {
	FRAME_PARTIAL, /* more octets are needed */
	FRAME_WHOLE,
	FRAME_SHORT, /* its length is not 0, and below that of a header: this is no DNS */
};

static inline void frame_init(struct frame_window *w, uint8_t *buf, size_t cap)
{
	*w = (struct frame_window){.buf = buf, .cap = cap};
}

/* Octets not taken yet. */
static inline size_t frame_held(const struct frame_window *w)
{
	return w->end - w->begin;
}

/*
 * Moves the octets held to the front of the buffer.  Returns where further octets are to be
 * written, and how many there is room for; a buffer of FRAME_MAX has room behind every partial
 * frame.
 */
uint8_t *frame_room(struct frame_window *w, size_t *ret_room);

/* Octets were written to the room: at most as many as the room was for. */
static inline void frame_added(struct frame_window *w, size_t octets)
{
	w->end += octets;
}

/* Takes octets that are no frame from the front of the window: at most as many as it holds. */
static inline void frame_pass(struct frame_window *w, size_t octets)
{
	w->begin += octets;
}

/* What stands at the front of the window, behind empty frames. */
enum frame_state frame_peek(const struct frame_window *w);

/* As frame_peek, and takes the message if it is whole: it stays where it is in the buffer until
 * the next frame_room.  The out-parameters are set for FRAME_WHOLE alone. */
enum frame_state frame_take(struct frame_window *w, const uint8_t **ret_msg, size_t *ret_len);

#endif
