// Kernels of the text encoders: packed matrix products, attention, normalisation, pooling.
#ifndef SHEAF_ENCODER_KERNELS_H
#define SHEAF_ENCODER_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// The instruction sets a kernel table can be made for, in rising order of speed.
typedef enum sheaf_simd_path {
    SHEAF_SIMD_PORTABLE = 0,
    SHEAF_SIMD_AVX2 = 1,
    SHEAF_SIMD_AVX512 = 2,
} sheaf_simd_path;

// The best set of this processor, or the one named by the environment variable SHEAF_SIMD
// (portable, avx2 or avx512) where the processor has it. Decided at the first call.
sheaf_simd_path sheaf_simd_best(void);

// Whether this processor can run kernels of the given set.
int sheaf_simd_supported(sheaf_simd_path path);

#endif
