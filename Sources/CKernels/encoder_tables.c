// What is the same on every path: the choice of a table, packing, element conversions.
#include "CKernels.h"

#include <string.h>

extern const sheaf_encoder_kernels sheaf_encoder_portable;
#if defined(__x86_64__)
extern const sheaf_encoder_kernels sheaf_encoder_avx2;
extern const sheaf_encoder_kernels sheaf_encoder_avx512;
#endif

enum { LANES = 16 };

const sheaf_encoder_kernels *sheaf_encoder_kernels_for(sheaf_simd_path path) {
    if (!sheaf_simd_supported(path)) { return NULL; }
    switch (path) {
    case SHEAF_SIMD_PORTABLE:
        return &sheaf_encoder_portable;
#if defined(__x86_64__)
    case SHEAF_SIMD_AVX2:
        return &sheaf_encoder_avx2;
    case SHEAF_SIMD_AVX512:
        return &sheaf_encoder_avx512;
#else
    default:
        return NULL;
#endif
    }
    return NULL;
}

size_t sheaf_attention_scratch(size_t length, size_t size) {
    const size_t padded = (length + LANES - 1) / LANES * LANES;
    const size_t query_block = 48;
    return sheaf_packed_keys_size(length, size) + sheaf_packed_values_size(length, size)
        + query_block * padded;
}

size_t sheaf_packed_keys_size(size_t length, size_t size) {
    return (length + LANES - 1) / LANES * LANES * size;
}

size_t sheaf_packed_values_size(size_t length, size_t size) {
    return (size + LANES - 1) / LANES * LANES * length;
}

size_t sheaf_packed_size(size_t columns, size_t depth) {
    return (columns + LANES - 1) / LANES * LANES * depth;
}

void sheaf_pack(const float *w, size_t columns, size_t depth, float *packed) {
    for (size_t j = 0; j < columns; j += LANES) {
        const size_t count = columns - j < LANES ? columns - j : LANES;
        float *panel = packed + j * depth;
        if (count < LANES) { memset(panel, 0, depth * LANES * sizeof(float)); }
        // 16 × 16 squares, so that both sides are walked in whole cache lines.
        for (size_t k0 = 0; k0 < depth; k0 += LANES) {
            const size_t k1 = depth - k0 < LANES ? depth : k0 + LANES;
            for (size_t i = 0; i < count; i++) {
                const float *row = w + (j + i) * depth;
                for (size_t k = k0; k < k1; k++) { panel[k * LANES + i] = row[k]; }
            }
        }
    }
}

static inline float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void sheaf_from_float16(const void *source, size_t count, float *out) {
    const uint8_t *bytes = source;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        const uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
        // Multiplying by 2^112 moves the exponent's bias and makes subnormals normal, exactly.
        const float scaled = from_bits(magnitude) * 0x1p112f;
        uint32_t bits;
        memcpy(&bits, &scaled, sizeof bits);
        if ((half & 0x7c00) == 0x7c00) { bits = magnitude | 0x7f800000; }
        out[i] = from_bits(bits | (uint32_t)(half & 0x8000) << 16);
    }
}

void sheaf_from_bfloat16(const void *source, size_t count, float *out) {
    const uint8_t *bytes = source;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        out[i] = from_bits((uint32_t)half << 16);
    }
}

void sheaf_from_float64(const void *source, size_t count, float *out) {
    const uint8_t *bytes = source;
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, bytes + 8 * i, sizeof value);
        out[i] = (float)value;
    }
}

size_t sheaf_first_not_finite(const float *values, size_t count) {
    size_t start = 0;
    while (start < count) {
        const size_t end = count - start < 4096 ? count : start + 4096;
        uint32_t largest = 0;
        for (size_t i = start; i < end; i++) {
            uint32_t bits;
            memcpy(&bits, values + i, sizeof bits);
            bits &= 0x7fffffff;
            largest = bits > largest ? bits : largest;
        }
        if (largest >= 0x7f800000) {
            for (size_t i = start; i < end; i++) {
                uint32_t bits;
                memcpy(&bits, values + i, sizeof bits);
                if ((bits & 0x7f800000) == 0x7f800000) { return i; }
            }
        }
        start = end;
    }
    return count;
}
