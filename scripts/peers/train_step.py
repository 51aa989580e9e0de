"""Training steps of PyTorch: train_step.py MODEL THREADS

Prints an empty line when it is ready. Takes one step for each line it reads and prints a JSON
object with its seconds, then an empty line.
A step is that of SheafBenchmarks train-step: two separate towers from one model, 8 questions of 32
tokens, 16 passages of 128 of which every second is a hard negative, dropout 0.1, clipping at 2,
AdamW. Vectors are the first tokens' hidden states. Two steps are taken before the first line.
"""
import json
import os
import sys
import time

MODEL, THREADS = sys.argv[1], int(sys.argv[2])
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)

import torch
from torch.nn.functional import cross_entropy
from transformers import BertModel

QUESTIONS, NEGATIVES = 8, 1


class Towers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.question, self.context = (
            BertModel.from_pretrained(MODEL, add_pooling_layer=False) for _ in range(2))

    def forward(self, questions, passages):
        asked = self.question(questions).last_hidden_state[:, 0]
        found = self.context(passages).last_hidden_state[:, 0]
        return asked @ found.T


def main():
    torch.set_num_threads(THREADS)
    towers = Towers().train()
    optimizer = torch.optim.AdamW(towers.parameters(), lr=2e-5, weight_decay=0.01)
    questions = torch.randint(999, 30000, (QUESTIONS, 32))
    passages = torch.randint(999, 30000, (QUESTIONS * (1 + NEGATIVES), 128))
    positives = torch.arange(QUESTIONS) * (1 + NEGATIVES)

    def step():
        began = time.perf_counter()
        cross_entropy(towers(questions, passages), positives).backward()
        torch.nn.utils.clip_grad_norm_(towers.parameters(), 2.0)
        optimizer.step()
        optimizer.zero_grad()
        return time.perf_counter() - began

    for _ in range(2):
        step()
    print(flush=True)
    for _ in sys.stdin:
        print(json.dumps({"what": "train step", "peer": f"PyTorch {torch.__version__}",
                          "threads": THREADS, "seconds": step()}))
        print(flush=True)


main()
