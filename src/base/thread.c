/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/thread.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

/* So large a stack, whatever the limit of the process's own says: where there is none, the C
 * library has threads do with a fraction of it, which is too little for a load. */
#define STACK_OCTETS ((size_t)8 << 20)
#define LEAST_STACK_OCTETS ((size_t)6 << 20)

static int create(void *(*run)(void *arg), void *arg, pthread_t *ret_thread)
{
	pthread_attr_t attr;
	int rc = pthread_attr_init(&attr);

	if (rc != 0)
		return rc;
	rc = pthread_attr_setstacksize(&attr, STACK_OCTETS);
	if (rc == 0)
		rc = pthread_create(ret_thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	return rc;
}

int thread_start(const char *name, void *(*run)(void *arg), void *arg, pthread_t *ret_thread)
{
	char kept[THREAD_NAME_MAX + 1];
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = create(run, arg, &thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return rc;
	snprintf(kept, sizeof(kept), "%s", name);
	pthread_setname_np(thread, kept);
	*ret_thread = thread;
	return 0;
}

enum err thread_raise_stack(struct err_text *text)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= STACK_OCTETS)
		return ERR_OK;
	limit.rlim_cur = limit.rlim_max < STACK_OCTETS ? limit.rlim_max : STACK_OCTETS;
	if (setrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= LEAST_STACK_OCTETS)
		return ERR_OK;
	return err_set(text, ERR_RANGE,
		       "the stack may have %llu KiB (ulimit -s, LimitSTACK=), and it takes %zu",
		       (unsigned long long)limit.rlim_cur / 1024, LEAST_STACK_OCTETS / 1024);
}
