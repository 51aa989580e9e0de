"""Calls and files that are at fault, or odd: what is said of them, and how the call ends."""
import gzip
import json
import os
import shutil

HEAD = "id\ttext\ttitle\n"

CALLS = """
nonsense
serch q
model inspct m
collections lst
index
index c.tsv --collection c
index /nowhere.tsv --collection c --model /nowhere
index c.tsv --collection c --model m --workers 0
index c.tsv --collection c --model m --shards 4097
index c.tsv --collection a/b --model m
index c.tsv --colection c
index c.tsv --collection c --model m --metric dot
index c.tsv --collection c --model m --memory disk
index c.tsv --collection c --model m --vectors f64
search --collection c
search q --collection c -k 0
search q --collection c -k 500001
search q --collection c -k x
search q --collection c --timeout nan
search q --collection c --timeout 1e400
search q --collection c --format xml
search q --questions f --collection c
search --questions /nowhere --collection c
evaluate /nowhere
evaluate r --qrels a --gold b
encode --model /nowhere --input i --output o
encode --model /nowhere --input i --output /
tokenize --model /nowhere
read /nowhere --model /nowhere
collections list
collections list --json
collections describe c
collections drop c
collections drop c --yes --json
collections rebuild
status
down
model inspect /nowhere
model inspect /nowhere --json
model inspect facebook/dpr-ctx_encoder-single-nq-base
model convert /nowhere out
model fetch m --hub http://127.0.0.1:1 --output out
model fetch m --hub http://127.0.0.1:1 --output /proc/m
keys generate --folder k --name a/b
keys generate --folder k --name a --role owner
keys list --folder /nowhere
worker --coordinator ipc:///x --keys k
worker --coordinator ipc://x --name a/b
coordinator --insecure --keys k --allowed a
coordinator --workers 1 --keys k --allowed a
coordinator --bind tcp://0.0.0.0:7999
coordinator --bind nonsense
up --workers 0
up --threads -1
train
train --keys k
train --insecure --keys k --allowed a
train --learning_rate 1
train --print --batchSize 0
train --print --optimizer.kind sgdd
train --print --loss.similarity x
train --print --loss.temperature nan
train --print --epochs 9223372036854775808
train --config /nowhere
train --data.training d.json --model.folder m --output run --workers 2 --min-workers 3
train --data.training d.json --model.folder m --output run --workers 3 --max-workers 2
train --data.training /nowhere --model.folder /nowhere --output run --workers 1
trainer --coordinator nonsense --name a
trainer --coordinator ipc:///x --name a/b
distill --reader /nowhere --input /nowhere --config /dev/null
distill --reader r --input i --config /nowhere
distill --reader r --input i --config c --alpha 2
predict --model m --corpus c
predict q --questions f --model m --corpus c
predict q --model m --corpus c -k 0
predict q --model /nowhere --corpus /nowhere
convert --input /nowhere --output o
mine --input a --output b
mine --input a --output b --bm25 c --collection d
mine --input /nowhere --output b --bm25 /nowhere
mine --input a --output b --bm25 c --first-rank 9 --last-rank 3
evaluate-model --on a
evaluate-model --model /nowhere --on /nowhere
"""

