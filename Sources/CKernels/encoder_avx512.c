// The encoder kernels for AVX-512: tiles of 12 × 32 fill 24 of 32 registers. A tile's
// share of the panels stays in the first-level cache.
#if defined(__x86_64__)
#pragma clang attribute push(                                                                     \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define SHEAF_ROWS 12
#define SHEAF_PANELS 2
#define SHEAF_LOW 1
#define SHEAF_DEPTH 384
#define SHEAF_FETCHES 4096
#define SHEAF_TABLE sheaf_encoder_avx512
#define SHEAF_PATH SHEAF_SIMD_AVX512
#include "encoder_body.h"
#pragma clang attribute pop
#endif
