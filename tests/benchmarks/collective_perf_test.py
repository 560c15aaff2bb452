"""What collective_perf refuses it refuses before it prints a figure; its report is whole.

    collective_perf_test.py COLLECTIVE_PERF
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""


def start(*arguments):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return subprocess.run(["mpirun", "-np", "2", "--oversubscribe", "--bind-to", "none", PROGRAM, *arguments],
                          capture_output=True, text=True, env=environment, timeout=60)


class Refusals(unittest.TestCase):
    def expect_refusal(self, exit_code, message, *arguments):
        result = start(*arguments)
        self.assertEqual(result.returncode, exit_code, result.stderr)
        self.assertIn(message, result.stderr)
        self.assertNotIn("#       size", result.stdout)

    def test_what_makes_no_sense(self):
        self.expect_refusal(2, "swap them", "--min-bytes", "4096", "--max-bytes", "1024")
        self.expect_refusal(2, "give one of 0 to 1", "--op", "reduce", "--root", "2")

    def test_what_the_library_refuses(self):
        self.expect_refusal(2, "can travel as bfloat16", "--op", "reduce_scatter", "--wire", "bfloat16")

    def test_a_report_that_cannot_be_written(self):
        self.expect_refusal(8, "another place with --json", "--json", "/nonexistent/figures.json")


class Report(unittest.TestCase):
    def test_has_every_size(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "figures.json"
            result = start("--json", str(file), "--min-bytes", "64", "--max-bytes", "4096", "--num-rounds", "1")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual([row["bytes"] for row in json.loads(file.read_text())["results"]], [64, 256, 1024, 4096])
            self.assertEqual(os.listdir(directory), [file.name])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
