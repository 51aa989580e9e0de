"""Runs a program as a user does, keeps all that it says and writes, and compares two such runs."""
import contextlib
import difflib
import hashlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

from same_as.allowed import ALLOWED, LEFT_OUT, SELDOM

STEP_SECONDS = 180
SHOWN_LINES = 24
SHOWN_CHARACTERS = 160


class Fault(Exception):
    """What ends the script with a message."""


def environment(folder):
    """What programs are started with: the same for both, and nothing of the caller's Sheaf."""
    kept = {
        name: value for name, value in os.environ.items()
        if not name.startswith("SHEAF_") or name == "SHEAF_SIMD"
    }
    return kept | {
        "HOME": folder + "/home", "TMPDIR": folder + "/tmp", "SHEAF_DATA": folder + "/run/data",
        "LC_ALL": "C.UTF-8", "COLUMNS": "80", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE", "SWIFT_BACKTRACE": "enable=no", "NO_COLOR": "1",
    }


def signal_process(process, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def end_processes(folder):
    """Kills what still runs a program of the private folder: nobody else has those."""
    for attempt in range(100):
        mine = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                # A wrapper is run by a shell, so the working folder tells too.
                places = [os.readlink(f"/proc/{name}/{link}") for link in ("exe", "cwd")]
                if any(place.startswith(folder + "/") for place in places):
                    mine.append(int(name))
        if not mine:
            return
        for process in mine:
            signal_process(process, signal.SIGKILL)
        time.sleep(0.05)


class Bench:
    """One program at work in a folder, whose path is the same for the other one."""

    def __init__(self, folder, program, wants_success):
        self.folder, self.place = folder, folder + "/run"
        self.program = program
        self.wants_success = wants_success
        self.environment = environment(folder)
        self.records = {}

    def __enter__(self):
        shutil.rmtree(self.place, ignore_errors=True)
        os.makedirs(self.place)
        for name in ("home", "tmp"):
            shutil.rmtree(f"{self.folder}/{name}", ignore_errors=True)
            os.makedirs(f"{self.folder}/{name}")
        return self

    def __exit__(self, *_):
        end_processes(self.folder)
        shutil.rmtree(self.place, ignore_errors=True)

    def path(self, name):
        return f"{self.place}/{name}"

    def keep(self, name, content):
        """Notes what is compared."""
        if name in self.records:
            raise Fault(f"two outputs have the name {name}")
        self.records[name] = content

    def start(self, *arguments, program=None, **more):
        return subprocess.Popen(
            [program or self.program, *arguments], cwd=self.place, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def call(self, *arguments, text=None, program=None, variables=None):
        """Runs the program to its end; nothing is kept."""
        return subprocess.run(
            [program or self.program, *arguments], cwd=self.place,
            env=self.environment | (variables or {}), input=text or b"", capture_output=True,
            timeout=STEP_SECONDS)

    def run(self, step, *arguments, text=None, wants=0, files=(), trees=()):
        """Runs the program and keeps status, outputs, and what it wrote to files and folders.

        A step that does not end as it should compares nothing, so in the run of before, which is
        the measure, that is a fault of these scripts.
        """
        try:
            ran = self.call(*arguments, text=text)
        except subprocess.TimeoutExpired:
            raise Fault(f"{step} has no end: sheaf {' '.join(arguments)}") from None
        return self.note(
            step, arguments, ran.returncode, ran.stdout, ran.stderr, wants, files, trees)

    def note(self, step, arguments, status, output, error, wants=0, files=(), trees=()):
        if self.wants_success and wants is not None and status != wants:
            raise Fault(
                f"{step} ends with {status} in the release of before, not with {wants}, so it "
                f"shows nothing: sheaf {' '.join(arguments)}: {error.decode(errors='replace')}")
        self.keep(step + "/status", str(status).encode())
        self.keep(step + "/stdout", output)
        self.keep(step + "/stderr", error)
        for name in files:
            self.keep_file(step, name)
        for name in trees:
            self.keep_tree(step, name)
        return output

    def keep_file(self, step, name):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            with open(self.path(name), "rb") as file:
                self.keep(f"{step}/{name}", file.read())

    def keep_tree(self, step, top):
        """Keeps the files of a folder, but for those that the list leaves out.

        How many generations were published follows from time: the newest stands for all.
        """
        for folder, _, names in os.walk(self.path(top)):
            if folder.endswith("/generations"):
                newest = max((name for name in names if name.endswith(".json")), default=None)
                if newest is not None:
                    with open(f"{folder}/{newest}", "rb") as file:
                        place = os.path.relpath(folder, self.place)
                        self.keep(f"{step}/{place}/newest.json", file.read())
                continue
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.place)
                if any(re.search(pattern, path) for pattern, _ in LEFT_OUT):
                    continue
                if name.endswith(".sqlite"):
                    self.keep(f"{step}/{path}", catalog(self.path(path)))
                else:
                    self.keep_file(step, path)


def catalog(path):
    """The rows of a database as text, in an order of their own."""
    connection = sqlite3.connect(path)
    try:
        lines = []
        for name, text in sorted(connection.execute("SELECT name, sql FROM sqlite_master")):
            lines.append(f"{name}: {text}")
        for (name,) in sorted(connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            lines += sorted(
                f"{name}: " + " ".join(
                    f"{column}={value}" for column, value in zip(columns, row, strict=True))
                for row in connection.execute(f"SELECT * FROM {name}"))
        return "\n".join(lines).encode() + b"\n"
    finally:
        connection.close()


class Comparison:
    """Compares two sets of outputs; the list of what may differ stands in allowed.py."""

    def __init__(self):
        self.rules = [
            (re.compile(where), re.compile(pattern, re.MULTILINE), stands)
            for where, pattern, stands, _ in ALLOWED + SELDOM
        ]
        self.used = set()

    def unused(self):
        """The rules that nothing has needed."""
        return [
            f"{where.pattern} {pattern.pattern}"
            for number, (where, pattern, _) in enumerate(self.rules[:len(ALLOWED)])
            if number not in self.used]

    def reduced(self, name, content):
        """What is compared: as text where it is text, with what may differ put away."""
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return content
        if "\0" in text:
            return content
        for number, (where, pattern, stands) in enumerate(self.rules):
            if where.search(name):
                text, count = pattern.subn(stands, text)
                if count:
                    self.used.add(number)
        return text

    def differences(self, before, now):
        """What differs, told with both sides."""
        for name in list(before) + [name for name in now if name not in before]:
            if name not in now or name not in before:
                side = "before" if name in before else "now"
                yield f"{name}: only the release of {side} has it"
                continue
            one, other = (self.reduced(name, side[name]) for side in (before, now))
            if one != other:
                yield f"{name}:\n" + told(one, other)


def told(one, other):
    """Both sides of a difference."""
    if isinstance(one, bytes) or isinstance(other, bytes):
        return "".join(
            f"  {side}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}\n"
            for side, content in (
                (side, text if isinstance(text, bytes) else text.encode())
                for side, text in (("before", one), ("now", other))))
    lines = []
    for line in difflib.unified_diff(
            one.splitlines(), other.splitlines(), "before", "now", lineterm="", n=1):
        lines.append(line)
        if len(lines) > SHOWN_LINES:
            lines.append("…")
            break
    first = next(
        (at for at, (left, right) in enumerate(zip(one, other)) if left != right),
        min(len(one), len(other)))
    if max(map(len, lines), default=0) > SHOWN_CHARACTERS:
        start = max(0, first - SHOWN_CHARACTERS // 2)
        lines = [
            f"{side} from character {start}: {text[start:start + SHOWN_CHARACTERS]!r}"
            for side, text in (("before", one), ("now", other))]
    elif not lines:
        lines = [f"the ends of lines differ at character {first}"]
    return "".join(f"  {line}\n" for line in lines)
