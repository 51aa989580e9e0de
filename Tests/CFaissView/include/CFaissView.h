// The distance primitives that Faiss is linked with, one by one, to be looked at by tests.
#ifndef SHEAF_CFAISS_VIEW_H
#define SHEAF_CFAISS_VIEW_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What one number is made of two vectors.
typedef enum sheaf_faiss_pair {
    SHEAF_FAISS_PAIR_INNER_PRODUCT = 0,
    SHEAF_FAISS_PAIR_SQUARED_DISTANCE = 1,
    SHEAF_FAISS_PAIR_ABSOLUTE_DISTANCE = 2,
    SHEAF_FAISS_PAIR_LARGEST_DISTANCE = 3,
} sheaf_faiss_pair;

// What is made of a vector and a number, or another vector, component by component.
typedef enum sheaf_faiss_map {
    SHEAF_FAISS_MAP_MULTIPLY_ADD = 0,
    SHEAF_FAISS_MAP_ADD = 1,
    SHEAF_FAISS_MAP_ADD_NUMBER = 2,
    SHEAF_FAISS_MAP_SUBTRACT = 3,
} sheaf_faiss_map;

// Whether this processor has the instruction set: 0 portable, 1 AVX2, 2 AVX-512.
int32_t sheaf_faiss_has_path(int32_t path);

// The set that Faiss' own calls use.
int32_t sheaf_faiss_chosen_path(void);

float sheaf_faiss_pair_of(
    int32_t path, sheaf_faiss_pair pair, const float *x, const float *y, int64_t dimension);

// One vector against rows [count, dimension]: inner products or squared distances.
void sheaf_faiss_rows_of(
    int32_t path, sheaf_faiss_pair pair, const float *x, const float *rows, int64_t dimension,
    int64_t count, float *out);

// Squared distances to rows whose component j of row i lies at i + j * stride.
void sheaf_faiss_transposed_of(
    int32_t path, const float *x, const float *rows, const float *squares, int64_t dimension,
    int64_t stride, int64_t count, float *out);

void sheaf_faiss_map_of(
    int32_t path, sheaf_faiss_map map, const float *a, float number, const float *b,
    int64_t count, float *out);

// A question of two components against centroids [count, 2].
void sheaf_faiss_pair_table_of(
    int32_t path, const float *centroids, float x, float y, int32_t is_inner_product,
    int64_t count, float *out);

#ifdef __cplusplus
}
#endif

#endif
