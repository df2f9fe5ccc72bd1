"""Consecutive numbers for those that are in use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def compacted(numbers: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """Return the numbers in use, rising, and where each entry stands among them.

    The same as ``np.unique`` with its inverse without sorting, an order of magnitude quicker for large meshes.

    Args:
        numbers: from 0 to ``count`` - 1, any shape.
        count: how many numbers there may be.

    Returns:
        Used numbers (n,) and places of the shape of ``numbers``.
    """
    present = np.zeros(count, dtype=bool)
    present[numbers] = True
    place = np.cumsum(present) - 1
    return np.flatnonzero(present), place[numbers]
