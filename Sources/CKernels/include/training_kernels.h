// Kernels of training: what a forward pass does beside the encoder kernels when it is recorded, the
// backward passes, and the steps of optimizers over flat arrays.
//
// The rule of encoder_kernels.h holds: each result is one fixed sequence of IEEE operations, the
// same on every instruction set. Sums over the rows of a batch (gradients of weights) go from the
// first row to the last.
#ifndef SHEAF_TRAINING_KERNELS_H
#define SHEAF_TRAINING_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "encoder_kernels.h"

// Which elements of one example are dropped, at one place of the model.
//
// Element (row, column) is dropped where 16 bits of Philox4x32-10 lie below `threshold`: those of
// the counter (block · 16 + lane, row, example), where column = 128 · block + 16 · part + lane and
// `part` counts the low and high halves of the four words. The others are multiplied by `scale`.
typedef struct sheaf_dropout {
    uint32_t key[2];
    uint64_t example;
    uint32_t threshold;  // of 65536
    float scale;         // 65536 / (65536 − threshold)
} sheaf_dropout;

// y = norm(dropout(x) + residual), where norm(s) = normal · gain + bias and
// normal = (s − mean) · factor, factor = 1 / sqrt(variance + epsilon). All rows are `width` apart.
typedef struct sheaf_norm {
    size_t rows, width;
    const float *x;
    const float *residual;         // or NULL
    const sheaf_dropout *dropout;  // or NULL
    uint32_t first_row;            // the dropout's row of x's first row
    const float *gain, *bias;
    float epsilon;
    float *normal;   // [rows, width], or NULL where it is not kept
    float *factors;  // [rows], with `normal`
    float *y;        // may be x
} sheaf_norm;

// The backward pass: dx = the gradient of s, dropped = dropout(dx), the gradient of x.
typedef struct sheaf_norm_backward {
    size_t rows, width;
    const float *dy;
    const float *normal, *factors;
    const float *gain;
    const sheaf_dropout *dropout;  // or NULL; then `dropped` is not written
    uint32_t first_row;
    float *dx;       // may be dy
    float *dropped;  // [rows, width]
    float *dgain, *dbias;  // added to; NULL where they are not wanted
} sheaf_norm_backward;

// One head of one sequence with dropout of the attention weights; row `first_row` + i of the
// dropout belongs to query i.
typedef struct sheaf_dropout_attention {
    sheaf_attention head;
    const sheaf_dropout *dropout;
    uint32_t first_row;
} sheaf_dropout_attention;

// The backward pass of one head. `head.out` is not used. dq, dk and dv are written, not added to.
typedef struct sheaf_attention_backward {
    sheaf_attention head;          // scratch: sheaf_attention_backward_scratch(length, size) floats
    const sheaf_dropout *dropout;  // or NULL
    uint32_t first_row;
    const float *dout;
    size_t dout_stride;
    float *dq;
    size_t dq_stride;
    float *dk, *dv;
    size_t dkv_stride;
} sheaf_attention_backward;

size_t sheaf_attention_backward_scratch(size_t length, size_t size);

// One step of AdamW; which form is in the order of decay and in `epsilon` (see AdamStep.swift):
//   p = p · keep_before
//   m = beta1 · m + rest1 · g,  v = beta2 · v + rest2 · g²,  g = gradient_scale · gradient
//   p = p − rate · m / (sqrt(v) · root_scale + epsilon)
//   p = p · keep_after
typedef struct sheaf_adam {
    float beta1, rest1, beta2, rest2;
    float rate, root_scale, epsilon;
    float keep_before, keep_after;
    float gradient_scale;
} sheaf_adam;

// The kernels of one instruction set.
typedef struct sheaf_training_kernels {
    sheaf_simd_path path;
    // As sheaf_pack, for weights whose rows are `stride` apart.
    void (*pack_columns)(
        const float *w, size_t columns, size_t depth, size_t stride, float *packed);
    // Packs b[depth, columns] as the right side of a product a × b.
    void (*pack_rows)(
        const float *b, size_t depth, size_t columns, size_t stride, float *packed);
    // out[columns, rows] = x[rows, columns] transposed.
    void (*transpose)(
        const float *x, size_t rows, size_t columns, size_t stride, float *out,
        size_t out_stride);
    // sums[width] += the sum of the rows.
    void (*add_column_sums)(
        const float *x, size_t rows, size_t width, size_t stride, float *sums);
    // y = activation(x); y may be x.
    void (*activate)(const float *x, size_t count, sheaf_activation activation, float *y);
    // dy = dy · activation'(x) in place, and y = activation(x) where y is not NULL.
    void (*activate_backward)(
        const float *x, size_t count, sheaf_activation activation, float *y, float *dy);
    // y = dropout(x) for whole rows of one example; y may be x. Its own backward pass.
    void (*drop)(
        const float *x, size_t rows, size_t width, const sheaf_dropout *dropout,
        uint32_t first_row, float *y);
    void (*norm)(const sheaf_norm *call);
    void (*norm_backward)(const sheaf_norm_backward *call);
    void (*attention)(const sheaf_dropout_attention *call);
    void (*attention_backward)(const sheaf_attention_backward *call);
    // y += factor · x.
    void (*add_scaled)(const float *x, size_t count, float factor, float *y);
    // y = factor · y.
    void (*scale)(float *y, size_t count, float factor);
    // y += (factor · x)² + addend.
    void (*add_squares)(const float *x, size_t count, float factor, float addend, float *y);
    // out = factor · x · y.
    void (*multiply)(const float *x, const float *y, size_t count, float factor, float *out);
    // Σ x·y in float64: 16 interleaved sums, then a fixed tree.
    double (*dot)(const float *x, const float *y, size_t count);
    void (*adam)(
        const sheaf_adam *step, float *values, const float *gradients, float *first,
        float *second, size_t count);
} sheaf_training_kernels;

// The table of one instruction set, or NULL where the processor lacks it.
const sheaf_training_kernels *sheaf_training_kernels_for(sheaf_simd_path path);

#endif
