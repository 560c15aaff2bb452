"""Writes expected/learning_rates.json: the rates of torch.optim.lr_scheduler, set up as torchvision's reference trainer does."""

import itertools
import json
from pathlib import Path

import torch
from torch.optim import lr_scheduler


def rates(entry):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=entry["lr"])
    main = {
        "steplr": lambda: lr_scheduler.StepLR(optimizer, step_size=entry["step_size"], gamma=entry["gamma"]),
        "multisteplr": lambda: lr_scheduler.MultiStepLR(optimizer, entry["milestones"], gamma=entry["gamma"]),
        "cosineannealinglr": lambda: lr_scheduler.CosineAnnealingLR(
            optimizer, T_max=entry["epochs"] - entry["warmup_epochs"], eta_min=entry["minimum"]),
        "exponentiallr": lambda: lr_scheduler.ExponentialLR(optimizer, gamma=entry["gamma"]),
    }[entry["scheduler"]]()
    scheduler = main
    if entry["warmup_epochs"] > 0:
        if entry["warmup_method"] == "linear":
            warmup = lr_scheduler.LinearLR(optimizer, start_factor=entry["warmup_decay"], total_iters=entry["warmup_epochs"])
        else:
            warmup = lr_scheduler.ConstantLR(optimizer, factor=entry["warmup_decay"], total_iters=entry["warmup_epochs"])
        scheduler = lr_scheduler.SequentialLR(optimizer, [warmup, main], milestones=[entry["warmup_epochs"]])
    result = []
    for _ in range(entry["epochs"]):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return result


entries = []
for scheduler, (warmup_epochs, warmup_method) in itertools.product(
        ("steplr", "multisteplr", "cosineannealinglr", "exponentiallr"),
        ((0, "constant"), (1, "constant"), (3, "constant"), (3, "linear"), (5, "linear"))):
    entry = {"lr": 0.3, "epochs": 14, "scheduler": scheduler, "step_size": 4, "milestones": [2, 3, 7], "gamma": 0.7,
             "minimum": 0.001, "warmup_epochs": warmup_epochs, "warmup_method": warmup_method, "warmup_decay": 0.05}
    entries.append({**entry, "rates": rates(entry)})
path = Path(__file__).parent / "expected" / "learning_rates.json"
path.parent.mkdir(exist_ok=True)
path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")
