"""Plants differences and looks whether each is told: a guard that cannot fail is none."""
import os
import shutil

from same_as.bench import Comparison, Fault

# Before, now, and whether they differ, of an output with this name.
PAIRS = [
    ("a/b/stdout", b"one\n", b"one\n", False),
    ("a/b/stdout", b"one\n", b"one", True),
    ("a/b/stdout", b"one\n", b"one\r\n", True),
    ("a/b/stdout", b"one\ntwo\n", b"two\none\n", True),
    ("a/b/status", b"0", b"2", True),
    ("a/b/stdout", b"", b" ", True),
    ("a/b/file", b"\xff\x00\x01", b"\xff\x00\x01", False),
    ("a/b/file", b"\xff\x00\x01", b"\xff\x00\x02", True),
    ("a/b/file", b"\xff", b"y", True),
    ("a/b/stdout", b'{"seconds":1.5,"k":2}', b'{"seconds":22e-3,"k":2}', False),
    ("a/b/stdout", b'{"seconds":1.5,"k":2}', b'{"seconds":1.5,"k":3}', True),
    ("a/b/stdout", b'{"seconds":1.5}', b'{"second":1.5}', True),
    ("a/b/stdout", b'{"seconds":1.5}', b"{}", True),
    ("a/b/stdout", b'{"seconds":1.5}', b'{"seconds":"1.5"}', True),
    ("a/b/stderr", b'{"seconds":1.5}', b'{"seconds":2.5}', True),
    ("a/b/stdout", b'{"generation":1}', b'{"generation":2}', False),
    ("a/b/stdout", b'"created":"2026-01-01T00:00:00Z"', b'"created":"2027-01-01T00:00:00Z"', False),
    ("a/b/stdout", b'"created":"2026-01-01T00:00:00Z"', b'"created":"never"', True),
    ("a/b/stderr", b"encoding 12 of 200 passages, 3.1/s, 1 min left\n", b"", False),
    ("a/b/stderr", b"encoding cannot be done\n", b"", True),
    ("a/b/stdout", b'"fingerprint":"ab"', b'"fingerprint":"ac"', True),
    ("a/b/stdout", b"x" * 5000 + b"1", b"x" * 5000 + b"2", True),
]

# What a program does otherwise, and the output that is to be told; None: nothing.
PLANTS = {
    "nothing": None, "time": None, "status": "bad/status", "word": "bad/stderr",
    "output": "evaluate/stdout", "byte": "encode/v.npy", "missing": "encode/v.ids",
    "segment": "data/data/collections/c/segments/", "row": "data/data/catalog.sqlite",
    "extra": "data/data/more",
}

# Stands for a release that differs from the one at @REAL@ in what the file @PLANT@ names.
WRAPPER = '''#!/usr/bin/env python3
import glob, os, sqlite3, subprocess, sys
plant = open("@PLANT@").read()
ran = subprocess.run(["@REAL@", *sys.argv[1:]], stdin=subprocess.DEVNULL, capture_output=True)
status, output, error = ran.returncode, ran.stdout, ran.stderr
command = sys.argv[1]
if plant == "time" and command == "index":
    output = output.replace(b'"seconds":', b'"seconds":1')
if command == "tokenize":
    status += plant == "status"
    error = error.replace(b"error", b"fault") if plant == "word" else error
if plant == "output" and command == "evaluate":
    output = output.replace(b"1", b"2", 1)
if plant == "byte" and command == "encode":
    with open("v.npy", "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
if plant == "missing" and command == "encode":
    os.remove("v.ids")
if command == "index":
    if plant == "segment":
        with open(sorted(glob.glob("data/collections/c/segments/*"))[0], "ab") as file:
            file.write(b"1")
    if plant == "row":
        connection = sqlite3.connect("data/catalog.sqlite")
        connection.execute("UPDATE segment SET bytes = bytes + 1 WHERE batch = 0")
        connection.commit()
        connection.close()
    if plant == "extra":
        open("data/more", "w").close()
sys.stdout.buffer.write(output)
sys.stderr.buffer.write(error)
sys.exit(status)
'''


def check_comparison():
    """Compares what is known to differ, and what is known not to."""
    for name, before, now, differs in PAIRS:
        told = list(Comparison().differences({name: before}, {name: now}))
        if bool(told) != differs:
            raise Fault(f"the comparison is wrong about {name}: {before!r} beside {now!r}")
        if differs and not told[0].startswith(name):
            raise Fault(f"the comparison does not name {name}")
    for one, other in (({"a": b"1"}, {}), ({}, {"a": b"1"}), ({"a": b""}, {})):
        if not list(Comparison().differences(one, other)):
            raise Fault("the comparison does not miss what is missing")


def sample(bench, inputs):
    """Little of everything that is compared."""
    bench.run(
        "index", "index", inputs + "/small.tsv", "--collection", "c", "--model", inputs + "/dpr",
        "--workers", "1", "--json", "--quiet")
    bench.keep_tree("data", "data")
    bench.run(
        "encode", "encode", "--model", inputs + "/sentence", "--input", inputs + "/small.tsv",
        "--output", "v.npy", "--ids", "v.ids", "--threads", "1", files=("v.npy", "v.ids"))
    bench.run("evaluate", "evaluate", inputs + "/results.json")
    bench.run("bad", "tokenize", "--model", "/nowhere", wants=2)


def check_program(folder, program, make_programs, run_part):
    """Lets a release differ from itself in one thing at a time."""
    wrapper, plant, real = (f"{folder}/{name}" for name in ("wrapper", "plant", "real"))
    shutil.copy(program, real)
    with open(wrapper, "w", encoding="utf-8") as file:
        file.write(WRAPPER.replace("@REAL@", real).replace("@PLANT@", plant))
    os.chmod(wrapper, 0o755)
    programs = make_programs(folder, program, wrapper)
    for name, expected in PLANTS.items():
        with open(plant, "w", encoding="utf-8") as file:
            file.write(name)
        before, now = run_part(sample, programs, folder)
        told = [line.split(":")[0] for line in Comparison().differences(before, now)]
        wanted = [] if expected is None else [expected]
        if len(told) != len(wanted) or not all(map(str.startswith, told, wanted)):
            raise Fault(f"“{name}” was planted, and this was told: {', '.join(told) or 'nothing'}")
