// The choice of an integer table, and the packing of weights, which is the same for all.
#include "CKernels.h"

#include <math.h>
#include <string.h>

#pragma clang fp contract(off)

extern const sheaf_integer_kernels sheaf_integer_portable;
#if defined(__x86_64__)
extern const sheaf_integer_kernels sheaf_integer_avx2;
extern const sheaf_integer_kernels sheaf_integer_avx512;
extern const sheaf_integer_kernels sheaf_integer_vnni;
#endif

enum { LANES = 16 };

size_t sheaf_integer_tables(const sheaf_integer_kernels *tables[4]) {
    size_t count = 0;
    tables[count++] = &sheaf_integer_portable;
#if defined(__x86_64__)
    if (sheaf_simd_supported(SHEAF_SIMD_AVX2)) { tables[count++] = &sheaf_integer_avx2; }
    if (sheaf_simd_supported(SHEAF_SIMD_AVX512)) {
        tables[count++] = &sheaf_integer_avx512;
        if (__builtin_cpu_supports("avx512vnni")) { tables[count++] = &sheaf_integer_vnni; }
    }
#endif
    return count;
}

const sheaf_integer_kernels *sheaf_integer_kernels_for(sheaf_simd_path path) {
    const sheaf_integer_kernels *tables[4];
    const sheaf_integer_kernels *found = NULL;
    const size_t count = sheaf_integer_tables(tables);
    for (size_t i = 0; i < count; i++) {
        if (tables[i]->path == path) { found = tables[i]; }
    }
    return found;
}

size_t sheaf_integer_packed_size(size_t columns, size_t depth) {
    return (columns + LANES - 1) / LANES * ((depth + 1) / 2) * 2 * LANES;
}

size_t sheaf_integer_step_count(size_t columns) { return (columns + LANES - 1) / LANES * LANES; }

// The inverse of the step of one channel: as large as the range of 16 bits and the sums of the
// blocks admit. Rounding adds at most a half to each weight. Zero for a channel of zeros.
static double inverse_step(const float *row, size_t depth) {
    double largest = 0, densest = 0, terms = 0;
    for (size_t start = 0; start < depth; start += SHEAF_INTEGER_BLOCK) {
        const size_t rest = depth - start;
        const size_t count = rest < SHEAF_INTEGER_BLOCK ? rest : SHEAF_INTEGER_BLOCK;
        double sum = 0;
        for (size_t k = start; k < start + count; k++) {
            const double weight = fabs((double)row[k]);
            sum += weight;
            largest = weight > largest ? weight : largest;
        }
        if (!(sum <= densest)) { densest = sum; }
        terms = (double)count > terms ? (double)count : terms;
    }
    if (!isfinite(densest)) { return NAN; }
    if (largest < 1e-30) { return 0; }
    const double by_range = 32767 / largest;
    const double by_sum = ((double)INT32_MAX / SHEAF_INTEGER_LIMIT - terms / 2 - 1) / densest;
    return by_range < by_sum ? by_range : by_sum;
}

void sheaf_integer_pack(
    const float *w, size_t columns, size_t depth, int16_t *packed, float *steps) {
    const size_t panel = (depth + 1) / 2 * 2 * LANES;
    memset(packed, 0, sheaf_integer_packed_size(columns, depth) * sizeof *packed);
    memset(steps, 0, sheaf_integer_step_count(columns) * sizeof *steps);
    for (size_t j = 0; j < columns; j++) {
        const float *row = w + j * depth;
        const double inverse = inverse_step(row, depth);
        if (inverse == 0) { continue; }
        steps[j] = (float)(1 / inverse);
        if (isnan(inverse)) { continue; }
        int16_t *column = packed + j / LANES * panel + j % LANES * 2;
        for (size_t k = 0; k < depth; k++) {
            // Adding 1.5·2^52 rounds to an integer, ties to even.
            const double shifted = (double)row[k] * inverse + 6755399441055744.0;
            column[k / 2 * 2 * LANES + (k & 1)] = (int16_t)(shifted - 6755399441055744.0);
        }
    }
}
