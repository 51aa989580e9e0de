#define _GNU_SOURCE  // posix_memalign, madvise
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { CACHE_LINE = 64, HUGE_PAGE = 2 << 20 };

void *sheaf_allocate(size_t bytes) {
    const int is_large = bytes >= HUGE_PAGE;
    void *memory = NULL;
    if (posix_memalign(&memory, is_large ? HUGE_PAGE : CACHE_LINE, bytes > 0 ? bytes : 1) != 0) {
        fprintf(stderr, "no memory for %zu bytes\n", bytes);
        abort();
    }
#ifdef MADV_HUGEPAGE
    // A wish: without it, or in part, the pages are small.
    if (is_large) { madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); }
#endif
    return memory;
}
