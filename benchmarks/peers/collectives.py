"""scripts/compare_peers --collectives: allreduce of Skein and of other libraries on this host, side by side.

float32, sum, in place. In each round every contestant runs all sizes once, in another order; its figure is the median of
its slowest rank, over iterations before each of which the buffers are rewritten. Ratios are taken within a round, and what
is printed are medians over the rounds.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys

from report import report_of

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = os.path.join(ROOT, "benchmarks/peers/allreduce.cpp")
GLOO = os.path.join(ROOT, "benchmarks/peers/gloo_allreduce.py")
BUILD = os.path.join(ROOT, "build/peers")
COLLECTIVE_PERF = os.path.join(ROOT, "build/release/bin/collective_perf")
VENV = os.path.join(ROOT, ".venv")
VENV_PEERS = os.path.join(ROOT, ".venv-peers")

ARENA = "Skein, arena"
ORDINARY = "Skein, ordinary"
BOUND = "bound"
SIZES = (1024, 64 << 20, 4)  # the first, the last, the factor between
QUICK_SIZES = (1024, 1 << 20, 32)


class Contestants:
    """Starts them; each returns {bytes: microseconds}."""

    def __init__(self, num_ranks, sizes, free_port):
        self.num_ranks = num_ranks
        self.sizes = [str(size) for size in sizes]
        self.free_port = free_port
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        if os.geteuid() == 0:
            self.environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        self.by_name = {ARENA: lambda: self.run_skein("arena"), ORDINARY: lambda: self.run_skein("ordinary")}
        self.peers = {"Open MPI": lambda: self.run_open_mpi(self.open_mpi), "Gloo": self.run_gloo}
        self.open_mpi = compile_peer("open_mpi", ["mpicxx"], [])
        if os.path.isdir(VENV_PEERS):
            flags = [f"-I{VENV_PEERS}/include", f"-L{VENV_PEERS}/lib", "-lmpi", "-lccl", "-DWITH_ONECCL",
                     f"-Wl,-rpath-link,{VENV_PEERS}/lib"]
            self.intel = compile_peer("intel", ["g++"], flags)
            self.peers |= {"Intel MPI": lambda: self.run_intel("mpi"), "oneCCL": lambda: self.run_intel("ccl")}
        else:
            print("note: Intel MPI and oneCCL are left out: scripts/setup --peers brings them (2 GB)", file=sys.stderr)
        self.by_name |= self.peers

    def mpirun(self):
        if self.num_ranks > os.cpu_count():
            return ["mpirun", "-np", str(self.num_ranks), "--oversubscribe", "--bind-to", "none"]
        return ["mpirun", "-np", str(self.num_ranks), "--bind-to", "core"]

    def run_skein(self, memory):
        """The arena's turn also measures what memory allows."""
        flags = ["--memory", memory, "--num-rounds", "1", "--bound" if memory == "arena" else "--no-bound"]
        for name, value in zip(("--min-bytes", "--max-bytes", "--factor"), self.sizes):
            flags += [name, value]
        line = [*self.mpirun(), COLLECTIVE_PERF, *flags]
        rows = report_of(lambda file: self.run([*line, "--json", file], self.environment))["results"]
        times = {row["bytes"]: row["skein_us"] for row in rows}
        return (times, {row["bytes"]: row["bound_us"] for row in rows}) if memory == "arena" else times

    def run_open_mpi(self, program):
        return self.times_of([*self.mpirun(), program, "mpi", *self.sizes], self.environment)

    def run_gloo(self):
        environment = {**self.environment, "MASTER_PORT": str(self.free_port())}
        return self.times_of([*self.mpirun(), f"{VENV}/bin/python", GLOO, *self.sizes], environment)

    def run_intel(self, library):
        """One host, so shared memory alone; oneCCL works in the calling thread, since there is no core to spare."""
        environment = {**self.environment, "I_MPI_ROOT": VENV_PEERS, "PATH": f"{VENV_PEERS}/bin:{os.environ['PATH']}",
                       "LD_LIBRARY_PATH": f"{VENV_PEERS}/lib", "FI_PROVIDER_PATH": f"{VENV_PEERS}/lib/libfabric/prov",
                       "I_MPI_FABRICS": "shm", "CCL_ROOT": VENV_PEERS, "CCL_ATL_TRANSPORT": "mpi",
                       "CCL_WORKER_OFFLOAD": "0", "CCL_LOG_LEVEL": "error"}
        line = [f"{VENV_PEERS}/bin/mpirun", "-np", str(self.num_ranks), self.intel, library, *self.sizes]
        return self.times_of(line, environment)

    def times_of(self, line, environment):
        output = self.run(line, environment)
        return {int(size): time for size, time in json.loads(output.splitlines()[-1]).items()}

    @staticmethod
    def run(line, environment):
        done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(line)}\nended with status {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout


def compile_peer(name, compiler, flags):
    """Returns the program, made anew where its source has changed."""
    program = os.path.join(BUILD, f"allreduce_{name}")
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(SOURCE):
        if shutil.which(compiler[0]) is None:
            sys.exit(f"{compiler[0]} does not exist: run scripts/setup first")
        os.makedirs(BUILD, exist_ok=True)
        line = [*compiler, "-std=c++20", "-O3", "-march=native", SOURCE, "-o", program, *flags]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(line)}\nended with status {done.returncode}:\n{done.stderr[-3000:]}")
    return program


