// The encoder kernels as source, compiled once per instruction set by encoder_*.c, which define:
//
//   SHEAF_ROWS     rows of a register tile
//   SHEAF_PANELS   16-wide column panels of a register tile
//   SHEAF_TABLE    name of the kernel table
//   SHEAF_PATH     the table's sheaf_simd_path
//
// All arithmetic is on the sixteen lanes of encoder_lanes.h.

#include "encoder_lanes.h"

// Depth of one block of a product: a tile's share of B stays in the first-level cache.
// PREFETCH_STEPS: inner steps on a panel from which fetching the next one ahead pays.
// STEPS: inner steps between two fetches. LINE: bytes of a cache line.
enum { PREFETCH_STEPS = 4096, DEPTH_BLOCK = 384, QUERY_BLOCK = 48, STEPS = 4, LINE = 64 };

// ---- Matrix product ----

// One tile of a product: c[rows, columns] from a[rows, depth] and panels of b.
typedef struct tile_call {
    const float *a;
    size_t a_stride;
    const float *b;
    size_t panel, depth;
    const float *bias;      // what the sums of a fresh tile start from, or NULL
    const float *residual;  // the same
    size_t residual_stride;
    float *c;
    size_t c_stride;
    int fresh;  // otherwise the sums go on from c: a block of the depth that is not the first
    // What is fetched meanwhile, with the bytes to go on by after STEPS steps: the panels that come
    // next (one line of each at a time), and the rows of a that do. 0 bytes fetch nothing new.
    const char *next_b, *next_a;
    size_t next_b_step, next_a_step;
} tile_call;

// The value that the chain of one vector starts from.
ALWAYS v16 first_sum(const tile_call *t, size_t row, size_t column) {
    if (!t->fresh) { return LOAD(t->c + row * t->c_stride + column); }
    v16 sum = t->bias ? LOAD(t->bias + column) : SPLAT(0.0f);
    if (t->residual) { sum = sum + LOAD(t->residual + row * t->residual_stride + column); }
    return sum;
}

// Cache lines that STEPS steps of R rows side by side take.
ALWAYS int lines_of_rows(const int R) {
    return (R * STEPS * (int)sizeof(float) + LINE - 1) / LINE;
}

// Step k of a tile: each row's element by that step of each panel.
ALWAYS void multiply(
    const int R, const int P, v16 sums[SHEAF_ROWS][SHEAF_PANELS], const tile_call *t, size_t k) {
    v16 column[SHEAF_PANELS];
    UNROLL for (int p = 0; p < P; p++) {
        column[p] = LOAD(t->b + (size_t)p * t->panel + k * LANES);
    }
    UNROLL for (int r = 0; r < R; r++) {
        const v16 x = SPLAT(t->a[(size_t)r * t->a_stride + k]);
        UNROLL for (int p = 0; p < P; p++) { sums[r][p] = FMA(x, column[p], sums[r][p]); }
    }
}

