"""Makes the files of DPR's own index and a saved data set with Faiss files, and what transformers'
RagRetriever finds in them.

    python3 -m venv venv && venv/bin/pip install transformers==4.41.2 datasets==2.21.0 \
        faiss-cpu==1.8.0 "numpy<2" torch
    venv/bin/python Tests/Fixtures/retrieval/make_fixtures.py Tests/Fixtures/retrieval
"""

import json
import os
import pickle
import sys

os.environ["TRUST_REMOTE_CODE"] = "True"

import faiss
import numpy as np
from datasets import Dataset
from transformers.models.rag.retrieval_rag import CustomHFIndex, LegacyIndex

folder = sys.argv[1]
faiss.omp_set_num_threads(1)
dice = np.random.default_rng(20201)
COUNT, SIZE, ASKED = 40, 8, 4
vectors = dice.normal(size=(COUNT, SIZE)).astype("float32") * dice.uniform(0.5, 2, (COUNT, 1)).astype("float32")
questions = dice.normal(size=(6, SIZE)).astype("float32")
names = ["Faust", "\"Mars\"", "Zürich", "", "東京"]
passages = {
    str(n + 1): (f"Text {n} of {names[n % 5] or 'nobody'}.", names[n % 5]) for n in range(COUNT)
}

# DPR: one dimension more makes the nearest those of highest inner product.
legacy = os.path.join(folder, "legacy")
os.makedirs(legacy, exist_ok=True)
phi = (vectors**2).sum(1).max()
longer = np.hstack([vectors, np.sqrt(phi - (vectors**2).sum(1, keepdims=True)).astype("float32")])
index = faiss.IndexHNSWSQ(SIZE + 1, faiss.ScalarQuantizer.QT_8bit, 8)
index.hnsw.efConstruction = 200
index.hnsw.efSearch = 128
index.train(longer)
index.add(longer)
order = dice.permutation(COUNT)
ids = [str(n + 1) for n in range(COUNT)]
faiss.write_index(index, os.path.join(legacy, LegacyIndex.INDEX_FILENAME + ".index.dpr"))
with open(os.path.join(legacy, LegacyIndex.INDEX_FILENAME + ".index_meta.dpr"), "wb") as file:
    pickle.dump(ids, file)
with open(os.path.join(legacy, LegacyIndex.PASSAGE_FILENAME), "wb") as file:
    pickle.dump(passages, file, protocol=2)

saved = os.path.join(folder, "saved")
data = Dataset.from_dict(
    {
        "title": [passages[i][1] for i in ids],
        "text": [passages[i][0] for i in ids],
        "embeddings": [list(map(float, v)) for v in vectors],
    }
).cast_column("embeddings", __import__("datasets").Sequence(__import__("datasets").Value("float32")))
data.save_to_disk(saved, num_shards=2)
kinds = {
    "flat": faiss.IndexFlatIP(SIZE),
    "hnsw": faiss.IndexHNSWFlat(SIZE, 8, faiss.METRIC_INNER_PRODUCT),
    "ivf": faiss.index_factory(SIZE, "IVF4,SQ8", faiss.METRIC_INNER_PRODUCT),
    "ivfpq": faiss.index_factory(SIZE, "IVF4,PQ4x4", faiss.METRIC_INNER_PRODUCT),
    "ivfflat": faiss.index_factory(SIZE, "IVF4,Flat", faiss.METRIC_L2),
    "rotated": faiss.index_factory(SIZE, "RR8,Flat", faiss.METRIC_INNER_PRODUCT),
    "pq": faiss.index_factory(SIZE, "PQ4x4", faiss.METRIC_L2),
    "sq": faiss.index_factory(SIZE, "SQ8", faiss.METRIC_L2),
}
expected = {"questions": questions.tolist(), "asked": ASKED, "kinds": {}}


def retrieve(index):
    index.init_index()
    found, embeddings = index.get_top_docs(questions, ASKED)
    documents = index.get_doc_dicts(found)
    rows = []
    for question, ids, vectors, document in zip(questions, found, embeddings, documents):
        scores = np.asarray(vectors, dtype="float64") @ question.astype("float64")
        rows.append(
            [
                {"id": str(i), "title": t, "text": x, "score": s}
                for i, t, x, s in zip(ids.tolist(), document["title"], document["text"], scores.tolist())
            ]
        )
    return rows


expected["kinds"]["legacy"] = retrieve(LegacyIndex(SIZE, legacy))
for name, index in kinds.items():
    if not index.is_trained:
        index.train(vectors)
    index.add(vectors)
    if "ivf" in name:
        index.nprobe = 2
    path = os.path.join(folder, name + ".faiss")
    faiss.write_index(index, path)
    expected["kinds"][name] = retrieve(CustomHFIndex.load_from_disk(SIZE, saved, path))
with open(os.path.join(folder, "expected.json"), "w") as file:
    json.dump(expected, file, ensure_ascii=False)
