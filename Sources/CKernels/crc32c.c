#include "crc32c.h"

#include <string.h>

// Reflected form of the Castagnoli polynomial 0x1EDC6F41 (RFC 3720, appendix B.4).
#define POLYNOMIAL 0x82F63B78u

static uint32_t table[256];

// Filled before main, so that no call needs a lock.
__attribute__((constructor)) static void fill_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++) {
            value = (value >> 1) ^ ((value & 1u) ? POLYNOMIAL : 0u);
        }
        table[byte] = value;
    }
}

uint32_t sheaf_crc32c_portable(uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *next = bytes;
    uint32_t state = ~crc;
    while (length-- > 0) {
        state = (state >> 8) ^ table[(state ^ *next++) & 0xFFu];
    }
    return ~state;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t with_instruction(
    uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *next = bytes;
    uint64_t state = (uint32_t)~crc;
    for (; length >= 8; length -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        state = __builtin_ia32_crc32di(state, word);
    }
    for (; length > 0; length--) {
        state = __builtin_ia32_crc32qi((uint32_t)state, *next++);
    }
    return ~(uint32_t)state;
}

uint32_t sheaf_crc32c(uint32_t crc, const void *bytes, size_t length) {
    return __builtin_cpu_supports("sse4.2") ? with_instruction(crc, bytes, length)
                                            : sheaf_crc32c_portable(crc, bytes, length);
}

#else

uint32_t sheaf_crc32c(uint32_t crc, const void *bytes, size_t length) {
    return sheaf_crc32c_portable(crc, bytes, length);
}

#endif
