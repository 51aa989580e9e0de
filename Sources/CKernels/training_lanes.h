// What the training kernels share beside encoder_lanes.h: random words, packing, transposing.
#include "encoder_lanes.h"

typedef uint32_t w16 __attribute__((ext_vector_type(16)));
typedef uint64_t d8 __attribute__((ext_vector_type(8)));

// ---- Dropout ----

enum { DROPOUT_BLOCK = 128 };

// The 64-bit products of 16 words with one factor, in halves.
ALWAYS void multiply_wide(w16 x, uint32_t factor, w16 *high, w16 *low) {
    const d8 pairs = (d8)x;
    const d8 m = (d8)(uint64_t)factor;
    const d8 even = (pairs & 0xffffffff) * m;
    const d8 odd = (pairs >> 32) * m;
    *low = (w16)((even & 0xffffffff) | (odd << 32));
    *high = (w16)((even >> 32) | (odd & 0xffffffff00000000));
}

// Philox4x32-10 (Salmon et al. 2011) on 16 counters at once, in place.
ALWAYS void philox(w16 c[4], uint32_t k0, uint32_t k1) {
    UNROLL for (int round = 0; round < 10; round++) {
        w16 high0, low0, high1, low1;
        multiply_wide(c[0], 0xD2511F53, &high0, &low0);
        multiply_wide(c[2], 0xCD9E8D57, &high1, &low1);
        const w16 second = c[1], fourth = c[3];
        c[0] = high1 ^ second ^ (w16)k0;
        c[1] = low1;
        c[2] = high0 ^ fourth ^ (w16)k1;
        c[3] = low0;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
}

// factors[columns first … first + 127] of one row: 0 where an element is dropped, else the scale.
ALWAYS void dropout_factors(
    const sheaf_dropout *d, uint32_t row, size_t block, v16 factors[8]) {
    w16 c[4];
    UNROLL for (int lane = 0; lane < LANES; lane++) { c[0][lane] = (uint32_t)lane; }
    c[0] = c[0] + (w16)(uint32_t)(block * LANES);
    c[1] = (w16)row;
    c[2] = (w16)(uint32_t)d->example;
    c[3] = (w16)(uint32_t)(d->example >> 32);
    philox(c, d->key[0], d->key[1]);
    const i16 threshold = (i16)(int32_t)d->threshold;
    UNROLL for (int part = 0; part < 8; part++) {
        const w16 word = c[part / 2];
        const i16 half = (i16)(part % 2 ? word >> 16 : word & 0xffff);
        factors[part] = half >= threshold ? SPLAT(d->scale) : SPLAT(0.0f);
    }
}

// factors[width] of one row; there is room for the next multiple of 128.
static void dropout_row(const sheaf_dropout *d, uint32_t row, size_t width, float *factors) {
    for (size_t block = 0; block * DROPOUT_BLOCK < width; block++) {
        v16 parts[8];
        dropout_factors(d, row, block, parts);
        UNROLL for (int part = 0; part < 8; part++) {
            STORE(factors + block * DROPOUT_BLOCK + (size_t)part * LANES, parts[part]);
        }
    }
}

// ---- Transposing ----

// One step of a 16 × 16 transpose: after four of them column j of the input is row j.
ALWAYS void interleave(const v16 in[LANES], v16 out[LANES]) {
    UNROLL for (int i = 0; i < 8; i++) {
        out[2 * i] = __builtin_shufflevector(
            in[i], in[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        out[2 * i + 1] = __builtin_shufflevector(
            in[i], in[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
}

ALWAYS void transpose_square(
    const float *x, size_t stride, float *out, size_t out_stride) {
    v16 a[LANES], b[LANES];
    UNROLL for (int i = 0; i < LANES; i++) { a[i] = LOAD(x + (size_t)i * stride); }
    interleave(a, b);
    interleave(b, a);
    interleave(a, b);
    interleave(b, a);
    UNROLL for (int i = 0; i < LANES; i++) { STORE(out + (size_t)i * out_stride, a[i]); }
}

static void transpose(
    const float *x, size_t rows, size_t columns, size_t stride, float *out, size_t out_stride) {
    for (size_t r = 0; r < rows; r += LANES) {
        const size_t height = least(LANES, rows - r);
        for (size_t c = 0; c < columns; c += LANES) {
            const size_t width = least(LANES, columns - c);
            const float *from = x + r * stride + c;
            float *to = out + c * out_stride + r;
            if (height == LANES && width == LANES) {
                transpose_square(from, stride, to, out_stride);
                continue;
            }
            for (size_t i = 0; i < height; i++) {
                for (size_t j = 0; j < width; j++) {
                    to[j * out_stride + i] = from[i * stride + j];
                }
            }
        }
    }
}

// ---- Packing ----

// w[columns, depth] as panels of 16 columns: packed[p][depth][16].
static void pack_columns(
    const float *w, size_t columns, size_t depth, size_t stride, float *packed) {
    for (size_t j = 0; j < columns; j += LANES) {
        const size_t count = least(LANES, columns - j);
        float *panel = packed + j * depth;
        if (count < LANES) { memset(panel, 0, depth * LANES * sizeof(float)); }
        transpose(w + j * stride, count, depth, stride, panel, LANES);
    }
}

// b[depth, columns] as panels of 16 columns: packed[p][depth][16]. Eight rows at a time, so that
// both sides are walked in stretches.
static void pack_rows(
    const float *b, size_t depth, size_t columns, size_t stride, float *packed) {
    for (size_t k0 = 0; k0 < depth; k0 += 8) {
        const size_t k1 = least(depth, k0 + 8);
        for (size_t j = 0; j < columns; j += LANES) {
            float *panel = packed + j * depth;
            const size_t count = least(LANES, columns - j);
            for (size_t k = k0; k < k1; k++) {
                const float *from = b + k * stride + j;
                STORE(panel + k * LANES, count == LANES ? LOAD(from) : load_part(from, count));
            }
        }
    }
}