CORPORA = {
    "plain.tsv": HEAD + "1\tone\tA\n2\ttwo\tB\n",
    "bom.tsv": "\ufeff" + HEAD + "1\tone\tA\n",
    "crlf.tsv": HEAD.replace("\n", "\r\n") + "1\tone\tA\r\n\r\n2\ttwo\tB\r\n",
    "cr.tsv": "id\ttext\ttitle\r1\tone\tA\r",
    "blank-lines.tsv": HEAD + "\n1\tone\tA\n\n\n2\ttwo\tB",
    "swapped.tsv": "title\ttext\tid\nA\tone\t9\n",
    "unknown-header.tsv": "id\tcontents\n1\tone\n",
    "no-header.tsv": "1\tone\tA\n2\ttwo\tB\n",
    "missing-column.tsv": HEAD + "1\tone\n2\ttwo\tB\n",
    "extra-column.tsv": HEAD + "1\tone\tA\tmore\n",
    "empty-id.tsv": HEAD + "\tone\tA\n",
    "blank-in-id.tsv": HEAD + "a b\tone\tA\n",
    "same-id.tsv": HEAD + "1\tone\tA\n2\ttwo\tB\n1\tthree\tC\n",
    "quotes.tsv": HEAD + '1\t"He said ""yes"""\t"A ""b"""\n2\ta "quoted" word\tB\n',
    "open-quote.tsv": HEAD + '1\t"Hello" he said\tA\n2\t"never closed\tB\n3\tthree\tC\n',
    "nul.tsv": HEAD + "1\ta\0b\tA\n",
    "line-separator.tsv": HEAD + "1\ta\u2028b\u0085c\tA\n",
    "latin1.tsv": (HEAD + "1\tcafé\tA\n").encode("latin-1"),
    "utf16.tsv": (HEAD + "1\tone\tA\n").encode("utf-16"),
    "empty.tsv": "",
    "header.tsv": HEAD,
    "commas.csv": "id,text,title\n1,one,A\n",
    "msmarco.tsv": '0\tfirst passage\n1\tsecond "passage\n2\tthird\n',
    "array.json": '[{"id": "1", "text": "one"}, {"id": "2", "text": "two"}]',
    "plain.jsonl": '{"id": "1", "title": "A", "text": "one"}\n{"id": "2", "text": "two"}\n',
    "bom.jsonl": '\ufeff{"id": "1", "text": "one"}\n',
    "crlf.jsonl": '{"id": "1", "text": "one"}\r\n\r\n{"id": "2", "text": "two"}\r\n',
    "numbers.jsonl": '{"id": 1, "text": "one"}\n{"id": 2.5, "text": "two"}\n{"id": 1e3, '
                     '"text": "three"}\n',
    "true.jsonl": '{"id": true, "text": "one"}\n',
    "null.jsonl": '{"id": "1", "text": null}\n',
    "nested.jsonl": '{"id": "1", "text": {"a": "one"}}\n',
    "not-a-number.jsonl": '{"id": NaN, "text": "one"}\n',
    "plus.jsonl": '{"id": +1, "text": "one"}\n',
    "leading-zero.jsonl": '{"id": 01, "text": "one"}\n',
    "same-key.jsonl": '{"id": "1", "text": "one", "text": "two"}\n',
    "surrogates.jsonl": '{"id": "1", "text": "lone \\ud83d"}\n'
                        '{"id": "2", "text": "\\ud83d\\ude00"}\n{"id": "3", "text": "a\\u0000b"}\n',
    "bad-escape.jsonl": '{"id": "1", "text": "a\\x"}\n',
    "control.jsonl": '{"id": "1", "text": "a\x01b"}\n',
    "cut.jsonl": '{"id": "1", "text": "one"}\n{"id": "2",\n',
    "trailing.jsonl": '{"id": "1", "text": "one"} x\n',
    "trailing-comma.jsonl": '{"id": "1", "text": "one",}\n',
    "single-quotes.jsonl": "{'id': '1', 'text': 'one'}\n",
    "deep.jsonl": '{"id": "1", "text": "one", "more": ' + "[" * 100 + "]" * 100 + "}\n",
    "deeper.jsonl": '{"id": "1", "text": "one", "more": ' + "[" * 5000 + "]" * 5000 + "}\n",
    "other-names.jsonl": '{"docid": "1", "contents": "A\\none"}\n',
    "tevatron.jsonl": '{"text_id": "1", "text": "one", "title": "A"}\n',
    "no-text.jsonl": '{"id": "1", "body": "one"}\n',
    "beir.jsonl": '{"_id": "1", "title": "A", "text": "one", "metadata": {"a": [1, {"b": 2}]}}\n'
                  '{"_id": "2", "title": null, "text": "two"}\n{"_id": "3", "text": ""}\n',
    "huge-number.jsonl": '{"id": 123456789012345678901234567890, "text": "one"}\n',
    "plain.tsv.gz": gzip.compress((HEAD + "1\tone\tA\n").encode(), mtime=0),
    "not-zipped.tsv.gz": HEAD + "1\tone\tA\n",
    "zipped-unnamed.tsv": gzip.compress((HEAD + "1\tone\tA\n").encode(), mtime=0),
    "cut.tsv.gz": gzip.compress((HEAD + "1\tone\tA\n" * 90).encode(), mtime=0)[:-12],
    "wrong-sum.tsv.gz": gzip.compress((HEAD + "1\tone\tA\n").encode(), mtime=0)[:-8] + b"\1" * 8,
    "rest.tsv.gz": gzip.compress((HEAD + "1\tone\tA\n").encode(), mtime=0) + b"rest",
    "two-members.tsv.gz": gzip.compress((HEAD + "1\tone\tA\n").encode(), mtime=0)
    + gzip.compress(b"2\ttwo\tB\n", mtime=0),
}

