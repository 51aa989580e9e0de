"""Trains a small BART by PyTorch: train_generator.py DATA OUTPUT STEPS THREADS

From random weights it learns to answer with the title of the passage that it reads: a source is
`title / text // question`, as RAG joins them, of corpus.tsv and train.questions.jsonl in DATA. In
half of the sources the title is made of words of other titles, so that titles are copied and none
is known by heart. The byte-level BPE is trained too. OUTPUT is a Hugging Face folder of both.
Prints one JSON object.
"""
import csv
import json
import os
import random
import sys
import time

DATA, OUTPUT, STEPS, THREADS = *sys.argv[1:3], *map(int, sys.argv[3:])
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tokenizers
import torch
import transformers

BATCH, SOURCE, TARGET, PIECES = 32, 80, 24, 800
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
dice = random.Random(1)


def rows():
    """Question, title and text of each question."""
    with open(f"{DATA}/corpus.tsv", encoding="utf-8", newline="") as file:
        passages = {row["id"]: row for row in csv.DictReader(file, delimiter="\t")}
    with open(f"{DATA}/train.questions.jsonl", encoding="utf-8") as file:
        for row in map(json.loads, file):
            passage = passages[str(row["passage_id"])]
            yield row["question"], passage["title"], passage["text"]


def tokenizer(texts):
    pieces = tokenizers.ByteLevelBPETokenizer()
    pieces.train_from_iterator(texts, vocab_size=PIECES, special_tokens=SPECIAL)
    pieces.save_model(OUTPUT)
    return transformers.BartTokenizerFast.from_pretrained(OUTPUT)


def network(size):
    # With BART's own 0.02 so narrow a model stays at the frequencies of pieces for a long time.
    return transformers.BartForConditionalGeneration(transformers.BartConfig(
        vocab_size=size, d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=128, decoder_ffn_dim=128, dropout=0.0,
        init_std=0.1, max_position_embeddings=256, num_beams=4, max_length=TARGET + 8))


def batch(pieces, chosen):
    sources = [f"{title} / {text} // {question}" for question, title, text in chosen]
    inputs = pieces(sources, padding=True, truncation=True, max_length=SOURCE, return_tensors="pt")
    labels = pieces([title for _, title, _ in chosen], padding=True, truncation=True,
                    max_length=TARGET, return_tensors="pt").input_ids
    return inputs, labels.masked_fill(labels == pieces.pad_token_id, -100)


def main():
    torch.manual_seed(1)
    torch.set_num_threads(THREADS)
    os.makedirs(OUTPUT)
    examples = list(rows())
    pieces = tokenizer(f"{title} / {text} // {question}" for question, title, text in examples)
    model = network(len(pieces)).train()
    words = sorted({word for _, title, _ in examples for word in title.split()})
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 100, max(0.02, 1 - step / STEPS)))
    began, losses = time.perf_counter(), []
    for step in range(STEPS):
        chosen = [
            (question, " ".join(dice.choices(words, k=dice.randint(2, 3))), text)
            if dice.random() < 0.5 else (question, title, text)
            for question, title, text in dice.choices(examples, k=BATCH)]
        inputs, labels = batch(pieces, chosen)
        loss = model(**inputs, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if (step + 1) % 50 == 0:
            print(f"step {step + 1} of {STEPS}, loss {sum(losses[-50:]) / 50:.4f}, "
                  f"{time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    model.save_pretrained(OUTPUT)
    pieces.save_pretrained(OUTPUT)
    print(json.dumps({"peer": f"PyTorch {torch.__version__}", "threads": THREADS, "steps": STEPS,
                      "seconds": time.perf_counter() - began,
                      "lastLosses": sum(losses[-50:]) / len(losses[-50:])}))


main()
