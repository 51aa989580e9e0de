#include "scan.h"

#include <math.h>

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

static int code_of(float value, double inverse) {
    double code = rint((double)value * inverse);
    return (int)(code > 127 ? 127 : code < -127 ? -127 : code);
}

// Writes code i to to[i / 4 * group_stride + i % 4], plus `bias`.
static sheaf_scan_code encode(
    const float *vector, size_t dimension, uint8_t *to, size_t group_stride, int bias) {
    double scale = scale_of(vector, dimension);
    double inverse = scale > 0 ? 1 / scale : 0;
    int64_t code_squares = 0;
    double residual_squares = 0;
    int32_t sum = 0;
    size_t padded = sheaf_scan_code_bytes(dimension);
    for (size_t i = 0; i < padded; i++) {
        float value = i < dimension ? vector[i] : 0;
        int code = code_of(value, inverse);
        double residual = (double)value - scale * code;
        to[i / GROUP * group_stride + i % GROUP] = (uint8_t)(code + bias);
        code_squares += code * code;
        residual_squares += residual * residual;
        sum += code;
    }
    // Squares meet at most dimension + 3 roundings each, dimension at most 2^16, which 2^-30
    // covers many times over; a residual adds the rounding of s * c, which 2^-48 covers.
    double code_norm = scale * sqrt((double)code_squares) * (1 + 0x1p-30);
    double residual_norm = sqrt(residual_squares) * (1 + 0x1p-30) + code_norm * 0x1p-48;
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