def run_rounds(contestants, num_rounds):
    """Returns {contestant: [{bytes: microseconds} of each round]}."""
    names = list(contestants.by_name)
    measured = {name: [] for name in (*names, BOUND)}
    for number in range(num_rounds):
        first = number * 2 % len(names)
        for name in names[first:] + names[:first]:
            times = contestants.by_name[name]()
            if name == ARENA:
                times, bound = times
                measured[BOUND].append(bound)
            measured[name].append(times)
            print(f"round {number + 1}/{num_rounds}  {name}", file=sys.stderr, flush=True)
    return measured


def summarize(measured, peers):
    """One entry a size: of each contestant the median and the spread, and the ratios of the best peer to Skein."""

    def times(name, size):
        return [turn[size] for turn in measured[name]]

    def ratio(name, other, size):
        return statistics.median(a / b for a, b in zip(times(name, size), times(other, size)))

    rows = []
    for size in measured[ARENA][0]:
        best = min(peers, key=lambda name: statistics.median(times(name, size)))
        rows.append({
            "bytes": size,
            "best_peer": best,
            "best_peer_to_arena": ratio(best, ARENA, size),
            "best_peer_to_ordinary": ratio(best, ORDINARY, size),
            "bound_to_arena": ratio(BOUND, ARENA, size),
            "results": {name: {"us": statistics.median(times(name, size)), "min": min(times(name, size)),
                               "max": max(times(name, size)), "ratio_to_arena": ratio(name, ARENA, size),
                               "ratio_to_ordinary": ratio(name, ORDINARY, size)} for name in measured}})
    return rows


def size_name(num_bytes):
    return f"{num_bytes >> 20} MiB" if num_bytes >= 1 << 20 else f"{num_bytes >> 10} KiB"


def print_tables(rows, num_ranks, num_rounds):
    names = list(rows[0]["results"])
    print(f"\nallreduce, float32, {num_ranks} ranks, us, medians of {num_rounds} interleaved rounds")
    print(f"{'':>8} " + " ".join(f"{name:>15}" for name in names))
    for row in rows:
        print(f"{size_name(row['bytes']):>8} " + " ".join(f"{row['results'][name]['us']:>15.2f}" for name in names))
    peers = [name for name in names if name not in (ARENA, ORDINARY, BOUND)]
    print("\ntimes of peers divided by Skein's, medians of the ratios within a round: in arena memory / in ordinary memory")
    print(f"{'':>8} " + " ".join(f"{name:>15}" for name in peers) + f" {'best of them':>24} {'of the bound':>13}")
    for row in rows:
        ratios = [f"{row['results'][name]['ratio_to_arena']:.2f} / {row['results'][name]['ratio_to_ordinary']:.2f}" for name in peers]
        best = f"{row['best_peer']} {row['best_peer_to_arena']:.2f} / {row['best_peer_to_ordinary']:.2f}"
        print(f"{size_name(row['bytes']):>8} " + " ".join(f"{text:>15}" for text in ratios)
              + f" {best:>24} {row['bound_to_arena']:>13.0%}")


def compare(num_ranks, num_rounds, quick, free_port):
    """Measures, prints the tables and returns the report."""
    if not os.path.exists(COLLECTIVE_PERF):
        sys.exit("build/release/bin/collective_perf does not exist: run scripts/build first")
    contestants = Contestants(num_ranks, QUICK_SIZES if quick else SIZES, free_port)
    rows = summarize(run_rounds(contestants, num_rounds), list(contestants.peers))
    print_tables(rows, num_ranks, num_rounds)
    return {"num_ranks": num_ranks, "num_rounds": num_rounds, "allreduce": rows}
