/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of an explanation. */
#ifndef EXPLAIN_EXPLAINED_H
#define EXPLAIN_EXPLAINED_H

#include "explain/explain.h"

/* Explains what becomes of an answer with that address. */
void explain_address(const struct snapshot *snapshot, const struct ip *ip,
		     struct explanation *ret_explanation);

#endif
