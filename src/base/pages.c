/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define FIRST_GROWTH ((size_t)64 << 10)

static size_t whole_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

#ifdef __has_feature /* clang says it so */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* Octets behind each mapping that nobody may touch: where tests look for faults, what is written
 * behind a mapping is to end the program, and not to come to whatever lies beside it. */
static size_t fence(void)
{
#ifdef __SANITIZE_ADDRESS__
	return (size_t)sysconf(_SC_PAGESIZE);
#else
	return 0;
#endif
}

static void put_fence(const struct pages *pages)
{
	if (fence() > 0)
		(void)mprotect(pages->base + pages->size, fence(), PROT_NONE);
}

static enum err map(struct pages *ret_pages, size_t size, int protection)
{
	/* cppcheck-suppress invalidFunctionArg ; -1 is right for memory that is no file's */
	void *base = mmap(NULL, size + fence(), protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return ERR_NOMEM;
	*ret_pages = (struct pages){.base = base, .size = size};
	put_fence(ret_pages);
	return ERR_OK;
}

/* Maps `size` octets from a huge page's boundary on. */
static enum err map_aligned(struct pages *ret_pages, size_t size, int protection)
{
	struct pages pages;
	size_t head;
	enum err err = map(&pages, size + HUGE_PAGE, protection);

	if (err != ERR_OK)
		return err;
	head = (HUGE_PAGE - (uintptr_t)pages.base % HUGE_PAGE) % HUGE_PAGE;
	if (head > 0)
		munmap(pages.base, head);
	pages.base += head;
	pages.size -= head;
	pages_trim(&pages, size);
	*ret_pages = pages;
	return ERR_OK;
}

/* Without huge pages the set is slower, and as right. */
static void ask_for_huge_pages(const struct pages *pages)
{
	(void)madvise(pages->base, pages->size, MADV_HUGEPAGE);
}

enum err pages_map(struct pages *ret_pages, size_t size)
{
	return map(ret_pages, whole_pages(size > 0 ? size : 1), PROT_READ | PROT_WRITE);
}

enum err pages_map_huge(struct pages *ret_pages, size_t size)
{
	enum err err;

	if (size < HUGE_PAGE)
		return pages_map(ret_pages, size);
	err = map_aligned(ret_pages, whole_pages(size), PROT_READ | PROT_WRITE);
	if (err == ERR_OK)
		ask_for_huge_pages(ret_pages);
	return err;
}

/* Moves the mapping, from a huge page's size on to a huge page's boundary, so that its huge pages
 * move as they are. */
static enum err move(struct pages *pages, size_t size)
{
	struct pages place;
	void *base;
	enum err err = size < HUGE_PAGE ? map(&place, size, PROT_NONE)
					: map_aligned(&place, size, PROT_NONE);

	if (err != ERR_OK)
		return err;
	base = mremap(pages->base, pages->size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place.base);
	if (base == MAP_FAILED) {
		pages_free(&place);
		return ERR_NOMEM;
	}
	if (fence() > 0)
		munmap(pages->base + pages->size, fence());
	*pages = (struct pages){.base = base, .size = size};
	return ERR_OK;
}

static enum err resize(struct pages *pages, size_t size)
{
	void *base;
	enum err err;

	if (size >= HUGE_PAGE || fence() > 0) {
		err = move(pages, size);
		if (err == ERR_OK && size >= HUGE_PAGE)
			ask_for_huge_pages(pages);
		return err;
	}
	base = mremap(pages->base, pages->size, size, MREMAP_MAYMOVE);
	if (base == MAP_FAILED)
		return ERR_NOMEM;
	*pages = (struct pages){.base = base, .size = size};
	return ERR_OK;
}

enum err pages_grow(struct pages *pages, size_t need, size_t max)
{
	size_t size = pages->size + pages->size / 2;

	if (need <= pages->size)
		return ERR_OK;
	if (need > max)
		return ERR_NOMEM;
	if (size < FIRST_GROWTH)
		size = FIRST_GROWTH;
	if (size > max)
		size = max;
	if (size < need)
		size = need;
	if (!pages->base)
		return pages_map_huge(pages, size);
	return resize(pages, whole_pages(size));
}

void pages_trim(struct pages *pages, size_t used)
{
	size_t size = whole_pages(used);
	size_t stays = size > 0 ? size + fence() : 0;

	if (size >= pages->size)
		return;
	if (munmap(pages->base + stays, pages->size + fence() - stays) == 0)
		pages->size = size;
	if (size == 0)
		pages->base = NULL;
	else
		put_fence(pages);
}

void pages_free(struct pages *pages)
{
	if (pages->base)
		munmap(pages->base, pages->size + fence());
	*pages = (struct pages){.base = NULL};
}
