// The integer kernels as source, compiled once per instruction set by integer_*.c, which define
// add_products and:
//
//   SHEAF_ROWS     rows of a register tile
//   SHEAF_PANELS   16-wide column panels of a register tile
//   SHEAF_FETCHES  inner steps on a panel from which fetching the next one ahead pays
//   SHEAF_TABLE    name of the kernel table
//   SHEAF_PATH     the table's sheaf_simd_path
//   SHEAF_NAME     what tests call it

enum { PAIR_LANES = 2 * LANES };

// ---- Whole numbers ----

ALWAYS i16 magnitude_bits(v16 x) { return (i16)x & (i16)(0x7fffffff); }

// Adding 1.5·2^23 rounds to an integer, ties to even, and leaves it in the low bits.
ALWAYS halves rounded(v16 x) {
    const v16 shifted = x + SPLAT(12582912.0f);
    return __builtin_convertvector((i16)shifted - (i16)(0x4b400000), halves);
}

// One block of one row. The largest magnitude is found among the bit patterns, where whatever is
// not a number is above all numbers.
ALWAYS float quantise_block(const float *values, size_t width, int16_t *out) {
    i16 top = (i16)(0);
    size_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        const i16 bits = magnitude_bits(LOAD(values + j));
        top = bits > top ? bits : top;
    }
    if (j < width) {
        const i16 bits = magnitude_bits(load_part(values + j, width - j));
        top = bits > top ? bits : top;
    }
    const int32_t bits = __builtin_reduce_max(top);
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    // Below this the inverse of the step could overflow: such rows count as zero.
    const int is_zero = largest < 1e-30f;
    const v16 inverse = SPLAT(is_zero ? 0.0f : (float)SHEAF_INTEGER_LIMIT / largest);
    for (j = 0; j + LANES <= width; j += LANES) {
        *(halves_loose *)(out + j) = rounded(LOAD(values + j) * inverse);
    }
    if (j < width) {
        const halves part = rounded(load_part(values + j, width - j) * inverse);
        memcpy(out + j, &part, (width - j + (width & 1)) * sizeof *out);
    }
    return is_zero ? 0.0f : largest / (float)SHEAF_INTEGER_LIMIT;
}

static void quantise(const sheaf_quantisation *call) {
    for (size_t r = 0; r < call->rows; r++) {
        const float *values = call->values + r * call->stride;
        int16_t *out = call->out + r * call->out_stride;
        float *steps = call->steps + r * call->step_stride;
        for (size_t start = 0; start < call->width; start += SHEAF_INTEGER_BLOCK) {
            const size_t width = least(SHEAF_INTEGER_BLOCK, call->width - start);
            *steps++ = quantise_block(values + start, width, out + start);
        }
    }
}

// ---- Matrix product ----

// One tile of one block of a product.
typedef struct tile_call {
    const int16_t *a;
    size_t a_stride;
    const float *a_steps;
    size_t a_step_stride;
    const int16_t *b;
    size_t panel, steps;
    const float *b_steps;
    const float *bias;      // what the sums of a fresh tile start from, or NULL
    const float *residual;  // the same
    size_t residual_stride;
    float *c;
    size_t c_stride;
    int fresh;  // otherwise the sums go on from c: a block that is not the first
    // What is fetched meanwhile of the panels that come next, or NULL: one line of each panel for
    // every `pace` steps.
    const int16_t *ahead;
    size_t pace;
} tile_call;

// What the sum of one vector starts from.
ALWAYS v16 first_sum(const tile_call *t, size_t row, size_t column) {
    if (!t->fresh) { return LOAD(t->c + row * t->c_stride + column); }
    v16 sum = t->bias ? LOAD(t->bias + column) : SPLAT(0.0f);
    if (t->residual) { sum = sum + LOAD(t->residual + row * t->residual_stride + column); }
    return sum;
}

