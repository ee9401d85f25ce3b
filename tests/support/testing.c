#include "testing.h"

#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CW_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CW_SANITIZED 1
#endif
#endif

/*
 * talloc lives in a shared library and calls malloc() through the dynamic linker, so the malloc() below is the one it gets.
 * Only calls which come from libtalloc's own text are counted and failed: other libraries may treat a failed allocation as fatal.
 */
void *__libc_malloc(size_t n);
void *__libc_realloc(void *p, size_t n);

static uintptr_t talloc_lo, talloc_hi;
static atomic_uint_fast64_t allocations;
static atomic_uint_fast64_t fail_at; /* 0 = never, else the number of the allocation to fail */
static atomic_bool failed_one;
static size_t blocks_before;

static int find_talloc(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (!strstr(info->dlpi_name, "libtalloc"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X)) {
			talloc_lo = info->dlpi_addr + ph->p_vaddr;
			talloc_hi = talloc_lo + ph->p_memsz;
		}
	}
	return 1;
}

#ifndef CW_SANITIZED /* the sanitizers bring a malloc() of their own */
static bool must_fail(void *caller)
{
	uintptr_t pc = (uintptr_t)caller;

	if (pc < talloc_lo || pc >= talloc_hi)
		return false;
	if (atomic_fetch_add(&allocations, 1) + 1 != atomic_load(&fail_at))
		return false;
	atomic_store(&failed_one, true);
	return true;
}

void *malloc(size_t n)
{
	if (must_fail(__builtin_return_address(0))) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(n);
}

void *realloc(void *p, size_t n)
{
	if (must_fail(__builtin_return_address(0))) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(p, n);
}
#endif

__attribute__((constructor)) static void locate_talloc(void)
{
	dl_iterate_phdr(find_talloc, NULL);
}

bool cw_test_oom(int err)
{
	return err == ENOMEM && atomic_load(&failed_one);
}

uint64_t cw_test_allocations(void)
{
	return atomic_exchange(&allocations, 0);
}

int cw_test_setup(void **state)
{
	static bool tracking;

	(void)state;
	if (!tracking)
		atexit(talloc_disable_null_tracking); /* gives its context back: leak checkers see it otherwise */
	tracking = true;
	atomic_store(&fail_at, 0); /* a failed OOM rerun left by a long jump */
	atomic_store(&failed_one, false);
	talloc_enable_null_tracking();
	blocks_before = talloc_total_blocks(NULL);
	return 0;
}

int cw_test_teardown(void **state)
{
	(void)state;
	size_t left = talloc_total_blocks(NULL);

	if (left == blocks_before)
		return 0;
	talloc_report_full(NULL, stderr);
	fprintf(stderr, "# %zu talloc blocks left behind\n", left - blocks_before);
	return -1;
}

void cw_test_run_oom(void (*f)(void **state), void **state)
{
	for (uint64_t k = 1; k < 10000; k++) {
		size_t blocks = talloc_total_blocks(NULL);

		atomic_store(&failed_one, false);
		atomic_store(&allocations, 0);
		atomic_store(&fail_at, k);
		f(state);
		atomic_store(&fail_at, 0);
		if (talloc_total_blocks(NULL) != blocks)
			fail_msg("allocation %llu failing leaks", (unsigned long long)k);
		if (!atomic_load(&failed_one))
			return;
	}
	fail_msg("more than 10000 allocations in one test");
}

const char *cw_test_data(const char *relative)
{
	static char path[PATH_MAX];
	const char *root = getenv("CW_DATA");
	const char *source = getenv("CW_SOURCE");

	if (root)
		snprintf(path, sizeof(path), "%s/%s", root, relative);
	else
		snprintf(path, sizeof(path), "%s/../shared/data/%s", source ? source : ".", relative);
	if (access(path, R_OK) == 0)
		return path;
	fprintf(stderr, "# skipped: shared data %s is not here\n", path);
	return NULL;
}

const char *cw_test_source(const char *relative)
{
	static char path[PATH_MAX];
	const char *source = getenv("CW_SOURCE");

	snprintf(path, sizeof(path), "%s/%s", source ? source : ".", relative);
	return path;
}

static char tmp[64];

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void remove_tmp(void)
{
	(void)nftw(tmp, remove_entry, 16, FTW_DEPTH | FTW_PHYS); /* best effort: it is a temporary folder */
}

const char *cw_test_tmp(void)
{
	if (!tmp[0]) {
		snprintf(tmp, sizeof(tmp), "/tmp/cw-test-XXXXXX");
		if (!mkdtemp(tmp))
			abort();
		atexit(remove_tmp);
	}
	return tmp;
}
