/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables by an enum.  ROWS(X) is X(enumerator, value) for each enumerator:
 *
 *     static const char *const names[] = {ROWS(TABLE_ROW)};
 *     TABLE_COMPLETE(ROWS, COUNT_OF_ENUMERATORS);
 *
 * An enumerator without its row does not compile, and of one with two the compiler warns.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#define TABLE_ROW(enumerator, ...) [enumerator] = __VA_ARGS__,
#define TABLE_ONE(...) +1
#define TABLE_COMPLETE(ROWS, count)                                                                \
	_Static_assert((count) == 0 ROWS(TABLE_ONE), "a row for each of " #count)

#endif
