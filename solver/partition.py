"""Partition of cells over ranks by recursive bisection of their midpoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Groups that are cut this many cells apart exchange about as much over their common surface as over one cut.
BEARABLE_CELLS = 10.0


def bisect_points(points: FloatArray, parts: int) -> IntArray:
    """Assign points of shape (n, 3) to ``parts`` compact groups of equal size, by cuts across the longest extent.

    The result depends on the points only, so that meshes of different phases cut from the same labelled mesh
    can share one partition.
    """
    return bisect_groups([points], parts)[0]


def bisect_groups(groups: Sequence[FloatArray], parts: int) -> list[IntArray]:
    """Assign every group of points (n, 3) to ``parts`` compact sets of equal size each.

    All groups are cut across the same axis, each in its own middle, so that all work is divided equally while
    what lies together mostly stays together. Long axes are cut first, but for those along which the groups lie
    apart, as a separator and a composite do through the thickness.

    Args:
        groups: midpoints of the cells of each field [m].
        parts: number of ranks.
    """
    owners: list[IntArray] = [np.zeros(len(points), dtype=np.int64) for points in groups]
    _bisect(groups, [np.arange(len(points)) for points in groups], 0, parts, owners)
    return owners


def _bisect(
    groups: Sequence[FloatArray], members: list[IntArray], first: int, parts: int, owners: list[IntArray]
) -> None:
    if parts == 1 or not any(len(index) for index in members):
        for owner, index in zip(owners, members, strict=True):
            owner[index] = first
        return
    axis = _axis([points[index] for points, index in zip(groups, members, strict=True)])
    left = parts // 2
    halves = [_halves(points[index, axis], index, left / parts) for points, index in zip(groups, members, strict=True)]
    _bisect(groups, [half[0] for half in halves], first, left, owners)
    _bisect(groups, [half[1] for half in halves], first + left, parts - left, owners)


def _halves(places: FloatArray, index: IntArray, share: float) -> tuple[IntArray, IntArray]:
    """Divide the members of a group by their places along the axis; the first half gets a share of them."""
    order = index[np.argsort(places, kind="stable")]
    split = int(len(order) * share)
    return order[:split], order[split:]


def _axis(groups: list[FloatArray]) -> int:
    """Return the axis whose cut leaves the least to exchange: 1/extent, more where the middles lie apart."""
    present = [points for points in groups if len(points)]
    together = np.concatenate(present)
    extents = np.ptp(together, axis=0)
    cell = (np.prod(extents[extents > 0.0]) / len(together)) ** (1.0 / max(int((extents > 0.0).sum()), 1))
    apart = np.ptp([np.median(points, axis=0) for points in present], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        exchange = np.where(extents > 0.0, (1.0 + apart / (BEARABLE_CELLS * cell)) / extents, np.inf)
    return int(np.argmin(exchange))
