"""Prints a table of medians and ratios from the lines of scripts/benchmark."""
import collections
import json
import statistics
import sys


def main():
    rates = collections.defaultdict(list)
    searches = []
    for line in sys.stdin:
        row = json.loads(line)
        if row["what"] == "encode":
            key = "encode", row["threads"], row.get("peer", "sheaf")
            rates[key].append(row["passagesPerSecond"])
        elif row["what"] == "index":
            rates["index", row["workers"], "sheaf"].append(row["passagesPerSecond"])
        else:
            searches.append(row)
    medians = {key: statistics.median(values) for key, values in rates.items()}
    print("| what | sheaf | peer | ratio |\n|---|---|---|---|")
    for threads in (1, 2):
        own = medians["encode", threads, "sheaf"]
        peers = {key[2]: rate for key, rate in medians.items()
                 if key[:2] == ("encode", threads) and key[2] != "sheaf"}
        if not peers:
            print(f"| encode, {threads} threads, passages/s | {own:.1f} | – | – |")
        for name, rate in sorted(peers.items()):
            print(f"| encode, {threads} threads, passages/s | {own:.1f} | {name} {rate:.1f} "
                  f"| {own / rate:.2f} |")
    one, two = medians["index", 1, "sheaf"], medians["index", 2, "sheaf"]
    threaded = medians["encode", 2, "sheaf"]
    print(f"| index, 2 workers, passages/s | {two:.1f} | 1 worker {one:.1f} | {two / one:.2f} |")
    print(f"| index, 2 workers, passages/s | {two:.1f} | encode, 2 threads {threaded:.1f} "
          f"| {two / threaded:.2f} |")
    for row in searches:
        stages = ", ".join(f"{stage} {row['microsecondsP50'][stage]}"
                           for stage in sorted(row["microsecondsP50"]))
        print(f"| search, {row['workers']} workers, µs p50 | {stages} | – | – |")


main()
