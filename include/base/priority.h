/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who comes first on a core that a load and a worker share: a query takes the core from a load at
 * once, and a load on a server that is never idle goes on in small pieces.  No privilege is needed.
 * Each function is for the thread that calls it.
 */
#ifndef BASE_PRIORITY_H
#define BASE_PRIORITY_H

/* This thread answers queries.  Linux 6.12 and later let it have the core as soon as one comes
 * (its slice is the shortest there is); earlier ones do so for a thread that mostly sleeps. */
void priority_serve(void);

/* This thread does what must not fall behind: its share of the core, in slices that end soon. */
void priority_share(void);

/* This thread does what nobody waits for: nice 10, and slices that end soon. */
void priority_step_back(void);

/* Lets the threads run that wait for the core; a thread with long work to do calls it every quarter
 * of a millisecond.  A slice alone would not do: the kernel ends it at its next tick, which is up
 * to 4 ms away.  A third of a microsecond when nobody waits. */
void priority_give_way(void);

#endif