QUESTIONS = {
    "plain.txt": "who\nwhat\n", "bom.txt": "\ufeffwho\n", "blank-line.txt": "who\n\nwhat\n",
    "same.txt": "who\nwho\n", "empty.txt": "", "crlf.txt": "who\r\nwhat\r\n",
    "ids.tsv": "a\twho\nb\twhat\n", "same-ids.tsv": "a\twho\na\twhat\n",
    "three.tsv": "a\twho\tx\nb\twhat\ty\n",
    "answers.csv": "who\t['Goethe', \"O'Brien\", \"say \\\"hi\\\"\"]\n\"a \"\"q\"\"\"\t[]\n",
    "bad-answers.csv": "who\t['Goethe'\n", "number-answers.csv": "who\t[1999, 2.5]\n",
    "open.jsonl": '{"question": "who", "answer": ["a"]}\n{"question": "what", "answer": "b"}\n'
                  '{"id": 7, "question": "when", "answer": [1999]}\n',
    "beir.jsonl": '{"_id": "1", "text": "who"}\n', "bom.jsonl": '\ufeff{"question": "who"}\n',
    "cut.jsonl": '{"question": "who"\n', "same-key.jsonl": '{"question": "a", "question": "b"}\n',
    "no-question.jsonl": '{"title": "who"}\n', "plus.jsonl": '{"id": +1, "question": "who"}\n',
    "squad.json": json.dumps({"version": "1", "data": [{"title": "t", "paragraphs": [{
        "context": "c", "qas": [{"id": "1", "question": "who", "answers": [
            {"text": "x", "answer_start": 0}]}]}]}]}),
    "cut.json": '{"data": [', "array.json": '[{"question": "who", "answers": ["x"]}]',
    "latin1.txt": "café\n".encode("latin-1"),
}

TABLES = {
    "pairs.tsv": "query_text\tgold_passage\nwho\tgoethe\n",
    "numbered.tsv": "query_text\tgold_passage\thard_negatives_0\thard_negatives_1\n"
                    "who\tgoethe\thamlet\trome\n",
    "unused.tsv": "query_text\tgold_passage\tnotes\nwho\tgoethe\tx\n",
    "missing.tsv": "query_text\tpassage\nwho\tgoethe\n",
    "empty-passage.tsv": "query_text\tgold_passage\nwho\t\n",
    "own-negative.tsv": "query_text\tgold_passage\thard_negative\nwho\tgoethe\tgoethe\n",
    "two-rows.tsv": "query_text\tgold_passage\nwho\ta play\nwho\ta book\nwhere\tin france\n",
    "dpr.json": '[{"question": "who", "answers": ["g"], "positive_ctxs": [{"title": "t", "text": '
                '"g"}], "negative_ctxs": [], "hard_negative_ctxs": []}]',
    "no-positive.json": '[{"question": "who", "answers": [], "positive_ctxs": []}]',
    "odd-keys.json": '[{"question": "who", "positive_ctxs": [{"text": "g", "text": "h", "psg_id": '
                     '7, "score": 1e2}], "hard_negative_ctxs": null}]',
    "cut.json": '[{"question": "who", "positive_ctxs": [{"text"',
    "leading-zero.json": '[{"question": "who", "positive_ctxs": [{"text": "g", "score": 01}]}]',
    "plus.json": '[{"question": "who", "positive_ctxs": [{"text": "g", "score": +1}]}]',
    "trailing.json": '[{"question": "who", "positive_ctxs": [{"text": "g"}]}] x',
    "wrong-type.json": '[{"question": 5, "positive_ctxs": "g"}]',
    "deep.json": '[{"question": "who", "positive_ctxs": [{"text": "g", "more": '
                 + "[" * 100 + "]" * 100 + "}]}]",
    "deeper.json": "[" * 5000, "empty.json": "", "nothing.json": "[]",
}

