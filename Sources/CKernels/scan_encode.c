#include "scan.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { GROUP = 4 };

size_t sheaf_scan_code_bytes(size_t dimension) {
    return (dimension + GROUP - 1) / GROUP * GROUP;
}

static double scale_of(const float *vector, size_t dimension) {
    float largest = 0;
    for (size_t i = 0; i < dimension; i++) {
        float size = fabsf(vector[i]);
        if (size > largest) { largest = size; }
    }
    return (double)largest / 127;
}

// Components handled side by side, so that the sums do not wait for each other.
enum { LANES = 16 };

// Writes code i to to[i / 4 * group_stride + i % 4], plus `bias`.
static sheaf_scan_code encode(
    const float *vector, size_t dimension, uint8_t *to, size_t group_stride, int bias) {
    // Adding and taking away 1.5 * 2^52 rounds a small double to the nearest integer, ties to even.
    const double shift = 0x1.8p52;
    double scale = scale_of(vector, dimension);
    double inverse = scale > 0 ? 1 / scale : 0;
    double residual_squares[LANES] = {0};
    int32_t sums[LANES] = {0};
    int64_t code_squares = 0;
    size_t padded = sheaf_scan_code_bytes(dimension);
    for (size_t start = 0; start < padded; start += LANES) {
        float values[LANES] = {0};
        int32_t codes[LANES];
        size_t left = start < dimension ? dimension - start : 0;
        memcpy(values, vector + start, (left < LANES ? left : LANES) * sizeof(float));
        for (size_t i = 0; i < LANES; i++) {
            double value = (double)values[i];
            double code = value * inverse + shift - shift;
            code = code > 127 ? 127 : code < -127 ? -127 : code;
            double residual = value - scale * code;
            residual_squares[i] += residual * residual;
            codes[i] = (int32_t)code;
            sums[i] += codes[i];
        }
        for (size_t i = 0; i < LANES; i++) { code_squares += codes[i] * codes[i]; }
        for (size_t i = 0; i < LANES && start + i < padded; i++) {
            to[(start + i) / GROUP * group_stride + i % GROUP] = (uint8_t)(codes[i] + bias);
        }
    }
    double residual_square = 0;
    int32_t sum = 0;
    for (size_t i = 0; i < LANES; i++) {
        residual_square += residual_squares[i];
        sum += sums[i];
    }
    // Squares meet at most dimension + 3 roundings each, dimension at most 2^16, which 2^-30
    // covers many times over; a residual adds the rounding of s * c, which 2^-48 covers.
    double code_norm = scale * sqrt((double)code_squares) * (1 + 0x1p-30);
    double residual_norm = sqrt(residual_square) * (1 + 0x1p-30) + code_norm * 0x1p-48;
    return (sheaf_scan_code){scale, code_norm, residual_norm, sum};
}

sheaf_scan_code sheaf_scan_encode_row(
    const float *vector, size_t dimension, size_t row, uint8_t *codes) {
    size_t block_bytes = SHEAF_SCAN_BLOCK_ROWS * sheaf_scan_code_bytes(dimension);
    uint8_t *block = codes + row / SHEAF_SCAN_BLOCK_ROWS * block_bytes;
    uint8_t *own = block + row % SHEAF_SCAN_BLOCK_ROWS * GROUP;
    return encode(vector, dimension, own, GROUP * SHEAF_SCAN_BLOCK_ROWS, 128);
}

sheaf_scan_code sheaf_scan_encode_question(const float *vector, size_t dimension, int8_t *codes) {
    return encode(vector, dimension, (uint8_t *)codes, GROUP, 0);
}
