#include "CFaiss.h"

#include "coded_graph.h"

#include <atomic>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include <faiss/AutoTune.h>
#include <faiss/IndexFlat.h>
#include <faiss/impl/FaissException.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>
#include <faiss/utils/distances.h>

// Our own code is held to more than the headers above.
#pragma clang diagnostic warning "-Wall"
#pragma clang diagnostic warning "-Wextra"
#pragma clang diagnostic warning "-Wconversion"
#pragma clang diagnostic warning "-Wshadow"

// Declared here because <omp.h> belongs to one compiler and <cblas.h> to one of several packages.
extern "C" void omp_set_num_threads(int threads);
extern "C" void openblas_set_num_threads(int threads);

struct sheaf_faiss_index {
    std::unique_ptr<faiss::Index> index;
};

namespace {

thread_local std::string message;
std::atomic<int32_t> allowedThreads{1};

void remember(const char *text) noexcept {
    try {
        message = text;
    } catch (...) {
        message.clear();
    }
}

/// Runs `body` under the thread limit; the one place where C++ exceptions end.
template <class Body>
sheaf_faiss_status guarded(Body &&body) noexcept {
    try {
        omp_set_num_threads(allowedThreads.load(std::memory_order_relaxed));
        body();
        return SHEAF_FAISS_OK;
    } catch (const faiss::FaissException &error) {
        remember(error.what());
        return SHEAF_FAISS_REFUSED;
    } catch (const std::bad_alloc &) {
        remember("out of memory");
        return SHEAF_FAISS_NO_MEMORY;
    } catch (const std::length_error &) {
        remember("out of memory: a length is larger than memory can be");
        return SHEAF_FAISS_NO_MEMORY;
    } catch (const std::exception &error) {
        remember(error.what());
        return SHEAF_FAISS_FAILED;
    } catch (...) {
        remember("an exception that names no reason");
        return SHEAF_FAISS_FAILED;
    }
}

faiss::MetricType metricType(sheaf_faiss_metric metric) {
    return metric == SHEAF_FAISS_L2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
}

void checkGraph(int32_t dimension, int32_t links, int32_t breadth) {
    if (dimension < 1 || links < 2 || links > 1024 || breadth < 1) {
        throw faiss::FaissException("a graph needs dimensions, and 2 to 1024 links a vertex");
    }
}

sheaf_faiss_index *handle(std::unique_ptr<faiss::Index> index) {
    return new sheaf_faiss_index{std::move(index)};
}

} // namespace

const char *sheaf_faiss_message(void) {
    return message.c_str();
}

sheaf_faiss_status sheaf_faiss_set_threads(int32_t threads) {
    return guarded([&] {
        if (threads < 1) {
            throw faiss::FaissException("the number of threads must be at least 1");
        }
        allowedThreads.store(threads, std::memory_order_relaxed);
        omp_set_num_threads(threads);
        openblas_set_num_threads(threads);
    });
}

void sheaf_faiss_set_blas_threshold(int32_t questions) {
    faiss::distance_compute_blas_threshold = questions;
}

sheaf_faiss_status sheaf_faiss_flat(
    int32_t dimension, sheaf_faiss_metric metric, sheaf_faiss_index **index) {
    return guarded([&] {
        if (dimension < 1) {
            throw faiss::FaissException("the dimension must be at least 1");
        }
        *index = handle(std::make_unique<faiss::IndexFlat>(dimension, metricType(metric)));
    });
}

sheaf_faiss_status sheaf_faiss_factory(
    int32_t dimension, const char *description, sheaf_faiss_metric metric,
    sheaf_faiss_index **index) {
    return guarded([&] {
        if (dimension < 1) {
            throw faiss::FaissException("the dimension must be at least 1");
        }
        std::unique_ptr<faiss::Index> made(
            faiss::index_factory(dimension, description, metricType(metric)));
        *index = handle(std::move(made));
    });
}

sheaf_faiss_status sheaf_faiss_codes(
    int32_t dimension, const float *center, sheaf_faiss_metric metric, sheaf_faiss_index **index) {
    return guarded([&] {
        if (dimension < 1) {
            throw faiss::FaissException("the dimension must be at least 1");
        }
        *index = handle(codeTable(dimension, center, metricType(metric)));
    });
}

sheaf_faiss_status sheaf_faiss_coded_graph(
    int32_t dimension, const float *center, int32_t links, int32_t breadth,
    sheaf_faiss_metric metric, sheaf_faiss_index **index) {
    return guarded([&] {
        checkGraph(dimension, links, breadth);
        auto codes = codeTable(dimension, center, metricType(metric));
        *index = handle(graphOver(std::move(codes), links, breadth));
    });
}

sheaf_faiss_status sheaf_faiss_graph(
    int32_t dimension, int32_t links, int32_t breadth, sheaf_faiss_metric metric,
    sheaf_faiss_index **index) {
    return guarded([&] {
        checkGraph(dimension, links, breadth);
        auto storage = std::make_unique<faiss::IndexFlat>(dimension, metricType(metric));
        *index = handle(graphOver(std::move(storage), links, breadth));
    });
}

void sheaf_faiss_free(sheaf_faiss_index *index) {
    delete index;
}

int64_t sheaf_faiss_rows(const sheaf_faiss_index *index) {
    return index->index->ntotal;
}

int32_t sheaf_faiss_dimension(const sheaf_faiss_index *index) {
    return index->index->d;
}

int32_t sheaf_faiss_is_trained(const sheaf_faiss_index *index) {
    return index->index->is_trained ? 1 : 0;
}

sheaf_faiss_status sheaf_faiss_set_parameter(
    sheaf_faiss_index *index, const char *name, double value) {
    return guarded([&] {
        faiss::ParameterSpace().set_index_parameter(index->index.get(), name, value);
    });
}

sheaf_faiss_status sheaf_faiss_train(
    sheaf_faiss_index *index, int64_t count, const float *vectors) {
    return guarded([&] { index->index->train(count, vectors); });
}

sheaf_faiss_status sheaf_faiss_add(sheaf_faiss_index *index, int64_t count, const float *vectors) {
    return guarded([&] { index->index->add(count, vectors); });
}

sheaf_faiss_status sheaf_faiss_search(
    const sheaf_faiss_index *index, int64_t count, const float *questions, int64_t k, float *scores,
    int64_t *rows) {
    return guarded([&] { index->index->search(count, questions, k, scores, rows); });
}

sheaf_faiss_status sheaf_faiss_reconstruct(
    const sheaf_faiss_index *index, int64_t first, int64_t count, float *vectors) {
    return guarded([&] {
        if (first < 0 || count < 0 || first > index->index->ntotal - count) {
            throw faiss::FaissException("no such rows in the index");
        }
        index->index->reconstruct_n(first, count, vectors);
    });
}

sheaf_faiss_status sheaf_faiss_write(const sheaf_faiss_index *index, const char *path) {
    return guarded([&] { faiss::write_index(index->index.get(), path); });
}

sheaf_faiss_status sheaf_faiss_read(const char *path, sheaf_faiss_index **index) {
    return guarded([&] {
        std::unique_ptr<faiss::Index> made(faiss::read_index(path));
        *index = handle(std::move(made));
    });
}
