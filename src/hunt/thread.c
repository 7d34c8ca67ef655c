/* SPDX-License-Identifier: BSD-2-Clause */
#include "hunt/thread.h"

#include <poll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"

void hunt_thread_rest(const struct hunt_thread *t, uint64_t ms)
{
	struct pollfd wake = {.fd = t->wake_fd, .events = POLLIN};
	uint64_t count;

	if (!t->ending && poll(&wake, 1, (int)ms) == 1 &&
	    read(t->wake_fd, &count, sizeof(count)) < 0)
		log_debug("hunt: nothing had woken it");
}

enum err hunt_thread_begin(struct hunt_thread *t, void *(*run)(void *), const char *name, void *arg)
{
	if (thread_start(name, run, arg, &t->thread) != 0)
		return ERR_SYS;
	t->running = true;
	return ERR_OK;
}

void hunt_thread_end(struct hunt_thread *t)
{
	uint64_t one = 1;

	t->ending = true;
	if (!t->running)
		return;
	if (write(t->wake_fd, &one, sizeof(one)) < 0)
		log_debug("hunt: the thread is awake already");
	pthread_join(t->thread, NULL);
	t->running = false;
}
