"""Writes the fixtures of this folder: answer matches by DPR's rule, measures by trec_eval.

Needs the packages regex and pytrec-eval-terrier.
"""

import gzip
import hashlib
import importlib.metadata
import json
import pathlib
import random
import sys
import unicodedata

import pytrec_eval
import regex

HERE = pathlib.Path(__file__).parent
TOKEN = regex.compile(r"([\p{L}\p{N}\p{M}]+)|([^\p{Z}\p{C}])", regex.I | regex.U | regex.M)


def tokens(text):
    return [found.group().lower() for found in TOKEN.finditer(unicodedata.normalize("NFD", text))]


def has_string(answers, text):
    words = tokens(text)
    wanted = [tokens(answer) for answer in answers]
    return any(w == words[i : i + len(w)] for w in wanted for i in range(len(words) - len(w) + 1))


def has_expression(answers, text):
    text = unicodedata.normalize("NFD", text)
    for answer in answers:
        try:
            pattern = regex.compile(unicodedata.normalize("NFD", answer), regex.I | regex.U | regex.M)
        except BaseException:
            continue
        if pattern.search(text):
            return True
    return False


def strings():
    rng = random.Random(7)
    pool = list("ab AB.,-'\"1 2Σσς ΣΑ’·éÉßİı한국日本ǅ") + ["\u0301", "\u0323", "\u0345", "\u00ad", "\u200d", "\0", "\n"]
    for _ in range(500):
        text = "".join(rng.choice(pool) for _ in range(rng.randint(0, 14)))
        start = rng.randrange(len(text) + 1)
        part = text[start : start + rng.randint(0, 5)]
        answer = rng.choice([part, part.lower(), part.upper(), unicodedata.normalize("NFC", part), rng.choice(pool)])
        yield {"answers": [answer], "text": text, "has_answer": has_string([answer], text)}


def every_character():
    """One row a code point of the planes in use, each with its upper and lower case."""
    for value in [*range(0x250), *range(0x370, 0x600), *range(0x1E00, 0x2200), 0xAC00, 0x4E2D, 0x1F600, 0x1D400, 0x10400]:
        character = chr(value)
        if unicodedata.category(character) == "Cn":
            continue  # Tables of other versions of Unicode may know it.
        for answer, text in ((character.lower(), character), ("a b", f"a{character}b")):
            yield {"answers": [answer], "text": text, "has_answer": has_string([answer], text)}


def expressions():
    rng = random.Random(8)
    atoms = ["a", "b", "B", "é", ".", r"\s", r"\d", r"\w", r"\b", "^", "$", "[ab]", "[^a]", "(a|b)", "(?:ab)", r"\.", r"\-", "1", " ", "|", "a?", "b*", "a+", "a{2}", "b{1,2}", "a{,2}", "{", "}", "[]a]", "[a-]", "[[a]", r"\Z", "(?P<n>a)", r"\x41", r"\S", "(?=a)", "(?<=a)b", r"[\s\d]", r"\p{L}", ")", "]", r"\e", r"\q", ",", "%", "°", "[.,]", "[a&&b]", r"\v", r"\a", "_", r"\é"]
    texts = list("abAB12 éÉ.\n-_,\"'()[]{}&x\u2028\r\t°") + ["ab", "aa", "bb", "12"]
    for _ in range(600):
        pattern = "".join(rng.choice(atoms) for _ in range(rng.randint(1, 5)))
        text = "".join(rng.choice(texts) for _ in range(rng.randint(0, 9)))
        yield {"answers": [pattern], "text": text, "has_answer": has_expression([pattern], text)}


def foldings():
    """Each character that folds to several, beside what it folds to, alone, in a word and in a class."""
    several = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and len(chr(c).casefold()) > 1]
    for character in [*several, "I", "i", "\u0131", "s", "S", "\u017f", "k", "K", "\u212a"]:
        forms = {character, character.casefold(), character.lower(), character.upper(), character.title()}
        for pattern in sorted(forms):
            for text in sorted(forms):
                for patterns in (pattern, f"a{pattern}b", f"\\b{pattern}+$"):
                    yield {"answers": [patterns], "text": f"A{text}B {text}"}
                if len(pattern) == 1 and pattern != "\u0131":
                    yield {"answers": [f"[{pattern}]"], "text": text}
        if len(character) == 1 and character not in "Ii\u0131":
            yield {"answers": [f"\\u{ord(character):04x}"], "text": character.casefold()}
            yield {"answers": [f"(?P<first>x)(?i)\\U{ord(character):08x}"], "text": "x" + character}


