"""What a release is asked to do: each function is one part, run by both releases in turn."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

from same_as.bench import Fault, STEP_SECONDS, signal_process

KINDS = ("exact", "Flat", "IVF16,Flat:nprobe=4", "HNSW32:efSearch=64")
METRICS = ("ip", "l2", "cosine")
FORMATS = ("table", "json", "jsonl", "trec", "dpr")
QUIET = ("--workers", "2", "--quiet")


def help(bench, inputs):
    """The help of every command that the help itself names."""
    paths = [()]
    while paths:
        path = paths.pop(0)
        output = bench.run(" ".join(("help", *path)), *path, "--help").decode()
        inside = False
        for line in output.splitlines():
            if line.rstrip().endswith("SUBCOMMANDS:"):
                inside = True
            elif inside and (name := re.match(r"  ([a-z][a-z-]*)(?: |$)", line)):
                paths.append((*path, name[1]))
    bench.run("version", "--version")
    bench.run("all that help says", "--experimental-dump-help")


def index(bench, inputs):
    """Every kind, metric and form of vectors, on a cluster that stays."""
    bench.run("up", "up", "--workers", "2")
    for model in ("dpr", "retribert"):
        for kind in KINDS:
            for metric in METRICS:
                for vectors in ("f32", "f16"):
                    for memory in ("vectors", "codes") if kind == "exact" else ("vectors",):
                        name = "-".join((
                            model, kind.split(",")[0].split(":")[0], metric, vectors, memory))
                        make = (
                            "--metric", metric, "--index", kind, "--vectors", vectors,
                            "--memory", memory, "--shards", "2", "--batch-size", "65")
                        collection(bench, inputs, name, model, make)
    bench.run("status", "status", "--json")
    bench.run("status of one", "status", "--collection", "dpr-exact-ip-f32-vectors")
    bench.run("list", "collections", "list")
    bench.run("list json", "collections", "list", "--json")
    bench.run("drop", "collections", "drop", "dpr-Flat-l2-f16-vectors", "--yes")
    bench.run("down", "down")
    bench.keep_tree("data", "data")
    bench.run("rebuild", "collections", "rebuild", "--json")
    bench.keep_tree("rebuilt", "data/collections")


def collection(bench, inputs, name, model, make):
    bench.run(
        name, "index", inputs + "/corpus.tsv", "--collection", name, "--model",
        f"{inputs}/{model}", "--json", "--quiet", *make)
    bench.run(name + " described", "collections", "describe", name, "--json")
    bench.run(
        name + " searched", "search", "--questions", inputs + "/questions.txt", "--collection",
        name, "-k", "20", "--format", "jsonl")


def options(bench, inputs):
    """What else a collection can be made with, and what is done with one that is there."""
    small = ("index", inputs + "/small.tsv", *QUIET, "--model", inputs + "/dpr")
    for name, more in (
        ("plain", ()),
        ("prefixes", ("--query-prefix", "query: ", "--passage-prefix", "passage: ")),
        ("pairs", ("--segment-ids", "pair", "--max-length", "48")),
        ("max", ("--pooling", "max", "--normalize", "--model", inputs + "/sentence")),
        ("i16", ("--precision", "i16")),
        ("half", ("--weights", "f16", "--vectors", "f16")),
        ("mapped", ("--weights", "mapped", "--shards", "3")),
    ):
        bench.run(name, *small, "--collection", name, *more)
        bench.run(
            name + " searched", "search", "unix system", "--collection", name, "--format", "json",
            "--workers", "2")
        bench.run(name + " described", "collections", "describe", name)
    bench.run("again", *small, "--collection", "plain", "--json")
    bench.run("other kind", *small, "--collection", "plain", "--index", "HNSW32", "--json")
    bench.run(
        "other kind searched", "search", "memory", "--collection", "plain", "--format", "json")
    bench.run("refused", *small, "--collection", "plain", "--metric", "l2", wants=2)
    bench.run("told", *(word for word in small if word != "--quiet"), "--collection", "told")
    bench.run("status without a cluster", "status", "--json")
    interrupted_index(bench, inputs)
    bench.keep_tree("data", "data")


def interrupted_index(bench, inputs):
    """A run that is interrupted leaves off; the same command makes it complete."""
    call = (
        "index", inputs + "/corpus.tsv", "--collection", "interrupted", "--model",
        inputs + "/dpr", "--batch-size", "8", *QUIET)
    process = bench.start(*call)
    segments = bench.path("data/collections/interrupted/segments")
    wait(process, lambda: os.path.isdir(segments) and len(os.listdir(segments)) > 3)
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=STEP_SECONDS)
    bench.note("interrupted", call, process.returncode, output, error, wants=130)
    bench.run("resumed", *call)
    bench.run(
        "resumed searched", "search", "unix", "--collection", "interrupted", "--format", "json")


def wait(process, condition):
    end = time.monotonic() + STEP_SECONDS
    while process.poll() is None and not condition():
        if time.monotonic() > end:
            raise Fault("a run does not begin")
        time.sleep(0.002)


def search(bench, inputs):
    """Every format, of one question and of many, from every form of question file."""
    bench.run(
        "index", "index", inputs + "/corpus.tsv", "--collection", "c", "--model", inputs + "/dpr",
        *QUIET)
    bench.run("up", "up", "--workers", "2")
    for form in FORMATS:
        asked = ("search", "--collection", "c", "--format", form)
        if form != "dpr":
            bench.run(f"{form} of one", *asked, "the name of a language")
        bench.run(f"{form} partial", *asked, "--questions", inputs + "/questions.csv",
                  "--allow-partial", "-k", "3")
        for name in ("questions.txt", "questions.jsonl", "questions.csv"):
            file = f"{form}-{name}"
            bench.run(
                f"{form} of {name}", *asked, "--questions", f"{inputs}/{name}", "-k", "30",
                "--output", file, files=(file,))
    bench.run("regex", "search", "--collection", "c", "--format", "dpr", "--match", "regex",
              "--questions", inputs + "/questions.csv")
    bench.run("more than there is", "search", "--collection", "c", "--format", "trec", "-k",
              "5000", "unix")
    bench.run("unknown", "search", "--collection", "d", "unix", wants=2)
    bench.run("down", "down")


def encode(bench, inputs):
    """Vectors by every model, pooling and form of weights, and tokens."""
    corpus = ("encode", "--input", inputs + "/small.tsv", "--threads", "1", "--quiet")
    for model in ("dpr", "retribert", "sentence"):
        for name, more in (
            ("plain", ()), ("cls", ("--pooling", "cls")), ("max", ("--pooling", "max")),
            ("mean", ("--pooling", "mean", "--normalize")),
            ("root", ("--pooling", "mean_sqrt_len_tokens")),
            ("weighted", ("--pooling", "weightedmean")), ("last", ("--pooling", "lasttoken")),
            ("both", ("--pooling", "cls+max")), ("short", ("--max-length", "16")),
            ("i16", ("--precision", "i16")), ("f16", ("--weights", "f16")),
            ("mapped", ("--weights", "mapped")), ("prefix", ("--passage-prefix", "passage: ")),
        ):
            step = f"{model} {name}"
            # A tower is pooled as it was trained, and says so.
            refused = model != "sentence" and "--pooling" in more and step != "dpr cls"
            bench.run(
                step, *corpus, "--model", f"{inputs}/{model}", *more, "--output", step + ".npy",
                "--ids", step + ".ids", wants=2 if refused else 0,
                files=(step + ".npy", step + ".ids"))
        for name in ("questions.txt", "questions.jsonl", "questions.csv"):
            step = f"{model} {name}"
            bench.run(
                step, "encode", "--tower", "question", "--model", f"{inputs}/{model}", "--input",
                f"{inputs}/{name}", "--output", step + ".npy", "--threads", "1", "--quiet",
                files=(step + ".npy",))
    bench.run(
        "pair", *corpus, "--model", inputs + "/dpr", "--segment-ids", "pair", "--output",
        "pair.npy", files=("pair.npy",))
    with open(inputs + "/lines.txt", "rb") as file:
        lines = file.read()
    with open(inputs + "/small.tsv", "rb") as file:
        corpus = file.read()
    for model in ("dpr", "retribert", "sentence", "bpe"):
        for name, text in (("lines", lines), ("corpus", corpus)):
            for more in ((), ("--json",)):
                bench.run(
                    " ".join(("tokenize", model, name, *more)), "tokenize", "--model",
                    f"{inputs}/{model}", *more, text=text)


def models(bench, inputs):
    """Folders of models looked at and converted."""
    for model in ("dpr", "retribert", "reader", "sentence"):
        path = f"{inputs}/{model}"
        bench.run(model, "model", "inspect", path)
        bench.run(model + " json", "model", "inspect", path, "--json")
        for kind in ("f32", "f16"):
            out = f"{model}-{kind}"
            bench.run(
                out, "model", "convert", path, out, "--type", kind, "--json", trees=(out,))
            bench.run(out + " inspected", "model", "inspect", out, "--json")
    bench.run("converted", "model", "convert", inputs + "/dpr", "plain", trees=("plain",))
    bench.run("keys", "keys", "generate", "--folder", "keys", "--name", "a", "--role", "worker")
    bench.run("keys listed", "keys", "list", "--folder", "keys")


def data(bench, inputs):
    """Training data converted and mined, results evaluated and read, models measured."""
    train, gold = inputs + "/train.json", inputs + "/gold.json"
    forms = ("dpr", "simple-transformers", "beir", "msmarco", "pairs")
    for form in forms:
        ends = {"simple-transformers": ".tsv", "beir": "", "msmarco": "", "pairs": ".tsv"}
        name = "made-" + form + ends.get(form, ".json")
        bench.run(
            f"to {form}", "convert", "--input", train, "--to", form, "--output", name,
            "--hard-negatives", "2", "--json", trees=(name,), files=(name,))
        bench.run(
            f"from {form}", "convert", "--input", name, "--output", f"from-{form}.json",
            files=(f"from-{form}.json",))
    bench.run(
        "questions", "convert", "--input", inputs + "/questions.jsonl", "--corpus",
        inputs + "/corpus.tsv", "--output", "questions.json", files=("questions.json",))
    bench.run(
        "index", "index", inputs + "/small.tsv", "--collection", "c", "--model", inputs + "/dpr",
        *QUIET)
    small = inputs + "/small.tsv"
    for source, how in (
        ("bm25", ("--bm25", small)), ("collection", ("--collection", "c", "--workers", "2")),
        ("model", ("--model", inputs + "/dpr", "--passages", small)),
    ):
        for name, more in (
            ("best", ("-n", "2")),
            ("window", ("-n", "3", "--first-rank", "5", "--last-rank", "40")),
            ("random", ("-n", "2", "--random", "--seed", "7", "--keep-answers")),
            ("margin", ("--relative-margin", "0.05", "--margin", "0.1")),
        ):
            step = f"mined-{source}-{name}.json"
            bench.run(
                step, "mine", "--input", gold, *how, *more, "--output", step, "--json", "--quiet",
                files=(step,))
    evaluate(bench, inputs)
    bench.run("read", "read", inputs + "/results.json", "--model", inputs + "/reader",
              "--threads", "1")
    bench.run("read json", "read", inputs + "/results.json", "--model", inputs + "/reader",
              "--threads", "1", "--json", "--spans", "3", "--output", "read.jsonl",
              files=("read.jsonl",))
    for kind, model in (("retriever", "dpr"), ("retriever", "retribert"), ("reader", "reader")):
        measured = (
            "evaluate-model", "--model", f"{inputs}/{model}", "--on", train, "--kind", kind)
        bench.run(f"{model} measured", *measured)
        bench.run(f"{model} measured json", *measured, "--json", "--additional-passages", small)
    for form in FORMATS:
        bench.run(
            f"predicted {form}", "predict", "--questions", inputs + "/questions.csv", "--model",
            inputs + "/retribert", "--corpus", small, "--format", form, "--threads", "1",
            "--quiet")


def evaluate(bench, inputs):
    """Results measured against every kind of truth."""
    for form in ("trec", "dpr"):
        for name in ("jsonl", "csv"):
            bench.run(
                f"{form}-{name}", "search", "--questions", f"{inputs}/questions.{name}",
                "--collection", "c", "-k", "50", "--format", form, "--output", f"{form}-{name}",
                "--workers", "2")
    with open(bench.path("trec-jsonl"), encoding="utf-8") as run, \
            open(bench.path("msmarco"), "w", encoding="utf-8") as other:
        for line in run:
            question, _, passage, rank, *_ = line.split()
            other.write(f"{question}\t{passage}\t{rank}\n")
    qrels = ("--qrels", inputs + "/qrels.txt")
    for name, *arguments in (
        ("own answers", "dpr-csv"),
        ("gold", "trec-jsonl", "--gold", inputs + "/questions.jsonl"),
        ("gold of dpr", "dpr-jsonl", "--gold", inputs + "/questions.jsonl"),
        ("qrels", "trec-jsonl", *qrels),
        ("qrels of msmarco", "msmarco", *qrels, "--cutoffs", "1,7,50"),
        ("level", "trec-jsonl", *qrels, "--relevance-level", "2", "--ties", "trec"),
        ("negatives", "trec-jsonl", *qrels, "--negatives", "relevant", "--ignore-identical-ids"),
        ("answers", "trec-csv", "--answers", inputs + "/questions.csv", "--collection", "c"),
        ("regex", "dpr-csv", "--answers", inputs + "/questions.csv", "--match", "regex"),
    ):
        bench.run(f"evaluated by {name}", "evaluate", *arguments)
        bench.run(f"evaluated by {name} json", "evaluate", *arguments, "--json")


TRAINED = {
    "dpr": ("dpr", "dpr"), "retribert": ("simple-transformers", "retribert"),
    "reader": ("reader", "reader"),
}


def training(inputs, kind, output, workers, *more):
    preset, model = TRAINED[kind]
    return (
        "train", "--preset", preset, "--model.folder", f"{inputs}/{model}", "--data.training",
        inputs + "/train.json", "--data.validation", inputs + "/train.json", "--output", output,
        "--workers", str(workers), "--batchSize", "6", "--maximumSteps", "30",
        "--schedule.warmupSteps", "5", "--optimizer.learningRate", "1e-3",
        "--checkpoints.everySteps", "10", "--quiet", "--json", *more)


def train(bench, inputs):
    """30 steps by 1, 2 and 3 ranks, in one go, and interrupted and resumed; and distilled."""
    for preset in ("dpr", "simple-transformers", "reader"):
        bench.run("settings of " + preset, "train", "--preset", preset, "--print")
    for kind in TRAINED:
        for workers in (1, 2, 3):
            name = f"{kind}-{workers}"
            bench.run(name, *training(inputs, kind, name, workers), trees=(name,))
            interrupted_training(bench, inputs, kind, workers)
    for name, more in (
        ("cosine", ("--loss.similarity", "cosine", "--loss.temperature", "0.1",
                    "--memory.chunkSize", "2", "--dropout.hidden", "0")),
        ("adamw", ("--optimizer.kind", "adamw-torch", "--accumulationSteps", "2",
                   "--memory.recomputesLayers", "true")),
    ):
        bench.run(name, *training(inputs, "dpr", name, 2, *more), trees=(name,))
    distill(bench, inputs)


def interrupted_training(bench, inputs, kind, workers):
    """Where it is interrupted follows from time; what comes out when it is resumed does not."""
    name = f"{kind}-{workers}-resumed"
    call = training(inputs, kind, name, workers)
    process = bench.start(*call)
    log = bench.path(name + "/train_log.jsonl")
    wait(process, lambda: os.path.exists(log) and os.path.getsize(log) > 1000)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=STEP_SECONDS)
    bench.run(name, *call, trees=(name + "/model",), files=(name + "/train_log.jsonl",))


def distill(bench, inputs):
    settings = (
        f'{{"model": {{"folder": "{inputs}/dpr"}}, "batchSize": 8, "epochs": 2, '
        '"schedule": {"warmupSteps": 0}, "seed": 3}')
    with open(bench.path("distill.json"), "w", encoding="utf-8") as file:
        file.write(settings)
    for name, more in (
        ("teacher", ()),
        ("student", ("--direction", "student-teacher", "--temperature", "2", "--alpha", "0.9")),
    ):
        bench.run(
            f"distilled {name}", "distill", "--reader", inputs + "/reader", "--input",
            inputs + "/train.json", "--config", "distill.json", "--output", "distilled-" + name,
            "--candidates", "3", "--workers", "2", "--json", "--quiet", *more,
            trees=("distilled-" + name,))


def minilm(bench, inputs):
    """Real weights, over few passages."""
    model = os.environ["SHEAF_MINILM"]
    with open(inputs + "/small.tsv", "rb") as file:
        few = b"".join(file.readlines()[:33])
    with open(bench.path("few.tsv"), "wb") as file:
        file.write(few)
    bench.run("inspected", "model", "inspect", model, "--json")
    for metric in METRICS:
        bench.run(
            f"index {metric}", "index", "few.tsv", "--collection", metric, "--model", model,
            "--metric", metric, *QUIET)
        bench.run(
            f"search {metric}", "search", "--questions", inputs + "/questions.jsonl",
            "--collection", metric, "--format", "json", "--workers", "2")
    bench.keep_tree("data", "data")
    for name, *more in (
        ("plain",), ("i16", "--precision", "i16"), ("mapped", "--weights", "mapped"),
        ("f16", "--weights", "f16"), ("cls", "--pooling", "cls"),
    ):
        bench.run(
            f"encode {name}", "encode", "--model", model, "--input", "few.tsv", "--output",
            name + ".npy", "--threads", "1", "--quiet", *more, files=(name + ".npy",))
    for name in ("lines.txt", "corpus.tsv"):
        with open(f"{inputs}/{name}", "rb") as file:
            bench.run(f"tokenize {name}", "tokenize", "--model", model, "--json",
                      text=file.read())
    bench.run(
        "mine", "mine", "--input", inputs + "/gold.json", "--model", model, "--passages",
        "few.tsv", "--output", "mined.json", "--json", "--quiet", files=("mined.json",))
    bench.run(
        "train", "train", "--preset", "simple-transformers", "--model.folder", model,
        "--data.training", inputs + "/train.json", "--output", "run", "--workers", "2",
        "--batchSize", "2", "--maximumSteps", "2", "--quiet", "--json", trees=("run/model",))
