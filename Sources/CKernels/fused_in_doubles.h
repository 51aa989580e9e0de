// Fused multiply-add on 16 lanes for platforms without the instruction, bit for bit.
//
// In double the product of two floats is exact, so the sum is rounded twice: to double, then to
// float. That differs from rounding once only where the double lies halfway between two floats, or
// where the float is subnormal; for such a vector the library's fmaf stands in, which is slow. (A
// sum that is not zero is at least 2⁻²⁹⁸, so the upper half of its double is not zero either.)
#include <float.h>

typedef int32_t i4 __attribute__((ext_vector_type(4)));
typedef int32_t i8 __attribute__((ext_vector_type(8)));
typedef double d4 __attribute__((ext_vector_type(4)));

ALWAYS v4 fused_quarter(v4 x, v4 y, v4 z, i4 *doubtful) {
    const d4 sum =
        __builtin_convertvector(x, d4) * __builtin_convertvector(y, d4)
        + __builtin_convertvector(z, d4);
    const v4 rounded = __builtin_convertvector(sum, v4);
    // The 29 bits of a double's fraction that a float lacks, all in the lower half of the double.
    const i4 rest = ((i8)sum).even & 0x1fffffff;
    const v4 size = (v4)((i4)rounded & 0x7fffffff);
    const i4 is_zero = (((i8)sum).odd & 0x7fffffff) == 0;
    *doubtful |= (rest == 0x10000000) | ((size <= (v4)FLT_MIN) & ~is_zero);
    return rounded;
}

// Called for about one vector in 2²⁵.
static __attribute__((noinline)) void fused_by_library(
    const v16 *x, const v16 *y, const v16 *z, v16 *result) {
    *result = __builtin_elementwise_fma(*x, *y, *z);
}

ALWAYS v16 fused(v16 x, v16 y, v16 z) {
    v16 result;
    i4 doubtful = 0;
    result.lo.lo = fused_quarter(x.lo.lo, y.lo.lo, z.lo.lo, &doubtful);
    result.lo.hi = fused_quarter(x.lo.hi, y.lo.hi, z.lo.hi, &doubtful);
    result.hi.lo = fused_quarter(x.hi.lo, y.hi.lo, z.hi.lo, &doubtful);
    result.hi.hi = fused_quarter(x.hi.hi, y.hi.hi, z.hi.hi, &doubtful);
    if (__builtin_expect(__builtin_reduce_or(doubtful) != 0, 0)) {
        const v16 a = x, b = y, c = z;
        v16 exact;
        fused_by_library(&a, &b, &c, &exact);
        result = exact;
    }
    return result;
}
