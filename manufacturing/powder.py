"""A powder: beads of one phase and density, their sizes, and what they hold in the slurry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .beads import BeadClass
from .errors import InputError
from .phases import PARTICLE_PHASES, Phase
from .size_distribution import SizeDistribution


@dataclass(frozen=True)
class Powder:
    """Beads of one phase and density, in one or several size classes.

    Args:
        phase: AM, SE or CBD.
        weight_fraction: share of the mass of all dry solids, 0-1.
        density: mass of a dry bead over its volume [kg/m3].
        diameters: dry diameter of each size class [m].
        number_fractions: relative number of beads in each class; normalised to sum 1.
        wet_diameter: diameter in the slurry [m] of a bead that holds solvent; None: as dry.
        wet_density: mass over volume of the bead in the slurry [kg/m3]; None: as dry.
        solid_density: of the solid without nanopores [kg/m3]; None: the bead has none.
        name: tells powders of the same phase apart in messages and tables; empty: name of the phase.
    """

    phase: Phase
    weight_fraction: float
    density: float
    diameters: tuple[float, ...]
    number_fractions: tuple[float, ...] = (1.0,)
    wet_diameter: float | None = None
    wet_density: float | None = None
    solid_density: float | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.phase not in PARTICLE_PHASES:
            raise InputError("recipe.phase", self.phase.name, f"one of {[p.name for p in PARTICLE_PHASES]}")
        where = f"recipe.{self.label}"
        if not 0.0 < self.weight_fraction <= 1.0:
            raise InputError(f"{where}.weight_fraction", self.weight_fraction, "above 0, at most 1")
        check_positive(f"{where}.density", self.density)
        self._check_sizes(where)
        self._check_wet(where)
        if self.solid_density is not None and not self.solid_density >= self.density:
            found = f"{self.solid_density:g} kg/m3"
            raise InputError(
                f"{where}.solid_density", found, f"at least the density {self.density:g} kg/m3 of the bead"
            )

    @classmethod
    def of_sizes(cls, phase: Phase, weight_fraction: float, density: float, sizes: SizeDistribution) -> Powder:
        """Return a dry powder with the classes of a size distribution."""
        return cls(phase, weight_fraction, density, sizes.diameters, sizes.number_fractions)

    @property
    def label(self) -> str:
        """Name in messages and tables."""
        return self.name or self.phase.name

    @property
    def sizes(self) -> SizeDistribution:
        """Size classes of the dry beads, ascending, classes of the same diameter added up."""
        shares: dict[float, float] = {}
        for diameter, share in zip(self.diameters, self.number_fractions, strict=True):
            shares[diameter] = shares.get(diameter, 0.0) + share
        return SizeDistribution.from_classes(list(shares), list(shares.values()), field=f"recipe.{self.label}.sizes")

    @property
    def nanoporosity(self) -> float:
        """Share of the volume of a dry bead that is nanopores, 0-1."""
        return 0.0 if self.solid_density is None else 1.0 - self.density / self.solid_density

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """Number fractions of the size classes, normalised, shape (classes,)."""
        shares = np.asarray(self.number_fractions, dtype=np.float64)
        return np.asarray(shares / shares.sum())

    @property
    def mean_bead_mass(self) -> float:
        """Number average of the mass of a dry bead [kg]."""
        return float(self.density * (self.shares * sphere_volume(np.asarray(self.diameters))).sum())

    def classes(self, count: int) -> list[BeadClass]:
        """Split ``count`` beads over the size classes; classes that receive none are left out."""
        counts = apportion(count * self.shares, count)
        return [self._bead_class(d, int(n)) for d, n in zip(self.diameters, counts, strict=True) if n > 0]

    def _bead_class(self, diameter: float, count: int) -> BeadClass:
        dry_mass = self.density * sphere_volume(diameter)
        wet_diameter = diameter if self.wet_diameter is None else self.wet_diameter
        wet_mass = dry_mass if self.wet_density is None else self.wet_density * sphere_volume(wet_diameter)
        return BeadClass(self.phase, count, diameter, wet_diameter, float(dry_mass), float(wet_mass))

    def _check_sizes(self, where: str) -> None:
        if not self.diameters or len(self.diameters) != len(self.number_fractions):
            found = f"{len(self.diameters)} diameters, {len(self.number_fractions)} number fractions"
            raise InputError(f"{where}.number_fractions", found, "one number fraction for each diameter")
        for diameter, share in zip(self.diameters, self.number_fractions, strict=True):
            check_positive(f"{where}.diameters", diameter)
            check_positive(f"{where}.number_fractions", share)

    def _check_wet(self, where: str) -> None:
        if (self.wet_diameter is None) != (self.wet_density is None):
            raise InputError(f"{where}.wet_density", "only one of wet_diameter and wet_density", "both or none")
        if self.wet_diameter is None or self.wet_density is None:
            return
        check_positive(f"{where}.wet_diameter", self.wet_diameter)
        check_positive(f"{where}.wet_density", self.wet_density)
        if len(self.diameters) != 1:
            raise InputError(f"{where}.diameters", f"{len(self.diameters)} classes", "one class for a wet powder")
        wet = self.wet_density * sphere_volume(self.wet_diameter)
        dry = self.density * sphere_volume(self.diameters[0])
        if wet < dry:
            raise InputError(f"{where}.wet_density", f"wet bead of {wet:g} kg", f"at least its dry mass {dry:g} kg")


def sphere_volume(diameter: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return pi d^3 / 6 [m3] for diameters [m] of any shape."""
    return np.asarray(math.pi / 6.0 * np.asarray(diameter, dtype=np.float64) ** 3)


def apportion(ideal: npt.NDArray[np.float64], total: int) -> npt.NDArray[np.int64]:
    """Round ``ideal`` (sum = total) to integers of the same sum by largest remainder, shape (n,)."""
    counts = np.floor(ideal + 1e-9).astype(np.int64)
    remainder = ideal - counts
    missing = total - int(counts.sum())
    counts[np.argsort(-remainder, kind="stable")[:missing]] += 1
    return counts


def check_positive(field: str, value: float) -> None:
    """Refuse a value that is not a positive number.

    Raises:
        InputError: names the field.
    """
    if not (math.isfinite(value) and value > 0.0):
        raise InputError(field, value, "a positive number")