// A tile of R rows and P panels, its sums held in registers from the first to the last step.
ALWAYS void tile(
    const int R, const int P, const sheaf_activation activation, const tile_call *t) {
    i16 sums[SHEAF_ROWS][SHEAF_PANELS];
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int p = 0; p < P; p++) { sums[r][p] = (i16)(0); }
    }
    const int16_t *a = t->a, *b = t->b;
    const size_t a_stride = t->a_stride, panel = t->panel, steps = t->steps;
    const int16_t *ahead = t->ahead;
    const size_t pace = ahead ? t->pace : steps;
    for (size_t k = 0; k < steps;) {
        if (ahead) {
            UNROLL for (int p = 0; p < P; p++) {
                __builtin_prefetch(ahead + (size_t)p * panel, 0, 2);
            }
            ahead += PAIR_LANES;
        }
        const size_t end = least(steps, k + pace);
        ALIGNED for (; k < end; k++) {
            pairs column[SHEAF_PANELS];
            UNROLL for (int p = 0; p < P; p++) {
                column[p] = *(const pairs_loose *)(b + (size_t)p * panel + k * PAIR_LANES);
            }
            UNROLL for (int r = 0; r < R; r++) {
                const pairs x = same_pairs(a + (size_t)r * a_stride + 2 * k);
                UNROLL for (int p = 0; p < P; p++) {
                    sums[r][p] = add_products(sums[r][p], x, column[p]);
                }
            }
        }
    }
    UNROLL for (int r = 0; r < R; r++) {
        const v16 a_step = SPLAT(t->a_steps[(size_t)r * t->a_step_stride]);
        v16 values[SHEAF_PANELS];
        UNROLL for (int p = 0; p < P; p++) {
            const v16 step = a_step * LOAD(t->b_steps + p * LANES);
            const v16 sum = __builtin_convertvector(sums[r][p], v16);
            values[p] = FMA(sum, step, first_sum(t, (size_t)r, (size_t)p * LANES));
        }
        apply(activation, values, P);
        UNROLL for (int p = 0; p < P; p++) {
            STORE(t->c + (size_t)r * t->c_stride + p * LANES, values[p]);
        }
    }
}

#define TILE_CASE(R, P, A)                                                                        \
    case R:                                                                                       \
        tile(R, P, A, t);                                                                         \
        return;

#if SHEAF_ROWS == 12
#define TILE_CASES(P, A)                                                                          \
    TILE_CASE(12, P, A) TILE_CASE(11, P, A) TILE_CASE(10, P, A) TILE_CASE(9, P, A)                \
    TILE_CASE(8, P, A) TILE_CASE(7, P, A) TILE_CASE(6, P, A) TILE_CASE(5, P, A)                   \
    TILE_CASE(4, P, A) TILE_CASE(3, P, A) TILE_CASE(2, P, A) TILE_CASE(1, P, A)
#elif SHEAF_ROWS == 6
#define TILE_CASES(P, A)                                                                          \
    TILE_CASE(6, P, A) TILE_CASE(5, P, A) TILE_CASE(4, P, A) TILE_CASE(3, P, A)                   \
    TILE_CASE(2, P, A) TILE_CASE(1, P, A)
#else
#define TILE_CASES(P, A)                                                                          \
    TILE_CASE(4, P, A) TILE_CASE(3, P, A) TILE_CASE(2, P, A) TILE_CASE(1, P, A)
#endif

__attribute__((noinline)) static void tile_wide(const tile_call *t, size_t rows) {
    switch (rows) { TILE_CASES(SHEAF_PANELS, SHEAF_ACTIVATION_NONE) }
}

__attribute__((noinline)) static void tile_wide_gelu(const tile_call *t, size_t rows) {
    switch (rows) { TILE_CASES(SHEAF_PANELS, SHEAF_ACTIVATION_GELU) }
}

__attribute__((noinline)) static void tile_narrow(const tile_call *t, size_t rows) {
    switch (rows) { TILE_CASES(1, SHEAF_ACTIVATION_NONE) }
}