// A tile of R rows and P panels, held in registers from the first to the last step.
ALWAYS void tile(
    const int R, const int P, const sheaf_activation activation, const tile_call *t) {
    v16 sums[SHEAF_ROWS][SHEAF_PANELS];
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int p = 0; p < P; p++) {
            sums[r][p] = first_sum(t, (size_t)r, (size_t)p * LANES);
        }
    }
    const char *next_a = t->next_a, *next_b = t->next_b;
    const size_t depth = t->depth;
    size_t k = 0;
    ALIGNED for (; k + STEPS <= depth; k += STEPS) {
        UNROLL for (int p = 0; p < P; p++) {
            __builtin_prefetch(next_b + (size_t)p * t->panel * sizeof(float), 0, 2);
        }
        UNROLL for (int line = 0; line < lines_of_rows(R); line++) {
            __builtin_prefetch(next_a + line * LINE, 0, 3);
        }
        next_b += t->next_b_step;
        next_a += t->next_a_step;
        UNROLL for (size_t i = 0; i < STEPS; i++) { multiply(R, P, sums, t, k + i); }
    }
    for (; k < depth; k++) { multiply(R, P, sums, t, k); }
    UNROLL for (int r = 0; r < R; r++) {
        apply(activation, sums[r], P);
        UNROLL for (int p = 0; p < P; p++) {
            STORE(t->c + (size_t)r * t->c_stride + p * LANES, sums[r][p]);
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
#else
#define TILE_CASES(P, A)                                                                          \
    TILE_CASE(6, P, A) TILE_CASE(5, P, A) TILE_CASE(4, P, A) TILE_CASE(3, P, A)                   \
    TILE_CASE(2, P, A) TILE_CASE(1, P, A)
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
    const size_t bytes = columns * sizeof(float);
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
    for (size_t r = 0; r < rows; r++) { memcpy(t->c + r * t->c_stride, sums + r * LANES, bytes); }
}

static void product(const sheaf_product *call) {
    if (call->rows == 0) { return; }
    const size_t panel = (call->b_depth ? call->b_depth : call->depth) * LANES;
    const size_t tiles = (call->rows + SHEAF_ROWS - 1) / SHEAF_ROWS;
    const size_t wide = SHEAF_PANELS * LANES;
    size_t start = 0;
    do {
        const size_t depth = least(DEPTH_BLOCK, call->depth - start);
        const int last = start + depth == call->depth;
        const int gelu_now = last && call->activation == SHEAF_ACTIVATION_GELU;
        const float *a = call->a + start;
        const int side_by_side = call->a_stride == depth;
        size_t column = 0;
        while (column < call->columns) {
            const size_t left = call->columns - column;
            const size_t width = left >= wide ? wide : least(left, LANES);
            const float *panels = call->b + column / LANES * panel + start * LANES;
            // The tiles of these panels share the fetching of those that come next, so that their
            // first use does not wait for memory. Past the last panel a prefetch cannot fault.
            const int fetches = width == wide && tiles * depth >= PREFETCH_STEPS;
            const size_t step =
                fetches ? (STEPS * LANES * sizeof(float) + tiles - 1) / tiles : 0;
            for (size_t tile = 0; tile < tiles; tile++) {
                const size_t row = tile * SHEAF_ROWS;
                const size_t rows = least(SHEAF_ROWS, call->rows - row);
                const size_t next_row = tile + 1 < tiles ? row + SHEAF_ROWS : 0;
                const float *next = panels + SHEAF_PANELS * panel;
                const tile_call t = {
                    .a = a + row * call->a_stride,
                    .a_stride = call->a_stride,
                    .b = panels,
                    .panel = panel,
                    .depth = depth,
                    .bias = call->bias ? call->bias + column : NULL,
                    .residual = call->residual
                        ? call->residual + row * call->residual_stride + column
                        : NULL,
                    .residual_stride = call->residual_stride,
                    .c = call->c + row * call->c_stride + column,
                    .c_stride = call->c_stride,
                    .fresh = start == 0 && !call->goes_on,
                    .next_b = (const char *)(fetches ? next : panels)
                        + tile * (depth / STEPS) * step,
                    .next_b_step = step,
                    .next_a = (const char *)(a + next_row * call->a_stride),
                    .next_a_step = side_by_side ? (size_t)lines_of_rows(SHEAF_ROWS) * LINE : 0,
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

// ---- Attention ----

// out[8][16] = the transpose of 8 × 8 floats; out is the left or the right half of its rows.
ALWAYS void transpose_eight(const float *rows, size_t stride, float *out) {
    v8 a[8], b[8];
    UNROLL for (size_t i = 0; i < 8; i++) { a[i] = *(const v8_loose *)(rows + i * stride); }
    UNROLL for (int i = 0; i < 8; i += 2) {
        b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        const int j = i & ~2;
        a[i] = i & 2
            ? __builtin_shufflevector(b[j], b[j + 2], 2, 3, 10, 11, 6, 7, 14, 15)
            : __builtin_shufflevector(b[j], b[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        const int j = i & ~4;
        b[i] = i & 4
            ? __builtin_shufflevector(a[j], a[j + 4], 4, 5, 6, 7, 12, 13, 14, 15)
            : __builtin_shufflevector(a[j], a[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    }
    UNROLL for (size_t i = 0; i < 8; i++) { *(v8_loose *)(out + i * LANES) = b[i]; }
}

// k[length, size] as panels of 16 positions: packed[p][size][16].
static void pack_keys(const sheaf_attention *call, float *packed) {
    const size_t eights = call->size / 8 * 8;
    for (size_t j = 0; j < call->length; j += LANES) {
        const size_t count = least(LANES, call->length - j);
        const float *rows = call->k + j * call->stride;
        float *panel = packed + j * call->size;
        const size_t first = count == LANES ? eights : 0;
        for (size_t d = 0; d < first; d += 8) {
            transpose_eight(rows + d, call->stride, panel + d * LANES);
            transpose_eight(rows + 8 * call->stride + d, call->stride, panel + d * LANES + 8);
        }
        for (size_t d = first; d < call->size; d++) {
            float *lane = panel + d * LANES;
            for (size_t i = 0; i < count; i++) { lane[i] = rows[i * call->stride + d]; }
            for (size_t i = count; i < LANES; i++) { lane[i] = 0; }
        }
    }
}

// v[length, size] as panels of 16 features: packed[p][length][16].
static void pack_values(const sheaf_attention *call, float *packed) {
    for (size_t d = 0; d < call->size; d += LANES) {
        const size_t count = least(LANES, call->size - d);
        float *panel = packed + d * call->length;
        if (count == LANES) {
            for (size_t j = 0; j < call->length; j++) {
                STORE(panel + j * LANES, LOAD(call->v + j * call->stride + d));
            }
        } else {
            for (size_t j = 0; j < call->length; j++) {
                STORE(panel + j * LANES, load_part(call->v + j * call->stride + d, count));
            }
        }
    }
}

// scores = e^(scale·(score − row maximum)) in place for `rows` rows, and the inverses of the rows'
// sums. Rows are padded to a multiple of 16; what lies past `length` becomes 2^−126, which a sum
// of about 1 or more cannot feel, and is not read again. Three passes, so that no row waits for
// another's reduction.
static void soften(
    float *scores, size_t rows, size_t length, float scale, float *inverse) {
    const size_t padded = (length + LANES - 1) / LANES * LANES;
    const float binary = scale * 1.44269504f;
    float maximum[QUERY_BLOCK];
    v16 sums[QUERY_BLOCK];
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * padded;
        for (size_t j = length; j < padded; j++) { row[j] = -3e38f; }
        v16 top = LOAD(row);
        for (size_t j = LANES; j < padded; j += LANES) { top = larger(top, LOAD(row + j)); }
        maximum[r] = max_lanes(top);
    }
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * padded;
        const v16 highest = SPLAT(maximum[r]);
        v16 sum = SPLAT(0.0f);
        ALIGNED for (size_t j = 0; j < padded; j += LANES) {
            const v16 e = power_of_two((LOAD(row + j) - highest) * SPLAT(binary));
            STORE(row + j, e);
            sum = sum + e;
        }
        sums[r] = sum;
    }
    for (size_t r = 0; r < rows; r++) { inverse[r] = 1.0f / sum_lanes(sums[r]); }
}

static void attention(const sheaf_attention *call) {
    const size_t padded = (call->length + LANES - 1) / LANES * LANES;
    const size_t padded_size = (call->size + LANES - 1) / LANES * LANES;
    float *keys = call->scratch;
    float *values = keys + padded * call->size;
    float *scores = values + padded_size * call->length;
    float inverse[QUERY_BLOCK];
    pack_keys(call, keys);
    pack_values(call, values);
    for (size_t row = 0; row < call->queries; row += QUERY_BLOCK) {
        const size_t rows = least(QUERY_BLOCK, call->queries - row);
        product(&(sheaf_product){
            .rows = rows, .columns = padded, .depth = call->size,
            .a = call->q + row * call->q_stride, .a_stride = call->q_stride, .b = keys,
            .c = scores, .c_stride = padded});
        soften(scores, rows, call->length, call->scale, inverse);
        float *out = call->out + row * call->out_stride;
        product(&(sheaf_product){
            .rows = rows, .columns = call->size, .depth = call->length,
            .a = scores, .a_stride = padded, .b = values,
            .c = out, .c_stride = call->out_stride});
        for (size_t r = 0; r < rows; r++) {
            float *o = out + r * call->out_stride;
            size_t d = 0;
            for (; d + LANES <= call->size; d += LANES) {
                STORE(o + d, LOAD(o + d) * SPLAT(inverse[r]));
            }
            for (; d < call->size; d++) { o[d] = o[d] * inverse[r]; }
        }
    }
}

// ---- Rows ----

ALWAYS float sum_row(const float *row, size_t width) {
    v16 sum = SPLAT(0.0f);
    size_t j = 0;
    for (; j + LANES <= width; j += LANES) { sum = sum + LOAD(row + j); }
    if (j < width) { sum = sum + load_part(row + j, width - j); }
    return sum_lanes(sum);
}

static void layer_norm(
    float *rows, size_t count, size_t width, const float *gain, const float *bias,
    float epsilon) {
    for (size_t i = 0; i < count; i++) {
        float *row = rows + i * width;
        const float mean = sum_row(row, width) / (float)width;
        v16 squares = SPLAT(0.0f);
        size_t j = 0;
        for (; j + LANES <= width; j += LANES) {
            const v16 centred = LOAD(row + j) - SPLAT(mean);
            STORE(row + j, centred);
            squares = FMA(centred, centred, squares);
        }
        if (j < width) {
            for (size_t t = j; t < width; t++) { row[t] = row[t] - mean; }
            const v16 centred = load_part(row + j, width - j);
            squares = FMA(centred, centred, squares);
        }
        const float variance = sum_lanes(squares) / (float)width;
        const float factor = 1.0f / __builtin_sqrtf(variance + epsilon);
        for (j = 0; j + LANES <= width; j += LANES) {
            const v16 scaled = LOAD(row + j) * SPLAT(factor);
            STORE(row + j, FMA(scaled, LOAD(gain + j), LOAD(bias + j)));
        }
        if (j < width) {
            const v16 scaled = load_part(row + j, width - j) * SPLAT(factor);
            const v16 g = load_part(gain + j, width - j);
            store_part(row + j, FMA(scaled, g, load_part(bias + j, width - j)), width - j);
        }
    }
}

static void add_rows(
    const float *a, const float *b, const float *c, size_t width, float *out) {
    if (c == NULL) {
        for (size_t j = 0; j < width; j++) { out[j] = a[j] + b[j]; }
    } else {
        for (size_t j = 0; j < width; j++) { out[j] = (a[j] + b[j]) + c[j]; }
    }
}

static void mean_rows(const float *rows, size_t count, size_t width, float *out) {
    for (size_t j = 0; j < width; j++) { out[j] = 0; }
    for (size_t i = 0; i < count; i++) {
        const float *row = rows + i * width;
        for (size_t j = 0; j < width; j++) { out[j] = out[j] + row[j]; }
    }
    for (size_t j = 0; j < width; j++) { out[j] = out[j] / (float)count; }
}

static void max_rows(const float *rows, size_t count, size_t width, float *out) {
    memcpy(out, rows, width * sizeof(float));
    for (size_t i = 1; i < count; i++) {
        const float *row = rows + i * width;
        for (size_t j = 0; j < width; j++) { out[j] = out[j] > row[j] ? out[j] : row[j]; }
    }
}

static void normalise(float *row, size_t width) {
    v16 squares = SPLAT(0.0f);
    size_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        const v16 v = LOAD(row + j);
        squares = FMA(v, v, squares);
    }
    if (j < width) {
        const v16 v = load_part(row + j, width - j);
        squares = FMA(v, v, squares);
    }
    float norm = __builtin_sqrtf(sum_lanes(squares));
    if (norm < 1e-12f) { norm = 1e-12f; }
    for (j = 0; j < width; j++) { row[j] = row[j] / norm; }
}

const sheaf_encoder_kernels SHEAF_TABLE = {
    .path = SHEAF_PATH,
    .product = product,
    .attention = attention,
    .layer_norm = layer_norm,
    .add_rows = add_rows,
    .mean_rows = mean_rows,
    .max_rows = max_rows,
    .normalise = normalise,
    .activate = activate,
};
