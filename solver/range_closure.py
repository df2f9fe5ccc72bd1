"""Charge transfer that closes where a surface is empty or full (Eq. 11b).

An ideal law i_0 ~ (1 - x)^a x^(1 - a) closes by itself, but only at x = 1 to all digits, and functions given by
tables do not close at all: the surface would leave the range in which they are known. In the last thousandth of
the range the exchange current of what leads further out is therefore multiplied by exp(-s^2), s from 0 to 10.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

CLOSING_SHARE = 1e-3  # of the range of known stoichiometries, at either end
DEPTH = 10.0  # s at the end; by Butler-Volmer kinetics 100 RT/(alpha F), 5 V beyond the open circuit
LARGEST_EXPONENT = 600.0  # beyond it exp(-s^2) is no normal number


def closing_factor(x: FloatArray, filling: BoolArray, known: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return the factor of the exchange current and its derivative by x.

    Args:
        x: (n,) stoichiometry of the surface.
        filling: (n,) whether lithium goes into the active material, so that the upper end counts.
        known: range of stoichiometries.
    """
    width = CLOSING_SHARE * (known[1] - known[0])
    past = np.where(filling, x - (known[1] - width), (known[0] + width) - x)
    s = np.clip(DEPTH * past / width, 0.0, LARGEST_EXPONENT**0.5)
    factor = np.exp(-(s**2))
    towards_the_end = np.where(filling, 1.0, -1.0)
    return factor, np.asarray(-2.0 * s * factor * DEPTH / width * towards_the_end)
