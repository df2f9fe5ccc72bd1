"""The wanted edge of the lattice cubes at every point of the box, on a periodic grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compiled import compiled
from .torus_mesh import FloatArray, wrapped_into


class SizeField(NamedTuple):
    """Sizes at the nodes of a grid, interpolated linearly between them; a single node stands for a constant."""

    values: npt.NDArray[np.float32]  # (nx, ny, nz) [um]
    origin: FloatArray  # (3,) [um] position of the first node
    spacing: FloatArray  # (3,) [um] between nodes
    period: FloatArray  # (3,) [um], 0 where not periodic; the last node is then one spacing before the period


def uniform_size(size: float) -> SizeField:
    """Return a field with the same size everywhere [um]."""
    return SizeField(np.full((1, 1, 1), size, np.float32), np.zeros(3), np.ones(3), np.zeros(3))


@compiled
def _along(field: SizeField, axis: int, coordinate: float) -> tuple[int, int, float]:
    """Return the two nodes around a coordinate and the weight of the second."""
    count = field.values.shape[axis]
    place = (wrapped_into(coordinate, field.period[axis]) - field.origin[axis]) / field.spacing[axis]
    if field.period[axis] > 0.0:
        low = int(np.floor(place))
        return low % count, (low + 1) % count, place - low
    place = min(max(place, 0.0), count - 1.0)
    low = max(0, min(int(place), count - 2))
    return low, min(low + 1, count - 1), place - low


@compiled
def size_at(field: SizeField, x: float, y: float, z: float) -> float:
    """Return the wanted size at a point [um]."""
    if field.values.size == 1:
        return float(field.values[0, 0, 0])
    i, ii, u = _along(field, 0, x)
    j, jj, v = _along(field, 1, y)
    k, kk, w = _along(field, 2, z)
    value = field.values
    low = (1.0 - u) * ((1.0 - v) * value[i, j, k] + v * value[i, jj, k]) + u * (
        (1.0 - v) * value[ii, j, k] + v * value[ii, jj, k]
    )
    high = (1.0 - u) * ((1.0 - v) * value[i, j, kk] + v * value[i, jj, kk]) + u * (
        (1.0 - v) * value[ii, j, kk] + v * value[ii, jj, kk]
    )
    return float((1.0 - w) * low + w * high)


@compiled
def sizes_at(field: SizeField, points: FloatArray) -> FloatArray:
    """Return the wanted size at points (n, 3), shape (n,) [um]."""
    out = np.empty(len(points))
    for q in range(len(points)):
        out[q] = size_at(field, points[q, 0], points[q, 1], points[q, 2])
    return out


@compiled
def _relax(field: SizeField, i: int, j: int, k: int, side: int, growth: float) -> bool:
    """Lower a node to what its neighbours before (side -1) or after it (side 1) allow."""
    shape, changed = field.values.shape, False
    for a in range(-1, 2):
        for b in range(-1, 2):
            for c in range(-1, 2):
                if a * 9 + b * 3 + c >= 0:  # half of the 26 neighbours; the others see this node in their turn
                    continue
                p, q, r = i - side * a, j - side * b, k - side * c
                if field.period[0] > 0.0:
                    p %= shape[0]
                if field.period[1] > 0.0:
                    q %= shape[1]
                if field.period[2] > 0.0:
                    r %= shape[2]
                if p < 0 or q < 0 or r < 0 or p >= shape[0] or q >= shape[1] or r >= shape[2]:
                    continue
                step = np.sqrt((a * field.spacing[0]) ** 2 + (b * field.spacing[1]) ** 2 + (c * field.spacing[2]) ** 2)
                allowed = np.float32(field.values[p, q, r] + growth * step)
                if field.values[i, j, k] > allowed:
                    changed = changed or field.values[i, j, k] > allowed * np.float32(1.0001)
                    field.values[i, j, k] = allowed
    return changed


@compiled
def limit_growth(field: SizeField, growth: float) -> None:
    """Lower the sizes in place until neighbouring nodes differ by at most ``growth`` times their distance."""
    nx, ny, nz = field.values.shape
    changed = True
    while changed:
        changed = False
        for i in range(nx):
            for j in range(ny):
                for k in range(nz):
                    changed = _relax(field, i, j, k, -1, growth) or changed
        for i in range(nx - 1, -1, -1):
            for j in range(ny - 1, -1, -1):
                for k in range(nz - 1, -1, -1):
                    changed = _relax(field, i, j, k, 1, growth) or changed
