// The distance primitives that Faiss calls, and what they are compared with.
#ifndef SHEAF_PRIMITIVES_H
#define SHEAF_PRIMITIVES_H

#include <cstddef>

struct Primitives {
    float (*innerProduct)(const float *x, const float *y, size_t d);
    float (*squaredDistance)(const float *x, const float *y, size_t d);
    float (*absoluteDistance)(const float *x, const float *y, size_t d);
    float (*largestDistance)(const float *x, const float *y, size_t d);
    void (*innerProducts)(float *out, const float *x, const float *y, size_t d, size_t count);
    void (*squaredDistances)(float *out, const float *x, const float *y, size_t d, size_t count);
    void (*squaredDistancesTransposed)(
        float *out, const float *x, const float *y, const float *squares, size_t d, size_t stride,
        size_t count);
    void (*multiplyAdd)(size_t count, const float *a, float factor, const float *b, float *out);
    void (*add)(size_t count, const float *a, const float *b, float *out);
    void (*addScalar)(size_t count, const float *a, float b, float *out);
    void (*subtract)(size_t count, const float *a, const float *b, float *out);
    void (*pairTable)(
        const float *centroids, float x, float y, bool isInnerProduct, size_t count, float *out);
};

/// The set that Faiss' own calls use.
int chosenPath();

/// The table of an instruction set by its number in `sheaf_simd_path`, or null where this
/// processor does not have it.
const Primitives *primitivesOf(int path);

#endif
