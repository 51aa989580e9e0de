// The integer kernels for AVX-512 with VNNI, which multiplies and adds in one instruction.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(                                                                     \
    __attribute__((target("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))),            \
    apply_to = function)
#define SHEAF_ROWS 12
#define SHEAF_PANELS 2
#define SHEAF_FETCHES 2048
#define SHEAF_TABLE sheaf_integer_vnni
#define SHEAF_PATH SHEAF_SIMD_AVX512
#define SHEAF_NAME "avx512vnni"
#include "encoder_lanes.h"
#include "integer_pairs.h"

// sum + the products of the pairs of `a` and `b`, both added to their lane. Of the intrinsic clang
// makes two instructions again, a product and a sum, which takes twice as long.
ALWAYS i16 add_products(i16 sum, pairs a, pairs b) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

#include "integer_body.h"
#pragma clang attribute pop
#endif
