"""Potentials of a field kept relative to one of its unknowns, so that a constant does not drown small differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from .field import NodalField
from .reduction import global_sum

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PotentialReference:
    """The unknown that holds its own potential, and those that count from it."""

    comm: MPI.Intracomm
    own: BoolArray  # (owned unknowns,) the reference: one on one rank, none on the others
    counted: FloatArray  # (owned unknowns,) 1 where the potential counts from the reference, else 0

    def potential(self, kept: FloatArray) -> float:
        """Return the potential of the reference [V] on every rank."""
        return global_sum(self.comm, float(kept[self.own].sum()))

    def relative(self, kept: FloatArray) -> FloatArray:
        """Return the potentials up to the constant of the reference [V]."""
        return np.where(self.own, 0.0, kept)

    def absolute(self, kept: FloatArray) -> FloatArray:
        """Return the potentials as they are [V]."""
        return np.asarray(self.relative(kept) + self.potential(kept) * self.counted)

    def kept(self, absolute: FloatArray) -> FloatArray:
        """Return potentials as they are, or changes of them, in the form in which they are kept [V]."""
        return np.asarray(absolute - np.where(self.own, 0.0, self.potential(absolute) * self.counted))


def first_unknown(field: NodalField, comm: MPI.Intracomm) -> PotentialReference:
    """Return the reference at the first node that has an unknown, the same one on any number of ranks."""
    reduction = field.reduction
    known = field.columns_of_nodes[field.columns_of_nodes >= 0]
    own = np.arange(reduction.size_local) + reduction.offset == known[0]
    return PotentialReference(comm, own, np.ones(reduction.size_local))
