/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/thread.h"

#include <signal.h>
#include <stdio.h>

int thread_start(const char *name, void *(*run)(void *arg), void *arg, pthread_t *ret_thread)
{
	char kept[THREAD_NAME_MAX + 1];
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return rc;
	snprintf(kept, sizeof(kept), "%s", name);
	pthread_setname_np(thread, kept);
	*ret_thread = thread;
	return 0;
}
