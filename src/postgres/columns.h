/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a finding is beside its client, list and name: a row each.  The table, the batches and the
 * reports are drawn from it.  A row that comes later also needs a migration (schema.c).
 *
 * X(column, its SQL type, how two become one, the value of `f`, the field of the finding read)
 */
#ifndef POSTGRES_COLUMNS_H
#define POSTGRES_COLUMNS_H

#define FINDING_COLUMNS(X)                                                                         \
	X(owner_labels, "smallint", LATEST, f->owner_labels, uint8_t)                              \
	X(first_s, "bigint", EARLIEST, f->first_s, uint32_t)                                       \
	X(last_s, "bigint", LAST, f->last_s, uint32_t)                                             \
	X(count, "bigint", SUM, f->count, uint64_t)                                                \
	X(proven, "bigint", SUM, f->proven, uint64_t)                                              \
	X(merged, "bigint", SUM, f->merged, uint64_t)                                              \
	X(types, "integer", BITS, f->types, uint16_t)                                              \
	X(ways, "integer", BITS, f->ways, uint8_t)

/* Beside them, texts of the row that was seen last: what the list's row says of the name. */
#define FINDING_TEXTS(X) X("rule_family") X("rule_ticket")

/* How rows of `t` become one. */
#define GATHER_SUM(t, c) "sum(" t "." c ")::bigint"
#define GATHER_EARLIEST(t, c) "min(" t "." c ")"
#define GATHER_LAST(t, c) "max(" t "." c ")"
#define GATHER_BITS(t, c) "bit_or(" t "." c ")"
/* an octet, of the row that was last seen last */
#define GATHER_LATEST(t, c) "(max(" t ".last_s * 256 + " t "." c ") % 256)::smallint"

#define GATHER_TEXT(t, c)                                                                          \
	"CASE WHEN max(" t ".last_s) FILTER (WHERE " t "." c " <> '') = max(" t ".last_s) THEN"    \
	" substr(max((lpad(" t ".last_s::text, 10, '0') || " t "." c ") COLLATE \"C\")"            \
	" FILTER (WHERE " t "." c " <> ''), 11) ELSE '' END"

/* What the table has of a finding, and what comes to it. */
#define MERGE_SUM(c) c "=f." c "+excluded." c
#define MERGE_EARLIEST(c) c "=least(f." c ",excluded." c ")"
#define MERGE_LAST(c) c "=greatest(f." c ",excluded." c ")"
#define MERGE_BITS(c) c "=f." c "|excluded." c
#define MERGE_LATEST(c) c "=excluded." c

#define COLUMN_NAME(c, type, rule, value, field) "," #c
#define COLUMN_DECLARED(c, type, rule, value, field) "," #c " " type " NOT NULL"

#define COLUMN_ONE(c, type, rule, value, field) +1
enum { FINDING_COLUMN_COUNT = 0 FINDING_COLUMNS(COLUMN_ONE) };
#undef COLUMN_ONE

#endif
