"""Compares TREC runs by a paired bootstrap: compare_runs.py QUESTIONS.jsonl NAME=RUN NAME=RUN …

Prints a table of the share of questions whose passage_id is among the first 1, 5, 20, 50 and 100,
and for each later run its difference to the first in points, with the interval that holds 95 % of
10,000 draws of the questions with replacement.
"""
import json
import sys

import numpy

CUTS = (1, 5, 20, 50, 100)


def ranks(path, gold):
    """The rank of each question's passage; beyond all cuts where it is missing."""
    found = dict.fromkeys(gold, 10**9)
    with open(path, encoding="utf-8") as file:
        for line in file:
            question, _, passage, rank, *_ = line.split()
            if gold.get(question) == passage:
                found[question] = min(found[question], int(rank))
    return numpy.array(list(found.values()))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    gold = {str(row["qid"]): str(row["passage_id"]) for row in rows}
    runs = {name: ranks(path, gold) for name, path in
            (argument.split("=", 1) for argument in sys.argv[2:])}
    print("| run | " + " | ".join(f"gold@{cut}" for cut in CUTS) + " |\n" + "|---" * 6 + "|")
    for name, run in runs.items():
        print(f"| {name} | " + " | ".join(f"{100 * (run <= cut).mean():.2f}" for cut in CUTS)
              + " |")
    (base, first), *others = runs.items()
    draws = numpy.random.default_rng(1).integers(len(gold), size=(10_000, len(gold)))
    for name, run in others:
        for cut in (1, 20):
            difference = 100.0 * ((run <= cut).astype(float) - (first <= cut))
            low, high = numpy.percentile([difference[draw].mean() for draw in draws], [2.5, 97.5])
            print(f"\n{name} against {base}, gold@{cut}: {difference.mean():+.2f} points, "
                  f"95 % of draws in [{low:+.2f}, {high:+.2f}]")


main()
