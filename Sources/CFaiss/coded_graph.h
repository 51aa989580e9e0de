// A graph of Faiss over int8 codes.
#ifndef SHEAF_CODED_GRAPH_H
#define SHEAF_CODED_GRAPH_H

#include <memory>

#include <faiss/Index.h>

/// An empty graph of `links` links a vertex, built with `breadth` candidates for each.
std::unique_ptr<faiss::Index> codedGraph(
    int dimension, int links, int breadth, faiss::MetricType metric);

#endif