def ranking():
    rng = random.Random(9)
    qrels, run = {}, {}
    for question in range(1, 25):
        passages = [f"p{n}" for n in rng.sample(range(400), 60)]
        graded = rng.sample(passages, rng.randint(1, 25))
        qrels[f"q{question}"] = {p: rng.choice([0, 1, 1, 2, 3]) for p in graded} | {graded[0]: 1}
        if question != 5:
            found = rng.sample(passages, 50)
            run[f"q{question}"] = {p: 100 - rank * 1.25 - question / 64 for rank, p in enumerate(found)}
    cuts = [1, 5, 10, 20, 50]
    wanted = {"map", "recip_rank", "ndcg_cut." + ",".join(map(str, cuts)), "success." + ",".join(map(str, cuts))}
    scores = pytrec_eval.RelevanceEvaluator(qrels, wanted).evaluate(run)
    # A question without results is a miss.
    means = {m: sum(s[m] for s in scores.values()) / len(qrels) for m in next(iter(scores.values()))}
    lines = [f"{q} Q0 {p} {r + 1} {s!r} random\n" for q, ps in run.items() for r, (p, s) in enumerate(ps.items())]
    judged = [f"{q} 0 {p} {g}\n" for q, ps in qrels.items() for p, g in ps.items()]
    return "".join(lines), "".join(judged), means


CUTS = [1, 2, 3, 5, 10, 100]


def random_runs():
    """Runs with ties, graded, negative and missing judgements, and what trec_eval says of them.

    The means are over the judged questions with a relevant passage, a question without results
    being a miss: what sheaf evaluate measures.
    """
    rng = random.Random(10)
    cuts = ",".join(map(str, CUTS))
    wanted = {"map", "recip_rank", f"recall.{cuts}", f"ndcg_cut.{cuts}", f"success.{cuts}"}
    names = [f"{stem}{n}" for stem in ("d", "D", "é", "") for n in range(12)]
    scores = [0.0, 1.0, 1.0 + 1e-9, -1.0, 2.5, 16777216.0, 16777217.0, 1e-30, 1e-50]
    for _ in range(1000):
        level = rng.choice([1, 1, 1, 2, 3])
        questions = [f"q{n}" for n in range(rng.randint(1, 4))]
        pool = rng.sample(names, rng.randint(1, 14))
        qrels = {q: {d: rng.choice([-2, -1, 0, 0, 1, 1, 2, 3]) for d in rng.sample(pool, rng.randint(1, len(pool)))} for q in questions}
        for judged in qrels.values():
            # trec_eval reads beyond its memory where all judgements of a question are below -1.
            judged[next(iter(judged))] = rng.choice([0, 1, 2])
        run = {}
        for question in [*questions, "stranger"]:
            if rng.random() < 0.85:
                found = rng.sample(pool, rng.randint(1, len(pool)))
                run[question] = {d: rng.choice(scores) if rng.random() < 0.6 else rng.uniform(-3, 3) for d in found}
        found = pytrec_eval.RelevanceEvaluator(qrels, wanted, relevance_level=level).evaluate(run) if run else {}
        measured = [q for q in questions if max(qrels[q].values()) >= level]
        expected = None
        if measured:
            keys = ["map", "recip_rank", *(f"{m}_{k}" for m in ("recall", "ndcg_cut", "success") for k in CUTS)]
            expected = {m: round(sum(found.get(q, {}).get(m, 0.0) for q in measured) / len(measured), 10) for m in keys}
        yield {"level": level, "run": {q: list(d.items()) for q, d in run.items()}, "qrels": {q: list(d.items()) for q, d in qrels.items()}, "expected": expected}


def jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def main():
    run, qrels, means = ranking()
    runs = jsonl(random_runs())
    files = {
        "answers.string.jsonl": jsonl([*strings(), *every_character()]),
        "answers.regex.jsonl": jsonl(expressions()),
        "answers.folding.jsonl": jsonl(row | {"has_answer": has_expression(**row)} for row in foldings()),
        "graded.run": run,
        "graded.qrels": qrels,
        "graded.expected.json": json.dumps(means, indent=2, sort_keys=True) + "\n",
    }
    manifest = {
        "generator": "make_fixtures.py",
        "python": sys.version.split()[0],
        "regex": importlib.metadata.version("regex"),
        "pytrec-eval-terrier": importlib.metadata.version("pytrec-eval-terrier"),
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in [*files.items(), ("random.jsonl", runs)]},
    }
    for name, text in files.items():
        (HERE / name).write_text(text)
    (HERE / "random.jsonl.gz").write_bytes(gzip.compress(runs.encode(), 9, mtime=0))
    (HERE / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n")


main()
