#include "scan.h"

#include <float.h>
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { GROUP = 4, BLOCK = SHEAF_SCAN_BLOCK_ROWS, PANEL = SHEAF_SCAN_PANEL_QUESTIONS };

#define INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#endif

size_t sheaf_scan_code_bytes(size_t dimension) {
    return (dimension + GROUP - 1) / GROUP * GROUP;
}

// What codes keep of a vector, the norms rounded up.
typedef struct code {
    double scale;
    double code_norm;
    double residual_norm;
    double square;
    int32_t sum;
} code;

// Components handled side by side, so that the sums do not wait for each other.
enum { LANES = 16 };

INLINE double sum_of(const double *lanes) {
    double sum = 0;
    for (int i = 0; i < LANES; i++) { sum += lanes[i]; }
    return sum;
}

// Writes code i, of size `most` at most, to to[i / 4 * group_stride + i % 4], plus `bias`.
INLINE code encode_any(
    const float *vector, size_t dimension, int most, uint8_t *to, size_t group_stride, int bias) {
    float largest[LANES] = {0};
    size_t whole = dimension / LANES * LANES;
    float rest[LANES] = {0};
    memcpy(rest, vector + whole, (dimension - whole) * sizeof(float));
    for (size_t start = 0; start <= whole; start += LANES) {
        const float *values = start < whole ? vector + start : rest;
        for (size_t i = 0; i < LANES; i++) {
            float size = fabsf(values[i]);
            largest[i] = size > largest[i] ? size : largest[i];
        }
    }
    for (size_t i = 1; i < LANES; i++) {
        largest[0] = largest[i] > largest[0] ? largest[i] : largest[0];
    }
    double scale = (double)largest[0] / most;
    double inverse = scale > 0 ? 1 / scale : 0;

    // Adding and taking away 1.5 * 2^52 rounds a small double to the nearest integer, ties to even.
    const double shift = 0x1.8p52;
    double squares[LANES] = {0}, residual_squares[LANES] = {0};
    int32_t sums[LANES] = {0}, code_squares[LANES] = {0};
    size_t padded = sheaf_scan_code_bytes(dimension);
    for (size_t start = 0; start < padded; start += LANES) {
        const float *values = start < whole ? vector + start : rest;
        uint8_t codes[LANES];
        for (size_t i = 0; i < LANES; i++) {
            double value = (double)values[i];
            double nearest = value * inverse + shift - shift;
            nearest = nearest > most ? most : nearest < -most ? -most : nearest;
            double residual = value - scale * nearest;
            squares[i] += value * value;
            residual_squares[i] += residual * residual;
            int32_t integer = (int32_t)nearest;
            sums[i] += integer;
            code_squares[i] += integer * integer;
            codes[i] = (uint8_t)(integer + bias);
        }
        size_t left = padded - start;
        for (size_t i = 0; i < LANES && i < left; i += GROUP) {
            memcpy(to + (start + i) / GROUP * group_stride, codes + i, GROUP);
        }
    }
    double code_square = 0;
    int32_t sum = 0;
    for (size_t i = 0; i < LANES; i++) {
        code_square += code_squares[i];
        sum += sums[i];
    }
    // Squares meet at most dimension + 3 roundings each, dimension at most 2^16, which 2^-30
    // covers many times over; a residual adds the rounding of s * c, which 2^-48 covers.
    double code_norm = scale * sqrt(code_square) * (1 + 0x1p-30);
    double residual_norm = sqrt(sum_of(residual_squares)) * (1 + 0x1p-30) + code_norm * 0x1p-48;
    return (code){scale, code_norm, residual_norm, sum_of(squares), sum};
}

static code encode_portable(
    const float *vector, size_t dimension, int most, uint8_t *to, size_t group_stride, int bias) {
    return encode_any(vector, dimension, most, to, group_stride, bias);
}

#if defined(__x86_64__)

AVX2 static code encode_avx2(
    const float *vector, size_t dimension, int most, uint8_t *to, size_t group_stride, int bias) {
    return encode_any(vector, dimension, most, to, group_stride, bias);
}

AVX512 static code encode_avx512(
    const float *vector, size_t dimension, int most, uint8_t *to, size_t group_stride, int bias) {
    return encode_any(vector, dimension, most, to, group_stride, bias);
}

#endif

static code encode(
    sheaf_simd_path path, const float *vector, size_t dimension, int most, uint8_t *to,
    size_t group_stride, int bias) {
#if defined(__x86_64__)
    if (path == SHEAF_SIMD_AVX512) {
        return encode_avx512(vector, dimension, most, to, group_stride, bias);
    }
    if (path == SHEAF_SIMD_AVX2) {
        return encode_avx2(vector, dimension, most, to, group_stride, bias);
    }
#else
    (void)path;
#endif
    return encode_portable(vector, dimension, most, to, group_stride, bias);
}

