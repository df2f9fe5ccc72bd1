"""Largest stable time step of a force field: the stiffest contact and the strongest damping limit it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .beads import BeadTable
from .force_field import ForceField, pair_coefficients

FloatArray = npt.NDArray[np.float64]

MICROMETRE, PICOGRAM, MICROSECOND = 1e-6, 1e-15, 1e-6
CURVATURE = 72.0 / 2.0 ** (1.0 / 3.0)  # r^2 u'' / epsilon of Lennard-Jones at its minimum, with sigma for r
STIFF_ANGLE = 0.12  # phase angle per step of a free pair; the neighbours of a bead add up to several times that
DAMPED_SHARE = 0.20  # share of the speed that one typical contact takes per step
TYPICAL_OVERLAP = 0.20  # sqrt(overlap R_eff) over the largest diameter


@dataclass(frozen=True)
class StabilityLimits:
    r"""What limits the time step, at true masses.

    With masses times S the oscillation allows dt <= STIFF_ANGLE sqrt(S) / omega, the damping (whose force
    keeps its value) dt <= DAMPED_SHARE S / damping_rate. The three constants were measured: the pair of
    limits is stable for sheared packings of 1-11 um beads at 1.9 g/cm3; twice the stiff limit is not at all rates.
    """

    angular_frequency: float  # of the stiffest pair [1/s]
    damping_rate: float  # of a typical contact of the largest bead [1/s]

    def time_step(self, inertial_scale: float) -> float:
        """Return the largest stable time step for masses times ``inertial_scale`` [s]."""
        return min(
            STIFF_ANGLE * math.sqrt(inertial_scale) / self.angular_frequency,
            DAMPED_SHARE * inertial_scale / max(self.damping_rate, np.finfo(float).tiny),
        )

    def inertial_scale(self, time_step: float) -> float:
        """Return the smallest factor on the masses, at least 1, for which a time step [s] is stable."""
        stiff = (time_step * self.angular_frequency / STIFF_ANGLE) ** 2
        return max(1.0, stiff, time_step * self.damping_rate / DAMPED_SHARE)


def stability_limits(
    force_field: ForceField, beads: BeadTable, diameters: FloatArray, smallest_mass: float = 0.0
) -> StabilityLimits:
    """Return what limits the time step.

    Args:
        force_field: between the beads.
        beads: whose wet masses move.
        diameters: in the contact model, shape (classes,) [m].
        smallest_mass: lighter beads move as if they had this mass [kg].
    """
    masses = np.array([max(c.wet_mass, smallest_mass) for c in beads.classes]) / PICOGRAM
    sizes = diameters / MICROMETRE
    pairs = pair_coefficients(force_field, [c.phase for c in beads.classes], list(sizes))
    squares = [
        CURVATURE * p.epsilon / p.sigma**2 * (1.0 / masses[p.first - 1] + 1.0 / masses[p.second - 1]) for p in pairs
    ]
    damping = force_field.contact.damping * TYPICAL_OVERLAP * float(sizes.max())
    return StabilityLimits(math.sqrt(max(squares)) / MICROSECOND, damping / MICROSECOND)


def smallest_mass(
    force_field: ForceField, beads: BeadTable, diameters: FloatArray, time_step: float, inertial_scale: float
) -> float:
    """Return the inertia that light beads need so that a time step is stable with a factor on the masses.

    Args:
        force_field: between the beads.
        beads: whose wet masses move.
        diameters: in the contact model, shape (classes,) [m].
        time_step: wanted [s].
        inertial_scale: largest factor on the masses.

    Returns:
        The smallest sufficient mass [kg], 0 when none is needed, that of the heaviest bead at most.
    """
    largest = STIFF_ANGLE * math.sqrt(inertial_scale) / time_step

    def stable(mass: float) -> bool:
        """Return whether the stiffest pair allows the time step."""
        return stability_limits(force_field, beads, diameters, mass).angular_frequency <= largest

    low, high = 0.0, max(c.wet_mass for c in beads.classes)
    if stable(low) or not stable(high):
        return low if stable(low) else high
    while high - low > 1e-3 * high:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if stable(middle) else (middle, high)
    return high
