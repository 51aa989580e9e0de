// Memory for the numbers that kernels go through.
#ifndef SHEAF_LARGE_MEMORY_H
#define SHEAF_LARGE_MEMORY_H

#include <stddef.h>

// At least `bytes` bytes, and at least one, that start on a cache line, to be freed with `free`.
// From 2 MiB on they lie in pages as large as the system has: products and scans then wait less
// for the addresses of pages. Ends the process where there is no memory.
void *_Nonnull sheaf_allocate(size_t bytes);

#endif
