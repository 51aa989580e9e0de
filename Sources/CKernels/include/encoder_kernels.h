// Kernels of the text encoders: packed matrix products, attention, normalisation, pooling.
//
// The rule that every kernel keeps: an output element is one fixed sequence of IEEE operations that
// depends on its own inputs and on their number alone. It does not depend on the row's place in a
// tile, on the batch around it, on blocking, on the number of threads or on the width of a vector.
// So the same text has the same vector, bit for bit, wherever it is encoded.
//
//   matrix product   one chain of fused multiply-adds over the depth, from 0 to depth − 1
//   sum over a row   16 interleaved partial sums, then a fixed tree
//   functions        fixed polynomials on fused multiply-adds
#ifndef SHEAF_ENCODER_KERNELS_H
#define SHEAF_ENCODER_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "simd_path.h"

// What a matrix product does to each element after its sum is complete.
typedef enum sheaf_activation {
    SHEAF_ACTIVATION_NONE = 0,
    SHEAF_ACTIVATION_GELU = 1,       // x·Φ(x), to 5e-7
    SHEAF_ACTIVATION_GELU_TANH = 2,  // the tanh approximation of GELU
    SHEAF_ACTIVATION_RELU = 3,
    SHEAF_ACTIVATION_SILU = 4,
    SHEAF_ACTIVATION_TANH = 5,
} sheaf_activation;

// c[rows, columns] = activation(bias + residual + a[rows, depth] × B), where B is packed: panel p
// holds columns 16p … 16p + 15 as b[p][depth][16], missing columns as zeros. Each sum starts from
// bias + residual and goes on over the depth from 0. c must not overlap a; it may be residual.
// A product over a long depth may be computed in parts: b then points into each panel.
typedef struct sheaf_product {
    size_t rows, columns, depth;
    const float *a;
    size_t a_stride;
    const float *b;
    size_t b_depth;         // depth of the matrix whose panels b points into, or 0: `depth`
    const float *bias;      // [columns] or NULL
    const float *residual;  // [rows, columns] or NULL
    size_t residual_stride;
    float *c;
    size_t c_stride;
    int goes_on;  // whether the sums start from c instead
    sheaf_activation activation;
} sheaf_product;

// One attention head of one sequence: out = softmax(scale · q kᵀ + bias) v for `queries` rows of q
// against `length` rows of k and v, each of `size` floats; `stride` is the distance of rows of k
// and v.
//
// Where the keys and values of a head serve many calls, `pack_attention` makes panels of them once,
// and calls name the panels instead of k and v. A causal call's query i is the sequence's position
// length − queries + i, which sees the positions up to itself: the bits of a call of its own.
typedef struct sheaf_attention {
    size_t length, queries, size;
    const float *q;
    size_t q_stride;
    const float *k, *v;
    size_t stride;
    float scale;
    float *out;
    size_t out_stride;
    float *scratch;  // sheaf_attention_scratch(length, size) floats
    const uint32_t *rows;  // [length]: which row of k and v each position is, or NULL: its own
    const float *keys, *values;  // panels of pack_attention instead of k and v, or NULL
    const float *bias;           // of query i and position j: bias[i · bias_stride + j], or NULL
    ptrdiff_t bias_stride;
    int causal;
} sheaf_attention;

// Floats of scratch one attention head needs.
size_t sheaf_attention_scratch(size_t length, size_t size);

// Floats that `length` keys, and values, take when packed.
size_t sheaf_packed_keys_size(size_t length, size_t size);
size_t sheaf_packed_values_size(size_t length, size_t size);

// Floats that `columns` × `depth` weights take when packed.
size_t sheaf_packed_size(size_t columns, size_t depth);

// Packs weights w[columns, depth] (row-major, as checkpoints store a linear layer).
void sheaf_pack(const float *w, size_t columns, size_t depth, float *packed);

// The kernels of one instruction set.
typedef struct sheaf_encoder_kernels {
    sheaf_simd_path path;
    void (*product)(const sheaf_product *call);
    void (*attention)(const sheaf_attention *call);
    // Packs the call's k and v (length, size, stride and rows count) for later calls.
    void (*pack_attention)(const sheaf_attention *call, float *keys, float *values);
    // rows[count, width] = (row − mean) / sqrt(variance + epsilon) · gain + bias, in place.
    void (*layer_norm)(
        float *rows, size_t count, size_t width, const float *gain, const float *bias,
        float epsilon);
    // rows[count, width] = row / sqrt(mean of its squares + epsilon) · gain, in place.
    void (*rms_norm)(
        float *rows, size_t count, size_t width, const float *gain, float epsilon);
    // rows[count, width] = row − log Σ e^row, in place.
    void (*log_softmax)(float *rows, size_t count, size_t width);
    // out = out · factor, element by element.
    void (*multiply_rows)(const float *factor, size_t width, float *out);
    // out = (a + b) + c, element by element; c may be NULL.
    void (*add_rows)(const float *a, const float *b, const float *c, size_t width, float *out);
    // out[width] = mean over the rows.
    void (*mean_rows)(const float *rows, size_t count, size_t width, float *out);
    // out[width] = maximum over the rows.
    void (*max_rows)(const float *rows, size_t count, size_t width, float *out);
    // row = row / max(‖row‖, 1e-12), in place.
    void (*normalise)(float *row, size_t width);
    // values = activation(values), in place.
    void (*activate)(float *values, size_t count, sheaf_activation activation);
} sheaf_encoder_kernels;

// The table of one instruction set, or NULL where the processor lacks it.
const sheaf_encoder_kernels *sheaf_encoder_kernels_for(sheaf_simd_path path);

// ---- Element conversions, the same on every path ----

void sheaf_from_float16(const void *source, size_t count, float *out);
void sheaf_from_bfloat16(const void *source, size_t count, float *out);
void sheaf_from_float64(const void *source, size_t count, float *out);

// Index of the first value that is not finite, or `count` where all are.
size_t sheaf_first_not_finite(const float *values, size_t count);

#endif
