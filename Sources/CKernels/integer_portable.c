// The integer kernels in whatever the platform has of itself.
#define SHEAF_PORTABLE
#define SHEAF_ROWS 4
#define SHEAF_PANELS 1
#define SHEAF_FETCHES 1
#define SHEAF_TABLE sheaf_integer_portable
#define SHEAF_PATH SHEAF_SIMD_PORTABLE
#define SHEAF_NAME "portable"
#include "encoder_lanes.h"
#include "integer_pairs.h"

// sum + the products of the pairs of `a` and `b`, both added to their lane.
ALWAYS i16 add_products(i16 sum, pairs a, pairs b) {
    return sum + __builtin_convertvector(a.even, i16) * __builtin_convertvector(b.even, i16)
        + __builtin_convertvector(a.odd, i16) * __builtin_convertvector(b.odd, i16);
}

#include "integer_body.h"
