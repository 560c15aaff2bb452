"""Reads what evaluations have left, with h5py and Python's own readers.

    python read_outputs.py check RUN NUM_CLASSES NUM_IMAGES     all files of a run tell the same of NUM_IMAGES images
    python read_outputs.py same RUN RUN...                      the runs have the same files, but for the last digits
"""

import csv
import json
import math
import sys

import h5py
import numpy as np


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def read_matrix(run, name="confusion_matrix.csv"):
    rows = read_csv(f"{run}/outputs/{name}")
    assert rows[0][0] == "true class" and [row[0] for row in rows[1:]] == rows[0][1:], rows
    return rows[0][1:], np.array([[int(cell) for cell in row[1:]] for row in rows[1:]])


def read_json(run, name):
    with open(f"{run}/outputs/{name}") as file:
        return json.load(file)


def check_metrics_file(run, classes, counts, report):
    with h5py.File(f"{run}/metrics.h5") as file:
        group = file["val/confusion_matrix"]
        assert [name.decode() for name in group["class_names"][:]] == classes
        assert (group["count"][:] == counts).all()
        assert group.attrs["epoch"] == report["epoch"] and group.attrs["step"] == report["step"]
        accuracy = file["val/accuracy/value"][-1]
        assert math.isclose(accuracy, 100 * np.trace(counts) / counts.sum()), (accuracy, counts)
        assert math.isclose(accuracy, 100 * report["accuracy"], rel_tol=1e-5), report


def check_predictions(run, classes, counts):
    header, *rows = read_csv(f"{run}/outputs/predictions.csv")
    top = min(5, len(classes))
    assert header[:5] == ["index", "name", "label", "prediction", "loss"] and len(header) == 5 + 2 * top, header
    assert [int(row[0]) for row in rows] == list(range(len(rows)))
    seen = np.zeros_like(counts)
    for row in rows:
        seen[classes.index(row[2]), classes.index(row[3])] += 1
        assert row[1].startswith(f"{row[2]}/") and row[3] == row[5], row
        probabilities = [float(cell) for cell in row[6::2]]
        assert probabilities == sorted(probabilities, reverse=True) and sum(probabilities) < 1 + 1e-5, row
        if row[2] in row[5::2]:
            probability = probabilities[row[5::2].index(row[2])]
            assert math.isclose(math.exp(-float(row[4])), probability, rel_tol=1e-4, abs_tol=1e-6), row
    assert (seen == counts).all()
    return rows


def check_worst(run, rows):
    worst = read_json(run, "worst_images.json")["images"]
    losses = [float(row[4]) for row in rows]
    assert [image["loss"] for image in worst] == sorted(losses, reverse=True)[: len(worst)], worst
    for image in worst:
        row = rows[image["index"]]
        assert row[1:4] == [image["name"], image["label"], image["prediction"]], (row, image)
        with open(f"{run}/outputs/{image['thumbnail']}", "rb") as file:
            assert file.read(2) == b"\xff\xd8"
    return worst


def check(run, num_classes, num_images):
    classes, counts = read_matrix(run)
    assert len(classes) == int(num_classes) and counts.sum() == int(num_images), counts
    report = read_json(run, "classification_report.json")
    assert [c["support"] for c in report["classes"]] == counts.sum(axis=1).tolist()
    assert [c["correct"] for c in report["classes"]] == np.diag(counts).tolist()
    check_metrics_file(run, classes, counts, report)
    check_worst(run, check_predictions(run, classes, counts))


def close(a, b):
    return a == b or math.isclose(float(a), float(b), rel_tol=1e-3, abs_tol=1e-5)


def same(first, *others):
    for other in others:
        for name in ("confusion_matrix.csv", "classification_report.json", "predictions.csv", "worst_images.json"):
            a, b = (open(f"{run}/outputs/{name}").read() for run in (first, other))
            if name == "predictions.csv":
                for row, twin in zip(read_csv(f"{first}/outputs/{name}"), read_csv(f"{other}/outputs/{name}"), strict=True):
                    assert row[:4] == twin[:4] and all(map(close, row[4:], twin[4:])), (row, twin)
            elif name == "worst_images.json":
                for image, twin in zip(json.loads(a)["images"], json.loads(b)["images"], strict=True):
                    assert image["index"] == twin["index"] and close(image["loss"], twin["loss"]), (image, twin)
            else:
                assert a == b, name


if __name__ == "__main__":
    {"check": check, "same": same}[sys.argv[1]](*sys.argv[2:])
