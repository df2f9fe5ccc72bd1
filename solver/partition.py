"""Partition of cells over ranks by recursive bisection of their midpoints."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def bisect_points(points: FloatArray, parts: int) -> IntArray:
    """Assign points of shape (n, 3) to ``parts`` compact groups of equal size.

    The longest extent is cut first; the result depends on the points only, so that meshes of
    different phases cut from the same labelled mesh can share one partition.
    """
    owner = np.zeros(len(points), dtype=np.int64)
    _bisect(points, np.arange(len(points)), 0, parts, owner)
    return owner


def _bisect(points: FloatArray, index: IntArray, first: int, parts: int, owner: IntArray) -> None:
    if parts == 1 or len(index) == 0:
        owner[index] = first
        return
    axis = int(np.argmax(np.ptp(points[index], axis=0)))
    left = parts // 2
    order = index[np.argsort(points[index, axis], kind="stable")]
    split = len(order) * left // parts
    _bisect(points, order[:split], first, left, owner)
    _bisect(points, order[split:], first + left, parts - left, owner)