RUNS = {
    "plain": "1 Q0 a 1 3.0 x\n1 Q0 z 2 2.0 x\n", "crlf": "1\tQ0\ta\t1\t3.0\tx\r\n",
    "twice": "1 Q0 a 1 3.0 x\n1 Q0 a 2 2.0 x\n", "nan": "1 Q0 a 1 nan x\n",
    "rank-0": "1 Q0 a 0 3.0 x\n1 Q0 b -1 1e-5 x\n", "tag": "1 Q0 a 1 3.0 my own tag\n",
    "two-columns": "1 a\n", "msmarco": "1\ta\t1\n1\tz\t2\n", "stranger": "9 Q0 a 1 3.0 x\n",
    "empty": "", "json": '[{"question": "who", "answers": ["a"], "ctxs": [{"id": "a", "title": "",'
                         ' "text": "a", "score": 01}]}]',
    "plus-json": '[{"question": "who", "answers": ["a"], "ctxs": [{"id": "a", "score": +1}]}]',
    "cut-json": '[{"question": "who", "answers": [', "object": '{"question": 1}',
    "same-key-json": '[{"question": "who", "question": "what", "answers": ["a"], "ctxs": [{"id": '
                     '"a", "text": "a", "has_answer": true, "score": "1"}]}]',
}

JUDGEMENTS = {
    "plain": "1 0 a 1\n", "beir": "query-id\tcorpus-id\tscore\n1\ta\t1\n1\tb\t0\n",
    "two-columns": "1\ta\n", "twice": "1 0 a 1\n1 0 a 0\n", "real": "1 0 a 1.5\n",
    "bom": "\ufeff1 0 a 1\n", "words": "1 0 a yes\n", "empty": "", "none": "1 0 a 0\n",
    "more": "1 0 a 1\n7 0 a 1\n8 0 a 0\n",
}

SETTINGS = {
    "plain.yaml": "batchSize: 4\nloss: {similarity: cosine}\n",
    "unknown.yaml": "batchsize: 4\n", "nested.yaml": "loss:\n  similarty: dot\n",
    "same-key.yaml": "batchSize: 4\nbatchSize: 5\n", "tabs.yaml": "loss:\n\tsimilarity: dot\n",
    "word.yaml": "batchSize: many\n", "real.yaml": "batchSize: 4.5\n",
    "list.yaml": "- batchSize\n", "empty.yaml": "", "open.yaml": "loss: {similarity: dot\n",
    "plain.json": '{"batchSize": 4}', "same-key.json": '{"batchSize": 4, "batchSize": 5}',
    "plus.json": '{"batchSize": +4}', "cut.json": '{"batchSize": 4', "deep.json": "[" * 5000,
    "exponent.json": '{"batchSize": 4e0, "optimizer": {"learningRate": 1e-400}}',
    "trailing.json": '{"batchSize": 4} x', "leading-zero.json": '{"batchSize": 04}',
}

