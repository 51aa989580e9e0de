"""Encode throughput of PyTorch and ONNX Runtime: encode.py MODEL CORPUS.tsv LIMIT THREADS

Prints an empty line when it is ready. Measures once for each line it reads and prints one JSON
object per peer, then an empty line. The texts are those of a psgs file, title and text joined by
one space, at most 256 tokens; batches are cut from the length-sorted list, and the best of the
batch sizes 4, 8, 16 and 32 counts.
"""
import csv
import json
import os
import sys
import tempfile
import time

MODEL, CORPUS, LIMIT, THREADS = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy
import torch
from transformers import BertModel, BertTokenizerFast

BATCH_SIZES = (4, 8, 16, 32)


def read_texts():
    with open(CORPUS, newline="") as file:
        csv.field_size_limit(1 << 30)
        rows = list(csv.DictReader(file, delimiter="\t"))[:LIMIT]
    return [f"{row['title']} {row['text']}".strip() for row in rows]


def padded(ids, size):
    for start in range(0, len(ids), size):
        part = ids[start:start + size]
        width = max(len(row) for row in part)
        tokens = numpy.zeros((len(part), width), numpy.int64)
        mask = numpy.zeros((len(part), width), numpy.int64)
        for number, row in enumerate(part):
            tokens[number, :len(row)] = row
            mask[number, :len(row)] = 1
        yield tokens, mask


def pooled(hidden, mask):
    weight = mask[..., None].astype(numpy.float32)
    mean = (hidden * weight).sum(1) / weight.sum(1)
    return mean / numpy.linalg.norm(mean, axis=1, keepdims=True)


def seconds(forward, ids, size):
    began = time.perf_counter()
    for tokens, mask in padded(ids, size):
        pooled(forward(tokens, mask), mask)
    return time.perf_counter() - began


class OnnxForm(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = BertModel.from_pretrained(MODEL, attn_implementation="eager").eval()

    def forward(self, tokens, mask, types):
        return self.bert(tokens, mask, types).last_hidden_state


def onnx_forward():
    import onnxruntime

    path = os.path.join(tempfile.mkdtemp(), "model.onnx")
    example = torch.ones((2, 8), dtype=torch.int64)
    names = ["tokens", "mask", "types"]
    axes = {name: {0: "batch", 1: "token"} for name in names + ["hidden"]}
    torch.onnx.export(OnnxForm(), (example, example, example * 0), path, input_names=names,
                      output_names=["hidden"], dynamic_axes=axes, opset_version=17)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda tokens, mask: session.run(
        None, {"tokens": tokens, "mask": mask, "types": numpy.zeros_like(tokens)})[0]


def torch_forward():
    model = BertModel.from_pretrained(MODEL, attn_implementation="sdpa").eval()

    def forward(tokens, mask):
        with torch.inference_mode():
            hidden = model(torch.from_numpy(tokens), torch.from_numpy(mask)).last_hidden_state
        return hidden.numpy()

    return forward


def main():
    torch.set_num_threads(THREADS)
    tokenizer = BertTokenizerFast.from_pretrained(MODEL)
    encoded = tokenizer(read_texts(), truncation=True, max_length=256)["input_ids"]
    ids = sorted(encoded, key=len)
    forwards = {"torch": torch_forward()}
    try:
        forwards["onnxruntime"] = onnx_forward()
    except ImportError:
        pass
    best = {}
    print(flush=True)
    for _ in sys.stdin:
        for name, forward in forwards.items():
            if name not in best:
                best[name] = min(BATCH_SIZES, key=lambda size: seconds(forward, ids, size))
            spent = seconds(forward, ids, best[name])
            print(json.dumps({"what": "encode", "peer": name, "threads": THREADS,
                              "batch": best[name], "passages": len(ids), "seconds": spent,
                              "passagesPerSecond": len(ids) / spent}))
        print(flush=True)


if __name__ == "__main__":
    main()
