#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static uint64_t sum_portable(const uint8_t *bytes, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) { sum += bytes[i]; }
    return sum;
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static uint64_t sum_avx2(const uint8_t *bytes, size_t count) {
    __m256i sums[4] = {
        _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
        _mm256_setzero_si256()};
    size_t i = 0;
    for (; i + 128 <= count; i += 128) {
        for (size_t j = 0; j < 4; j++) {
            __m256i some = _mm256_loadu_si256((const __m256i *)(bytes + i) + j);
            sums[j] = _mm256_add_epi64(sums[j], _mm256_sad_epu8(some, _mm256_setzero_si256()));
        }
    }
    uint64_t lanes[4][4];
    for (size_t j = 0; j < 4; j++) { _mm256_storeu_si256((__m256i *)lanes[j], sums[j]); }
    uint64_t sum = sum_portable(bytes + i, count - i);
    for (size_t j = 0; j < 16; j++) { sum += lanes[j / 4][j % 4]; }
    return sum;
}

#endif

uint64_t sheaf_scan_sum_bytes(sheaf_simd_path path, const uint8_t *bytes, size_t count) {
#if defined(__x86_64__)
    if (path != SHEAF_SIMD_PORTABLE) { return sum_avx2(bytes, count); }
#else
    (void)path;
#endif
    return sum_portable(bytes, count);
}
