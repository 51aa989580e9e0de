// The one choice of the instruction set, for kernels in C and in C++.
#ifndef SHEAF_SIMD_PATH_H
#define SHEAF_SIMD_PATH_H

#ifdef __cplusplus
extern "C" {
#endif

// The instruction sets a kernel table can be made for, in rising order of speed.
typedef enum sheaf_simd_path {
    SHEAF_SIMD_PORTABLE = 0,
    SHEAF_SIMD_AVX2 = 1,
    SHEAF_SIMD_AVX512 = 2,
} sheaf_simd_path;

// The best set of this processor, or the one named by the environment variable SHEAF_SIMD
// (portable or avx2) where the processor has it. Decided at the first call.
sheaf_simd_path sheaf_simd_best(void);

// Whether this processor can run kernels of the given set.
int sheaf_simd_supported(sheaf_simd_path path);

#ifdef __cplusplus
}
#endif

#endif
