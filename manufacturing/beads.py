"""The beads that stand for a recipe: how many of which phase, size and mass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .phases import PARTICLE_PHASES, Phase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BeadClass:
    """Beads that are equal in everything but their position."""

    phase: Phase
    count: int
    dry_diameter: float  # [m]
    wet_diameter: float  # [m] in the slurry, with the solvent that the bead carries
    dry_mass: float  # [kg] of one bead
    wet_mass: float  # [kg] of one bead with its solvent


@dataclass(frozen=True)
class BeadTable:
    """All beads of a packing in the order of their ids 1..n, class by class."""

    classes: tuple[BeadClass, ...]

    @property
    def counts(self) -> IntArray:
        """Number of beads of each class, shape (classes,)."""
        return np.array([c.count for c in self.classes], dtype=np.int64)

    @property
    def total(self) -> int:
        """Number of beads."""
        return int(self.counts.sum())

    @property
    def ids(self) -> IntArray:
        """Stable particle ids 1..n, shape (n,)."""
        return np.arange(1, self.total + 1, dtype=np.int64)

    @property
    def class_index(self) -> IntArray:
        """Index into ``classes`` of each bead, shape (n,)."""
        return np.repeat(np.arange(len(self.classes), dtype=np.int64), self.counts)

    @property
    def phases(self) -> IntArray:
        """Phase of each bead, shape (n,)."""
        return np.array([int(c.phase) for c in self.classes], dtype=np.int64)[self.class_index]

    @property
    def dry_radii(self) -> FloatArray:
        """Radius of each dry bead, shape (n,) [m]."""
        return 0.5 * np.array([c.dry_diameter for c in self.classes])[self.class_index]

    @property
    def wet_radii(self) -> FloatArray:
        """Radius of each bead in the slurry, shape (n,) [m]."""
        return 0.5 * np.array([c.wet_diameter for c in self.classes])[self.class_index]

    def enlarged_diameters(self, enlargement: float) -> FloatArray:
        """Return the wet diameter of each class, that of AM and SE times a factor, shape (classes,) [m]."""
        dense = np.array([c.phase is not Phase.CBD for c in self.classes])
        return np.asarray(np.where(dense, enlargement, 1.0) * np.array([c.wet_diameter for c in self.classes]))

    @property
    def dry_mass(self) -> float:
        """Mass of all dry beads [kg]."""
        return float(sum(c.count * c.dry_mass for c in self.classes))

    @property
    def wet_mass(self) -> float:
        """Mass of all beads with their solvent [kg]."""
        return float(sum(c.count * c.wet_mass for c in self.classes))

    @property
    def wet_volume(self) -> float:
        """Volume of all beads in the slurry, overlaps ignored [m3]."""
        return float((4.0 / 3.0 * np.pi * self.wet_radii**3).sum())

    @property
    def solids_content(self) -> float:
        """Dry mass over slurry mass, 0-1."""
        return self.dry_mass / self.wet_mass

    def count_by_phase(self) -> dict[str, int]:
        """Return the number of beads of each phase."""
        return {p.name: int((self.phases == p).sum()) for p in PARTICLE_PHASES if self._has(p)}

    def weight_fractions(self) -> dict[str, float]:
        """Return the share of each phase in the mass of the dry beads; what rounding to beads left."""
        return {
            p.name: sum(c.count * c.dry_mass for c in self.classes if c.phase is p) / self.dry_mass
            for p in PARTICLE_PHASES
            if self._has(p)
        }

    def _has(self, phase: Phase) -> bool:
        return any(c.phase is phase for c in self.classes)
