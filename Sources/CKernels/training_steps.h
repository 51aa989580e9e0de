// Training kernels over flat arrays: sums and the steps of optimizers.

static void add_scaled(const float *x, size_t count, float factor, float *y) {
    for (size_t j = 0; j < count; j += LANES) {
        const v16 sum = FMA(load_at(x, j, count), SPLAT(factor), load_at(y, j, count));
        store_at(y, j, count, sum);
    }
}

static void scale(float *y, size_t count, float factor) {
    for (size_t j = 0; j < count; j += LANES) {
        store_at(y, j, count, load_at(y, j, count) * SPLAT(factor));
    }
}

static void add_squares(const float *x, size_t count, float factor, float addend, float *y) {
    for (size_t j = 0; j < count; j += LANES) {
        const v16 scaled = load_at(x, j, count) * SPLAT(factor);
        const v16 square = FMA(scaled, scaled, SPLAT(addend));
        store_at(y, j, count, load_at(y, j, count) + square);
    }
}

static void multiply(const float *x, const float *y, size_t count, float factor, float *out) {
    for (size_t j = 0; j < count; j += LANES) {
        const v16 product = load_at(x, j, count) * load_at(y, j, count);
        store_at(out, j, count, product * SPLAT(factor));
    }
}

typedef double f8 __attribute__((ext_vector_type(8)));

ALWAYS void add_products(v16 x, v16 y, f8 *low, f8 *high) {
    *low = *low + __builtin_convertvector(x.lo, f8) * __builtin_convertvector(y.lo, f8);
    *high = *high + __builtin_convertvector(x.hi, f8) * __builtin_convertvector(y.hi, f8);
}

static double dot(const float *x, const float *y, size_t count) {
    f8 low = (f8)(0.0), high = (f8)(0.0);
    for (size_t j = 0; j < count; j += LANES) {
        add_products(load_at(x, j, count), load_at(y, j, count), &low, &high);
    }
    const f8 sums = low + high;
    const double a = sums[0] + sums[4], b = sums[1] + sums[5];
    const double c = sums[2] + sums[6], d = sums[3] + sums[7];
    return (a + c) + (b + d);
}

static void adam(
    const sheaf_adam *step, float *values, const float *gradients, float *first, float *second,
    size_t count) {
    for (size_t j = 0; j < count; j += LANES) {
        const v16 g = load_at(gradients, j, count) * SPLAT(step->gradient_scale);
        const v16 m = FMA(load_at(first, j, count), SPLAT(step->beta1), g * SPLAT(step->rest1));
        const v16 v =
            FMA(load_at(second, j, count), SPLAT(step->beta2), g * g * SPLAT(step->rest2));
        store_at(first, j, count, m);
        store_at(second, j, count, v);
        const v16 root = __builtin_elementwise_sqrt(v);
        const v16 divisor = FMA(root, SPLAT(step->root_scale), SPLAT(step->epsilon));
        const v16 p = load_at(values, j, count) * SPLAT(step->keep_before);
        const v16 moved = FMA(SPLAT(-step->rate), m / divisor, p);
        store_at(values, j, count, moved * SPLAT(step->keep_after));
    }
}
