#!/usr/bin/env python3
"""The training step of train_perf in PyTorch's DistributedDataParallel over Gloo; prints one JSON line on rank 0.

Started by mpirun (scripts/compare_peers does); MASTER_PORT must be a free port of this host.
    mpirun -np 2 -x MASTER_PORT=29517 .venv/bin/python benchmarks/peers/ddp_train.py --model resnet18 --batch-size 8
"""

import argparse
import contextlib
import json
import os
import statistics
import time

import torch
import torch.distributed as dist
from resnet import MODELS
from torch.nn.parallel import DistributedDataParallel


def proportional_set_mib():
    """Memory of this process, pages that others share counted in part."""
    with open("/proc/self/smaps_rollup", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=sorted(MODELS), default="resnet18")
    parser.add_argument("--batch-size", type=int, default=8, help="images a rank and step")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--amp", choices=("off", "bf16"), default="off")
    parser.add_argument("--sgd", choices=("plain", "fused"), default="plain")
    parser.add_argument("--broadcast-buffers", choices=("on", "off"), default="on")
    parser.add_argument("--no-ddp", action="store_true", help="the ranks do not talk: the bound for any library")
    parser.add_argument("--num-warmup", type=int, default=10)
    parser.add_argument("--num-iters", type=int, default=50)
    return parser.parse_args()


def join_group():
    os.environ["RANK"] = os.environ.get("OMPI_COMM_WORLD_RANK", "0")
    os.environ["WORLD_SIZE"] = os.environ.get("OMPI_COMM_WORLD_SIZE", "1")
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    dist.init_process_group("gloo")


def make_step(arguments):
    """Returns a function that does one training step on a fixed batch of this rank."""
    torch.manual_seed(dist.get_rank())
    model = MODELS[arguments.model]().to(memory_format=torch.channels_last)
    if not arguments.no_ddp:
        model = DistributedDataParallel(
            model, gradient_as_bucket_view=True, static_graph=True, forward_sync_buffers=arguments.broadcast_buffers == "on")
    sgd = torch.optim.SGD(
        model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True if arguments.sgd == "fused" else None)
    images = torch.randn(arguments.batch_size, 3, arguments.image_size, arguments.image_size)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(1000, (arguments.batch_size,))
    loss_function = torch.nn.CrossEntropyLoss()

    def autocast():
        return torch.autocast("cpu", torch.bfloat16) if arguments.amp == "bf16" else contextlib.nullcontext()

    def step():
        sgd.zero_grad()
        with autocast():
            loss = loss_function(model(images), labels)
        loss.backward()
        sgd.step()

    return step


def measure(step, arguments):
    """Returns the seconds of each measured step, and of all of them on the slowest rank."""
    for _ in range(arguments.num_warmup):
        step()
    dist.barrier()
    seconds = []
    start = previous = time.perf_counter()
    for _ in range(arguments.num_iters):
        step()
        now = time.perf_counter()
        seconds.append(now - previous)
        previous = now
    slowest = torch.tensor([previous - start], dtype=torch.float64)
    dist.all_reduce(slowest, dist.ReduceOp.MAX)
    return seconds, slowest.item()


def main():
    arguments = parse_arguments()
    torch.set_num_threads(1)
    join_group()
    seconds, elapsed = measure(make_step(arguments), arguments)
    if dist.get_rank() == 0:
        per_rank = arguments.batch_size * arguments.num_iters / elapsed
        print(json.dumps({
            "peer": "none" if arguments.no_ddp else "pytorch_ddp_gloo",
            "torch": torch.__version__,
            "settings": vars(arguments),
            "world_size": dist.get_world_size(),
            "images_per_second": per_rank * dist.get_world_size(),
            "images_per_second_per_rank": per_rank,
            "step_ms": statistics.median(seconds) * 1e3,
            "pss_mib": proportional_set_mib(),
        }), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
