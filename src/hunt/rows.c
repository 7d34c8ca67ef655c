/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/rows.h"

#include <stdlib.h>
#include <string.h>

enum err rows_init(struct rows *waiting)
{
	waiting->count = 0;
	waiting->rows = calloc(ROWS_MAX, sizeof(*waiting->rows));
	waiting->run = calloc(ROWS_MAX, sizeof(*waiting->run));
	return waiting->rows && waiting->run ? ERR_OK : ERR_NOMEM;
}

void rows_fini(struct rows *waiting)
{
	free(waiting->rows);
	free(waiting->run);
}

void rows_add(struct rows *waiting, const struct day_client *client, const uint64_t *hashes,
	      size_t count, uint64_t unix_s)
{
	for (size_t i = 0; i < count; i++)
		waiting->rows[waiting->count++] = (struct dated_row){
			.day = (uint32_t)(unix_s / DAY_SECONDS),
			.row = {.hash = hashes[i],
				.client = *client,
				.at_s = (uint32_t)(unix_s % DAY_SECONDS),
				.how = i == 0 ? DAY_ITSELF : DAY_BELOW},
		};
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Hashes as the store orders them, which knows numbers with a sign. */
static int compare(const void *left, const void *right)
{
	const struct dated_row *a = left;
	const struct dated_row *b = right;
	int by = order(a->day, b->day);

	if (by == 0)
		by = order(a->row.hash ^ 1ULL << 63, b->row.hash ^ 1ULL << 63);
	return by ? by : memcmp(&a->row.client, &b->row.client, sizeof(a->row.client));
}

void rows_sort(struct rows *waiting)
{
	struct dated_row *rows = waiting->rows;
	size_t kept = 0;

	qsort(rows, waiting->count, sizeof(rows[0]), compare);
	for (size_t i = 0; i < waiting->count; i++) {
		struct day_row *last = kept > 0 ? &rows[kept - 1].row : NULL;

		if (!last || compare(&rows[kept - 1], &rows[i]) != 0) {
			rows[kept++] = rows[i];
			continue;
		}
		last->how |= rows[i].row.how;
		if (rows[i].row.at_s < last->at_s)
			last->at_s = rows[i].row.at_s;
	}
	waiting->count = kept;
}

const struct day_row *rows_first(struct rows *waiting, uint32_t *ret_day, size_t *ret_count)
{
	size_t count = 0;

	while (count < waiting->count && waiting->rows[count].day == waiting->rows[0].day) {
		waiting->run[count] = waiting->rows[count].row;
		count++;
	}
	*ret_day = waiting->rows[0].day;
	*ret_count = count;
	return waiting->run;
}

void rows_drop(struct rows *waiting, size_t count)
{
	waiting->count -= count;
	memmove(waiting->rows, waiting->rows + count, waiting->count * sizeof(waiting->rows[0]));
}
