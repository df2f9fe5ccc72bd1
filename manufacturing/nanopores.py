"""Nanopores inside the carbon-binder domain and how calendering closes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .beads import BeadTable
from .errors import InputError
from .phases import Phase
from .porosity import CBD_NANOPOROSITY

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NanoporeCompression:
    r"""Nanoporosity of the CBD during calendering, epsilon = initial (1 - rate degree).

    The solid between the nanopores keeps its volume, so a bead's diameter shrinks by the factor
    ((1 - initial)/(1 - epsilon))^(1/3). Paper 003 says that the nanoporosity of 0.5 falls while calendering but not
    how fast; by default it stays.

    Args:
        initial: share of a dry carbon-binder bead that is nanopores, 0-1.
        rate: share of the nanopores that closes per degree of calendering; 0: none, 1: all at a degree of 1.
    """

    initial: float = CBD_NANOPOROSITY
    rate: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.initial < 1.0:
            raise InputError("calendering.nanopores.initial", self.initial, "0 or more, below 1")
        if not 0.0 <= self.rate <= 1.0:
            raise InputError("calendering.nanopores.rate", self.rate, "0 to 1")

    def nanoporosity(self, degree: float) -> float:
        """Return the share of a bead that is nanopores at a degree of calendering, 0-1."""
        return self.initial * (1.0 - self.rate * degree)

    def shrinkage(self, degree: float) -> float:
        """Return the factor on the diameter of a carbon-binder bead at a degree of calendering."""
        return float(np.cbrt((1.0 - self.initial) / (1.0 - self.nanoporosity(degree))))

    def diameters(self, beads: BeadTable, degree: float) -> FloatArray:
        """Return the diameter of every class at a degree of calendering, shape (classes,) [m]."""
        factor = self.shrinkage(degree)
        return np.array([c.dry_diameter * (factor if c.phase is Phase.CBD else 1.0) for c in beads.classes])

    def radii(self, beads: BeadTable, degree: float) -> FloatArray:
        """Return the radius of every bead at a degree of calendering, shape (n,) [m]."""
        return np.asarray(0.5 * self.diameters(beads, degree)[beads.class_index])
