"""Numbers over all ranks: every global quantity goes through one of these helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing.collective import run_on

FloatArray = npt.NDArray[np.float64]
ScalarType = TypeVar("ScalarType", bound=np.generic)
Part = TypeVar("Part")


def global_sum(comm: MPI.Intracomm, value: float) -> float:
    """Return the sum of a local number over all ranks."""
    return float(comm.allreduce(float(value), op=MPI.SUM))


def global_sums(comm: MPI.Intracomm, values: FloatArray) -> FloatArray:
    """Return the element-wise sum of a local array over all ranks."""
    return np.asarray(comm.allreduce(np.asarray(values, dtype=np.float64), op=MPI.SUM))


def global_extremes(comm: MPI.Intracomm, arrays: list[FloatArray]) -> list[tuple[float, float]]:
    """Return the smallest and largest value of each local array over all ranks; some ranks may hold none."""
    local = [(float(a.min(initial=np.inf)), float(a.max(initial=-np.inf))) for a in arrays]
    ranks = np.array(comm.allgather(local)).reshape(comm.size, len(arrays), 2)
    return list(zip(ranks[:, :, 0].min(axis=0).tolist(), ranks[:, :, 1].max(axis=0).tolist(), strict=True))


def gather_all(comm: MPI.Intracomm, values: npt.NDArray[ScalarType]) -> npt.NDArray[ScalarType]:
    """Return the rows of all ranks, concatenated in rank order, on every rank."""
    return np.concatenate(comm.allgather(values))


def scatter_from_first(comm: MPI.Intracomm, work: Callable[[], list[Part]]) -> Part:
    """Do some work on rank 0 and return to each rank its entry of the result.

    Raises:
        GranodeError: raised by ``work`` on rank 0; every rank raises it.
    """
    parts: list[Part] = []
    run_on(comm, 1, lambda: parts.extend(work()))
    mine: Part = comm.scatter(parts if comm.rank == 0 else None, root=0)
    return mine
