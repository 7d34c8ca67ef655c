/* SPDX-License-Identifier: BSD-2-Clause */
#include "system/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"

#define NAME "sinkholed" /* FDNAME of all of them */
#define AT_ONCE 128U	 /* sockets in one message: fewer than the kernel's SCM_MAX_FD */
#define FORGET_US 5000000

enum err store_collect(struct inherited *inherited)
{
	int count = sd_listen_fds(1);
	enum err err = ERR_OK;

	for (int i = 0; i < count && err == ERR_OK; i++)
		err = inherited_add(inherited, SD_LISTEN_FDS_START + i);
	return err;
}

void store_forget(void)
{
	sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" NAME);
	sd_notify_barrier(0, FORGET_US);
}

/* Without FDPOLL=0 the manager would drop a socket that the kernel reports an error of. */
bool store_keep(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i += AT_ONCE) {
		size_t some = count - i < AT_ONCE ? count - i : AT_ONCE;
		int rc = sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=" NAME "\nFDPOLL=0",
						fds + i, (unsigned int)some);

		if (rc < 0) {
			log_warning("the service manager does not keep the sockets over a "
				    "restart: %s",
				    strerror(-rc));
			return false;
		}
	}
	return store_exists();
}

bool store_exists(void)
{
	return getenv("NOTIFY_SOCKET") != NULL;
}
