"""What the work of both releases costs, measured in turn and shown side by side."""
import json
import os
import statistics
import time

from same_as.bench import Bench, Fault

ROUNDS = 5
STARTS = 3
WORSE = 1.1
BATCH = 64

ROWS = {
    "coordinator": "peak memory of the coordinator, MiB",
    "worker": "peak memory of a worker, MiB",
    "answer": "time to the first answer, ms",
    "worker batch": f"processor time of the workers for a batch of {BATCH}, ms",
    "coordinator batch": f"processor time of the coordinator for a batch of {BATCH}, ms",
}


def costs(programs, folder, comparison):
    """Peak memory, time to the first answer, processor time for each batch, side by side."""
    taken = {side: [] for side in ("before", "now")}
    for number in range(ROUNDS):
        # Who comes second finds warmer caches.
        for side in ("before", "now") if number % 2 == 0 else ("now", "before"):
            with programs.working(side) as program, Bench(folder, program, True) as bench:
                taken[side].append(measured(bench, folder + "/inputs"))
    print(f"{'medians of ' + str(ROUNDS) + ' runs each':62}{'before':>10}{'now':>10}{'ratio':>8}")
    for row, text in ROWS.items():
        before, now = (
            statistics.median(run[row] for run in taken[side]) for side in ("before", "now"))
        mark = "  worse" if now > WORSE * before else ""
        print(f"{text:62}{before:10.1f}{now:10.1f}{now / before if before else 1:8.2f}{mark}")
    # What it costs is shown and not judged: times of a busy machine would refuse at random.
    return []


def measured(bench, inputs):
    def good(*arguments):
        ran = bench.call(*arguments)
        if ran.returncode:
            raise Fault(f"sheaf {' '.join(arguments)}: {ran.stderr.decode(errors='replace')}")
        return ran.stdout

    good("up", "--workers", "2")
    status = json.loads(good("status", "--json"))
    coordinator = status["coordinator"]["pid"]
    workers = [worker["pid"] for worker in status["workers"]]
    before = [processor_seconds(process) for process in (coordinator, *workers)]
    made = json.loads(good(
        "index", inputs + "/many.tsv", "--collection", "c", "--model", inputs + "/dpr",
        "--batch-size", str(BATCH), "--json", "--quiet"))
    spent = [
        processor_seconds(process) - start
        for process, start in zip((coordinator, *workers), before, strict=True)]
    good("search", "--questions", inputs + "/questions.txt", "--collection", "c", "-k", "100",
         "--format", "trec")
    peaks = [peak_mebibytes(process) for process in (coordinator, *workers)]
    good("down")
    answers = []
    for _ in range(STARTS):
        began = time.monotonic()
        good("search", "a language", "--collection", "c", "--workers", "2")
        answers.append(1000 * (time.monotonic() - began))
    return {
        "coordinator": peaks[0], "worker": max(peaks[1:]), "answer": statistics.median(answers),
        "worker batch": 1000 * sum(spent[1:]) / made["batches"],
        "coordinator batch": 1000 * spent[0] / made["batches"],
    }


def processor_seconds(process):
    """What a process has computed, its threads that have ended too."""
    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mebibytes(process):
    with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise Fault(f"process {process} does not say its peak memory")
