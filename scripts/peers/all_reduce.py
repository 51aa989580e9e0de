"""Sums over ranks with PyTorch's gloo on this host: all_reduce.py RANKS [BYTES ...]

Prints one JSON object per size: the median time of 15 repetitions and the bus bandwidth
size / time * 2 (W - 1) / W, as `SheafBenchmarks all-reduce` does.
"""
import json
import os
import socket
import sys
import time

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing

REPETITIONS = 15
SIZES = (1 << 16, 1 << 20, 1 << 25, 1 << 27)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def seconds(values):
    distributed.barrier()
    start = time.perf_counter()
    distributed.all_reduce(values)
    return time.perf_counter() - start


def run(rank, world, port, sizes):
    os.environ["MASTER_ADDR"] = "127.0.0.1"
    os.environ["MASTER_PORT"] = str(port)
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", rank=rank, world_size=world)
    for size in sizes:
        values = torch.ones(size // 4)
        median = sorted(seconds(values) for _ in range(REPETITIONS))[REPETITIONS // 2]
        if rank == 0:
            bus = size / median * 2 * (world - 1) / world / 1e9
            print(json.dumps({
                "what": "all-reduce", "peer": "gloo", "ranks": world, "bytes": size,
                "milliseconds": median * 1e3, "busGigabytesPerSecond": bus,
            }), flush=True)
    distributed.destroy_process_group()


if __name__ == "__main__":
    ranks = int(sys.argv[1])
    wanted = tuple(map(int, sys.argv[2:])) or SIZES
    multiprocessing.spawn(run, args=(ranks, free_port(), wanted), nprocs=ranks)
