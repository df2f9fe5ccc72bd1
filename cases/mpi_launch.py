"""The command line and environment that start Open MPI 5 reliably on one machine."""

from __future__ import annotations

import os

from manufacturing.errors import InputError

_OF_THIS_RANK = ("PMIX_", "OMPI_COMM_WORLD_")  # would make the new run believe that it is a rank of the old one
DEFAULT_RANKS = 4  # at most; beyond, small cases gain nothing


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
    """Return this process's environment with one thread per rank and no trace of its own MPI run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THIS_RANK)}
    return {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def usable_cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0))


def solver_ranks(given: int | None) -> int:
    """Return the MPI ranks of the solver: as given, or by the cores.

    Raises:
        InputError: less than 1.
    """
    if given is not None and given < 1:
        raise InputError("--ranks", given, "at least 1")
    return min(usable_cores(), DEFAULT_RANKS) if given is None else given
