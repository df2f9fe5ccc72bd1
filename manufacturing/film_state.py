"""Figures of a film between two planes: porosities, density and what its plates carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .beads import BeadTable
from .configuration import Configuration
from .force_field import Contact
from .lammps_engine import PRESSURE
from .porosity import VolumeFractions, volume_fractions

FloatArray = npt.NDArray[np.float64]
MICROMETRE = 1e-6


@dataclass(frozen=True)
class FilmState:
    """A film at one degree of calendering."""

    beads: BeadTable
    film: Configuration
    radii: FloatArray  # (n,) [m]
    nanoporosity: float  # share of the carbon-binder beads
    fractions: VolumeFractions  # overlaps counted once

    @classmethod
    def measured(
        cls, beads: BeadTable, film: Configuration, radii: FloatArray, nanoporosity: float, voxel: float
    ) -> FilmState:
        """Count the volume fractions of a film; spheres are clipped at its z faces."""
        box = (film.lower, film.upper)
        fractions = volume_fractions(film.centres, radii, beads.phases, box, (True, True, False), voxel)
        return cls(beads, film, radii, nanoporosity, fractions)

    @property
    def density(self) -> float:
        """Dry mass over the volume between the planes [kg/m3]; right for whole beads only."""
        return self.beads.dry_mass / self.film.volume

    def porosities(self) -> dict[str, float]:
        """Return the porosity with and without nanopores, and the nominal one, in which overlaps count twice."""
        spheres = float((4.0 / 3.0 * np.pi * self.radii**3).sum())
        return {
            "porosity": self.fractions.porosity(self.nanoporosity),
            "porosity_without_nanopores": self.fractions.porosity_without_nanopores,
            "nominal_porosity": 1.0 - spheres / self.film.volume,
        }

    def outside(self) -> int:
        """Return the number of beads whose centre lies beyond a z face."""
        height = self.film.centres[:, 2]
        return int(((height < self.film.lower[2]) | (height > self.film.upper[2])).sum())


def plate_pressure(film: Configuration, radii: FloatArray, contact: Contact) -> float:
    r"""Return the elastic load of the upper plate over its area [Pa].

    A bead of radius R that overlaps the plate by delta carries k_n delta sqrt(delta R).

    Args:
        film: whose upper z face is the plate.
        radii: shape (n,) [m].
        contact: between plate and bead.
    """
    overlap = np.clip(film.centres[:, 2] + radii - film.upper[2], 0.0, None)
    force = contact.stiffness * PRESSURE * overlap * np.sqrt(overlap * radii)
    return float(force.sum() / (film.size[0] * film.size[1]))
