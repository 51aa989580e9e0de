// Kernels of the integer encoder: 16-bit weights and activations, 32-bit sums.
//
// A number is a step times a whole number. Weights have one step per output channel; activations
// have one per row and block of SHEAF_INTEGER_BLOCK terms, with whole numbers in
// −SHEAF_INTEGER_LIMIT … SHEAF_INTEGER_LIMIT. A channel's step is the finest for which the sum over
// any block stays below 2³¹ whatever the activations are: the limit times the sum of the block's
// absolute weights. So sums over a block are exact, in any order and on any instruction set; blocks
// are then added up as floats, from the first to the last. The rule of encoder_kernels.h holds.
#ifndef SHEAF_INTEGER_KERNELS_H
#define SHEAF_INTEGER_KERNELS_H

#include "encoder_kernels.h"

// Terms that are summed as integers before the sum becomes a float; even.
#define SHEAF_INTEGER_BLOCK 384

// The largest whole number of an activation.
#define SHEAF_INTEGER_LIMIT 8191

// c[rows, columns] = activation(bias + residual + a[rows, depth] × B) with rows of
// sheaf_integer_kernels.quantise and B of sheaf_integer_pack. Each sum starts from bias + residual;
// the blocks are added by fused multiply-adds of their sums and the product of the two steps. c may
// be residual.
typedef struct sheaf_integer_product {
    size_t rows, columns, depth;
    const int16_t *a;  // [rows][depth, made even]
    size_t a_stride;   // even
    const float *a_steps;  // [rows][blocks]
    size_t a_step_stride;
    const int16_t *b;
    const float *b_steps;   // of the first column on
    const float *bias;      // [columns] or NULL
    const float *residual;  // [rows, columns] or NULL
    size_t residual_stride;
    float *c;
    size_t c_stride;
    sheaf_activation activation;
} sheaf_integer_product;

// Rows of floats on their way to whole numbers.
typedef struct sheaf_quantisation {
    size_t rows, width;
    const float *values;
    size_t stride;
    int16_t *out;  // an odd width is followed by one zero
    size_t out_stride;
    float *steps;  // [rows][blocks]; not finite where a value of the block is not
    size_t step_stride;
} sheaf_quantisation;

// The integer kernels of one instruction set.
typedef struct sheaf_integer_kernels {
    sheaf_simd_path path;
    const char *name;
    void (*product)(const sheaf_integer_product *call);
    void (*quantise)(const sheaf_quantisation *call);
} sheaf_integer_kernels;

// The tables this processor can run, slower ones first; returns their number, at most 4.
size_t sheaf_integer_tables(const sheaf_integer_kernels *tables[4]);

// The fastest table on the given set, or NULL where the processor lacks it.
const sheaf_integer_kernels *sheaf_integer_kernels_for(sheaf_simd_path path);

// 16-bit numbers that `columns` × `depth` weights take when packed, and steps that go with them.
size_t sheaf_integer_packed_size(size_t columns, size_t depth);
size_t sheaf_integer_step_count(size_t columns);

// Packs weights w[columns, depth] (row-major): panel p holds columns 16p … 16p + 15 as
// packed[p][depth / 2][16][2], what is missing as zeros. A channel with a weight that is not finite
// has a step that is not a number, so that its outputs are none either.
void sheaf_integer_pack(
    const float *w, size_t columns, size_t depth, int16_t *packed, float *steps);

#endif
