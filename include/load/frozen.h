/* SPDX-License-Identifier: BSD-2-Clause */
/* The set of a load, kept compiled for the next start; see compiled/compiled.h. */
#ifndef LOAD_FROZEN_H
#define LOAD_FROZEN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "load/loader.h"
#include "query/snapshot.h"

/*
 * Once `s`, which `result` is of, serves: keeps its set compiled, if it may; or, if it came from
 * there, verifies what the lists' files have in them.  True when one is another than the set was
 * made of, which is logged: all are to be read.  A failure is logged unless `told`, which it sets.
 * One thread at a time; blocks.
 */
bool loader_compile(const struct snapshot *s, const struct load_result *result,
		    const atomic_bool *cancelled, bool *told) MUST_CHECK;

#endif
