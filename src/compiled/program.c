/* SPDX-License-Identifier: BSD-2-Clause */
/* Which build of the program this is. */
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "compiled/compiled.h"

#define ID_OCTETS_MIN 8U
#define ID_OCTETS_MAX ((DIGEST_TEXT_MAX - 1U) / 2)

static size_t padded(size_t octets)
{
	return (octets + 3) / 4 * 4;
}

/* Writes the build ID that is among the notes; false: none is. */
static bool find_id(const uint8_t *notes, size_t len, char ret_program[DIGEST_TEXT_MAX])
{
	ElfW(Nhdr) note;

	while (len >= sizeof(note)) {
		const uint8_t *name = notes + sizeof(note);
		const uint8_t *id;
		size_t all;

		memcpy(&note, notes, sizeof(note));
		id = name + padded(note.n_namesz);
		all = sizeof(note) + padded(note.n_namesz) + padded(note.n_descsz);
		if (all > len)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 &&
		    note.n_descsz >= ID_OCTETS_MIN && note.n_descsz <= ID_OCTETS_MAX) {
			for (uint32_t i = 0; i < note.n_descsz; i++)
				snprintf(ret_program + (size_t)2 * i, 3, "%02x", id[i]);
			return true;
		}
		notes += all;
		len -= all;
	}
	return false;
}

/* The program comes first; libraries are not looked at. */
static int look_at_object(struct dl_phdr_info *info, size_t size, void *program)
{
	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		const uint8_t *notes = (const void *)(uintptr_t)(info->dlpi_addr + part->p_vaddr);

		if (part->p_type == PT_NOTE && find_id(notes, part->p_memsz, program))
			return 1;
	}
	return 2;
}

enum err compiled_program(char ret_program[DIGEST_TEXT_MAX])
{
	if (dl_iterate_phdr(look_at_object, ret_program) == 1)
		return ERR_OK;
	return compiled_digest("/proc/self/exe", NULL, ret_program);
}
