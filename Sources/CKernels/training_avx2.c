// The training kernels for AVX2 with FMA.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define SHEAF_PANELS 1
#define SHEAF_ENCODER sheaf_encoder_avx2
#define SHEAF_TABLE sheaf_training_avx2
#define SHEAF_PATH SHEAF_SIMD_AVX2
#include "training_body.h"
#pragma clang attribute pop
#endif
