/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies for another thread to read.  Where that one's core has the former octets in its cache,
 * each line of them has to be taken from there before it can be written, which takes several times
 * as long as the writing; so what is copied goes past the caches.
 */
#ifndef BASE_PASTCACHE_H
#define BASE_PASTCACHE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
#define PASTCACHE_STREAMS 1
#include <emmintrin.h>
#endif

#define PASTCACHE_STEP 16U

/* `len` octets, in steps of PASTCACHE_STEP, to where such a step may begin. */
static inline void pastcache_copy(void *to, const void *from, size_t len)
{
#ifdef PASTCACHE_STREAMS
	for (size_t at = 0; at < len; at += PASTCACHE_STEP) {
		__m128i octets =
			_mm_loadu_si128((const __m128i *)(const void *)((const char *)from + at));

		_mm_stream_si128((__m128i *)(void *)((char *)to + at), octets);
	}
#else
	memcpy(to, from, len);
#endif
}

/* To be called before the other thread is told that it may read. */
static inline void pastcache_end(void)
{
#ifdef PASTCACHE_STREAMS
	_mm_sfence();
#endif
}

#endif
