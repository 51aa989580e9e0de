#include "CKernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

int sheaf_simd_supported(sheaf_simd_path path) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("f16c");
    switch (path) {
    case SHEAF_SIMD_PORTABLE:
        return 1;
    case SHEAF_SIMD_AVX2:
        return avx2;
    case SHEAF_SIMD_AVX512:
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    }
    return 0;
#else
    return path == SHEAF_SIMD_PORTABLE;
#endif
}

static sheaf_simd_path choose(void) {
    sheaf_simd_path best = SHEAF_SIMD_PORTABLE;
    if (sheaf_simd_supported(SHEAF_SIMD_AVX2)) { best = SHEAF_SIMD_AVX2; }
    if (sheaf_simd_supported(SHEAF_SIMD_AVX512)) { best = SHEAF_SIMD_AVX512; }
    const char *wish = getenv("SHEAF_SIMD");
    if (wish == NULL) { return best; }
    if (strcmp(wish, "portable") == 0) { return SHEAF_SIMD_PORTABLE; }
    if (strcmp(wish, "avx2") == 0 && best >= SHEAF_SIMD_AVX2) { return SHEAF_SIMD_AVX2; }
    return best;
}

sheaf_simd_path sheaf_simd_best(void) {
    // Two threads that meet here compute the same answer, so a race costs nothing.
    static _Atomic int chosen = -1;
    int path = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (path < 0) {
        path = (int)choose();
        atomic_store_explicit(&chosen, path, memory_order_relaxed);
    }
    return (sheaf_simd_path)path;
}
