"""PyTorch and faiss-cpu in one process: questions.py MODEL VECTORS.npy QUESTIONS.txt K THREADS

Prints an empty line when it is ready. Measures once for each line it reads: tokenizes and encodes
all questions in length-sorted batches (the best of the sizes 8, 16, 32 and 64) and searches an
IndexFlatIP with all of them at once. Prints one JSON object, then an empty line.
"""
import json
import os
import sys
import time

MODEL, VECTORS, QUESTIONS, K, THREADS = *sys.argv[1:4], *map(int, sys.argv[4:6])
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
os.environ["TOKENIZERS_PARALLELISM"] = "true"

import faiss
import numpy
import torch
from transformers import BertModel, BertTokenizerFast

BATCH_SIZES = (8, 16, 32, 64)


def vectors(model, tokenizer, questions, size):
    encoded = tokenizer(questions, truncation=True, max_length=256)["input_ids"]
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index]))
    out = numpy.empty((len(encoded), model.config.hidden_size), numpy.float32)
    for start in range(0, len(order), size):
        part = order[start:start + size]
        width = max(len(encoded[index]) for index in part)
        tokens = torch.zeros((len(part), width), dtype=torch.int64)
        mask = torch.zeros((len(part), width), dtype=torch.int64)
        for number, index in enumerate(part):
            tokens[number, :len(encoded[index])] = torch.tensor(encoded[index])
            mask[number, :len(encoded[index])] = 1
        with torch.inference_mode():
            hidden = model(tokens, mask).last_hidden_state
            weight = mask[..., None].float()
            mean = (hidden * weight).sum(1) / weight.sum(1)
            out[part] = torch.nn.functional.normalize(mean, dim=1).numpy()
    return out


def main():
    torch.set_num_threads(THREADS)
    faiss.omp_set_num_threads(THREADS)
    tokenizer = BertTokenizerFast.from_pretrained(MODEL)
    model = BertModel.from_pretrained(MODEL, attn_implementation="sdpa").eval()
    rows = numpy.load(VECTORS)
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    with open(QUESTIONS, encoding="utf-8") as file:
        questions = [line.rstrip("\n") for line in file]

    def seconds(size):
        began = time.perf_counter()
        index.search(vectors(model, tokenizer, questions, size), K)
        return time.perf_counter() - began

    best = None
    print(flush=True)
    for _ in sys.stdin:
        best = best or min(BATCH_SIZES, key=seconds)
        spent = seconds(best)
        print(json.dumps({"what": "questions", "peer": "torch + faiss-cpu", "threads": THREADS,
                          "batch": best, "passages": len(questions), "seconds": spent}))
        print(flush=True)


main()
