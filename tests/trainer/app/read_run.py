"""Reads every file of a run as a user would: read_run.py RUN_DIRECTORY NUM_EPOCHS NUM_STEPS."""

import json
import sys
from pathlib import Path
from xml.dom import minidom

import h5py
import torch
from safetensors.torch import load_file

directory, num_epochs, num_steps = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

record = json.loads((directory / "run.json").read_text())
assert record["state"] == "Completed", record["state"]
assert record["topology"]["world_size"] == 2
assert record["parameters"]["batch_size"] == 4
assert "trainer" in record["command"][0]
for line in (directory / "events.jsonl").read_text().splitlines():
    json.loads(line)

points = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
losses = [point["value"] for point in points if point["metric"] == "train/step_loss" and "value" in point]
assert len(losses) == num_steps, losses
with h5py.File(directory / "metrics.h5") as file:
    assert list(file["train/step_loss/value"][:]) == losses
    assert len(file["val/accuracy/value"]) == num_epochs
    assert file["val/accuracy"].attrs["unit"] in ("%", b"%")

outputs = directory / "outputs"
model = load_file(outputs / "model.safetensors")
assert model["fc.weight"].shape == (2, 512)
assert all(torch.isfinite(tensor).all() for tensor in model.values())
assert load_file(outputs / "model_best.safetensors").keys() == model.keys()
checkpoint = outputs / "checkpoints" / f"step_{num_steps:09d}"
state = load_file(checkpoint / "state.safetensors")
assert all(torch.equal(state["model." + name], tensor) for name, tensor in model.items())
assert "optimizer.momentum.conv1.weight" in state
manifest = json.loads((checkpoint / "manifest.json").read_text())["manifest"]
position = manifest["facts"]["position"]
assert (position["epoch"], position["num_steps_done"], manifest["step"]) == (num_epochs, num_steps, num_steps), position
assert json.loads((outputs / "classes.json").read_text())["classes"] == ["class_0", "class_1"]
minidom.parse(str(outputs / "training_curve.svg"))
assert list(directory.glob("events.out.tfevents.*"))
