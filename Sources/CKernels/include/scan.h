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

#endif
