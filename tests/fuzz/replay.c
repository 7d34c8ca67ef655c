/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs files, and all files below folders, through a fuzz target without libFuzzer. */
#include <errno.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static void die(const char *path)
{
	fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
	exit(1);
}

/* The input stands in memory of exactly its size, so that a read past its end is seen. */
static void run_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);

	if (!file || !data || fread(data, 1, size, file) != size)
		die(path);
	fclose(file);
	if (size == 0) {
		free(data);
		data = NULL;
	}
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static int compare(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static size_t run_all(char **paths)
{
	FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, compare);
	FTSENT *entry;
	size_t count = 0;

	if (!tree)
		die(paths[0]);
	while ((entry = fts_read(tree)) != NULL) {
		if (entry->fts_info == FTS_F) {
			run_file(entry->fts_path, (size_t)entry->fts_statp->st_size);
			count++;
		} else if (entry->fts_errno != 0) {
			errno = entry->fts_errno;
			die(entry->fts_path);
		}
	}
	fts_close(tree);
	return count;
}

int main(int argc, char **argv)
{
	size_t count;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
		return 1;
	}
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	count = run_all(argv + 1);
	printf("%zu inputs\n", count);
	return count == 0;
}
