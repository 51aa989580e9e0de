"""A corpus in many scripts for measuring: scripts_corpus.py ROWS.json prints passages as TSV.

Each passage joins texts of the tokenizers' goldens, in an order from a fixed seed.
"""
import json
import random
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        texts = [" ".join(row["text"].split()) for row in json.load(file)["rows"]]
    texts = [text for text in texts if len(text) > 8 and "<" not in text and '"' not in text]
    order = random.Random(1)
    print("id\ttext\ttitle")
    for number in range(2000):
        print(number + 1, " ".join(order.choices(texts, k=8)), "", sep="\t")


main()
