"""Evaporation: how much solvent is left, and what beads and forces between them are like by then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .beads import BeadTable
from .errors import InputError
from .force_field import Attraction, Contact, ForceField
from .phases import Phase

FloatArray = npt.NDArray[np.float64]

BRIDGES = ("gradual", "last")


@dataclass(frozen=True)
class Evaporation:
    """How the solvent leaves, everywhere in the film at once.

    Real films dry in minutes, far beyond particle dynamics: a rate here only has to be slow against the
    rearrangement of beads.

    Args:
        stages: number of equal portions in which the solvent leaves; 1: all at once.
        rate: share of the first solvent that leaves per time when there are several stages [1/s].
        bridges: when the forces change from slurry to dried film: `gradual`, with the solvent, or `last`,
            with the last portion.
    """

    stages: int = 1
    rate: float = 1e4
    bridges: str = "gradual"

    def __post_init__(self) -> None:
        if self.stages < 1:
            raise InputError("drying.evaporation.stages", self.stages, "1 or more")
        if not self.rate > 0.0:
            raise InputError("drying.evaporation.rate", self.rate, "a positive number [1/s]")
        if self.bridges not in BRIDGES:
            raise InputError("drying.evaporation.bridges", self.bridges, f"one of {list(BRIDGES)}")

    @property
    def interval(self) -> float:
        """Time from one portion to the next [s]."""
        return 1.0 / (self.rate * self.stages)

    def solvent_left(self) -> FloatArray:
        """Return the share of the solvent that is left after each portion, shape (stages,)."""
        return 1.0 - np.arange(1, self.stages + 1) / self.stages

    def force_field(self, slurry: ForceField, dried: ForceField, solvent: float) -> ForceField:
        """Return the forces when a share 0-1 of the solvent is left."""
        return between(slurry, dried, self._wetness(solvent))

    def pressure(self, slurry: float, dried: float, solvent: float) -> float:
        """Return the load of the beads [Pa] when a share 0-1 of the solvent is left; it changes as the forces do.

        Wet beads under the small load of the dried film would swell.
        """
        return float(dried ** (1.0 - self._wetness(solvent)) * slurry ** self._wetness(solvent))

    def _wetness(self, solvent: float) -> float:
        return float(solvent > 0.0) if self.bridges == "last" else solvent


def between(slurry: ForceField, dried: ForceField, solvent: float) -> ForceField:
    """Interpolate two force fields: lengths linearly in the solvent, all others by their logarithms."""

    def mean(dry: float, wet: float) -> float:
        """Return the geometric mean, weighted by the share of solvent."""
        return float(dry ** (1.0 - solvent) * wet**solvent)

    attraction = {
        phase: Attraction(
            mean(law.epsilon, slurry.attraction[phase].epsilon),
            law.sigma + solvent * (slurry.attraction[phase].sigma - law.sigma),
            law.cutoff + solvent * (slurry.attraction[phase].cutoff - law.cutoff),
        )
        for phase, law in dried.attraction.items()
    }
    wet, dry = slurry.contact, dried.contact
    contact = Contact(
        mean(dry.stiffness, wet.stiffness), mean(dry.damping, wet.damping), mean(dry.friction, wet.friction)
    )
    return ForceField(attraction, contact)


def diameters_with(beads: BeadTable, solvent: float, enlargement: float) -> list[float]:
    """Return the contact diameter of every class when a share of the solvent is left, shape (classes,) [m].

    The volume of a bead that holds solvent falls linearly with it; the enlargement of AM and SE goes with it.
    """
    sizes = []
    for bead in beads.classes:
        cube = bead.dry_diameter**3 + solvent * (bead.wet_diameter**3 - bead.dry_diameter**3)
        factor = 1.0 if bead.phase is Phase.CBD else 1.0 + solvent * (enlargement - 1.0)
        sizes.append(factor * float(np.cbrt(cube)))
    return sizes


def masses_with(beads: BeadTable, solvent: float) -> list[float]:
    """Return the mass of a bead of every class when a share of the solvent is left, shape (classes,) [kg]."""
    return [c.dry_mass + solvent * (c.wet_mass - c.dry_mass) for c in beads.classes]