// The next float32 at or above a number that is not negative.
static float up(double value) {
    if (value > (double)FLT_MAX) { return INFINITY; }
    float nearest = (float)value;
    return (double)nearest < value ? nextafterf(nearest, INFINITY) : nearest;
}

void sheaf_scan_encode_row(
    sheaf_simd_path path, sheaf_scan_metric metric, const float *vector, size_t dimension,
    double factor, size_t row, const sheaf_scan_rows *rows) {
    size_t block_bytes = BLOCK * sheaf_scan_code_bytes(dimension);
    uint8_t *own = rows->codes + row / BLOCK * block_bytes + row % BLOCK * GROUP;
    code code = encode(path, vector, dimension, 127, own, GROUP * BLOCK, 128);
    if (metric == SHEAF_SCAN_COSINE) { factor = code.square > 0 ? 1 / sqrt(code.square) : 0; }
    // Roundings of the factor are among those that the bounds of a question allow for.
    rows->scale[row] = (float)(code.scale * factor);
    rows->code_norm[row] = up(code.code_norm * factor);
    rows->residual_norm[row] = up(code.residual_norm * factor);
    if (rows->square != NULL) { rows->square[row] = (float)(code.square * factor * factor); }
}

// The power of two above a norm; 1 for zero.
static double power_above(double norm) {
    int exponent = 0;
    if (norm > 0) { frexp(norm, &exponent); }
    return ldexp(1, exponent);
}

// All bounds are computed in float32 from numbers of size 1 at most. A product meets at most 8
// roundings of 2^-24 of |t * e| * |s * c| <= 2 * |q| * |s * c|, an error term 4 of its own size,
// and a float64 score at most dimension + 8 <= 2^17 roundings of 2^-53 of |q| * |x| <= |q| *
// (|s * c| + |x - s * c|). 2^-17 of |q| in each factor covers all of these; what falls below the
// smallest float32 is covered by 2^-100.
sheaf_scan_question sheaf_scan_encode_question(
    sheaf_simd_path path, sheaf_scan_metric metric, const float *vector, size_t dimension,
    double factor, size_t question, int8_t *panels) {
    size_t panel_bytes = PANEL * sheaf_scan_code_bytes(dimension);
    uint8_t *own = (uint8_t *)panels + question / PANEL * panel_bytes + question % PANEL * GROUP;
    int most = path == SHEAF_SIMD_PORTABLE || sheaf_scan_uses_vnni(path) ? 127 : 64;
    code code = encode(path, vector, dimension, most, own, GROUP * PANEL, 0);
    double norm = sqrt(code.square) * (1 + 0x1p-30);
    // What scores are multiplied by to be in units of this question.
    double unit = 1 / power_above(norm) * factor;
    double own_unit = 1 / power_above(norm);
    double on_square = 0, fixed = 0x1p-100;
    if (metric == SHEAF_SCAN_COSINE) {
        unit = 1;
        own_unit = code.square > 0 ? 1 / sqrt(code.square) : 0;
    } else if (metric == SHEAF_SCAN_L2) {
        // The score plus the question's square is 2<q,x> - |x| squared; either may be the larger.
        double larger = fmax(power_above(norm), 1 / factor);
        unit = factor / larger;
        own_unit = 2 / larger;
        on_square = 1 / (factor * larger);
        fixed += code.square * unit * (double)(dimension + 8) * 0x1p-50;
    }
    double size = norm * own_unit * 0x1p-17;
    return (sheaf_scan_question){
        .on_product = (float)(code.scale * own_unit),
        .on_code = up(code.residual_norm * own_unit * (1 + 0x1p-17) + size),
        .on_residual = up(norm * own_unit + size),
        .on_square = (float)on_square,
        .square_error = up(on_square * 0x1p-20),
        .fixed = up(fixed),
        .sum = code.sum,
        .unit = unit,
        .square = metric == SHEAF_SCAN_L2 ? code.square : 0,
    };
}

float sheaf_scan_threshold(const sheaf_scan_question *question, double score) {
    double shifted = (score + question->square) * question->unit;
    double error = (fabs(score) + question->square) * question->unit * 0x1p-48;
    double value = shifted - error;
    if (value < -(double)FLT_MAX) { return -INFINITY; }
    if (value > (double)FLT_MAX) { return FLT_MAX; }
    float nearest = (float)value;
    return (double)nearest > value ? nextafterf(nearest, -INFINITY) : nearest;
}
