// Sixteen lanes, the functions on them and the activations: what the bodies of the encoder kernels
// (encoder_body.h, integer_body.h) share. The including file defines SHEAF_PANELS.
//
// The compiler maps sixteen lanes to one, two or four registers. Contraction is off, so a fused
// multiply-add happens where it is written and nowhere else.
#include <string.h>

#include "CKernels.h"

#pragma clang fp contract(off)

// Functions that take or give 16 lanes are always inlined, so no calling convention is at stake.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v2 __attribute__((ext_vector_type(2)));
typedef float v4 __attribute__((ext_vector_type(4)));
typedef float v8 __attribute__((ext_vector_type(8)));
typedef float v16 __attribute__((ext_vector_type(16)));
typedef int32_t i16 __attribute__((ext_vector_type(16)));
typedef float v8_loose __attribute__((ext_vector_type(8), aligned(4)));
typedef float v16_loose __attribute__((ext_vector_type(16), aligned(4)));

#define ALWAYS static inline __attribute__((always_inline))
// Hot loops start on a cache line: where one falls otherwise costs up to a sixth of its speed.
#define ALIGNED [[clang::code_align(64)]]
#define UNROLL _Pragma("clang loop unroll(full)")
#define SPLAT(x) ((v16)(x))
#define LOAD(p) (*(const v16_loose *)(p))
#define STORE(p, v) (*(v16_loose *)(p) = (v))

// SHEAF_PORTABLE: whatever the platform has of itself, which may be no fused multiply-add.
#if defined(SHEAF_PORTABLE) && !defined(__FP_FAST_FMAF)
#include "fused_in_doubles.h"
#define FMA(x, y, z) fused((x), (y), (z))
#else
#define FMA(x, y, z) __builtin_elementwise_fma((x), (y), (z))
#endif

// GROUP: vectors an activation works on at once.
enum { LANES = 16, GROUP = SHEAF_PANELS };

ALWAYS size_t least(size_t a, size_t b) { return a < b ? a : b; }

ALWAYS v16 load_part(const float *p, size_t count) {
    float lanes[LANES] = {0};
    memcpy(lanes, p, count * sizeof(float));
    return LOAD(lanes);
}

ALWAYS void store_part(float *p, v16 v, size_t count) {
    float lanes[LANES];
    STORE(lanes, v);
    memcpy(p, lanes, count * sizeof(float));
}

ALWAYS v16 larger(v16 a, v16 b) { return a > b ? a : b; }
ALWAYS v16 smaller(v16 a, v16 b) { return a < b ? a : b; }

ALWAYS float sum_lanes(v16 v) {
    const v8 a = v.lo + v.hi;
    const v4 b = a.lo + a.hi;
    const v2 c = b.lo + b.hi;
    return c.x + c.y;
}

ALWAYS float max_lanes(v16 v) {
    const v8 a = v.lo > v.hi ? v.lo : v.hi;
    const v4 b = a.lo > a.hi ? a.lo : a.hi;
    const v2 c = b.lo > b.hi ? b.lo : b.hi;
    return c.x > c.y ? c.x : c.y;
}

// ---- Functions ----

// e^x to 1e-7 relative, for x cut to [−87, 88]. x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by a
// minimax polynomial; 2^n by adding n to the exponent bits. Adding 1.5·2^23 rounds to an integer
// and leaves it in the low bits.
ALWAYS v16 exponential(v16 x) {
    x = smaller(larger(x, SPLAT(-87.0f)), SPLAT(88.0f));
    const v16 shifted = FMA(x, SPLAT(1.44269504f), SPLAT(12582912.0f));
    const v16 n = shifted - SPLAT(12582912.0f);
    // ln 2 in two parts; the first has few enough bits for n·part to be exact.
    v16 r = FMA(n, SPLAT(-0.693359375f), x);
    r = FMA(n, SPLAT(2.12194440e-4f), r);
    v16 p = SPLAT(0.0013814597623422742f);
    p = FMA(p, r, SPLAT(0.008368716575205326f));
    p = FMA(p, r, SPLAT(0.04166838899254799f));
    p = FMA(p, r, SPLAT(0.1666652113199234f));
    p = FMA(p, r, SPLAT(0.4999999403953552f));
    p = FMA(p, r, SPLAT(1.0f));
    p = FMA(p, r, SPLAT(1.0f));
    return (v16)((i16)p + ((i16)shifted << 23));
}

