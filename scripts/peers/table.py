"""Prints one table of medians, ratios and limits from the lines of scripts/benchmark."""
import json
import statistics
import sys

COLUMNS = ("what", "sheaf", "against", "ratio", "at least", "")


def row(what, own, against, ratio=None, limit=None):
    """A line of the table; the last cell says where a limit is missed."""
    missed = "" if limit is None or ratio >= limit else "missed"
    return (what, own, against, "" if ratio is None else f"{ratio:.2f}",
            "" if limit is None else f"{limit:.2f}", missed)


class Lines:
    """The values of one number of all lines that agree in given fields."""

    def __init__(self, file):
        self.rows = [json.loads(line) for line in file if line.strip()]

    def median(self, number, **fields):
        found = [row[number] for row in self.rows
                 if number in row and all(row.get(key) == value for key, value in fields.items())]
        return statistics.median(found) if found else None

    def peers(self, number, **fields):
        names = {row["peer"] for row in self.rows
                 if "peer" in row and all(row.get(k) == v for k, v in fields.items())}
        return {name: self.median(number, peer=name, **fields) for name in sorted(names)}


def encode(lines):
    for threads, precision, limit in (
            (1, "float32", 1.15), (2, "float32", 1.3), (1, "i16", 1.6), (2, "i16", None)):
        own = lines.median("passagesPerSecond", what="encode", threads=threads,
                           precision=precision, peer=None)
        if own is None:
            continue
        what = f"encode {precision}, threads: {threads}, passages/s"
        peers = lines.peers("passagesPerSecond", what="encode", threads=threads)
        best = max(peers.values(), default=None)
        if best is None:
            yield row(what, f"{own:.1f}", "–")
        for name, rate in peers.items():
            yield row(what, f"{own:.1f}", f"{name} {rate:.1f}", own / rate,
                      limit if rate == best else None)


def gemm(lines):
    rates = {kind: lines.median("gigaOperations", what="gemm", kind=kind)
             for kind in ("OpenBLAS sgemm", "product float32", "product i16", "encode float32",
                          "encode i16")}
    if rates["encode float32"] is None:
        return
    pairs = (("encode float32", "OpenBLAS sgemm", 0.88),
             ("encode float32", "product float32", None), ("encode i16", "product i16", None),
             ("product float32", "OpenBLAS sgemm", None), ("product i16", "product float32", None))
    for own, other, limit in pairs:
        yield row(f"{own}, GOP/s, 1 thread", f"{rates[own]:.0f}", f"{other} {rates[other]:.0f}",
                  rates[own] / rates[other], limit)


def index(lines):
    passages = lines.median("passages", what="program index")
    if passages is not None:
        own, other = (passages / lines.median("milliseconds", what=f"program {command}") * 1e3
                      for command in ("index", "encode"))
        yield row("sheaf index, 2 workers, passages/s", f"{own:.1f}",
                  f"sheaf encode, 2 threads {other:.1f}", own / other, 0.95)


def search(lines):
    own = lines.median("seconds", what="questions", peer=None)
    if own is not None:
        what = "1,000 questions, 2 workers, s"
        peers = lines.peers("seconds", what="questions")
        if not peers:
            yield row(what, f"{own:.2f}", "–")
        for name, seconds in peers.items():
            yield row(what, f"{own:.2f}", f"{name} {seconds:.2f}", seconds / own, 1.5)
    for line in lines.rows:
        if line["what"] == "search":
            for stage, microseconds in sorted(line["microsecondsP50"].items()):
                yield row(f"one question, {stage}, µs, median", str(microseconds), "–")


def clients(lines):
    for count in (1, 64):
        fields = {"what": "clients", "clients": count}
        rate = lines.median("questionsPerSecond", **fields)
        if rate is None:
            continue
        yield row(f"clients: {count}, questions/s", f"{rate:.0f}", "–")
        rows = [line for line in lines.rows
                if all(line.get(key) == value for key, value in fields.items())]
        for share in ("P50", "P99"):
            for stage in ("whole", "scatter to texts"):
                spent = statistics.median(line["microseconds" + share][stage] for line in rows)
                yield row(f"clients: {count}, {stage}, ms, {share}", f"{spent / 1e3:.2f}", "–")


def seconds(lines):
    """Our seconds beside those of one peer; ranks are compared with as many of its threads."""
    for what, limit, ours, theirs in (
            ("tokenize, 1 thread", 3, {"what": "tokenize"}, {"what": "tokenize"}),
            ("tokenize unigram english, 1 thread", 5, {"what": "tokenize unigram english"},
             {"what": "tokenize unigram english"}),
            ("tokenize unigram mixed, 1 thread", 5, {"what": "tokenize unigram mixed"},
             {"what": "tokenize unigram mixed"}),
            ("train step, 1 thread", 1.4, {"what": "train step", "ranks": None},
             {"what": "train step", "threads": 1}),
            ("train step, 2 ranks", 1.4, {"what": "train step", "ranks": 2},
             {"what": "train step", "threads": 2})):
        own = lines.median("seconds", peer=None, **ours)
        if own is None:
            continue
        peers = lines.peers("seconds", **theirs)
        if not peers:
            yield row(f"{what}, s", f"{own:.3f}", "–")
        for name, spent in peers.items():
            yield row(f"{what}, s", f"{own:.3f}", f"{name} {spent:.3f}", spent / own, limit)
    waited = lines.median("waitedShare", what="train step", ranks=2)
    if waited is not None:
        yield row("train step, 2 ranks, waiting for each other, %", f"{100 * waited:.1f}",
                  "at most 10", 0.1 / max(waited, 1e-6), 1)


