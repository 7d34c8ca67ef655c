/* SPDX-License-Identifier: BSD-2-Clause */
/* A day's store of any octets is read or refused; what it gives is a client, a time and a way. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "fuzz.h"
#include "hunt/day.h"

#define ROWS_MAX 1000U

static void out_of_memory_is_no_fault(void)
{
	sqlite3_hard_heap_limit64(256 << 20);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	out_of_memory_is_no_fault();
	return 0;
}

static bool on_row(void *arg, const struct day_row *row)
{
	unsigned int *left = arg;
	uint8_t octets[DAY_CLIENT_MAX];
	char text[CLIENT_TEXT_MAX];
	struct day_client back;

	require(row->at_s < DAY_SECONDS);
	require(row->how == DAY_ITSELF || row->how == DAY_BELOW ||
		row->how == (DAY_ITSELF | DAY_BELOW));
	require(row->client.bits == DAY_WHOLE || row->client.bits <= 128);
	require(day_client_read(octets, day_client_write(&row->client, octets), &back) == ERR_OK);
	require(memcmp(&back, &row->client, sizeof(back)) == 0);
	require(*day_client_text(&row->client, text));
	return --*left > 0;
}

struct hashes {
	struct day *day;
	unsigned int left;
};

static bool on_hash(void *arg, uint64_t hash)
{
	struct hashes *h = arg;
	struct err_text text;
	enum err err = day_each_client(h->day, hash, on_row, &h->left, &text);

	require(err == ERR_OK || err == ERR_SYNTAX || err == ERR_SYS);
	return h->left > 1 && --h->left > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hashes h = {.left = ROWS_MAX};
	struct err_text text;
	uint64_t rows = 0;
	uint8_t *copy;

	if (size < 100)
		return 0;
	copy = malloc(size);
	require(copy != NULL);
	memcpy(copy, data, size);
	copy[18] = copy[19] = 1; /* octets in memory have no log beside them */
	if (day_open_octets(copy, size, &h.day, &text) == ERR_OK) {
		enum err err = day_each_hash(h.day, INT64_MIN, on_hash, &h, &text);

		require(err == ERR_OK || err == ERR_SYNTAX || err == ERR_SYS);
		err = day_rows_at_most(h.day, &rows, &text);
		require(err == ERR_OK || err == ERR_SYNTAX || err == ERR_SYS);
		day_close(h.day);
	}
	free(copy);
	return 0;
}
