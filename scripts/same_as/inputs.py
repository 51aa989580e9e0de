"""Makes what the programs work on: models, corpora, questions, training data."""
import csv
import json
import os
import shutil
import subprocess

WORDS = "river stone wing engine paper salt tower letter".split()
LINES = """\
A dense passage, and its question.
Ünïcödé: naïve café — “quotes” … 東京 は 日本 の 首都
e\u0301 and \u00e9, ﬁ and fi, ①, \u200bzero\u200bwidth, tab\there
don't U.S.A. 3,14 1e-5 http://a.b/c?d=e#f @x $y %z

  spaces   before and after  
🙂🙃 emoji 👩‍👩‍👧 and \u0000 a null \u00ad hyphen
[CLS] [SEP] [MASK] [UNK] ##ing
"""


def copy(sources, target):
    os.makedirs(target, exist_ok=True)
    for source in sources:
        for name in os.listdir(source):
            if os.path.isfile(f"{source}/{name}"):
                shutil.copyfile(f"{source}/{name}", f"{target}/{name}")


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def make(root, folder, passages):
    """Everything into `folder`, which both programs read and neither may write to."""
    goldens = root + "/Tests/Fixtures/goldens/models"
    pieces = goldens + "/wordpiece"
    for tower, model in (("question", "dpr_question"), ("context", "dpr_ctx")):
        copy((f"{goldens}/{model}", pieces), f"{folder}/dpr/{tower}_encoder")
    copy((goldens + "/retribert_shared", pieces), folder + "/retribert")
    copy((goldens + "/dpr_reader", pieces), folder + "/reader")
    shutil.copytree(goldens + "/st_lower", folder + "/sentence")
    shutil.copytree(goldens + "/bpe", folder + "/bpe")
    shutil.copytree(root + "/Tests/Fixtures/goldens/formats/bad", folder + "/bad")
    corpus = subprocess.run(
        [root + "/scripts/foldoc-corpus", str(passages)], capture_output=True, check=True,
        timeout=120).stdout
    write(folder + "/corpus.tsv", corpus)
    # The same texts again and again, for what is measured.
    lines = corpus.splitlines(keepends=True)
    write(folder + "/many.tsv", lines[0] + b"".join(
        b"%d-" % copy + line for copy in range(6) for line in lines[1:]))
    rows = list(csv.DictReader(corpus.decode().splitlines(), delimiter="\t"))
    asked = [row for row in rows[::50] if row["title"].strip()]
    write(folder + "/small.tsv", b"".join(corpus.splitlines(keepends=True)[:201]))
    write(folder + "/lines.txt", LINES)
    write(folder + "/questions.txt", "".join(row["title"] + "\n" for row in asked))
    write(folder + "/questions.jsonl", "".join(
        json.dumps({"qid": row["id"], "question": row["title"], "passage_id": row["id"]}) + "\n"
        for row in asked))
    write(folder + "/questions.csv", "".join(
        f"{row['title']}\t{[row['text'].split()[0]]!r}\n" for row in asked))
    write(folder + "/qrels.txt", "".join(
        f"{row['id']} 0 {row['id']} {1 + number % 2}\n{row['id']} 0 2 -1\n"
        for number, row in enumerate(asked)))
    examples(folder, rows)


def examples(folder, rows):
    """Training data: questions whose passages hold their answers, with hard negatives."""
    made = []
    for row in range(48):
        text = " ".join(WORDS[(row * 5 + at * at + row // 8) % 8] for at in range(9))
        made.append({
            "question": f"what is {WORDS[row % 8]} {row}", "answers": [f"number {row}"],
            "positive_ctxs": [{"title": f"t {row}", "text": f"{text} number {row} here"}],
            "negative_ctxs": [],
            "hard_negative_ctxs": [
                {"title": f"n {row}", "text": f"{text} other {row + at}"} for at in range(3)],
        })
    write(folder + "/train.json", json.dumps(made, indent=1))
    gold = [row for row in rows[:200:4] if row["title"].strip() and len(row["text"]) > 40]
    write(folder + "/gold.json", json.dumps([{
        "question": row["title"], "answers": [row["text"].split()[0].strip("{},.")],
        "positive_ctxs": [
            {"title": row["title"], "text": row["text"], "passage_id": row["id"]}],
        "negative_ctxs": [], "hard_negative_ctxs": [],
    } for row in gold]))
    write(folder + "/results.json", json.dumps([{
        "question": made[row]["question"], "answers": made[row]["answers"],
        "ctxs": [
            {"id": str(at), **made[(row + at) % 48]["positive_ctxs"][0], "score": str(9 - at),
             "has_answer": at == 0} for at in range(5)],
    } for row in range(12)]))
