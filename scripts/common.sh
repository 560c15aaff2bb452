# Sourced by the scripts of this folder: where the project is, how to speak, how many jobs to run.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Open MPI refuses root unless told twice; in containers root is the usual user.
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

say() { printf '\n==> %s\n' "$*"; }

# fail MESSAGE [REMEDY...]: one line of what happened, then what to do about it.
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  shift
  [ $# = 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# usage: the comment block at the top of the calling script is its help text.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

# on_two_ranks PROGRAM ARGUMENTS...: on a machine of one core, mpirun has to be told that two ranks are meant.
on_two_ranks() {
  local flags=()
  [ "$(nproc)" -ge 2 ] || flags=(--oversubscribe)
  mpirun -np 2 "${flags[@]}" "$@"
}

# A source file that includes LibTorch takes about 2 GiB to compile, so memory bounds the jobs as well as cores.
build_jobs() {
  local cores gib
  cores=$(nproc)
  gib=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  local by_memory=$((gib / 2))
  [ "$by_memory" -ge 1 ] || by_memory=1
  echo $((by_memory < cores ? by_memory : cores))
}
