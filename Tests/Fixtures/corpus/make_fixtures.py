"""Writes the fixtures of this folder: csv and JSON as Python's own modules write and read them."""

import ast
import csv
import gzip
import hashlib
import io
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).parent
PIECES = ["wing", "lift", "tree", " ", " ", ",", '"', '""', "\t", "\n", "\r\n", "é", "ß", "日本", "'", "\\", "😀"]


def rows():
    rng = random.Random(11)
    for number in range(1, 121):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 30)))
        title = "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 4)))
        yield [str(number) if number % 7 else f"wiki:{number}", text, title]


def psgs():
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(["id", "text", "title"])
    writer.writerows(rows())
    return out.getvalue().encode()


def lists():
    rng = random.Random(12)
    for _ in range(200):
        answers = [
            "".join(rng.choice(["a", "Z", " ", "'", '"', "\\", "\n", "\t", "\x07", "é", "\u2028", "😀", "\x7f"]) for _ in range(rng.randint(0, 8)))
            for _ in range(rng.randint(0, 4))
        ]
        literal = rng.choice([repr, ascii])(answers)
        assert ast.literal_eval(literal) == answers
        yield {"literal": literal, "answers": answers}


def main():
    data = psgs()
    read = list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter="\t"))[1:]
    half = data.index(b"\n", len(data) // 2) + 1
    files = {
        "psgs.tsv": data,
        "psgs.tsv.gz": gzip.compress(data, mtime=0),
        "psgs.members.tsv.gz": gzip.compress(data[:half], mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(data[half:], 1, mtime=0),
        "psgs.expected.json": json.dumps([{"id": r[0], "text": r[1], "title": r[2]} for r in read], indent=0).encode(),
        "python_lists.json": json.dumps(list(lists()), indent=0).encode(),
    }
    manifest = {"generator": "make_fixtures.py", "python": sys.version.split()[0], "sha256": {}}
    for name, content in files.items():
        (HERE / name).write_bytes(content)
        manifest["sha256"][name] = hashlib.sha256(content).hexdigest()
    (HERE / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n")


main()