// A tile whose panel has fewer than 16 columns in c goes through buffers of full width.
__attribute__((noinline)) static void tile_ragged(
    const tile_call *t, size_t rows, size_t columns) {
    float sums[SHEAF_ROWS * LANES];
    for (size_t r = 0; r < rows; r++) {
        v16 sum = SPLAT(0.0f);
        if (!t->fresh) {
            sum = load_part(t->c + r * t->c_stride, columns);
        } else {
            if (t->bias) { sum = load_part(t->bias, columns); }
            if (t->residual) {
                sum = sum + load_part(t->residual + r * t->residual_stride, columns);
            }
        }
        STORE(sums + r * LANES, sum);
    }
    tile_call inner = *t;
    inner.c = sums;
    inner.c_stride = LANES;
    inner.fresh = 0;
    tile_narrow(&inner, rows);
    for (size_t r = 0; r < rows; r++) {
        memcpy(t->c + r * t->c_stride, sums + r * LANES, columns * sizeof(float));
    }
}

static void product(const sheaf_integer_product *call) {
    if (call->rows == 0) { return; }
    const size_t panel = (call->depth + 1) / 2 * PAIR_LANES;
    const size_t steps = (call->rows + SHEAF_ROWS - 1) / SHEAF_ROWS;
    const size_t wide = SHEAF_PANELS * LANES;
    size_t start = 0;
    do {
        const size_t depth = least(SHEAF_INTEGER_BLOCK, call->depth - start);
        const size_t lines = (depth + 1) / 2;
        const int last = start + depth == call->depth;
        const int gelu_now = last && call->activation == SHEAF_ACTIVATION_GELU;
        size_t column = 0;
        while (column < call->columns) {
            const size_t left = call->columns - column;
            const size_t width = left >= wide ? wide : least(left, LANES);
            const int16_t *panels = call->b + column / LANES * panel + start * LANES;
            // See encoder_body.h.
            const int fetches = width == wide && steps * lines >= SHEAF_FETCHES;
            const size_t share = (lines + steps - 1) / steps * PAIR_LANES;
            for (size_t step = 0; step < steps; step++) {
                const size_t row = step * call->rows / steps;
                const size_t rows = (step + 1) * call->rows / steps - row;
                const tile_call t = {
                    .a = call->a + row * call->a_stride + start,
                    .a_stride = call->a_stride,
                    .a_steps = call->a_steps + row * call->a_step_stride
                        + start / SHEAF_INTEGER_BLOCK,
                    .a_step_stride = call->a_step_stride,
                    .b = panels,
                    .panel = panel,
                    .steps = lines,
                    .b_steps = call->b_steps + column,
                    .bias = call->bias ? call->bias + column : NULL,
                    .residual = call->residual
                        ? call->residual + row * call->residual_stride + column
                        : NULL,
                    .residual_stride = call->residual_stride,
                    .c = call->c + row * call->c_stride + column,
                    .c_stride = call->c_stride,
                    .fresh = start == 0,
                    .ahead = fetches ? panels + SHEAF_PANELS * panel + step * share : NULL,
                    .pace = steps,
                };
                if (width == wide && gelu_now) {
                    tile_wide_gelu(&t, rows);
                    continue;
                }
                if (width == wide) {
                    tile_wide(&t, rows);
                } else if (width == LANES) {
                    tile_narrow(&t, rows);
                } else {
                    tile_ragged(&t, rows, width);
                }
                if (last && call->activation != SHEAF_ACTIVATION_NONE) {
                    for (size_t r = 0; r < rows; r++) {
                        activate(t.c + r * t.c_stride, width, call->activation);
                    }
                }
            }
            column += width;
        }
        start += depth;
    } while (start < call->depth);
}

const sheaf_integer_kernels SHEAF_TABLE = {
    .path = SHEAF_PATH,
    .name = SHEAF_NAME,
    .product = product,
    .quantise = quantise,
};
