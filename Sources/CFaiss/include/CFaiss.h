// Faiss behind opaque handles of plain C. No C++ type and no C++ exception passes this header.
//
// Every function that can fail returns a status; after one that is not SHEAF_FAISS_OK,
// sheaf_faiss_message() tells, on the same thread, what Faiss said. Matrices are row-major float32.
#ifndef SHEAF_CFAISS_H
#define SHEAF_CFAISS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What kind of C++ exception ended a call.
typedef enum sheaf_faiss_status {
    SHEAF_FAISS_OK = 0,
    // faiss::FaissException: a bad argument, an unreadable file, an unknown factory string.
    SHEAF_FAISS_REFUSED = 1,
    // std::bad_alloc or std::length_error.
    SHEAF_FAISS_NO_MEMORY = 2,
    // Any other exception.
    SHEAF_FAISS_FAILED = 3,
} sheaf_faiss_status;

typedef enum sheaf_faiss_metric {
    SHEAF_FAISS_INNER_PRODUCT = 0,
    // Squared Euclidean distance.
    SHEAF_FAISS_L2 = 1,
} sheaf_faiss_metric;

// One Faiss index. Searches may run from several threads at once; everything else needs the
// handle alone.
typedef struct sheaf_faiss_index sheaf_faiss_index;

// What the last call on this thread that failed said. Never NULL; valid until the next failure.
const char *sheaf_faiss_message(void);

// From this many questions on Faiss multiplies matrices with BLAS, for every thread of the process.
void sheaf_faiss_set_blas_threshold(int32_t questions);

// The threads that OpenMP inside Faiss and OpenBLAS may use, for every thread of the process.
// Debian pairs an OpenMP Faiss with a pthread OpenBLAS, which multiply when both are left alone;
// callers split work over threads of their own. OpenMP keeps this number per thread, so it is
// applied again at the head of each call.
sheaf_faiss_status sheaf_faiss_set_threads(int32_t threads);

// An empty index that stores the vectors as they are and looks at every row.
sheaf_faiss_status sheaf_faiss_flat(
    int32_t dimension, sheaf_faiss_metric metric, sheaf_faiss_index **index);

// An empty index of a Faiss factory string such as "HNSW32" or "IVF256,Flat".
sheaf_faiss_status sheaf_faiss_factory(
    int32_t dimension, const char *description, sheaf_faiss_metric metric,
    sheaf_faiss_index **index);

// An empty table of int8 codes of what each vector has beyond center [dimension]; a search compares
// all rows by near scores.
sheaf_faiss_status sheaf_faiss_codes(
    int32_t dimension, const float *center, sheaf_faiss_metric metric, sheaf_faiss_index **index);

// An empty graph (HNSW) over such codes, or over vectors as they are: `links` links a vertex, built
// with `breadth` candidates for each. That of codes keeps no vectors: rows are found by near
// scores, to be scored again.
sheaf_faiss_status sheaf_faiss_coded_graph(
    int32_t dimension, const float *center, int32_t links, int32_t breadth,
    sheaf_faiss_metric metric, sheaf_faiss_index **index);
sheaf_faiss_status sheaf_faiss_graph(
    int32_t dimension, int32_t links, int32_t breadth, sheaf_faiss_metric metric,
    sheaf_faiss_index **index);

void sheaf_faiss_free(sheaf_faiss_index *index);

int64_t sheaf_faiss_rows(const sheaf_faiss_index *index);
int32_t sheaf_faiss_dimension(const sheaf_faiss_index *index);
int32_t sheaf_faiss_is_trained(const sheaf_faiss_index *index);

// Sets how far searches look by Faiss' name for it, such as "efSearch" or "nprobe"; before the
// first search. Whatever stands before or around the index passes it on; a name that no part has
// is refused.
sheaf_faiss_status sheaf_faiss_set_parameter(
    sheaf_faiss_index *index, const char *name, double value);

// Trains quantizers on vectors [count, dimension].
sheaf_faiss_status sheaf_faiss_train(
    sheaf_faiss_index *index, int64_t count, const float *vectors);

// Appends vectors [count, dimension] as rows rows(), rows() + 1, ...
sheaf_faiss_status sheaf_faiss_add(sheaf_faiss_index *index, int64_t count, const float *vectors);

// The k best rows for questions [count, dimension], into scores and rows [count, k], best first.
// Places without a hit hold row -1. Scores are inner products or squared distances.
sheaf_faiss_status sheaf_faiss_search(
    const sheaf_faiss_index *index, int64_t count, const float *questions, int64_t k, float *scores,
    int64_t *rows);

// The stored vectors of rows first ..< first + count, into vectors [count, dimension].
sheaf_faiss_status sheaf_faiss_reconstruct(
    const sheaf_faiss_index *index, int64_t first, int64_t count, float *vectors);

sheaf_faiss_status sheaf_faiss_write(const sheaf_faiss_index *index, const char *path);

// Faiss trusts the lengths inside the file, so the caller verifies the file first.
sheaf_faiss_status sheaf_faiss_read(const char *path, sheaf_faiss_index **index);

#ifdef __cplusplus
}
#endif

#endif
