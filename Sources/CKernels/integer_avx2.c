// The integer kernels for AVX2: tiles of 6 × 16.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define SHEAF_ROWS 6
#define SHEAF_PANELS 1
#define SHEAF_FETCHES 1
#define SHEAF_TABLE sheaf_integer_avx2
#define SHEAF_PATH SHEAF_SIMD_AVX2
#define SHEAF_NAME "avx2"
#include "encoder_lanes.h"
#include "integer_pairs.h"

// sum + the products of the pairs of `a` and `b`, both added to their lane.
ALWAYS i16 add_products(i16 sum, pairs a, pairs b) {
    const __m256i low = _mm256_madd_epi16((__m256i)a.lo, (__m256i)b.lo);
    const __m256i high = _mm256_madd_epi16((__m256i)a.hi, (__m256i)b.hi);
    sum.lo = sum.lo + (i8)low;
    sum.hi = sum.hi + (i8)high;
    return sum;
}

#include "integer_body.h"
#pragma clang attribute pop
#endif
