"""Memory bandwidth by a = b + s c on all ranks at once: ``mpirun -n N python -m cases.stream_triad``."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from meshing.compiled import compiled

FloatArray = npt.NDArray[np.float64]
LENGTH = 20_000_000  # numbers in each array, far beyond any cache
REPEATS = 8


@compiled
def _triad(a: FloatArray, b: FloatArray, c: FloatArray, s: float) -> None:
    for i in range(len(a)):
        a[i] = b[i] + s * c[i]


def bandwidth(comm: MPI.Intracomm, length: int = LENGTH) -> float:
    """Return the bytes that all ranks together move per second [GB/s], the best of some repeats."""
    a, b, c = np.zeros(length), np.ones(length), np.full(length, 2.0)
    best = np.inf
    for _ in range(REPEATS):
        comm.barrier()
        start = time.perf_counter()
        _triad(a, b, c, 3.0)
        best = min(best, comm.allreduce(time.perf_counter() - start, op=MPI.MAX))
    return float(24.0 * length * comm.size / best / 1e9)


if __name__ == "__main__":
    found = bandwidth(MPI.COMM_WORLD)
    if MPI.COMM_WORLD.rank == 0:
        print(found)
