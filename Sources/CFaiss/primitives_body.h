// Faiss' primitives over vectors of LANES floats. Included once for each instruction set, inside a
// namespace of its own.

typedef float wide __attribute__((vector_size(4 * LANES), aligned(4)));
typedef float four __attribute__((vector_size(16), aligned(4)));

#define INLINE static inline __attribute__((always_inline))

// How far ahead of a row's components more are fetched, in floats.
enum { AHEAD = 768 };

INLINE float sumOf(wide *sums) {
    sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    float sum = 0;
    for (int i = 0; i < LANES; i++) {
        sum += sums[0][i];
    }
    return sum;
}

/// The sum of term(x, y) over all components; `term` takes whole vectors and single floats.
template <class Term>
INLINE float sum(const float *x, const float *y, size_t d, Term term) {
    wide sums[4] = {};
    size_t i = 0;
    for (; i + 4 * LANES <= d; i += 4 * LANES) {
        for (int j = 0; j < 4; j++) {
            const wide *a = reinterpret_cast<const wide *>(x + i + j * LANES);
            const wide *b = reinterpret_cast<const wide *>(y + i + j * LANES);
            // Rows of a list lie one after the other, over pages where the processor's own
            // fetching ends. Asking for what is beyond the last row does no harm.
            __builtin_prefetch(y + i + j * LANES + AHEAD);
            sums[j] += term(*a, *b);
        }
    }
    for (; i + LANES <= d; i += LANES) {
        const wide *a = reinterpret_cast<const wide *>(x + i);
        sums[0] += term(*a, *reinterpret_cast<const wide *>(y + i));
    }
    float rest = 0;
    for (; i + 4 <= d; i += 4) {
        const four *a = reinterpret_cast<const four *>(x + i);
        four some = term(*a, *reinterpret_cast<const four *>(y + i));
        rest += (some[0] + some[1]) + (some[2] + some[3]);
    }
    for (; i < d; i++) {
        rest += term(x[i], y[i]);
    }
    return d < LANES ? rest : sumOf(sums) + rest;
}

struct Product {
    template <class V> INLINE_MEMBER V operator()(V a, V b) const { return a * b; }
};

struct Square {
    template <class V> INLINE_MEMBER V operator()(V a, V b) const { return (a - b) * (a - b); }
};

static float innerProduct(const float *x, const float *y, size_t d) {
    return sum(x, y, d, Product());
}

static float squaredDistance(const float *x, const float *y, size_t d) {
    return sum(x, y, d, Square());
}

// Sixteen running values side by side, so that the compiler finds vectors in them.
template <class Fold>
INLINE float folded(const float *x, const float *y, size_t d, Fold fold) {
    float lanes[16] = {};
    size_t i = 0;
    for (; i + 16 <= d; i += 16) {
        for (size_t j = 0; j < 16; j++) {
            lanes[j] = fold(lanes[j], __builtin_fabsf(x[i + j] - y[i + j]));
        }
    }
    for (; i < d; i++) {
        lanes[0] = fold(lanes[0], __builtin_fabsf(x[i] - y[i]));
    }
    for (size_t j = 1; j < 16; j++) {
        lanes[0] = fold(lanes[0], lanes[j]);
    }
    return lanes[0];
}

struct Plus {
    INLINE_MEMBER float operator()(float a, float b) const { return a + b; }
};

struct Larger {
    INLINE_MEMBER float operator()(float a, float b) const { return b > a ? b : a; }
};

static float absoluteDistance(const float *x, const float *y, size_t d) {
    return folded(x, y, d, Plus());
}

static float largestDistance(const float *x, const float *y, size_t d) {
    return folded(x, y, d, Larger());
}

static void innerProducts(float *out, const float *x, const float *y, size_t d, size_t count) {
    for (size_t i = 0; i < count; i++) {
        out[i] = sum(x, y + i * d, d, Product());
    }
}

static void squaredDistances(float *out, const float *x, const float *y, size_t d, size_t count) {
    for (size_t i = 0; i < count; i++) {
        out[i] = sum(x, y + i * d, d, Square());
    }
}

// y holds component j of vector i at i + j * stride.
static void squaredDistancesTransposed(
    float *out, const float *x, const float *y, const float *squares, size_t d, size_t stride,
    size_t count) {
    float square = sum(x, x, d, Product());
    for (size_t i = 0; i < count; i++) {
        out[i] = 0;
    }
    for (size_t j = 0; j < d; j++) {
        for (size_t i = 0; i < count; i++) {
            out[i] += x[j] * y[i + j * stride];
        }
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = square + squares[i] - 2 * out[i];
    }
}

static void multiplyAdd(size_t count, const float *a, float factor, const float *b, float *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = a[i] + factor * b[i];
    }
}

static void add(size_t count, const float *a, const float *b, float *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = a[i] + b[i];
    }
}

static void addScalar(size_t count, const float *a, float b, float *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = a[i] + b;
    }
}

static void subtract(size_t count, const float *a, const float *b, float *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = a[i] - b[i];
    }
}

// One question of two components against `count` centroids of two components.
static void pairTable(
    const float *centroids, float x, float y, bool isInnerProduct, size_t count, float *out) {
    if (isInnerProduct) {
        for (size_t i = 0; i < count; i++) {
            out[i] = x * centroids[2 * i] + y * centroids[2 * i + 1];
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        float first = x - centroids[2 * i], second = y - centroids[2 * i + 1];
        out[i] = first * first + second * second;
    }
}

static const Primitives table = {
    innerProduct,     squaredDistance, absoluteDistance,           largestDistance,
    innerProducts,    squaredDistances, squaredDistancesTransposed, multiplyAdd,
    add,              addScalar,        subtract,                   pairTable,
};

#undef INLINE
