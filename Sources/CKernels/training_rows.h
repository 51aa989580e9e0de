// Training kernels over rows: activations, dropout, layer normalisation, sums.
#include "training_lanes.h"

// ---- Activations ----

// Φ(x) to 1.5e-7, and e^(−x²/2). Φ(−z) = t · P(t) · e^(−z²/2) / 2 with t = 1 / (1 + 0.3275911 z/√2)
// and P of degree 4 (Hastings 1955; Abramowitz & Stegun 7.1.26).
ALWAYS v16 normal_distribution(v16 x, v16 *bell) {
    const v16 z = (v16)((i16)x & (i16)(0x7fffffff));
    const v16 e = exponential(SPLAT(-0.5f) * z * z);
    const v16 t = SPLAT(1.0f) / FMA(z, SPLAT(0.23164189f), SPLAT(1.0f));
    v16 p = SPLAT(1.061405429f);
    p = FMA(p, t, SPLAT(-1.453152027f));
    p = FMA(p, t, SPLAT(1.421413741f));
    p = FMA(p, t, SPLAT(-0.284496736f));
    p = FMA(p, t, SPLAT(0.254829592f));
    const v16 tail = SPLAT(0.5f) * p * t * e;
    *bell = e;
    return x < SPLAT(0.0f) ? tail : SPLAT(1.0f) - tail;
}

ALWAYS v16 derivative(const sheaf_activation activation, v16 x) {
    switch (activation) {
    case SHEAF_ACTIVATION_NONE: break;
    case SHEAF_ACTIVATION_GELU: {
        v16 bell;
        const v16 share = normal_distribution(x, &bell);
        return FMA(x * SPLAT(0.3989422804f), bell, share);
    }
    case SHEAF_ACTIVATION_GELU_TANH: {
        const v16 square = x * x;
        const v16 inner = FMA(square * x, SPLAT(0.044715f), x) * SPLAT(0.7978845608f);
        const v16 slope = FMA(square, SPLAT(0.134145f), SPLAT(1.0f)) * SPLAT(0.7978845608f);
        const v16 t = hyperbolic_tangent(inner);
        const v16 rise = FMA(-t, t, SPLAT(1.0f)) * slope;
        return SPLAT(0.5f) * FMA(x, rise, SPLAT(1.0f) + t);
    }
    case SHEAF_ACTIVATION_RELU: return x > SPLAT(0.0f) ? SPLAT(1.0f) : SPLAT(0.0f);
    case SHEAF_ACTIVATION_SILU: {
        const v16 s = SPLAT(1.0f) / (exponential(-x) + SPLAT(1.0f));
        return s * FMA(x, SPLAT(1.0f) - s, SPLAT(1.0f));
    }
    case SHEAF_ACTIVATION_TANH: {
        const v16 t = hyperbolic_tangent(x);
        return FMA(-t, t, SPLAT(1.0f));
    }
    }
    return SPLAT(1.0f);
}

// `part` below 16 says how many lanes of x and dy there are.
ALWAYS void activate_lanes(
    const sheaf_activation activation, const float *x, size_t part, float *y, float *dy) {
    v16 in = part == LANES ? LOAD(x) : load_part(x, part);
    if (dy) {
        const v16 d = part == LANES ? LOAD(dy) : load_part(dy, part);
        const v16 product = d * derivative(activation, in);
        if (part == LANES) { STORE(dy, product); } else { store_part(dy, product, part); }
    }
    if (y) {
        apply(activation, &in, 1);
        if (part == LANES) { STORE(y, in); } else { store_part(y, in, part); }
    }
}

ALWAYS void activate_all(
    const sheaf_activation activation, const float *x, size_t count, float *y, float *dy) {
    size_t j = 0;
    for (; j + LANES <= count; j += LANES) {
        activate_lanes(activation, x + j, LANES, y ? y + j : NULL, dy ? dy + j : NULL);
    }
    if (j < count) {
        activate_lanes(activation, x + j, count - j, y ? y + j : NULL, dy ? dy + j : NULL);
    }
}

#define ACTIVATION_CASE(A)                                                                        \
    case A:                                                                                       \
        activate_all(A, x, count, y, dy);                                                         \
        return;

static void activate_backward(
    const float *x, size_t count, sheaf_activation activation, float *y, float *dy) {
    switch (activation) {
        ACTIVATION_CASE(SHEAF_ACTIVATION_NONE)
        ACTIVATION_CASE(SHEAF_ACTIVATION_GELU)
        ACTIVATION_CASE(SHEAF_ACTIVATION_GELU_TANH)
        ACTIVATION_CASE(SHEAF_ACTIVATION_RELU)
        ACTIVATION_CASE(SHEAF_ACTIVATION_SILU)
        ACTIVATION_CASE(SHEAF_ACTIVATION_TANH)
    }
}

