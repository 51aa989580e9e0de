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
} sheaf_scan_metric;

// The score of every row of rows [count, dimension] for one question [dimension], into
// scores [count].
//
// Element i belongs to lane i mod 16; each lane sums its elements in rising order in float64, and
// the lanes are added in halves (16, 8, 4, 2, 1). No operation is fused, so all paths give the
// same bits. Products of two float32 are exact in float64; finite input gives a finite score.
void sheaf_scan_scores(
    sheaf_simd_path path, sheaf_scan_metric metric, const float *question, const float *rows,
    size_t count, size_t dimension, double *scores);

// ---- Int8 codes ----
//
// A vector x becomes a scale s and codes c in -127...127, x near s * c. For a question q with
// codes e and scale t,
//   <q,x> = t * s * <e,c> + <q - t * e, s * c> + <q, x - s * c>,
// so |<q,x> - t * s * <e,c>| <= |q - t * e| * |s * c| + |q| * |x - s * c|.
//
// Codes of rows lie in blocks of 16 rows: for each group of 4 components the 4 codes of row 0, of
// row 1, ... of row 15, each stored as c + 128. The last group is filled up with c = 0.

enum {
    SHEAF_SCAN_BLOCK_ROWS = 16,
    // Rows come in whole strides, so that a kernel always has several blocks in hand.
    SHEAF_SCAN_STRIDE_ROWS = 64,
    // With more, sums of products could leave int32.
    SHEAF_SCAN_MAXIMUM_DIMENSION = 65536,
};

// Bytes of the codes of one row or question.
size_t sheaf_scan_code_bytes(size_t dimension);

// What codes keep of a vector; both norms are rounded up.
typedef struct sheaf_scan_code {
    double scale;
    // |s * c|
    double code_norm;
    // |x - s * c|
    double residual_norm;
    // The sum of c over all components.
    int32_t sum;
} sheaf_scan_code;

// Encodes one finite vector as row `row` of codes made of blocks.
sheaf_scan_code sheaf_scan_encode_row(
    const float *vector, size_t dimension, size_t row, uint8_t *codes);

// Encodes one finite vector as a question: codes in order, each as it is.
sheaf_scan_code sheaf_scan_encode_question(const float *vector, size_t dimension, int8_t *codes);

// Encoded rows. The arrays hold `rows` values, a multiple of SHEAF_SCAN_STRIDE_ROWS.
typedef struct sheaf_scan_rows {
    const uint8_t *codes;
    const double *scale;
    const double *code_norm;
    const double *residual_norm;
    // |x| squared, for L2; otherwise NULL.
    const double *square;
} sheaf_scan_rows;

// An encoded question and the factors of its bounds:
//   inner product: t * s * <e,c> +- (on_code * |s * c| + on_residual * |x - s * c|)
//   L2: t * s * <e,c> - (|x| squared + square)
//       +- (on_code * |s * c| + on_residual * |x - s * c| + on_square * (|x| squared + square))
typedef struct sheaf_scan_question {
    const int8_t *codes;
    int32_t sum;
    double scale;
    double on_code;
    double on_residual;
    double square;
    double on_square;
    // Rows whose upper bound is below this are left out.
    double threshold;
} sheaf_scan_question;

// A row that may belong into the answer, and bounds of its score.
typedef struct sheaf_scan_candidate {
    int64_t row;
    double lower;
    double upper;
} sheaf_scan_candidate;

// Whether this processor has the byte products that the AVX-512 path of the scan needs.
int sheaf_scan_has_vnni(void);

// For each question the rows of first ..< first + count whose upper bound reaches its threshold,
// in rising order, into candidates[question * count ...]; their numbers into found[question].
// `first` and `count` are multiples of SHEAF_SCAN_STRIDE_ROWS.
void sheaf_scan_candidates(
    sheaf_simd_path path, const sheaf_scan_rows *rows, size_t dimension, size_t first,
    size_t count, const sheaf_scan_question *questions, size_t question_count,
    sheaf_scan_candidate *candidates, size_t *found);

#endif