KINDS = """
flat
IVF16
IVF0,Flat
IVF16,Flat:nprobe=0
IVF16,Flat:nprobe=x
IVF16,Flat:efSearch=3
IVF4294967296,Flat
IVF16,Flat:nprobe=16:foo=2
IVF700,Flat
HNSW0
HNSW100000
HNSW32:efSearch=0
Flat:nprobe=3
exact:x=1
PQ0
PQ7
PCA0,Flat
PCA64,Flat
SQ8:nprobe=2
SQbf16
RaBitQ
NSG32
LSH
IDMap2,Flat
ZnLattice3x10_6
IMI2x2,Flat
"""

# Files of a model folder: what becomes of a setting, by file, then key; None takes the key out.
MODELS = {
    "no type": ("config.json", {"model_type": None}),
    "other type": ("config.json", {"model_type": "t5"}),
    "no heads": ("config.json", {"num_attention_heads": 0}),
    "odd heads": ("config.json", {"num_attention_heads": 5}),
    "real heads": ("config.json", {"num_attention_heads": 4.5}),
    "text layers": ("config.json", {"num_hidden_layers": "two"}),
    "more layers": ("config.json", {"num_hidden_layers": 9}),
    "wide": ("config.json", {"hidden_size": 96}),
    "huge": ("config.json", {"hidden_size": 1e30}),
    "activation": ("config.json", {"hidden_act": "silly"}),
    "positions": ("config.json", {"position_embedding_type": "relative_key"}),
    "negative epsilon": ("config.json", {"layer_norm_eps": -1}),
    "large vocabulary": ("config.json", {"vocab_size": 999999}),
    "tokenizer kind": ("tokenizer.json", {"model": {"type": "Unigram", "vocab": []}}),
    "empty vocabulary": ("tokenizer.json", {"model": {"type": "WordPiece", "vocab": {}}}),
    "odd normalizer": ("tokenizer.json", {"normalizer": {"type": "Odd"}}),
    "odd pre-tokenizer": ("tokenizer.json", {"pre_tokenizer": {"type": "Odd"}}),
    "long": ("tokenizer_config.json", {"model_max_length": 1e30}),
    "length of text": ("tokenizer_config.json", {"model_max_length": "long"}),
    "module": ("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "a.b.Odd"}]),
    "sentence length": ("sentence_bert_config.json", {"max_seq_length": -3}),
    "prompts": ("config_sentence_transformers.json", {"prompts": {"query": 5}}),
    "pooling": ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False}),
}

# Texts that stand where JSON is wanted, in each of these files.
TEXTS = {
    "cut": '{"a": 1', "same key": '{"model_type": "bert", "model_type": "t5"}', "list": "[]",
    "plus": '{"hidden_size": +4}', "zero": '{"hidden_size": 048}', "nothing": "",
    "nul": '{"a": "\0"}', "latin1": b'{"a": "caf\xe9"}', "trailing": "{} {}",
    "nan": '{"layer_norm_eps": NaN}', "deep": '{"a": ' + "[" * 100 + "]" * 100 + "}",
    "deeper": '{"a": ' + "[" * 5000, "comment": '{} // "a"', "bom": "\ufeff{}",
    "escape": '{"a": "\\ud83d"}',
}


def faults(bench, inputs):
    """Calls, corpora, questions, models, training data, settings and truths that are at fault."""
    for call in CALLS.strip().splitlines():
        bench.run("call " + call, *call.split(), wants=None)
    files(bench, inputs)
    models(bench, inputs)
    kinds(bench, inputs)


