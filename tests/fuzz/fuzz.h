/* SPDX-License-Identifier: BSD-2-Clause */
/* What libFuzzer calls, and what ends a run when it does not hold. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition) ((condition) ? (void)0 : require_failed(__LINE__, #condition))

__attribute__((noreturn)) static inline void require_failed(int line, const char *condition)
{
	fprintf(stderr, "line %d: %s\n", line, condition);
	abort();
}

#endif
