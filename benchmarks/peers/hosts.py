"""Simulated hosts: network namespaces of tests/support/cluster."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLUSTER = "tests/support/cluster/cluster"


class Hosts:
    """Two of them with links of `rate`, as tc writes it, until the end of a `with` block."""

    def __init__(self, rate):
        self.rate = rate
        self.environment = {**os.environ, "SKEIN_CLUSTER": f"benchmark{os.getpid()}", "OMP_NUM_THREADS": "1",
                            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def __enter__(self):
        self.cluster("check")
        self.cluster("up", "2", self.rate)
        return self

    def __exit__(self, *_):
        self.cluster("down")

    def cluster(self, *words):
        return self.run(CLUSTER, *words)

    def run(self, *words):
        """What the command printed. Ends the program where it fails."""
        done = subprocess.run(words, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout
