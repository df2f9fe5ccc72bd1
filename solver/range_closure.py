"""What keeps surfaces in the range in which the functions of the active material are known (Eqs. 11b and 11c).

An ideal law i_0 ~ (1 - x)^a x^(1 - a) closes by itself, but only at x = 1 to all digits, and functions given by
tables do not close at all: the surface would leave the range in which they are known. In the last thousandth of
the range the exchange current of what leads further out is therefore multiplied by exp(-s^2), s from 0 to 10. That
stops charge transfer but not diffusion, which in obtuse cells goes to the wrong side at some nodes: in the outermost
tenth of that part the open-circuit potential diverges as that of a lattice that is empty or full, and lithium returns.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

CLOSING_SHARE = 1e-3  # of the range of known stoichiometries, at either end
DEPTH = 10.0  # s at the end; by Butler-Volmer kinetics 100 RT/(alpha F), 5 V beyond the open circuit
REST = 1e-12  # [V] of rounding in the overpotential of a cell at rest
BARRIER_SHARE = 1e-4  # of the range, at either end, in which the open-circuit potential diverges
BARRIER_VOLTAGE = 3.0  # [V]
DEEPEST = 0.999  # of that part, up to which it follows the logarithm; iterates beyond see the tangent
LARGEST_EXPONENT = 600.0  # beyond it exp(-s^2) is no normal number


def closing_factor(x: FloatArray, drive: FloatArray, known: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return the factor of the exchange current and its derivative by x.

    Args:
        x: (n,) stoichiometry of the surface.
        drive: (n,) overpotential with that of the film [V]: negative where lithium goes into the active material, so
            that the upper end counts, positive where it leaves.
        known: range of stoichiometries.
    """
    width = CLOSING_SHARE * (known[1] - known[0])
    # At rest nothing is closed: the slope of the current is that towards the inside, by which a run starts at an end.
    filling, emptying = drive < -REST, drive > REST
    towards_the_end = np.where(filling, 1.0, np.where(emptying, -1.0, 0.0))
    past = np.where(filling, x - (known[1] - width), (known[0] + width) - x)
    s = np.clip(DEPTH * past / width, 0.0, LARGEST_EXPONENT**0.5) * np.abs(towards_the_end)
    factor = np.exp(-(s**2))
    return factor, np.asarray(-2.0 * s * factor * DEPTH / width * towards_the_end)


def barrier_potential(x: FloatArray, known: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return what is added to U(x) at the ends of the range [V] and its derivative by x (Eq. 11c).

    V_b [-ln(1 - t) - t] at the empty end and minus that at the full one, t from 0 to 1 in the outermost part.

    Args:
        x: (n,) stoichiometry of the surface.
        known: range of stoichiometries.
    """
    width = BARRIER_SHARE * (known[1] - known[0])
    potential, slope = np.zeros_like(x), np.zeros_like(x)
    for sign, depth in ((1.0, (known[0] + width - x) / width), (-1.0, (x - known[1] + width) / width)):
        inside = np.clip(depth, 0.0, DEEPEST)
        steepness = np.where(depth > 0.0, inside / (1.0 - inside), 0.0)
        beyond = np.maximum(depth - DEEPEST, 0.0)
        potential += sign * BARRIER_VOLTAGE * (-np.log1p(-inside) - inside + steepness * beyond)
        slope -= BARRIER_VOLTAGE * steepness / width
    return potential, slope


def off_the_ends(x: float, known: tuple[float, float]) -> float:
    """Return a stoichiometry, moved out of the parts in which the open-circuit potential diverges."""
    width = BARRIER_SHARE * (known[1] - known[0])
    return min(max(x, known[0] + width), known[1] - width)
