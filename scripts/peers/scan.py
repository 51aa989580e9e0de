"""Search times of faiss-cpu.

    scan.py N DIMENSION K THREADS RUNS [--questions N ...] [--folder FOLDER] [KIND ...]

Prints one JSON object per kind, number of questions and run. Kinds are Faiss factory strings;
without any: Flat. IVF looks into 16 lists, HNSW keeps 128 candidates. The vectors lie about 200
centres, the questions near some of them. With --folder they are left there as rows.f32 and
questions.f32, where `SheafBenchmarks scan --folder` finds them; what is there already is used.
A further peer, "blas", is a plain matrix product with a selection of the k largest.
"""
import argparse
import json
import os
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
for name in ("rows", "dimension", "k", "threads", "runs"):
    parser.add_argument(name, type=int)
parser.add_argument("kinds", nargs="*", default=["Flat"])
parser.add_argument("--folder")
parser.add_argument("--questions", type=int, nargs="+", default=[1, 16, 128])
asked = parser.parse_intermixed_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(asked.threads)

import faiss
import numpy


def vectors():
    paths = asked.folder and [os.path.join(asked.folder, f"{name}.f32")
                              for name in ("rows", "questions")]
    if paths and all(os.path.exists(path) for path in paths):
        return [numpy.fromfile(path, numpy.float32).reshape(-1, asked.dimension)
                for path in paths]
    dice = numpy.random.default_rng(0)

    def normal(count):
        return dice.standard_normal((count, asked.dimension), numpy.float32)

    centres = normal(200)
    rows = numpy.float32(0.6) * centres[dice.integers(0, 200, asked.rows)] + normal(asked.rows)
    near = rows[dice.integers(0, asked.rows, 128)]
    questions = numpy.float32(0.7) * (near + normal(128))
    for path, values in zip(paths or [], (rows, questions)):
        values.tofile(path)
    return rows, questions


def measure(peer, kind, search, questions, **more):
    for count in asked.questions:
        for run in range(asked.runs + 1):
            began = time.perf_counter()
            search(questions[:count])
            spent = time.perf_counter() - began
            if run:
                print(json.dumps({"what": "scan", "peer": peer, "kind": kind,
                                  "rows": asked.rows, "dimension": asked.dimension,
                                  "k": asked.k, "threads": asked.threads, "questions": count,
                                  "seconds": spent, **more}), flush=True)


def recall(found, truth):
    return float(numpy.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, truth)]))


def main():
    faiss.omp_set_num_threads(asked.threads)
    rows, questions = vectors()
    flat = faiss.IndexFlatIP(asked.dimension)
    flat.add(rows)
    truth = flat.search(questions, asked.k)[1]
    name = f"faiss-{faiss.__version__}"
    for kind in asked.kinds:
        index, build = flat, 0
        if kind != "Flat":
            began = time.perf_counter()
            index = faiss.index_factory(asked.dimension, kind, faiss.METRIC_INNER_PRODUCT)
            index.train(rows)
            index.add(rows)
            build = time.perf_counter() - began
            if kind.startswith("IVF"):
                index.nprobe = 16
            else:
                index.hnsw.efSearch = 128
        found = index.search(questions, asked.k)[1]
        measure(name, kind, lambda part: index.search(part, asked.k), questions,
                buildSeconds=build, recall=recall(found, truth))

    def product(part):
        scores = part @ rows.T
        numpy.argpartition(scores, -asked.k, axis=1)

    if "Flat" in asked.kinds:
        measure("blas", "Flat", product, questions, recall=1.0)


if __name__ == "__main__":
    main()
