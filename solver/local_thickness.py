"""Sizes of pores and of solid phases: the largest sphere inside the phase that covers each point.

Reference: T. Hildebrand, P. Rueegsegger, J. Microsc. 185 (1997) 67.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from meshing.compiled import compiled

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Field = npt.NDArray[Any]

FIRST_MARGIN = 12  # [voxel] beyond the box; widened until the largest sphere fits


@dataclass(frozen=True)
class SizeDistribution:
    """Diameters of the largest inscribed spheres, one per point of the phase."""

    diameters: FloatArray  # (n,) [m]
    spacing: float  # [m] of the grid: diameters are known to one (slabs) to three (spheres) of it, mostly too small

    def figures(self) -> dict[str, Any]:
        """Return mean, median and largest size by volume."""
        if len(self.diameters) == 0:
            return {"mean_m": None, "median_m": None, "largest_m": None}
        return {
            "mean_m": float(self.diameters.mean()),
            "median_m": float(np.median(self.diameters)),
            "largest_m": float(self.diameters.max()),
        }

    def histogram(self, edges: FloatArray) -> FloatArray:
        """Return the density by volume between the edges [m], shape (bins,) [1/m]."""
        counts, _ = np.histogram(self.diameters, edges)
        return np.asarray(counts / max(len(self.diameters), 1) / np.diff(edges))


def local_thickness(mask: BoolArray, spacing: FloatArray, periodic: tuple[bool, bool, bool]) -> SizeDistribution:
    """Measure the local thickness of a phase on a regular grid.

    The distance of a point to the surface is that to the nearest point outside, less half a spacing, and spheres
    have their centres on the grid. Spheres run
    through periodic walls; planes of the electrode are no walls of a pore but mirrors.

    Args:
        mask: where the phase is, shape (nx, ny, nz).
        spacing: of the grid along each axis, shape (3,) [m].
        periodic: axes along which the phase goes on.
    """
    step = float(spacing.max())
    if not mask.any() or mask.all():
        return SizeDistribution(np.zeros(0), step)
    radius = _distances(mask, spacing, periodic)
    order = np.argwhere(mask)
    order = order[np.argsort(-radius[mask], kind="stable")]
    owner = _owners(radius, order, spacing, np.array(periodic))[mask]
    return SizeDistribution(2.0 * radius[tuple(order.T)][owner], step)


def _distances(mask: BoolArray, spacing: FloatArray, periodic: tuple[bool, bool, bool]) -> FloatArray:
    """Return the distance to the surface, shape of the mask [m]."""
    width = FIRST_MARGIN
    while True:
        margin = [min(width, n) for n in mask.shape]
        wide = _extended(mask, margin, periodic)
        inside = tuple(slice(m, m + n) for m, n in zip(margin, mask.shape, strict=True))
        radius = np.asarray(ndimage.distance_transform_edt(wide, spacing))[inside]
        needed = int(np.ceil(radius.max() / spacing.min())) + 1
        if needed <= width or all(m == n for m, n in zip(margin, mask.shape, strict=True)):
            return np.maximum(radius - 0.5 * float(spacing.min()), 0.0)
        width = needed


def _extended(field: Field, margin: list[int], periodic: tuple[bool, bool, bool]) -> Field:
    """Return a field with its images around it, beyond planes with its mirror image."""
    for axis, (steps, wraps) in enumerate(zip(margin, periodic, strict=True)):
        pad = [(steps, steps) if k == axis else (0, 0) for k in range(3)]
        field = np.pad(field, pad, mode="wrap" if wraps else "symmetric")
    return field


@compiled
def _apart(a: int, b: int, count: int, wraps: bool) -> int:
    """Return how many points lie between two points, or images of them, along an axis."""
    step = abs(a - b)
    return int(min(step, count - step)) if wraps else step


@compiled
def _owners(radius: FloatArray, points: IntArray, spacing: FloatArray, periodic: BoolArray) -> IntArray:
    """Return for each point the first of the spheres, largest first, that covers it.

    A sphere that lies in a larger one but for half a spacing adds nothing that the grid could tell and is left out.
    """
    n = radius.shape
    owner = np.full(n, -1, np.int64)
    slack = 0.5 * spacing.min()
    for q in range(len(points)):
        a, b, c = points[q, 0], points[q, 1], points[q, 2]
        r = radius[a, b, c]
        larger = owner[a, b, c]
        if larger >= 0:
            x = spacing[0] * _apart(a, points[larger, 0], n[0], periodic[0])
            y = spacing[1] * _apart(b, points[larger, 1], n[1], periodic[1])
            z = spacing[2] * _apart(c, points[larger, 2], n[2], periodic[2])
            whole = radius[points[larger, 0], points[larger, 1], points[larger, 2]]
            if np.sqrt(x * x + y * y + z * z) + r <= whole + slack:
                continue
        square = (r + slack) ** 2
        reach = np.sqrt(square) / spacing
        for i in range(a - int(reach[0]), a + int(reach[0]) + 1):
            if not (periodic[0] or 0 <= i < n[0]):
                continue  # what covers a mirror image of a point covers the point
            for j in range(b - int(reach[1]), b + int(reach[1]) + 1):
                left = square - ((i - a) * spacing[0]) ** 2 - ((j - b) * spacing[1]) ** 2
                if left <= 0.0 or not (periodic[1] or 0 <= j < n[1]):
                    continue
                half = int(np.sqrt(left) / spacing[2])
                for k in range(c - half, c + half + 1):
                    if (periodic[2] or 0 <= k < n[2]) and owner[i % n[0], j % n[1], k % n[2]] < 0:
                        owner[i % n[0], j % n[1], k % n[2]] = q
    return owner
