"""Writes answer_texts.json: ROUGE-L of answers by rouge_score, BLEU of sets of them by sacrebleu.

Needs the packages rouge-score and sacrebleu.
"""

import importlib.metadata
import json
import pathlib
import random

import sacrebleu
from rouge_score import rouge_scorer

WORDS = (
    "the a of Faust wrote Goethe in 1808, 3.14 it's well-known (see p. 7-9) U.S. “quoted” naïve "
    "Straße İstanbul KELVIN Paris; London, 1,000.5 e.g. x-ray 5-mile a/b c&d &amp; &quot;x&quot; "
    "$5 50% <skipped> A.B. ... ,, -- 'tis end. End! café ﬁre Σίσυφος"
).split()


def rows(dice):
    for _ in range(60):
        more = dice.choice([0, 0, 0, 1, 1, 2, 4, 6])
        wanted = [dice.choice(WORDS) for _ in range(dice.choice([1, 2, 3, 6, 12]))]
        answer = [word for word in wanted if dice.random() < 0.75]
        for _ in range(more):
            answer.insert(dice.randint(0, len(answer)), dice.choice(WORDS))
        references = [" ".join(wanted)] + [
            " ".join(dice.choice(WORDS) for _ in range(dice.choice([1, 3, 7])))
            for _ in range(dice.choice([0, 0, 1, 2]))]
        yield " ".join(answer), references
    yield "multi\nline an-\nswer", ["multi line answer"]
    yield "", ["something"]


def bleu(part, order):
    width = max(len(references) for _, references in part)
    columns = [[references[i] if i < len(references) else None for _, references in part]
               for i in range(width)]
    measure = sacrebleu.BLEU(max_ngram_order=order)
    return measure.corpus_score([answer for answer, _ in part], columns).score / 100


def main():
    every = list(rows(random.Random(5)))
    scorer = rouge_scorer.RougeScorer(["rougeL"])
    ranges = [(0, 62), (0, 10), (10, 30), (40, 60)] + [(i, i + 1) for i in range(0, 62, 6)]
    json.dump({
        "made_by": [f"{name} {importlib.metadata.version(name)}"
                    for name in ("rouge-score", "sacrebleu")],
        "rows": [{
            "answer": answer, "references": references,
            "rouge_l": max(scorer.score(text, answer)["rougeL"].fmeasure for text in references),
        } for answer, references in every],
        "sets": [{
            "from": low, "to": high, "bleu_1": bleu(every[low:high], 1),
            "bleu_4": bleu(every[low:high], 4),
        } for low, high in ranges],
    }, open(pathlib.Path(__file__).parent / "answer_texts.json", "w", encoding="utf-8"),
        ensure_ascii=False, separators=(",", ":"))


main()
