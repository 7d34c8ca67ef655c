/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/snap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define AWAY UINT64_MAX

struct snap {
	_Atomic(const void *) object;
	snap_wake_fn *wake;
	void *arg;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t passed;
	uint64_t turn;
	size_t readers;
	uint64_t seen[]; /* the turn at which each reader came by last, or AWAY */
};

enum err snap_create(size_t readers, snap_wake_fn *wake, void *arg, struct snap **ret_snap)
{
	struct snap *snap = calloc(1, sizeof(*snap) + readers * sizeof(snap->seen[0]));

	if (!snap)
		return ERR_NOMEM;
	pthread_mutex_init(&snap->lock, NULL);
	pthread_cond_init(&snap->passed, NULL);
	snap->wake = wake;
	snap->arg = arg;
	snap->readers = readers;
	for (size_t i = 0; i < readers; i++)
		snap->seen[i] = AWAY;
	*ret_snap = snap;
	return ERR_OK;
}

void snap_free(struct snap *snap)
{
	if (!snap)
		return;
	pthread_cond_destroy(&snap->passed);
	pthread_mutex_destroy(&snap->lock);
	free(snap);
}

const void *snap_current(const struct snap *snap)
{
	return atomic_load_explicit(&snap->object, memory_order_acquire);
}

static void set_seen(struct snap *snap, size_t reader, bool away)
{
	pthread_mutex_lock(&snap->lock);
	snap->seen[reader] = away ? AWAY : snap->turn;
	pthread_cond_broadcast(&snap->passed);
	pthread_mutex_unlock(&snap->lock);
}

void snap_quiesce(struct snap *snap, size_t reader)
{
	set_seen(snap, reader, false);
}

void snap_leave(struct snap *snap, size_t reader)
{
	set_seen(snap, reader, true);
}

const void *snap_publish(struct snap *snap, const void *object)
{
	const void *old;

	pthread_mutex_lock(&snap->lock);
	old = atomic_exchange(&snap->object, object);
	snap->turn++;
	pthread_mutex_unlock(&snap->lock);
	for (size_t i = 0; i < snap->readers; i++)
		snap->wake(snap->arg, i);
	pthread_mutex_lock(&snap->lock);
	for (size_t i = 0; i < snap->readers; i++)
		while (snap->seen[i] < snap->turn)
			pthread_cond_wait(&snap->passed, &snap->lock);
	pthread_mutex_unlock(&snap->lock);
	return old;
}
