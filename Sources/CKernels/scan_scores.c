#include "CKernels.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A fused multiply-add rounds once where the other paths round twice.
#pragma STDC FP_CONTRACT OFF

enum { LANES = 16 };

static double sum_of_lanes(double *lanes) {
    for (int half = LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) { lanes[i] += lanes[i + half]; }
    }
    return lanes[0];
}

static double inner_product_portable(const float *a, const float *b, size_t dimension) {
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= dimension; i += LANES) {
        for (size_t j = 0; j < LANES; j++) { lanes[j] += (double)a[i + j] * (double)b[i + j]; }
    }
    for (size_t j = 0; i + j < dimension; j++) { lanes[j] += (double)a[i + j] * (double)b[i + j]; }
    return sum_of_lanes(lanes);
}

static double squared_distance_portable(const float *a, const float *b, size_t dimension) {
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= dimension; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            double difference = (double)a[i + j] - (double)b[i + j];
            lanes[j] += difference * difference;
        }
    }
    for (size_t j = 0; i + j < dimension; j++) {
        double difference = (double)a[i + j] - (double)b[i + j];
        lanes[j] += difference * difference;
    }
    return sum_of_lanes(lanes);
}

#if defined(__x86_64__)

// The vector paths pad the last, partial group of 16 with zeros: adding +0 to a lane that began
// at +0 leaves its bits alone.
static void pad(float *padded, const float *values, size_t count) {
    memset(padded, 0, LANES * sizeof(float));
    memcpy(padded, values, count * sizeof(float));
}

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f")))

AVX2 static inline void products_avx2(__m256d *lanes, const float *a, const float *b) {
    for (int j = 0; j < 4; j++) {
        __m256d x = _mm256_cvtps_pd(_mm_loadu_ps(a + 4 * j));
        __m256d y = _mm256_cvtps_pd(_mm_loadu_ps(b + 4 * j));
        __m256d product = _mm256_mul_pd(x, y);
        lanes[j] = _mm256_add_pd(lanes[j], product);
    }
}

AVX2 static inline void squares_avx2(__m256d *lanes, const float *a, const float *b) {
    for (int j = 0; j < 4; j++) {
        __m256d x = _mm256_cvtps_pd(_mm_loadu_ps(a + 4 * j));
        __m256d y = _mm256_cvtps_pd(_mm_loadu_ps(b + 4 * j));
        __m256d difference = _mm256_sub_pd(x, y);
        __m256d square = _mm256_mul_pd(difference, difference);
        lanes[j] = _mm256_add_pd(lanes[j], square);
    }
}

AVX2 static double sum_avx2(
    int of_squares, const float *a, const float *b, size_t dimension) {
    __m256d lanes[4] = {
        _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
    float x[LANES], y[LANES];
    size_t whole = dimension / LANES * LANES;
    pad(x, a + whole, dimension - whole);
    pad(y, b + whole, dimension - whole);
    if (!of_squares) {
        for (size_t i = 0; i < whole; i += LANES) { products_avx2(lanes, a + i, b + i); }
        products_avx2(lanes, x, y);
    } else {
        for (size_t i = 0; i < whole; i += LANES) { squares_avx2(lanes, a + i, b + i); }
        squares_avx2(lanes, x, y);
    }
    double sums[LANES];
    for (int j = 0; j < 4; j++) { _mm256_storeu_pd(sums + 4 * j, lanes[j]); }
    return sum_of_lanes(sums);
}

AVX512 static inline void products_avx512(__m512d *lanes, const float *a, const float *b) {
    for (int j = 0; j < 2; j++) {
        __m512d x = _mm512_cvtps_pd(_mm256_loadu_ps(a + 8 * j));
        __m512d y = _mm512_cvtps_pd(_mm256_loadu_ps(b + 8 * j));
        __m512d product = _mm512_mul_pd(x, y);
        lanes[j] = _mm512_add_pd(lanes[j], product);
    }
}

AVX512 static inline void squares_avx512(__m512d *lanes, const float *a, const float *b) {
    for (int j = 0; j < 2; j++) {
        __m512d x = _mm512_cvtps_pd(_mm256_loadu_ps(a + 8 * j));
        __m512d y = _mm512_cvtps_pd(_mm256_loadu_ps(b + 8 * j));
        __m512d difference = _mm512_sub_pd(x, y);
        __m512d square = _mm512_mul_pd(difference, difference);
        lanes[j] = _mm512_add_pd(lanes[j], square);
    }
}

AVX512 static double sum_avx512(
    int of_squares, const float *a, const float *b, size_t dimension) {
    __m512d lanes[2] = {_mm512_setzero_pd(), _mm512_setzero_pd()};
    float x[LANES], y[LANES];
    size_t whole = dimension / LANES * LANES;
    pad(x, a + whole, dimension - whole);
    pad(y, b + whole, dimension - whole);
    if (!of_squares) {
        for (size_t i = 0; i < whole; i += LANES) { products_avx512(lanes, a + i, b + i); }
        products_avx512(lanes, x, y);
    } else {
        for (size_t i = 0; i < whole; i += LANES) { squares_avx512(lanes, a + i, b + i); }
        squares_avx512(lanes, x, y);
    }
    double sums[LANES];
    _mm512_storeu_pd(sums, lanes[0]);
    _mm512_storeu_pd(sums + 8, lanes[1]);
    return sum_of_lanes(sums);
}

#endif

// <a,b> or |a - b| squared.
static double sum(
    sheaf_simd_path path, int of_squares, const float *a, const float *b, size_t dimension) {
#if defined(__x86_64__)
    if (path == SHEAF_SIMD_AVX512) { return sum_avx512(of_squares, a, b, dimension); }
    if (path == SHEAF_SIMD_AVX2) { return sum_avx2(of_squares, a, b, dimension); }
#else
    (void)path;
#endif
    return of_squares ? squared_distance_portable(a, b, dimension)
                      : inner_product_portable(a, b, dimension);
}

static void fetch(const sheaf_scan_vector *vector, size_t dimension) {
    size_t bytes = dimension * (vector->is_half ? sizeof(uint16_t) : sizeof(float));
    for (size_t i = 0; i < bytes; i += 64) {
        __builtin_prefetch((const char *)vector->values + i);
    }
}

void sheaf_scan_scores(
    sheaf_simd_path path, sheaf_scan_metric metric, const float *question,
    const sheaf_scan_vector *vectors, size_t count, size_t dimension, float *scratch,
    double *scores) {
    double square = metric == SHEAF_SCAN_COSINE ? sum(path, 0, question, question, dimension) : 0;
    for (size_t i = 0; i < count; i++) {
        // Rows lie far apart; the next one is on its way while this one is summed.
        if (i + 1 < count) { fetch(vectors + i + 1, dimension); }
        const float *row = vectors[i].values;
        if (vectors[i].is_half) {
            sheaf_widen_float16(vectors[i].values, dimension, scratch);
            row = scratch;
        }
        switch (metric) {
        case SHEAF_SCAN_INNER_PRODUCT:
            scores[i] = sum(path, 0, question, row, dimension);
            break;
        case SHEAF_SCAN_L2:
            // 0 - value rather than -value: a distance of zero scores +0, not -0.
            scores[i] = 0 - sum(path, 1, question, row, dimension);
            break;
        case SHEAF_SCAN_COSINE: {
            double squares = square * sum(path, 0, row, row, dimension);
            scores[i] = squares > 0 ? sum(path, 0, question, row, dimension) / sqrt(squares) : 0;
            break;
        }
        }
    }
}
