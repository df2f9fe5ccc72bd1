"""The command line and environment that start Open MPI 5 reliably on one machine."""

from __future__ import annotations

import os

from manufacturing.errors import InputError


def mpirun_command(ranks: int) -> list[str]:
    """Return the words that start a command on ``ranks`` MPI ranks.

    Ranks talk through shared memory only, are not pinned to cores (several runs may share the
    machine) and give the core away while they wait.

    Args:
        ranks: number of MPI ranks, at least 1.

    Raises:
        InputError: ``ranks`` is smaller than 1.
    """
    if ranks < 1:
        raise InputError("ranks", ranks, "at least 1")
    command = ["mpirun", "-n", str(ranks), "--mca", "btl", "self,sm", "--bind-to", "none"]
    command += ["--mca", "mpi_yield_when_idle", "1"]
    if ranks > usable_cores():
        command += ["--map-by", ":oversubscribe"]
    if os.geteuid() == 0:
        command += ["--allow-run-as-root"]
    return command


def mpi_environment() -> dict[str, str]:
    """Return a copy of this process's environment with one thread per rank."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def usable_cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0))
