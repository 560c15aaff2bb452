"""The JSON report of a program of benchmarks/."""

import json
import os
import tempfile


def report_of(start):
    """Calls start(file), which runs the program with --json FILE, and returns what that has written."""
    with tempfile.TemporaryDirectory() as directory:
        file = os.path.join(directory, "report.json")
        start(file)
        with open(file) as report:
            return json.load(report)
