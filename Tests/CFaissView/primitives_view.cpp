#include "CFaissView.h"

#include "../../Sources/CFaiss/primitives.h"

namespace {

/// The table of a set that the caller knows this processor to have.
const Primitives &table(int32_t path) {
    const Primitives *table = primitivesOf(path);
    return table != nullptr ? *table : *primitivesOf(0);
}

size_t size(int64_t count) {
    return static_cast<size_t>(count);
}

} // namespace

int32_t sheaf_faiss_has_path(int32_t path) {
    return primitivesOf(path) != nullptr;
}

int32_t sheaf_faiss_chosen_path(void) {
    return chosenPath();
}

float sheaf_faiss_pair_of(
    int32_t path, sheaf_faiss_pair pair, const float *x, const float *y, int64_t dimension) {
    switch (pair) {
    case SHEAF_FAISS_PAIR_INNER_PRODUCT:
        return table(path).innerProduct(x, y, size(dimension));
    case SHEAF_FAISS_PAIR_SQUARED_DISTANCE:
        return table(path).squaredDistance(x, y, size(dimension));
    case SHEAF_FAISS_PAIR_ABSOLUTE_DISTANCE:
        return table(path).absoluteDistance(x, y, size(dimension));
    case SHEAF_FAISS_PAIR_LARGEST_DISTANCE:
        return table(path).largestDistance(x, y, size(dimension));
    }
    return 0;
}

void sheaf_faiss_rows_of(
    int32_t path, sheaf_faiss_pair pair, const float *x, const float *rows, int64_t dimension,
    int64_t count, float *out) {
    if (pair == SHEAF_FAISS_PAIR_INNER_PRODUCT) {
        table(path).innerProducts(out, x, rows, size(dimension), size(count));
    } else {
        table(path).squaredDistances(out, x, rows, size(dimension), size(count));
    }
}

void sheaf_faiss_transposed_of(
    int32_t path, const float *x, const float *rows, const float *squares, int64_t dimension,
    int64_t stride, int64_t count, float *out) {
    table(path).squaredDistancesTransposed(
        out, x, rows, squares, size(dimension), size(stride), size(count));
}

void sheaf_faiss_map_of(
    int32_t path, sheaf_faiss_map map, const float *a, float number, const float *b,
    int64_t count, float *out) {
    switch (map) {
    case SHEAF_FAISS_MAP_MULTIPLY_ADD:
        return table(path).multiplyAdd(size(count), a, number, b, out);
    case SHEAF_FAISS_MAP_ADD:
        return table(path).add(size(count), a, b, out);
    case SHEAF_FAISS_MAP_ADD_NUMBER:
        return table(path).addScalar(size(count), a, number, out);
    case SHEAF_FAISS_MAP_SUBTRACT:
        return table(path).subtract(size(count), a, b, out);
    }
}

void sheaf_faiss_pair_table_of(
    int32_t path, const float *centroids, float x, float y, int32_t is_inner_product,
    int64_t count, float *out) {
    table(path).pairTable(centroids, x, y, is_inner_product != 0, size(count), out);
}
