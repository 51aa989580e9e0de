"""Trains a retriever by PyTorch: train_retriever.py MODEL DATA.json OUTPUT SETTINGS.json THREADS

The counterpart of `sheaf train` with shuffles false and dropout 0: the rows of DPR JSON in their
order, each with its first positive and its first hard negatives, in-batch negatives with copies of
the positive masked, cosine over a temperature, AdamW, clipping at 2, a linear schedule. MODEL is a
sentence encoder, or a folder of question_encoder and context_encoder. SETTINGS names batchSize,
hardNegatives, steps, learningRate, warmupSteps, temperature, questionTokens and passageTokens.
OUTPUT holds the trained weights in MODEL's form. Prints one JSON object.
"""
import json
import math
import os
import shutil
import sys
import time

MODEL, DATA, OUTPUT, SETTINGS, THREADS = *sys.argv[1:5], int(sys.argv[5])
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch
from torch.nn.functional import cross_entropy, normalize
from transformers import BertModel, BertTokenizerFast

TOWERS = ("question_encoder", "context_encoder")


class Tower(torch.nn.Module):
    """The mean of the last hidden states, of length 1 where the folder says so."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.tokenizer = BertTokenizerFast.from_pretrained(folder)
        self.bert = BertModel.from_pretrained(
            folder, add_pooling_layer=False, hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0)
        with open(os.path.join(folder, "modules.json"), encoding="utf-8") as file:
            self.normalises = any(part["type"].endswith("Normalize") for part in json.load(file))

    def forward(self, texts, tokens):
        inputs = self.tokenizer(
            texts, truncation=True, max_length=tokens, padding=True, return_tensors="pt")
        hidden = self.bert(**inputs).last_hidden_state
        weight = inputs["attention_mask"][..., None].float()
        mean = (hidden * weight).sum(1) / weight.sum(1)
        return normalize(mean, dim=1) if self.normalises else mean

    def save(self, folder):
        shutil.copytree(self.folder, folder)
        # The original names of the weights, so that what reads MODEL reads this.
        self.bert.save_pretrained(folder, safe_serialization=True)


def passage(context):
    return " ".join(part for part in (context.get("title"), context["text"]) if part)


def main():
    torch.set_num_threads(THREADS)
    with open(SETTINGS, encoding="utf-8") as file:
        settings = json.load(file)
    with open(DATA, encoding="utf-8") as file:
        rows = json.load(file)
    folders = [os.path.join(MODEL, name) for name in TOWERS]
    is_pair = os.path.isdir(folders[0])
    question = Tower(folders[0] if is_pair else MODEL).train()
    context = Tower(folders[1]).train() if is_pair else question
    modules = torch.nn.ModuleList([question, context])
    steps, warmup = settings["steps"], settings["warmupSteps"]
    optimizer = torch.optim.AdamW(
        modules.parameters(), lr=settings["learningRate"], betas=(0.9, 0.999), eps=1e-8,
        weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: step / max(1, warmup) if step < warmup
        else max(0.0, (steps - step) / max(1, steps - warmup)))
    size, wanted = settings["batchSize"], settings["hardNegatives"]
    began, losses = time.perf_counter(), []
    for step in range(steps):
        first = step % math.ceil(len(rows) / size) * size
        batch = rows[first:first + size]
        passages, targets = [], []
        for row in batch:
            targets.append(len(passages))
            passages += map(passage, row["positive_ctxs"][:1] + row["hard_negative_ctxs"][:wanted])
        asked = question([row["question"] for row in batch], settings["questionTokens"])
        found = context(passages, settings["passageTokens"])
        scores = normalize(asked, dim=1) @ normalize(found, dim=1).T / settings["temperature"]
        copies = torch.tensor([
            [column != target and text == passages[target]
             for column, text in enumerate(passages)] for target in targets])
        loss = cross_entropy(scores.masked_fill(copies, -math.inf), torch.tensor(targets))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(modules.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            print(f"step {step + 1} of {steps}, loss {sum(losses[-50:]) / 50:.4f}, "
                  f"{time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if is_pair:
        os.makedirs(OUTPUT)
        question.save(os.path.join(OUTPUT, TOWERS[0]))
        context.save(os.path.join(OUTPUT, TOWERS[1]))
    else:
        question.save(OUTPUT)
    print(json.dumps({"peer": f"PyTorch {torch.__version__}", "threads": THREADS, "steps": steps,
                      "seconds": time.perf_counter() - began,
                      "lastLosses": sum(losses[-50:]) / len(losses[-50:])}))


main()
