/* SPDX-License-Identifier: BSD-2-Clause */
/* How much of a test a build does.  Built by gcc with ASan it does all.  Another compiler's and
 * TSan's run the same code once more for what only they see, and take a part of a test that goes
 * through very many cases: for races it is not their number that counts, and each takes ten times
 * as long. */
#ifndef SUPPORT_BYBUILD_H
#define SUPPORT_BYBUILD_H

#include <stdbool.h>

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_THREAD__
#define BY_BUILD(all, other_compiler, tsan) (tsan)
#define FOR_RACES true
#elif defined(__clang__)
#define BY_BUILD(all, other_compiler, tsan) (other_compiler)
#define FOR_RACES false
#else
#define BY_BUILD(all, other_compiler, tsan) (all)
#define FOR_RACES false
#endif

#endif
