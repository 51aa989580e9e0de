// The encoder kernels as source, compiled once per instruction set by encoder_*.c, which define:
//
//   SHEAF_ROWS     rows of a register tile
//   SHEAF_PANELS   16-wide column panels of a register tile
//   SHEAF_LOW      rows from which a register tile keeps the processor busy
//   SHEAF_DEPTH    depth of one block of a product
//   SHEAF_FETCHES  inner steps on a panel from which fetching the next one ahead pays
//   SHEAF_TABLE    name of the kernel table
//   SHEAF_PATH     the table's sheaf_simd_path
//
// All arithmetic is on the sixteen lanes of encoder_lanes.h.

#include "encoder_lanes.h"

// STEPS: inner steps between two fetches. LINE: bytes of a cache line.
enum { STEPS = 4, LINE = 64 };

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
    // next (as many lines of each as these bytes touch), and the rows of a that do. 0 bytes fetch
    // nothing new.
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

// Fetches the next bytes of a panel that comes next. Few rows go through a panel in few tiles, each
// of which has several lines to fetch: what else it waits for is memory.
ALWAYS void fetch_panel(const char *next, size_t bytes) {
    __builtin_prefetch(next, 0, 2);
    if (bytes > LINE) {
        __builtin_prefetch(next + LINE, 0, 2);
        if (bytes > 2 * LINE) {
            __builtin_prefetch(next + 2 * LINE, 0, 2);
            __builtin_prefetch(next + 3 * LINE, 0, 2);
        }
    }
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
            fetch_panel(next_b + (size_t)p * t->panel * sizeof(float), t->next_b_step);
        }
        UNROLL for (int line = 0; line < lines_of_rows(R); line++) {
            __builtin_prefetch(next_a + line * LINE, 0, 3);
        }
        next_b += t->next_b_step;
        next_a += t->next_a_step;
        UNROLL for (size_t i = 0; i < STEPS; i++) {
            // Loads of the next steps, taken ahead, would push the sums of a high tile out of their
            // registers; a low one has no other work while it waits for its loads.
            if (R * P > 14) { __asm__ volatile("" ::: "memory"); }
            multiply(R, P, sums, t, k + i);
        }
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
    // A last tile that is too low to keep the processor busy takes half of the rows of the one
    // before.
    const size_t rest = call->rows % SHEAF_ROWS;
    const size_t sharing = tiles > 1 && rest > 0 && rest < SHEAF_LOW ? tiles - 2 : tiles;
    const size_t last_rows = (SHEAF_ROWS + rest) / 2;
    size_t start = 0;
    do {
        const size_t depth = least(SHEAF_DEPTH, call->depth - start);
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
            const int fetches = width == wide && tiles * depth >= SHEAF_FETCHES;
            const size_t step =
                fetches ? (STEPS * LANES * sizeof(float) + tiles - 1) / tiles : 0;
            for (size_t tile = 0; tile < tiles; tile++) {
                const size_t row =
                    tile == sharing + 1 ? call->rows - last_rows : tile * SHEAF_ROWS;
                const size_t end = tile == sharing ? call->rows - last_rows
                                                   : least(row + SHEAF_ROWS, call->rows);
                const size_t rows = end - row;
                const size_t next_row = end < call->rows ? end : 0;
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

#include "encoder_attention.h"

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

static float sum_of_squares(const float *row, size_t width) {
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
    return sum_lanes(squares);
}

static void rms_norm(
    float *rows, size_t count, size_t width, const float *gain, float epsilon) {
    for (size_t i = 0; i < count; i++) {
        float *row = rows + i * width;
        const float mean = sum_of_squares(row, width) / (float)width;
        const float factor = 1.0f / __builtin_sqrtf(mean + epsilon);
        for (size_t j = 0; j < width; j++) { row[j] = row[j] * factor * gain[j]; }
    }
}

// Sums of e^x are taken in blocks, whose sums are added in double: a vocabulary is long.
static void log_softmax(float *rows, size_t count, size_t width) {
    enum { BLOCK = 1024 };
    const v16 lowest = SPLAT(-__builtin_inff());
    const v16 binary = SPLAT(1.44269504f);
    for (size_t i = 0; i < count; i++) {
        float *row = rows + i * width;
        v16 top = lowest;
        size_t j = 0;
        for (; j + LANES <= width; j += LANES) { top = larger(top, LOAD(row + j)); }
        float highest = max_lanes(top);
        for (; j < width; j++) { highest = row[j] > highest ? row[j] : highest; }
        double total = 0;
        for (size_t start = 0; start < width; start += BLOCK) {
            const size_t end = least(width, start + BLOCK);
            v16 sum = SPLAT(0.0f);
            for (j = start; j + LANES <= end; j += LANES) {
                sum = sum + power_of_two((LOAD(row + j) - SPLAT(highest)) * binary);
            }
            if (j < end) {
                float last[LANES];
                for (size_t t = 0; t < LANES; t++) { last[t] = j + t < end ? row[j + t] : -3e38f; }
                sum = sum + power_of_two((LOAD(last) - SPLAT(highest)) * binary);
            }
            total += (double)sum_lanes(sum);
        }
        const float shift = highest + (float)__builtin_log(total);
        for (j = 0; j < width; j++) { row[j] = row[j] - shift; }
    }
}

static void multiply_rows(const float *factor, size_t width, float *out) {
    for (size_t j = 0; j < width; j++) { out[j] = out[j] * factor[j]; }
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
    float norm = __builtin_sqrtf(sum_of_squares(row, width));
    if (norm < 1e-12f) { norm = 1e-12f; }
    for (size_t j = 0; j < width; j++) { row[j] = row[j] / norm; }
}

const sheaf_encoder_kernels SHEAF_TABLE = {
    .path = SHEAF_PATH,
    .product = product,
    .attention = attention,
    .pack_attention = pack_attention,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .log_softmax = log_softmax,
    .multiply_rows = multiply_rows,
    .add_rows = add_rows,
    .mean_rows = mean_rows,
    .max_rows = max_rows,
    .normalise = normalise,
    .activate = activate,
};
