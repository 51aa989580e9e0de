"""The Rust tokenizer of a model folder, encode_batch: pieces.py MODEL CORPUS.tsv WHAT THREADS

Prints an empty line when it is ready. Measures once for each line it reads; prints one JSON
object, then an empty line.
"""
import csv
import json
import os
import sys
import time

MODEL, CORPUS, WHAT, THREADS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
os.environ["RAYON_NUM_THREADS"] = str(THREADS)
os.environ["TOKENIZERS_PARALLELISM"] = "false" if THREADS == 1 else "true"

from tokenizers import Tokenizer


def opened():
    path = f"{MODEL}/tokenizer.json"
    if os.path.exists(path):
        return Tokenizer.from_file(path)
    from transformers import BertTokenizerFast

    return BertTokenizerFast.from_pretrained(MODEL).backend_tokenizer


def main():
    with open(CORPUS, newline="") as file:
        csv.field_size_limit(1 << 30)
        rows = list(csv.DictReader(file, delimiter="\t"))
    texts = [f"{row['title']} {row['text']}".strip() for row in rows]
    size = sum(len(text.encode()) for text in texts)
    tokenizer = opened()
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    tokenizer.encode_batch(texts[:64])
    print(flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        tokenizer.encode_batch(texts)
        spent = time.perf_counter() - began
        print(json.dumps({"what": WHAT, "peer": "tokenizers", "threads": THREADS,
                          "passages": len(texts), "seconds": spent,
                          "megabytesPerSecond": size / spent / 1e6}))
        print(flush=True)


main()
