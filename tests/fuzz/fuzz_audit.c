/* SPDX-License-Identifier: BSD-2-Clause */
/* An audit log of any octets is sound or has faults, which are told; its words are never believed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/verify.h"
#include "fuzz.h"

static char folder[] = "/tmp/fuzz_audit.XXXXXX";
static char key_path[64];
static FILE *nowhere;

static void remove_folder(void)
{
	unlink(key_path);
	snprintf(key_path, sizeof(key_path), "%s/" AUDIT_KEY, folder);
	unlink(key_path);
	rmdir(folder);
	fclose(nowhere);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct audit *audit;
	struct err_text text;

	(void)argc;
	(void)argv;
	require(mkdtemp(folder) != NULL);
	require(audit_open(folder, &audit, &text) == ERR_OK);
	audit_close(audit);
	snprintf(key_path, sizeof(key_path), "%s/" AUDIT_PUBLIC_KEY, folder);
	nowhere = fopen("/dev/null", "w");
	require(nowhere != NULL);
	atexit(remove_folder);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("log", 0);
	char path[32];
	struct err_text text;
	enum err err;

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = audit_verify(path, key_path, NULL, nowhere, &text);
	require(err == ERR_OK || err == ERR_SYNTAX);
	require(err == ERR_SYNTAX || size == 0 || data[size - 1] == '\n');
	err = audit_verify(path, key_path, path, nowhere, &text);
	require(err == ERR_SYNTAX);
	close(fd);
	return 0;
}
