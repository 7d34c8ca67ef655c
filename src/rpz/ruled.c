/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/ruled.h"

#include "set/domset.h"

static uint32_t labels_of(const struct name *name)
{
	uint32_t labels = 0;

	for (const uint8_t *label = name->wire; *label; label += *label + 1)
		labels++;
	return labels;
}

enum err ruled_note(struct ruled *ruled, uint32_t record, const struct name *owner, uint8_t scope)
{
	if (ruled->count % RULED_PIECE == 0) {
		size_t pieces = ruled->count / RULED_PIECE;
		enum err err = pages_grow(&ruled->starts, (pieces + 1) * sizeof(record), SIZE_MAX);

		if (err != ERR_OK)
			return err;
		((uint32_t *)(void *)ruled->starts.base)[pieces] = record;
	}
	ruled->count++;
	if (scope == DOMSET_SCOPE_BELOW) {
		uint32_t labels = labels_of(owner);

		ruled->depths[labels / 64] |= 1ULL << labels % 64;
	}
	return ERR_OK;
}

void ruled_fini(struct ruled *ruled)
{
	pages_free(&ruled->starts);
}
