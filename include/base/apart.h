/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each query goes through is compiled as a few functions that have all that they call in them:
 * calls were a sixth of its instructions.  What few queries need is kept out of these, so that they
 * stay small.
 */
#ifndef BASE_APART_H
#define BASE_APART_H

#define FLAT __attribute__((flatten))
#define APART __attribute__((noinline))
#define RARE __attribute__((noinline, cold)) /* the same; paths to it stand behind all others */

#endif
