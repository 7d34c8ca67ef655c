/* SPDX-License-Identifier: BSD-2-Clause */
/* An audit log of any octets is sound or has faults, which are told; its words are never believed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/verify.h"
#include "memfile.h"

static char folder[64];
static char key_path[96];
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
	const char *below = getenv("TMPDIR");
	struct audit *audit;
	struct err_text text;

	(void)argc;
	(void)argv;
	snprintf(folder, sizeof(folder), "%s/fuzz_audit.XXXXXX",
		 below && strlen(below) < 40 ? below : "/tmp");
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
	const char *path = memfile(data, size);
	struct err_text text;
	enum err err;

	err = audit_verify(path, key_path, NULL, nowhere, &text);
	require(err == ERR_OK || err == ERR_SYNTAX);
	require(err == ERR_SYNTAX || size == 0 || data[size - 1] == '\n');
	err = audit_verify(path, key_path, path, nowhere, &text);
	require(err == ERR_SYNTAX);
	return 0;
}