def generate(lines):
    """Answers beside those of peers, their steps beside each other, and questions at once."""
    own = [row for row in lines.rows if row["what"] == "generate" and "peer" not in row]
    for model, threads in sorted({(row["model"], row["threads"]) for row in own}):
        fields = {"what": "generate", "model": model, "threads": threads}
        own = {(kind, precision): lines.median("seconds", kind=kind, precision=precision, peer=None,
                                               questions=1, **fields)
               for kind in ("encode", "search", "sequence", "token", "greedy", "short", "together")
               for precision in ("float32", "i16")}

        def beside(kind, name, spent, limit, precision="float32", seconds=None):
            taken = own[kind, precision] if seconds is None else seconds
            if taken is None or spent is None:
                return
            yield row(f"{model}, {kind} {precision}, threads: {threads}, s", f"{taken:.3f}",
                      f"{name} {spent:.3f}", spent / taken, limit)

        for kind, peer, limit in (("sequence", "transformers", 8), ("token", "transformers", 3),
                                  ("search", "CTranslate2", 1.3), ("greedy", "CTranslate2", 1.2)):
            spent = lines.median("seconds", kind=kind, peer=peer, **fields)
            yield from beside(kind, peer, spent, limit)
            yield from beside(kind, "float32", own[kind, "float32"], 1.4, "i16")
        steps = [own[kind, "float32"] for kind in ("sequence", "search", "encode")]
        if None not in steps:
            scoring = max(steps[0] - steps[1], 1e-6)
            yield row(f"{model}, scoring, threads: {threads}, s", f"{scoring:.3f}",
                      f"encoding {steps[2]:.3f}", steps[2] / scoring, 1 / 0.6)
        for kind, limit in (("together", 1.1), ("short", 2)):
            together = [line["seconds"] for line in lines.rows
                        if line.get("kind") == kind and line["questions"] > 1
                        and all(line.get(key) == value for key, value in fields.items())]
            if together:
                yield from beside(kind, "one by one", own[kind, "float32"], limit,
                                  seconds=statistics.median(together))
        peak = lines.median("peakBytes", kind="memory", **fields)
        if peak is not None:
            state = lines.median("stateBytes", kind="memory", **fields)
            yield row(f"{model}, memory of answering, threads: {threads}, MB", f"{peak / 1e6:.0f}",
                      f"keys and values {state / 1e6:.0f}", state / peak, 1 / 1.2)


def scan(lines):
    limits = {("exact", "Flat", 1): 3.3, ("exact", "Flat", 16): 10, ("exact", "Flat", 128): 1.5,
              ("IVF256,Flat:nprobe=16", "IVF256,Flat", 1): 1,
              ("HNSW32:efSearch=64", "HNSW32", 1): 1, ("HNSW32:efSearch=128", "HNSW32", 1): 1}
    for (kind, other, count), limit in limits.items():
        fields = {"what": "scan", "questions": count}
        own = lines.median("seconds", kind=kind, memory="vectors", **fields)
        if own is None:
            continue
        what = f"scan {kind}, questions: {count}, ms"
        peers = lines.peers("seconds", kind=other, **fields)
        recalls = lines.peers("recall", kind=other, **fields)
        # The plain product counts where questions are many; for fewer the index does.
        counted = {name: spent for name, spent in peers.items() if count > 16 or name != "blas"}
        best = min(counted.values(), default=None)
        if best is None:
            yield row(what, f"{1e3 * own:.2f}", "–")
        for name, spent in counted.items():
            yield row(what, f"{1e3 * own:.2f}", f"{name} {1e3 * spent:.2f}", spent / own,
                      limit if spent == best else None)
            if kind != "exact":
                recall = lines.median("recall", kind=kind, memory="vectors", **fields)
                yield row(f"scan {kind}, recall@100", f"{recall:.3f}",
                          f"{name} {recalls[name]:.3f}", recall / recalls[name], 0.995)
        read = lines.median("secondsToReadCodes", kind=kind, memory="vectors", **fields)
        if read is not None and count == 1:
            yield row(what, f"{1e3 * own:.2f}", f"reading the codes {1e3 * read:.2f}",
                      read / own, 0.85)
    resident = lines.median("residentBytes", what="scan", kind="exact", memory="codes")
    if resident is not None:
        floats = 4 * lines.median("rows", what="scan", kind="exact", memory="codes") \
            * lines.median("dimension", what="scan", kind="exact", memory="codes")
        yield row("scan exact, --memory codes, MB", f"{resident / 1e6:.0f}",
                  f"all vectors {floats / 1e6:.0f}", floats / resident, 1 / 0.28)


def all_reduce(lines):
    for size, name, limit in ((1 << 16, "64 KiB", None), (1 << 25, "32 MiB", 1.4)):
        fields = {"what": "all-reduce", "ranks": 2, "bytes": size}
        own = lines.median("milliseconds", peer=None, **fields)
        if own is None:
            continue
        for peer, spent in lines.peers("milliseconds", **fields).items() or [(None, None)]:
            yield row(f"all-reduce {name}, 2 ranks, ms", f"{own:.2f}",
                      f"{peer} {spent:.2f}" if peer else "–", spent / own if peer else None,
                      limit if peer else None)


def main():
    lines = Lines(sys.stdin)
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for section in (encode, gemm, scan, index, search, clients, seconds, generate, all_reduce):
        for cells in section(lines):
            print("| " + " | ".join(cells) + " |")


main()
