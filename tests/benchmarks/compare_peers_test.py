"""What scripts/compare_peers makes of measurements, of Skein's reports and of wrong arguments.

    compare_peers_test.py COLLECTIVE_PERF
"""

import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "peers"))
import collectives  # noqa: E402


class SummaryOfCollectives(unittest.TestCase):
    def test_ratios_are_taken_within_a_round(self):
        """The machine is twice as slow in the second round and four times in the third; the peers have their own noise."""
        measured = {
            collectives.ARENA: [{1024: 10}, {1024: 20}, {1024: 40}],
            collectives.ORDINARY: [{1024: 20}, {1024: 40}, {1024: 80}],
            collectives.BOUND: [{1024: 9}, {1024: 18}, {1024: 36}],
            "far": [{1024: 90}, {1024: 180}, {1024: 360}],
            "near": [{1024: 40}, {1024: 100}, {1024: 120}],  # 4, 5 and 3 times the arena
        }
        (row,) = collectives.summarize(measured, ["far", "near"])
        self.assertEqual((row["bytes"], row["best_peer"]), (1024, "near"))
        self.assertEqual(row["best_peer_to_arena"], 4)
        self.assertEqual(row["best_peer_to_ordinary"], 2)
        self.assertEqual(row["bound_to_arena"], 0.9)
        self.assertEqual(row["results"]["far"],
                         {"us": 180, "min": 90, "max": 360, "ratio_to_arena": 9, "ratio_to_ordinary": 4.5})

    def test_a_disturbed_round_counts_for_nothing(self):
        measured = {name: [{1024: time}] * 4 + [{1024: 1000 * time}] for name, time in
                    ((collectives.ARENA, 1), (collectives.ORDINARY, 2), (collectives.BOUND, 1))}
        measured["peer"] = [{1024: 5}] * 5
        (row,) = collectives.summarize(measured, ["peer"])
        self.assertEqual(row["best_peer_to_arena"], 5)


class Skein(unittest.TestCase):
    def test_its_report_is_read(self):
        contestants = object.__new__(collectives.Contestants)  # without building the others
        contestants.num_ranks = 2
        contestants.sizes = ["64", "1024", "4"]
        contestants.environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        times, bounds = contestants.run_skein("arena")
        self.assertEqual(list(times), [64, 256, 1024])
        self.assertEqual(list(bounds), list(times))
        self.assertEqual(list(contestants.run_skein("ordinary")), list(times))


class Arguments(unittest.TestCase):
    def expect_refusal(self, arguments, words):
        done = subprocess.run([ROOT / "scripts" / "compare_peers", *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(words, done.stderr)

    def test_refuses_what_makes_no_sense(self):
        self.expect_refusal(["--collectives", "--case", "resnet18"], "--case")
        self.expect_refusal(["--ranks", "4"], "--ranks needs --collectives")
        self.expect_refusal(["--collectives", "--ranks", "1"], "at least 2")
        self.expect_refusal(["--collectives", "--rounds", "0"], "--rounds must be at least 1")


if __name__ == "__main__":
    collectives.COLLECTIVE_PERF = sys.argv.pop(1)
    unittest.main()
