// Files in memory, whose shortening is noticed instead of ending the process.
#ifndef SHEAF_MAPPED_MEMORY_H
#define SHEAF_MAPPED_MEMORY_H

#include <stddef.h>

// A file mapped for reading.
//
// Where a page cannot be had (the file was shortened, the disk gave an error) the system sends
// SIGBUS. A handler then puts zeros in the place of that page and of all behind it, and marks the
// mapping: what was computed from it since is void. So whoever reads asks `sheaf_map_is_whole`
// after the reading and before the result is used.
typedef struct sheaf_map sheaf_map;

// Maps `length` bytes, at least 1, of an open file. NULL, with errno, where that cannot be; ENODATA
// where the file is shorter than that.
sheaf_map *_Nullable sheaf_map_open(int descriptor, size_t length);

// Where the bytes begin.
const void *_Nonnull sheaf_map_start(const sheaf_map *_Nonnull map);

// Whether all that was read of the mapping so far were the file's own bytes, as long as nobody but
// for shortening has changed the file.
//
// A file that is shortened within a page gives zeros there without a signal; so the last byte that
// was not zero is looked at too: no shortening that takes more than zeros leaves it.
int sheaf_map_is_whole(sheaf_map *_Nonnull map);

// Gives the mapping back; nobody may read it any more.
void sheaf_map_close(sheaf_map *_Nonnull map);

#endif