// x·Φ(x) = max(x, 0) − z·Q(z) with z = |x| and Q(z) = erfc(z/√2)/2: no cancellation in the tails.
// Q is a minimax polynomial (weight z) in z·2/5.25 − 1 on [0, 5.25]; beyond, z·Q(z) < 5e-7.
//
// Takes `n` vectors at once: their chains of sixteen steps then overlap in the processor.
ALWAYS void gelu(v16 *x, const int n) {
    static const float coefficients[16] = {
        -0.0038280379958450794f, 0.005696526262909174f,  0.017241396009922028f,
        -0.03721338137984276f,   -0.016477622091770172f, 0.09819208085536957f,
        -0.06332798302173615f,   -0.09547548741102219f,  0.19672873616218567f,
        -0.09772756695747375f,   -0.12099097669124603f,  0.25711894035339355f,
        -0.22594313323497772f,   0.11507536470890045f,   -0.0334012433886528f,
        0.004332459066063166f};
    v16 z[GROUP], u[GROUP], p[GROUP];
    UNROLL for (int i = 0; i < n; i++) {
        z[i] = smaller((v16)((i16)x[i] & (i16)(0x7fffffff)), SPLAT(5.25f));
        u[i] = FMA(z[i], SPLAT(0.380952388f), SPLAT(-1.0f));
        p[i] = SPLAT(coefficients[0]);
    }
    UNROLL for (int k = 1; k < 16; k++) {
        UNROLL for (int i = 0; i < n; i++) { p[i] = FMA(p[i], u[i], SPLAT(coefficients[k])); }
    }
    UNROLL for (int i = 0; i < n; i++) { x[i] = FMA(-z[i], p[i], larger(x[i], SPLAT(0.0f))); }
}

// 2^x to 2.2e-7 relative for x ≤ 0, cut to −126: what a softmax needs, in two thirds of the steps
// of `exponential`. x = n + r with |r| ≤ 1/2, exactly; 2^r by a minimax polynomial.
ALWAYS v16 power_of_two(v16 x) {
    x = larger(x, SPLAT(-126.0f));
    const v16 shifted = x + SPLAT(12582912.0f);
    const v16 r = x - (shifted - SPLAT(12582912.0f));
    v16 p = SPLAT(0.0013276472454890609f);
    p = FMA(p, r, SPLAT(0.009675540961325169f));
    p = FMA(p, r, SPLAT(0.05550713092088699f));
    p = FMA(p, r, SPLAT(0.24022120237350464f));
    p = FMA(p, r, SPLAT(0.6931469440460205f));
    p = FMA(p, r, SPLAT(1.0000001192092896f));
    return (v16)((i16)p + ((i16)shifted << 23));
}

ALWAYS v16 hyperbolic_tangent(v16 x) {
    return SPLAT(1.0f) - SPLAT(2.0f) / (exponential(x + x) + SPLAT(1.0f));
}

ALWAYS v16 gelu_tanh(v16 x) {
    const v16 inner = FMA(x * x * x, SPLAT(0.044715f), x) * SPLAT(0.7978845608f);
    const v16 half = SPLAT(0.5f) * x;
    return FMA(half, hyperbolic_tangent(inner), half);
}

ALWAYS v16 silu(v16 x) { return x / (exponential(-x) + SPLAT(1.0f)); }

// x = activation(x) for `n` vectors, n ≤ GROUP.
ALWAYS void apply(const sheaf_activation activation, v16 *x, const int n) {
    if (activation == SHEAF_ACTIVATION_GELU) { gelu(x, n); }
    UNROLL for (int i = 0; i < n; i++) {
        switch (activation) {
        case SHEAF_ACTIVATION_NONE:
        case SHEAF_ACTIVATION_GELU: break;
        case SHEAF_ACTIVATION_GELU_TANH: x[i] = gelu_tanh(x[i]); break;
        case SHEAF_ACTIVATION_RELU: x[i] = larger(x[i], SPLAT(0.0f)); break;
        case SHEAF_ACTIVATION_SILU: x[i] = silu(x[i]); break;
        case SHEAF_ACTIVATION_TANH: x[i] = hyperbolic_tangent(x[i]); break;
        }
    }
}

// values = activation(values), in place.
static void activate(float *values, size_t count, sheaf_activation activation) {
    for (size_t j = 0; j < count; j += LANES) {
        const size_t width = least(LANES, count - j);
        v16 x = load_part(values + j, width);
        switch (activation) {
        case SHEAF_ACTIVATION_NONE: return;
        case SHEAF_ACTIVATION_GELU: apply(SHEAF_ACTIVATION_GELU, &x, 1); break;
        case SHEAF_ACTIVATION_GELU_TANH: apply(SHEAF_ACTIVATION_GELU_TANH, &x, 1); break;
        case SHEAF_ACTIVATION_RELU: apply(SHEAF_ACTIVATION_RELU, &x, 1); break;
        case SHEAF_ACTIVATION_SILU: apply(SHEAF_ACTIVATION_SILU, &x, 1); break;
        case SHEAF_ACTIVATION_TANH: apply(SHEAF_ACTIVATION_TANH, &x, 1); break;
        }
        store_part(values + j, x, width);
    }
}
