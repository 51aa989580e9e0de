#include "CKernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static uint16_t round_one(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) { return (uint16_t)(sign | 0x7e00); }
    if (magnitude >= 0x47800000) { return (uint16_t)(sign | 0x7c00); }
    if (magnitude < 0x38800000) {
        // Adding 2^-1 leaves the multiples of 2^-24 that a small half counts in the lowest bits.
        float scaled;
        memcpy(&scaled, &magnitude, sizeof scaled);
        scaled += 0.5f;
        uint32_t sum;
        memcpy(&sum, &scaled, sizeof sum);
        return (uint16_t)(sign | (sum - 0x3f000000));
    }
    // Half of the last place, less one where the last bit is even; a carry goes on upwards.
    const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((rounded - 0x38000000) >> 13));
}

static void widen_portable(const uint16_t *source, size_t count, float *out) {
    sheaf_from_float16(source, count, out);
}

static void round_portable(const float *source, size_t count, uint16_t *out) {
    for (size_t i = 0; i < count; i++) { out[i] = round_one(source[i]); }
}

#if defined(__x86_64__)
__attribute__((target("avx2,f16c"))) static void widen_f16c(
    const uint16_t *source, size_t count, float *out) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        _mm256_storeu_ps(
            out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(source + i))));
    }
    sheaf_from_float16(source + i, count - i, out + i);
}

__attribute__((target("avx2,f16c"))) static void round_f16c(
    const float *source, size_t count, uint16_t *out) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m128i halves = _mm256_cvtps_ph(
            _mm256_loadu_ps(source + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        _mm_storeu_si128((__m128i *)(out + i), halves);
    }
    round_portable(source + i, count - i, out + i);
}
#endif

void sheaf_widen_float16(const uint16_t *source, size_t count, float *out) {
#if defined(__x86_64__)
    if (sheaf_simd_best() >= SHEAF_SIMD_AVX2) { return widen_f16c(source, count, out); }
#endif
    widen_portable(source, count, out);
}

void sheaf_round_float16(const float *source, size_t count, uint16_t *out) {
#if defined(__x86_64__)
    if (sheaf_simd_best() >= SHEAF_SIMD_AVX2) { return round_f16c(source, count, out); }
#endif
    round_portable(source, count, out);
}

static void pack_rest(const float *const rows[16], size_t from, size_t depth, float *panel) {
    for (size_t i = 0; i < 16; i++) {
        for (size_t k = from; k < depth; k++) { panel[k * 16 + i] = rows[i] ? rows[i][k] : 0; }
    }
}

#if defined(__x86_64__)
// Turns 8 × 8 squares around.
__attribute__((target("avx2"))) static size_t pack_avx2(
    const float *const rows[16], size_t depth, float *panel) {
    size_t k = 0;
    for (; k + 8 <= depth; k += 8) {
        for (size_t half = 0; half < 16; half += 8) {
            __m256 r[8], s[8];
            for (size_t i = 0; i < 8; i++) {
                const float *row = rows[half + i];
                r[i] = row ? _mm256_loadu_ps(row + k) : _mm256_setzero_ps();
            }
            for (size_t i = 0; i < 8; i += 2) {
                s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
                s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
            }
            for (size_t i = 0; i < 8; i += 4) {
                r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
                r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
                r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
                r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
            }
            float *out = panel + k * 16 + half;
            for (size_t i = 0; i < 4; i++) {
                _mm256_storeu_ps(out + i * 16, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
                _mm256_storeu_ps(out + (i + 4) * 16, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
            }
        }
    }
    return k;
}
#endif

void sheaf_pack_panel(const float *const rows[16], size_t depth, float *panel) {
    size_t done = 0;
#if defined(__x86_64__)
    if (sheaf_simd_best() >= SHEAF_SIMD_AVX2) { done = pack_avx2(rows, depth, panel); }
#endif
    pack_rest(rows, done, depth, panel);
}
