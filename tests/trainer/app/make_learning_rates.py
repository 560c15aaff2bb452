"""Writes expected/learning_rates.json: the rates of torch.optim.lr_scheduler, set up as torchvision's reference trainer does.

Schedules that follow steps are set up with steps in the place of epochs, and stepped after each step. Made with PyTorch 2.13.0.
"""

import itertools
import json
from pathlib import Path

import torch
from torch.optim import lr_scheduler

STEPS_PER_EPOCH = 3  # of the schedules that follow steps


def rates(entry):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=entry["lr"], momentum=0.9)
    per_step = entry.get("per_step", False) or entry["scheduler"] == "onecyclelr"
    ticks = STEPS_PER_EPOCH if per_step else 1
    num_ticks, num_warmup = entry["epochs"] * ticks, entry["warmup_epochs"] * ticks
    main = {
        "steplr": lambda: lr_scheduler.StepLR(optimizer, step_size=entry["step_size"] * ticks, gamma=entry["gamma"]),
        "multisteplr": lambda: lr_scheduler.MultiStepLR(
            optimizer, [milestone * ticks for milestone in entry["milestones"]], gamma=entry["gamma"]),
        "cosineannealinglr": lambda: lr_scheduler.CosineAnnealingLR(
            optimizer, T_max=num_ticks - num_warmup, eta_min=entry["minimum"]),
        "exponentiallr": lambda: lr_scheduler.ExponentialLR(optimizer, gamma=entry["gamma"] ** (1 / ticks)),
        "polynomiallr": lambda: lr_scheduler.PolynomialLR(
            optimizer, total_iters=num_ticks - num_warmup, power=entry["power"]),
        "onecyclelr": lambda: lr_scheduler.OneCycleLR(
            optimizer, max_lr=entry["lr"], total_steps=num_ticks, pct_start=entry["rising_share"],
            anneal_strategy=entry["anneal"], div_factor=entry["first_divisor"], final_div_factor=entry["last_divisor"],
            base_momentum=entry["momentum"][0], max_momentum=entry["momentum"][1]),
    }[entry["scheduler"]]()
    scheduler = main
    if num_warmup > 0:
        if entry["warmup_method"] == "linear":
            warmup = lr_scheduler.LinearLR(optimizer, start_factor=entry["warmup_decay"], total_iters=num_warmup)
        else:
            warmup = lr_scheduler.ConstantLR(optimizer, factor=entry["warmup_decay"], total_iters=num_warmup)
        scheduler = lr_scheduler.SequentialLR(optimizer, [warmup, main], milestones=[num_warmup])
    result, momenta = [], []
    for _ in range(num_ticks):
        result.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    return {"rates": result} | ({"momenta": momenta} if entry["scheduler"] == "onecyclelr" else {})


WARMUPS = ((0, "constant"), (1, "constant"), (3, "constant"), (3, "linear"), (5, "linear"))


def all_entries():
    base = {"lr": 0.3, "epochs": 14, "step_size": 4, "milestones": [2, 3, 7], "gamma": 0.7, "minimum": 0.001}

    def warmed(warmup_epochs, warmup_method):
        return {"warmup_epochs": warmup_epochs, "warmup_method": warmup_method, "warmup_decay": 0.05}

    for scheduler, warmup in itertools.product(("steplr", "multisteplr", "cosineannealinglr", "exponentiallr"), WARMUPS):
        yield base | {"scheduler": scheduler} | warmed(*warmup)
    for power, warmup in itertools.product((0.9, 2), WARMUPS):
        yield base | {"scheduler": "polynomiallr", "power": power} | warmed(*warmup)
    for scheduler, warmup in itertools.product(
            ("steplr", "multisteplr", "cosineannealinglr", "exponentiallr", "polynomiallr"), WARMUPS):
        yield base | {"scheduler": scheduler, "power": 0.9, "per_step": True} | warmed(*warmup)
    for anneal, rising_share in itertools.product(("cos", "linear"), (0.01, 0.3, 0.45)):
        yield base | {"scheduler": "onecyclelr", "anneal": anneal, "rising_share": rising_share, "first_divisor": 20,
                      "last_divisor": 500, "momentum": [0.8, 0.95]} | warmed(0, "constant")


path = Path(__file__).parent / "expected" / "learning_rates.json"
path.parent.mkdir(exist_ok=True)
path.write_text("[\n" + ",\n".join(json.dumps(entry | rates(entry)) for entry in all_entries()) + "\n]\n")
