// The choice of a table of training kernels, and sizes that do not depend on it.
#include "CKernels.h"

extern const sheaf_training_kernels sheaf_training_portable;
#if defined(__x86_64__)
extern const sheaf_training_kernels sheaf_training_avx2;
extern const sheaf_training_kernels sheaf_training_avx512;
#endif

enum { LANES = 16 };

const sheaf_training_kernels *sheaf_training_kernels_for(sheaf_simd_path path) {
    if (!sheaf_simd_supported(path)) { return NULL; }
    switch (path) {
    case SHEAF_SIMD_PORTABLE:
        return &sheaf_training_portable;
#if defined(__x86_64__)
    case SHEAF_SIMD_AVX2:
        return &sheaf_training_avx2;
    case SHEAF_SIMD_AVX512:
        return &sheaf_training_avx512;
#else
    default:
        return NULL;
#endif
    }
    return NULL;
}

size_t sheaf_attention_backward_scratch(size_t length, size_t size) {
    const size_t padded = (length + LANES - 1) / LANES * LANES;
    const size_t padded_size = (size + LANES - 1) / LANES * LANES;
    const size_t block = 64;
    return 2 * padded * size + padded_size * length + 2 * padded_size * block
        + 2 * block * padded + padded * block;
}
