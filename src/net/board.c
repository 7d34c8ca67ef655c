/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/board.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What one worker has pinned up. */
struct sheet {
	unsigned int pulses;
	unsigned int seen; /* of the pulses, by board_moved */
	size_t count;
	struct upstream_view views[BOARD_UPSTREAMS_MAX];
};

struct board {
	pthread_mutex_t lock;
	size_t count;
	struct sheet sheets[]; /* under the lock */
};

enum err board_create(size_t workers, struct board **ret_board)
{
	struct board *board = calloc(1, sizeof(*board) + workers * sizeof(struct sheet));

	if (!board)
		return ERR_NOMEM;
	pthread_mutex_init(&board->lock, NULL);
	board->count = workers;
	*ret_board = board;
	return ERR_OK;
}

void board_free(struct board *board)
{
	if (!board)
		return;
	pthread_mutex_destroy(&board->lock);
	free(board);
}

void board_pin(struct board *board, size_t worker, const struct upstreams *upstreams)
{
	struct sheet *sheet = &board->sheets[worker];

	pthread_mutex_lock(&board->lock);
	sheet->pulses++;
	sheet->count = upstreams_view(upstreams, sheet->views, BOARD_UPSTREAMS_MAX);
	pthread_mutex_unlock(&board->lock);
}

bool board_moved(struct board *board)
{
	bool moved = true;

	pthread_mutex_lock(&board->lock);
	for (size_t i = 0; i < board->count; i++) {
		struct sheet *sheet = &board->sheets[i];

		moved = moved && sheet->pulses != sheet->seen;
		sheet->seen = sheet->pulses;
	}
	pthread_mutex_unlock(&board->lock);
	return moved;
}

static size_t merge(const struct upstream_view *view, struct upstream_view *views, size_t count,
		    size_t max)
{
	for (size_t i = 0; i < count; i++) {
		struct upstream_view *known = &views[i];

		if (!endpoint_equal(&known->address, &view->address) ||
		    strcmp(known->transport, view->transport) != 0)
			continue;
		if (view->rank > known->rank) {
			known->rank = view->rank;
			known->state = view->state;
		}
		if (view->rtt_us > known->rtt_us)
			known->rtt_us = view->rtt_us;
		return count;
	}
	if (count < max)
		views[count++] = *view;
	return count;
}

size_t board_upstreams(struct board *board, struct upstream_view *views, size_t max)
{
	size_t count = 0;

	pthread_mutex_lock(&board->lock);
	for (size_t i = 0; i < board->count; i++)
		for (size_t n = 0; n < board->sheets[i].count; n++)
			count = merge(&board->sheets[i].views[n], views, count, max);
	pthread_mutex_unlock(&board->lock);
	return count;
}
