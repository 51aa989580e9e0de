// The training kernels as source, compiled once per instruction set by training_*.c, which define:
//
//   SHEAF_PANELS   vectors an activation works on at once
//   SHEAF_ENCODER  the encoder kernels of the same set
//   SHEAF_TABLE    name of the kernel table
//   SHEAF_PATH     the table's sheaf_simd_path
#include "training_rows.h"

extern const sheaf_encoder_kernels SHEAF_ENCODER;

#include "training_attention.h"
#include "training_steps.h"

const sheaf_training_kernels SHEAF_TABLE = {
    .path = SHEAF_PATH,
    .pack_columns = pack_columns,
    .pack_rows = pack_rows,
    .transpose = transpose,
    .add_column_sums = add_column_sums,
    .activate = activate_to,
    .activate_backward = activate_backward,
    .drop = drop,
    .norm = norm,
    .norm_backward = norm_backward,
    .attention = attention_dropped,
    .attention_backward = attention_backward,
    .add_scaled = add_scaled,
    .scale = scale,
    .add_squares = add_squares,
    .multiply = multiply,
    .dot = dot,
    .adam = adam,
};
