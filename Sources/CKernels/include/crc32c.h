// CRC32C (Castagnoli), the checksum of message bodies.
#ifndef SHEAF_CRC32C_H
#define SHEAF_CRC32C_H

#include <stddef.h>
#include <stdint.h>

// The CRC32C of `length` bytes that follow bytes whose CRC32C is `crc` (0 for none). Uses the
// processor's instruction where there is one.
uint32_t sheaf_crc32c(uint32_t crc, const void *bytes, size_t length);

// The same from a table, on any processor.
uint32_t sheaf_crc32c_portable(uint32_t crc, const void *bytes, size_t length);

#endif
