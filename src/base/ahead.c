/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/ahead.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/thread.h"

enum state {
	STATE_PUT,
	STATE_BEGUN,
	STATE_READY,
};

struct place {
	void *piece;
	enum state state;
};

struct ahead {
	ahead_fn *prepare;
	pthread_mutex_t lock;
	pthread_cond_t was_put; /* or all is over */
	pthread_cond_t is_ready;
	struct place places[AHEAD_PIECES]; /* of number `n` at n % AHEAD_PIECES */
	unsigned int first;		   /* number of the piece that is taken next */
	unsigned int count;
	bool over;
	unsigned int thread_count;
	pthread_t threads[AHEAD_THREADS_MAX];
};

static struct place *place_of(struct ahead *ahead, unsigned int number)
{
	return &ahead->places[number % AHEAD_PIECES];
}

/* The first piece that nobody has begun; NULL: there is none.  Under the lock. */
static struct place *find_put(struct ahead *ahead)
{
	for (unsigned int i = 0; i < ahead->count; i++)
		if (place_of(ahead, ahead->first + i)->state == STATE_PUT)
			return place_of(ahead, ahead->first + i);
	return NULL;
}

/* Prepares the piece at `place`; the lock is left meanwhile. */
static void prepare_one(struct ahead *ahead, struct place *place)
{
	place->state = STATE_BEGUN;
	pthread_mutex_unlock(&ahead->lock);
	ahead->prepare(place->piece);
	pthread_mutex_lock(&ahead->lock);
	place->state = STATE_READY;
	pthread_cond_signal(&ahead->is_ready);
}

static void *run(void *arg)
{
	struct ahead *ahead = arg;
	struct place *place;

	pthread_mutex_lock(&ahead->lock);
	while (!ahead->over) {
		place = find_put(ahead);
		if (place)
			prepare_one(ahead, place);
		else
			pthread_cond_wait(&ahead->was_put, &ahead->lock);
	}
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

/* The cores beside the caller's. */
static unsigned int other_cores(void)
{
	cpu_set_t set;
	int cores;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	cores = CPU_COUNT(&set) - 1;
	return cores < (int)AHEAD_THREADS_MAX ? (unsigned int)cores : AHEAD_THREADS_MAX;
}

enum err ahead_create(const char *name, ahead_fn *prepare, struct ahead **ret_ahead)
{
	unsigned int wanted = other_cores();
	struct ahead *ahead;

	if (wanted == 0)
		return ERR_NOTFOUND;
	ahead = calloc(1, sizeof(*ahead));
	if (!ahead)
		return ERR_NOMEM;
	ahead->prepare = prepare;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->was_put, NULL);
	pthread_cond_init(&ahead->is_ready, NULL);
	while (ahead->thread_count < wanted &&
	       thread_start(name, run, ahead, &ahead->threads[ahead->thread_count]) == 0)
		ahead->thread_count++;
	if (ahead->thread_count == 0) {
		ahead_free(ahead);
		return ERR_SYS;
	}
	*ret_ahead = ahead;
	return ERR_OK;
}

void ahead_free(struct ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	ahead->over = true;
	pthread_cond_broadcast(&ahead->was_put);
	pthread_mutex_unlock(&ahead->lock);
	for (unsigned int i = 0; i < ahead->thread_count; i++)
		pthread_join(ahead->threads[i], NULL);
	pthread_cond_destroy(&ahead->is_ready);
	pthread_cond_destroy(&ahead->was_put);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}

unsigned int ahead_count(const struct ahead *ahead)
{
	return ahead->count; /* the caller's thread alone changes it */
}

void ahead_put(struct ahead *ahead, void *piece)
{
	pthread_mutex_lock(&ahead->lock);
	*place_of(ahead, ahead->first + ahead->count) = (struct place){piece, STATE_PUT};
	ahead->count++;
	pthread_cond_signal(&ahead->was_put);
	pthread_mutex_unlock(&ahead->lock);
}

void *ahead_take(struct ahead *ahead)
{
	struct place *first;
	struct place *place;
	void *piece;

	pthread_mutex_lock(&ahead->lock);
	first = place_of(ahead, ahead->first);
	while (first->state != STATE_READY) {
		place = find_put(ahead);
		if (place)
			prepare_one(ahead, place);
		else
			pthread_cond_wait(&ahead->is_ready, &ahead->lock);
	}
	piece = first->piece;
	ahead->first++;
	ahead->count--;
	pthread_mutex_unlock(&ahead->lock);
	return piece;
}