static void activate_to(
    const float *x, size_t count, sheaf_activation activation, float *y) {
    activate_backward(x, count, activation, y, NULL);
}

// ---- Rows ----

// Loads and stores at column j of a row of `width`, where the last lanes may be missing.
ALWAYS v16 load_at(const float *row, size_t j, size_t width) {
    return j + LANES <= width ? LOAD(row + j) : load_part(row + j, width - j);
}

ALWAYS void store_at(float *row, size_t j, size_t width, v16 v) {
    if (j + LANES <= width) {
        STORE(row + j, v);
    } else {
        store_part(row + j, v, width - j);
    }
}

static void drop(
    const float *x, size_t rows, size_t width, const sheaf_dropout *dropout, uint32_t first_row,
    float *y) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t block = 0; block * DROPOUT_BLOCK < width; block++) {
            v16 factors[8];
            dropout_factors(dropout, first_row + (uint32_t)i, block, factors);
            for (size_t part = 0; part < 8; part++) {
                const size_t j = block * DROPOUT_BLOCK + part * LANES;
                if (j >= width) { break; }
                const v16 value = load_at(x + i * width, j, width);
                store_at(y + i * width, j, width, value * factors[part]);
            }
        }
    }
}

static void add_column_sums(
    const float *x, size_t rows, size_t width, size_t stride, float *sums) {
    for (size_t i = 0; i < rows; i++) {
        const float *row = x + i * stride;
        for (size_t j = 0; j < width; j += LANES) {
            store_at(sums, j, width, load_at(sums, j, width) + load_at(row, j, width));
        }
    }
}

static void norm(const sheaf_norm *call) {
    const size_t width = call->width;
    for (size_t i = 0; i < call->rows; i++) {
        const float *x = call->x + i * width;
        float *y = call->y + i * width;
        float *s = call->normal ? call->normal + i * width : y;
        if (call->dropout) {
            drop(x, 1, width, call->dropout, call->first_row + (uint32_t)i, s);
            x = s;
        }
        v16 sum = SPLAT(0.0f);
        for (size_t j = 0; j < width; j += LANES) {
            v16 v = load_at(x, j, width);
            if (call->residual) { v = v + load_at(call->residual + i * width, j, width); }
            store_at(s, j, width, v);
            sum = sum + v;
        }
        const float mean = sum_lanes(sum) / (float)width;
        v16 squares = SPLAT(0.0f);
        for (size_t j = 0; j < width; j += LANES) {
            v16 centred = load_at(s, j, width) - SPLAT(mean);
            store_at(s, j, width, centred);
            // What lies past the end is not part of the row.
            if (j + LANES > width) { centred = load_part(s + j, width - j); }
            squares = FMA(centred, centred, squares);
        }
        const float variance = sum_lanes(squares) / (float)width;
        const float factor = 1.0f / __builtin_sqrtf(variance + call->epsilon);
        if (call->normal) { call->factors[i] = factor; }
        for (size_t j = 0; j < width; j += LANES) {
            const v16 scaled = load_at(s, j, width) * SPLAT(factor);
            if (call->normal) { store_at(s, j, width, scaled); }
            const v16 gain = load_at(call->gain, j, width);
            store_at(y, j, width, FMA(scaled, gain, load_at(call->bias, j, width)));
        }
    }
}

static void norm_backward(const sheaf_norm_backward *call) {
    const size_t width = call->width;
    const float share = 1.0f / (float)width;
    for (size_t i = 0; i < call->rows; i++) {
        const float *dy = call->dy + i * width;
        const float *normal = call->normal + i * width;
        float *dx = call->dx + i * width;
        v16 sum = SPLAT(0.0f), product = SPLAT(0.0f);
        for (size_t j = 0; j < width; j += LANES) {
            const v16 d = load_at(dy, j, width);
            const v16 n = load_at(normal, j, width);
            const v16 g = d * load_at(call->gain, j, width);
            sum = sum + g;
            product = FMA(g, n, product);
            if (call->dgain) {
                store_at(call->dgain, j, width, FMA(d, n, load_at(call->dgain, j, width)));
                store_at(call->dbias, j, width, d + load_at(call->dbias, j, width));
            }
        }
        const v16 shift = SPLAT(sum_lanes(sum) * share);
        const v16 slope = SPLAT(sum_lanes(product) * share);
        const v16 factor = SPLAT(call->factors[i]);
        for (size_t j = 0; j < width; j += LANES) {
            const v16 g = load_at(dy, j, width) * load_at(call->gain, j, width);
            const v16 n = load_at(normal, j, width);
            store_at(dx, j, width, FMA(-n, slope, g - shift) * factor);
        }
        if (call->dropout) {
            float *dropped = call->dropped + i * width;
            drop(dx, 1, width, call->dropout, call->first_row + (uint32_t)i, dropped);
        }
    }
}
