// Kernels of the vector search: the score every hit carries, and the scan over int8 codes that
// finds which rows need one.
#ifndef SHEAF_SCAN_H
#define SHEAF_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "encoder_kernels.h"

typedef enum sheaf_scan_metric {
    SHEAF_SCAN_INNER_PRODUCT = 0,
    // The score is minus the squared Euclidean distance.
    SHEAF_SCAN_L2 = 1,
    // The inner product over the square root of the product of both squared norms; 0 where one of
    // the vectors is zero.
    SHEAF_SCAN_COSINE = 2,
} sheaf_scan_metric;

// ---- Scores ----

// A stored vector.
typedef struct sheaf_scan_vector {
    const void *values;
    // Whether the values are float16 instead of float32.
    int is_half;
} sheaf_scan_vector;

// The score of every vector for one question [dimension], into scores [count]. `scratch` has room
// for dimension floats.
//
// Element i belongs to lane i mod 16; each lane sums its elements in rising order in float64, and
// the lanes are added in halves (16, 8, 4, 2, 1). No operation is fused, so all paths give the
// same bits. Products of two float32 are exact in float64; finite input gives a finite score.
void sheaf_scan_scores(
    sheaf_simd_path path, sheaf_scan_metric metric, const float *question,
    const sheaf_scan_vector *vectors, size_t count, size_t dimension, float *scratch,
    double *scores);

// ---- Int8 codes ----
//
// A vector x becomes a scale s and codes c in -127...127, x near s * c. For a question q with
// codes e in -127...127 (-64...64 where AVX2 multiplies: two products with codes of rows then fit
// into 16 bits) and scale t,
//   <q,x> = t * s * <e,c> + <q - t * e, s * c> + <q, x - s * c>,
// so |<q,x> - t * s * <e,c>| <= |q - t * e| * |s * c| + |q| * |x - s * c|.
//
// Codes of rows lie in blocks of 32 rows: for each group of 4 components the 4 codes of row 0, of
// row 1, ... of row 31, each stored as c + 128. The last group is filled up with c = 0. Codes of
// questions lie in panels of 8 questions: for each group the 4 codes of question 0, ... of
// question 7, each as it is.

enum {
    SHEAF_SCAN_BLOCK_ROWS = 32,
    SHEAF_SCAN_PANEL_QUESTIONS = 8,
    // With more, sums of products could leave int32.
    SHEAF_SCAN_MAXIMUM_DIMENSION = 65536,
};

// Bytes of the codes of one row or question.
size_t sheaf_scan_code_bytes(size_t dimension);

// Encoded rows, a multiple of SHEAF_SCAN_BLOCK_ROWS. All numbers are of vectors times one factor,
// a power of two that brings the largest norm below 1; for cosine, times one over their own norm.
// Norms are rounded up. NaN as residual norm keeps a row out of every answer.
typedef struct sheaf_scan_rows {
    uint8_t *codes;
    float *scale;
    // |s * c|
    float *code_norm;
    // |x - s * c|
    float *residual_norm;
    // |x| squared, for L2; otherwise NULL.
    float *square;
} sheaf_scan_rows;

// Encodes one finite vector as row `row`. `factor` is that of all rows, unused for cosine.
void sheaf_scan_encode_row(
    sheaf_simd_path path, sheaf_scan_metric metric, const float *vector, size_t dimension,
    double factor, size_t row, const sheaf_scan_rows *rows);

// An encoded question and the factors of its bounds, in units of its own:
//   t * s * <e,c> - on_square * |x| squared
//       +- (on_code * |s * c| + on_residual * |x - s * c| + square_error * |x| squared + fixed)
// A bound brackets the float64 score (times `unit`, for L2 after adding `square`), with all
// roundings of bounds in float32 allowed for.
typedef struct sheaf_scan_question {
    float on_product;
    float on_code;
    float on_residual;
    float on_square;
    float square_error;
    float fixed;
    // The sum of e over all components.
    int32_t sum;
    double unit;
    double square;
} sheaf_scan_question;

// Encodes one finite vector as question `question` of panels that were zero before.
sheaf_scan_question sheaf_scan_encode_question(
    sheaf_simd_path path, sheaf_scan_metric metric, const float *vector, size_t dimension,
    double factor, size_t question, int8_t *panels);

// At most what a float64 score is in units of the question.
float sheaf_scan_threshold(const sheaf_scan_question *question, double score);

// ---- Candidates ----

// A row that may belong into the answer, and bounds of its score in units of its question.
typedef struct sheaf_scan_candidate {
    uint32_t row;
    float lower;
    float upper;
} sheaf_scan_candidate;

// The candidates of one question, as yet.
typedef struct sheaf_scan_list {
    sheaf_scan_candidate *candidates;
    // Room for as many floats as there are candidates.
    float *scratch;
    size_t count;
    // Rows whose upper bound is below this are left out.
    float threshold;
} sheaf_scan_list;

// 1 where a scan on this path multiplies with AVX-512 VNNI.
int sheaf_scan_uses_vnni(sheaf_simd_path path);

// Appends to each question's list the rows of first ..< first + count whose upper bound reaches
// its threshold, in rising order. `first` and `count` are multiples of SHEAF_SCAN_BLOCK_ROWS; each
// list has room for `count` more.
void sheaf_scan_candidates(
    sheaf_simd_path path, const sheaf_scan_rows *rows, size_t dimension, size_t first,
    size_t count, const int8_t *panels, const sheaf_scan_question *questions,
    size_t question_count, sheaf_scan_list *lists);

// Raises the threshold of a list to its k-th highest lower bound and drops what cannot reach it.
void sheaf_scan_prune(sheaf_scan_list *list, size_t k);

// The k-th highest lower bound of a list of at least k, k at least 1.
float sheaf_scan_kth_lower(const sheaf_scan_list *list, size_t k);

// The sum of all bytes, read once in order: how fast memory lets a scan be.
uint64_t sheaf_scan_sum_bytes(sheaf_simd_path path, const uint8_t *bytes, size_t count);

#endif
