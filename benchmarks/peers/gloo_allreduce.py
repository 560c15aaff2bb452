#!/usr/bin/env python3
"""gloo_allreduce.py MIN_BYTES MAX_BYTES FACTOR: times torch.distributed's allreduce over Gloo as collective_perf times
Skein's (float32, sum, in place; buffers rewritten before each iteration) and prints one JSON line on rank 0.

Started by mpirun (scripts/compare_peers --collectives does); MASTER_PORT must be a free port of this host.
"""

import json
import os
import statistics
import sys
import time

import torch
import torch.distributed as dist


def measure(buffer, pattern):
    """Microseconds: the median of the slowest rank."""
    rank, num_ranks = dist.get_rank(), dist.get_world_size()
    num_iters = min(max((32 << 20) // (buffer.numel() * 4), 5), 1000)
    microseconds = []
    for i in range(-2, num_iters):  # two warm up
        torch.add(pattern, rank + i, out=buffer)
        dist.barrier()
        begin = time.perf_counter()
        dist.all_reduce(buffer)
        if i >= 0:
            microseconds.append(1e6 * (time.perf_counter() - begin))
        if i < 0 or i == num_iters - 1:
            expected = num_ranks * (pattern + i) + num_ranks * (num_ranks - 1) / 2
            assert torch.equal(buffer, expected), "wrong values"
    slowest = torch.tensor(statistics.median(microseconds))
    dist.all_reduce(slowest, dist.ReduceOp.MAX)
    return slowest.item()


def main():
    min_bytes, max_bytes, factor = map(int, sys.argv[1:])
    os.environ["RANK"] = os.environ["OMPI_COMM_WORLD_RANK"]
    os.environ["WORLD_SIZE"] = os.environ["OMPI_COMM_WORLD_SIZE"]
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    times = {}
    num_bytes = min_bytes
    while num_bytes <= max_bytes:
        pattern = torch.arange(num_bytes // 4, dtype=torch.float32) % 4
        times[num_bytes] = measure(torch.empty_like(pattern), pattern)
        num_bytes *= factor
    if dist.get_rank() == 0:
        print(json.dumps(times))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
