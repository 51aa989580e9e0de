// The encoder kernels for AVX2 with FMA: tiles of 6 × 16 fill 12 of 16 registers. A panel of a
// block lies in the second-level cache, which is fast enough for its 16 columns.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define SHEAF_ROWS 6
#define SHEAF_PANELS 1
#define SHEAF_LOW 4
#define SHEAF_DEPTH 1024
#define SHEAF_FETCHES 1
#define SHEAF_TABLE sheaf_encoder_avx2
#define SHEAF_PATH SHEAF_SIMD_AVX2
#include "encoder_body.h"
#pragma clang attribute pop
#endif
