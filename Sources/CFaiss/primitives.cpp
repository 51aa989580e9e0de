// Debian builds Faiss for SSE2. Nearly all its time goes into the functions of one member of
// libfaiss.a, distances_simd.o; since this file defines every one of them, the linker never takes
// that member, and the rest of Faiss calls these, compiled for AVX-512, AVX2 and plain vectors.
#include "primitives.h"

#include <cmath>

#include <faiss/impl/FaissAssert.h>
#include <simd_path.h>

// Our own code is held to more than the headers above.
#pragma clang diagnostic warning "-Wall"
#pragma clang diagnostic warning "-Wextra"
#pragma clang diagnostic warning "-Wconversion"
#pragma clang diagnostic warning "-Wshadow"

#define INLINE_MEMBER inline __attribute__((always_inline))

namespace portable {
#define LANES 4
#include "primitives_body.h"
#undef LANES
} // namespace portable

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace avx2 {
#define LANES 8
#include "primitives_body.h"
#undef LANES
} // namespace avx2
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
namespace avx512 {
#define LANES 16
#include "primitives_body.h"
#undef LANES
} // namespace avx512
#pragma clang attribute pop
#endif

const Primitives *primitivesOf(int path) {
    if (path < SHEAF_SIMD_PORTABLE || path > SHEAF_SIMD_AVX512
        || !sheaf_simd_supported(static_cast<sheaf_simd_path>(path))) {
        return nullptr;
    }
#if defined(__x86_64__)
    if (path == SHEAF_SIMD_AVX512) { return &avx512::table; }
    if (path == SHEAF_SIMD_AVX2) { return &avx2::table; }
#endif
    return &portable::table;
}

namespace {

/// Set when the program starts; until then, in other files' initialisers, the portable one.
const Primitives *chosen = &portable::table;
int path = SHEAF_SIMD_PORTABLE;

/// Takes the instruction set that all other kernels take.
bool choose() {
    path = sheaf_simd_best();
    chosen = primitivesOf(path);
    return true;
}

[[maybe_unused]] const bool isChosen = choose();

size_t nearest(const float *distances, size_t count) {
    size_t best = 0;
    float least = HUGE_VALF;
    for (size_t i = 0; i < count; i++) {
        if (distances[i] < least) {
            least = distances[i];
            best = i;
        }
    }
    return best;
}

} // namespace

int chosenPath() {
    return path;
}

namespace faiss {

// Names and types are Faiss'; its headers declare some of them.

float fvec_inner_product(const float *x, const float *y, size_t d) {
    return chosen->innerProduct(x, y, d);
}

float fvec_L2sqr(const float *x, const float *y, size_t d) {
    return chosen->squaredDistance(x, y, d);
}

float fvec_L1(const float *x, const float *y, size_t d) {
    return chosen->absoluteDistance(x, y, d);
}

float fvec_Linf(const float *x, const float *y, size_t d) {
    return chosen->largestDistance(x, y, d);
}

float fvec_norm_L2sqr(const float *x, size_t d) {
    return chosen->innerProduct(x, x, d);
}

float fvec_inner_product_ref(const float *x, const float *y, size_t d) {
    return portable::table.innerProduct(x, y, d);
}

float fvec_L2sqr_ref(const float *x, const float *y, size_t d) {
    return portable::table.squaredDistance(x, y, d);
}

float fvec_L1_ref(const float *x, const float *y, size_t d) {
    return portable::table.absoluteDistance(x, y, d);
}

float fvec_Linf_ref(const float *x, const float *y, size_t d) {
    return portable::table.largestDistance(x, y, d);
}

float fvec_norm_L2sqr_ref(const float *x, size_t d) {
    return portable::table.innerProduct(x, x, d);
}

void fvec_inner_products_ny(float *ip, const float *x, const float *y, size_t d, size_t ny) {
    chosen->innerProducts(ip, x, y, d, ny);
}

void fvec_inner_products_ny_ref(float *ip, const float *x, const float *y, size_t d, size_t ny) {
    portable::table.innerProducts(ip, x, y, d, ny);
}

void fvec_L2sqr_ny(float *dis, const float *x, const float *y, size_t d, size_t ny) {
    chosen->squaredDistances(dis, x, y, d, ny);
}

void fvec_L2sqr_ny_ref(float *dis, const float *x, const float *y, size_t d, size_t ny) {
    portable::table.squaredDistances(dis, x, y, d, ny);
}

size_t fvec_L2sqr_ny_nearest(
    float *buffer, const float *x, const float *y, size_t d, size_t ny) {
    chosen->squaredDistances(buffer, x, y, d, ny);
    return nearest(buffer, ny);
}

size_t fvec_L2sqr_ny_nearest_ref(
    float *buffer, const float *x, const float *y, size_t d, size_t ny) {
    portable::table.squaredDistances(buffer, x, y, d, ny);
    return nearest(buffer, ny);
}

void fvec_L2sqr_ny_y_transposed_ref(
    float *dis, const float *x, const float *y, const float *y_sqlen, size_t d, size_t d_offset,
    size_t ny) {
    portable::table.squaredDistancesTransposed(dis, x, y, y_sqlen, d, d_offset, ny);
}

size_t fvec_L2sqr_ny_nearest_y_transposed(
    float *buffer, const float *x, const float *y, const float *y_sqlen, size_t d,
    size_t d_offset, size_t ny) {
    chosen->squaredDistancesTransposed(buffer, x, y, y_sqlen, d, d_offset, ny);
    return nearest(buffer, ny);
}

size_t fvec_L2sqr_ny_nearest_y_transposed_ref(
    float *buffer, const float *x, const float *y, const float *y_sqlen, size_t d,
    size_t d_offset, size_t ny) {
    portable::table.squaredDistancesTransposed(buffer, x, y, y_sqlen, d, d_offset, ny);
    return nearest(buffer, ny);
}

void fvec_madd(size_t n, const float *a, float bf, const float *b, float *c) {
    chosen->multiplyAdd(n, a, bf, b, c);
}

int fvec_madd_and_argmin(size_t n, const float *a, float bf, const float *b, float *c) {
    chosen->multiplyAdd(n, a, bf, b, c);
    // Faiss looks for values below this alone.
    float least = 1e20f;
    int best = -1;
    for (size_t i = 0; i < n; i++) {
        if (c[i] < least) {
            least = c[i];
            best = static_cast<int>(i);
        }
    }
    return best;
}

void fvec_add(size_t d, const float *a, const float *b, float *c) {
    chosen->add(d, a, b, c);
}

void fvec_add(size_t d, const float *a, float b, float *c) {
    chosen->addScalar(d, a, b, c);
}

void fvec_sub(size_t d, const float *a, const float *b, float *c) {
    chosen->subtract(d, a, b, c);
}

void compute_PQ_dis_tables_dsub2(
    size_t d, size_t ksub, const float *centroids, size_t nx, const float *x,
    bool is_inner_product, float *dis_tables) {
    size_t parts = d / 2;
    FAISS_THROW_IF_NOT(ksub % 8 == 0);
    for (size_t i = 0; i < nx; i++) {
        for (size_t m = 0; m < parts; m++) {
            const float *pair = x + i * d + 2 * m;
            chosen->pairTable(
                centroids + m * ksub * 2, pair[0], pair[1], is_inner_product, ksub,
                dis_tables + (i * parts + m) * ksub);
        }
    }
}

} // namespace faiss