def put(bench, folder, table):
    os.makedirs(bench.path(folder))
    for name, text in table.items():
        with open(bench.path(f"{folder}/{name}"), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        yield name, f"{folder}/{name}"


def files(bench, inputs):
    encode = ("encode", "--model", inputs + "/sentence", "--threads", "1", "--quiet")
    for name, path in put(bench, "corpora", CORPORA):
        bench.run(
            f"corpus {name}", *encode, "--input", path, "--output", path + ".npy", "--ids",
            path + ".ids", wants=None, files=(path + ".npy", path + ".ids"))
    for name, path in put(bench, "questions", QUESTIONS):
        bench.run(
            f"questions {name}", *encode, "--tower", "question", "--input", path, "--output",
            path + ".npy", "--ids", path + ".ids", wants=None,
            files=(path + ".npy", path + ".ids"))
    for name, path in put(bench, "tables", TABLES):
        bench.run(
            f"table {name}", "convert", "--input", path, "--output", path + ".made", "--json",
            wants=None, files=(path + ".made",))
    for name, path in put(bench, "settings", SETTINGS):
        bench.run(f"settings {name}", "train", "--config", path, "--print", wants=None)
    truths = dict(put(bench, "truths", JUDGEMENTS))
    for name, path in put(bench, "runs", RUNS):
        bench.run(
            f"run {name}", "evaluate", path, "--qrels", truths["plain"], "--json", wants=None)
        bench.run(f"run {name} alone", "evaluate", path, wants=None)
    for name, path in truths.items():
        bench.run(
            f"truth {name}", "evaluate", "runs/plain", "--qrels", path, "--json", wants=None)


def models(bench, inputs):
    def folder(name):
        path = bench.path("models/" + name)
        shutil.copytree(inputs + "/sentence", path)
        return path

    for name, (file, change) in MODELS.items():
        path = f"{folder(name)}/{file}"
        with open(path, encoding="utf-8") as text:
            value = json.load(text)
        if isinstance(change, list):
            value = change
        else:
            value = {key: value for key, value in {**value, **change}.items() if value is not None}
        with open(path, "w", encoding="utf-8") as text:
            json.dump(value, text)
    for file in ("config.json", "tokenizer.json", "tokenizer_config.json", "modules.json",
                 "sentence_bert_config.json", "1_Pooling/config.json"):
        for kind, text in TEXTS.items():
            with open(folder(f"{kind} {file.replace('/', ' ')}") + "/" + file, "wb") as output:
                output.write(text if isinstance(text, bytes) else text.encode())
        os.remove(folder("no " + file.replace("/", " ")) + "/" + file)
    os.remove(folder("no weights") + "/model.safetensors")
    bad = f"{inputs}/bad"
    for file in sorted(os.listdir(bad)):
        path = folder("bad " + file)
        name = "pytorch_model.bin"
        if file.endswith(".safetensors"):
            name = "model.safetensors"
        else:
            os.remove(path + "/model.safetensors")
        shutil.copyfile(f"{bad}/{file}", f"{path}/{name}")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"
    with open(folder("pointer") + "/model.safetensors", "w", encoding="utf-8") as output:
        output.write(pointer)
    for name in sorted(os.listdir(bench.path("models"))):
        bench.run("model " + name, "model", "inspect", "models/" + name, "--json", wants=None)


def kinds(bench, inputs):
    small = ("index", inputs + "/small.tsv", "--model", inputs + "/dpr", "--quiet", "--shards", "1")
    bench.run("up", "up", "--workers", "1")
    for kind in KINDS.strip().splitlines():
        bench.run("kind " + kind, *small, "--collection", "k", "--index", kind, wants=None)
        bench.call("collections", "drop", "k", "--yes")
    bench.run("good", *small, "--collection", "c")
    for name, *more in (
        ("other metric", "--metric", "l2"), ("other vectors", "--vectors", "f16"),
        ("other pooling", "--pooling", "mean"), ("codes", "--index", "Flat", "--memory", "codes"),
        ("other length", "--max-length", "9"), ("other size", "--batch-size", "7"),
    ):
        bench.run(name, *small, "--collection", "c", *more, wants=None)
    bench.run(
        "other corpus", "index", inputs + "/corpus.tsv", "--collection", "c", "--model",
        inputs + "/dpr", wants=None)
    bench.run(
        "odd model", "index", inputs + "/small.tsv", "--collection", "r", "--model",
        inputs + "/reader", wants=None)
    bench.run("down", "down")
    bench.run("search without", "search", "q", "--collection", "nowhere", wants=None)
