"""Work that one group of ranks does for all: its result or its error reaches every rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from mpi4py import MPI

from .errors import GranodeError, InputError, StageError

T = TypeVar("T")


def run_on(comm: MPI.Intracomm, workers: int, work: Callable[[], T]) -> T:
    """Run ``work`` on the first ranks and return the result of rank 0 on all ranks.

    Args:
        comm: all ranks that call.
        workers: number of ranks that work; what they do may be collective among themselves.
        work: the task; its result is sent by pickle.

    Raises:
        GranodeError: raised by ``work`` on rank 0; every rank raises it.
    """
    outcome: tuple[str, Any] = ("", None)
    if comm.rank < workers:
        try:
            outcome = ("result", work())
        except GranodeError as error:
            outcome = _packed(error)
        except Exception as error:
            # A bug on rank 0 must not leave the others waiting for its result.
            if comm.rank == 0:
                comm.bcast(("stage", f"unexpected {error!r} on rank 0"), root=0)
            raise
    kind, value = comm.bcast(outcome, root=0)
    if kind == "result":
        result: T = value
        return result
    raise InputError(*value) if kind == "input" else StageError(value)


def run_on_group(comm: MPI.Intracomm, workers: int, work: Callable[[MPI.Intracomm], T]) -> T:
    """Run ``work`` on a communicator of the first ranks and return the result of rank 0 on all ranks.

    Args:
        comm: all ranks that call.
        workers: number of ranks that work.
        work: the task, given the communicator of those that work.

    Raises:
        GranodeError: as :func:`run_on`.
    """
    group = cast(MPI.Intracomm, comm.Split(0 if comm.rank < workers else 1, comm.rank))
    try:
        return run_on(comm, workers, lambda: work(group))
    finally:
        group.Free()


def _packed(error: GranodeError) -> tuple[str, Any]:
    """Return an error as plain data: exceptions with several arguments do not survive pickle."""
    if isinstance(error, InputError):
        return "input", (error.field, str(error.found), error.expected)
    return "stage", str(error)
