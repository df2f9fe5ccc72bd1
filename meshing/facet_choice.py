"""How much of a face or an interface to take: facets in an order, up to an area."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def count_up_to(areas: FloatArray, wanted: float) -> int:
    """Return how many parts from the front have together the area closest to the wanted one.

    Args:
        areas: in the order in which the parts are taken, shape (n,) [m2].
        wanted: total area [m2].
    """
    return int(np.argmin(np.abs(np.concatenate([[0.0], np.cumsum(areas)]) - wanted)))
