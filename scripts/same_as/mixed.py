"""Clusters and trainings of two releases at once: they work, or are refused with both named."""
import contextlib
import os
import subprocess
import time

from same_as.bench import Bench, Fault, STEP_SECONDS, signal_process
from same_as.parts import training

BEGIN_SECONDS = 30


def mixed(programs, folder, comparison):
    """A worker, a client and a rank of one release with a coordinator of the other."""
    releases = {
        side: subprocess.run(
            [programs.path(side), "--version"], capture_output=True, text=True, check=True,
            timeout=STEP_SECONDS).stdout.strip() for side in ("before", "now")}
    cases = {"worker": with_workers, "client": with_client, "rank": with_ranks}
    for name, case in cases.items():
        alone = None
        for one, other in (("before", "before"), ("before", "now"), ("now", "before")):
            with Bench(folder, programs.path(one), True) as bench:
                status, said = case(bench, programs.path(other), folder + "/inputs")
            told = f"mixed/{name} of {other} under a coordinator of {one}"
            if one == other:
                if status:
                    raise Fault(f"{told}: {said}")
                alone = said
            elif status == 0:
                yield from comparison.differences({told: alone}, {told: said})
                print(f"{told}: works, with the same bytes", flush=True)
            elif all(release.encode() in said for release in releases.values()):
                print(f"{told}: refused with both named", flush=True)
            elif one == "before" and b"Run the same release on both" in said:
                # What an earlier coordinator says, and to whom, cannot be mended any more.
                print(f"{told}: refused, as its log says", flush=True)
            else:
                yield (f"{told}: ends with {status} and does not name both releases, "
                       f"{' and '.join(releases.values())}: {said.decode(errors='replace')}")


@contextlib.contextmanager
def running(bench, program, *arguments):
    """A process that goes on until it is told to end; what it logs goes into a file."""
    path = bench.path(f"log-{time.monotonic_ns()}")
    with open(path, "wb") as log:
        process = subprocess.Popen(
            [program, *arguments], cwd=bench.place, env=bench.environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    process.log = path
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            signal_process(process.pid, 9)
            process.wait(timeout=15)


def until(condition, what):
    end = time.monotonic() + BEGIN_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise Fault(what)
        time.sleep(0.05)


def logs(bench):
    said = b""
    kept = [bench.path(name) for name in sorted(os.listdir(bench.place)) if name[:4] == "log-"]
    for path in [*kept, bench.path("data/logs/coordinator.log")]:
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            said += file.read()
    return said


def asked(bench, program, inputs, *more):
    """Indexes and searches: the answers, or what was said instead of them."""
    for call in (
        ("index", inputs + "/small.tsv", "--collection", "c", "--model", inputs + "/dpr",
         "--quiet"),
        ("search", "--questions", inputs + "/questions.txt", "--collection", "c", "--format",
         "trec"),
        ("collections", "list"),
    ):
        try:
            ran = bench.call(*call, program=program)
        except subprocess.TimeoutExpired:
            return -1, b"has no end; the processes said: " + logs(bench)
        if ran.returncode:
            return ran.returncode, ran.stderr + logs(bench)
        if call[0] == "search":
            found = ran.stdout
    return 0, found


def with_workers(bench, other, inputs):
    control = "ipc://" + bench.path("data/run/control.sock")
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(bench, bench.program, "coordinator"))
        until(lambda: b'"running":true' in bench.call("status", "--json").stdout,
              "the coordinator does not begin")
        workers = [
            stack.enter_context(running(
                bench, other, "worker", "--coordinator", control, "--name", name))
            for name in ("one", "two")]
        end = time.monotonic() + BEGIN_SECONDS
        while bench.call("status", "--json").stdout.count(b'"state":"ready"') < 2:
            if time.monotonic() > end or any(worker.poll() is not None for worker in workers):
                return -1, b"the workers do not join: " + logs(bench)
            time.sleep(0.1)
        return asked(bench, bench.program, inputs)


def with_client(bench, other, inputs):
    started = bench.call("up", "--workers", "2")
    if started.returncode:
        raise Fault(started.stderr.decode(errors="replace"))
    return asked(bench, other, inputs)


def with_ranks(bench, other, inputs):
    # A socket of the folder's own stands for a port: nobody else reaches it.
    endpoint = "ipc://" + bench.path("train.sock")
    call = training(inputs, "dpr", "run", 0)
    at = call.index("--workers")
    call = (*call[:at], *call[at + 2:], "--bind", endpoint, "--max-workers", "2")
    with contextlib.ExitStack() as stack:
        trainer = stack.enter_context(running(bench, bench.program, *call))
        until(lambda: trainer.poll() is not None or os.path.exists(bench.path("train.sock")),
              "the training does not begin")
        ranks = [
            stack.enter_context(running(
                bench, other, "trainer", "--coordinator", endpoint, "--name", name))
            for name in ("one", "two")]
        end = time.monotonic() + STEP_SECONDS
        while trainer.poll() is None and any(rank.poll() is None for rank in ranks):
            if time.monotonic() > end:
                return -1, b"has no end; the processes said: " + logs(bench)
            time.sleep(0.1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            trainer.wait(timeout=15)
        status = trainer.poll()
    if status is None:
        return -1, b"no rank stays: " + logs(bench)
    if status:
        return status, logs(bench)
    with open(bench.path("run/model/context_encoder/model.safetensors"), "rb") as file:
        return 0, file.read()
