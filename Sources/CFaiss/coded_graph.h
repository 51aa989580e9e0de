// A graph of Faiss over int8 codes.
#ifndef SHEAF_CODED_GRAPH_H
#define SHEAF_CODED_GRAPH_H

#include <memory>

#include <faiss/Index.h>

/// An empty table of codes, compared with a question one after another; `center` are `dimension`
/// numbers, about the mean of the rows to come.
std::unique_ptr<faiss::Index> codeTable(
    int dimension, const float *center, faiss::MetricType metric);

/// An empty graph over the vectors or codes of an empty index: `links` links a vertex, built
/// with `breadth` candidates for each.
std::unique_ptr<faiss::Index> graphOver(
    std::unique_ptr<faiss::Index> storage, int links, int breadth);

#endif
