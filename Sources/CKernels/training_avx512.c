// The training kernels for AVX-512.
#if defined(__x86_64__)
#pragma clang attribute push(                                                                     \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define SHEAF_PANELS 2
#define SHEAF_ENCODER sheaf_encoder_avx512
#define SHEAF_TABLE sheaf_training_avx512
#define SHEAF_PATH SHEAF_SIMD_AVX512
#include "training_body.h"
#pragma clang attribute pop
#endif
