"""Signed distances by class where a class is a few solids of one kind, or given on a grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .compiled import compiled
from .grid_levels import GridLevels, grid_level
from .solids import solid_distance, solid_gradient
from .torus_mesh import FloatArray, IntArray, wrapped_into


class LevelField(NamedTuple):
    """Solids with their periodic images, and grids; what :class:`SphereField` is for many spheres."""

    centres: FloatArray  # (n, 3) [um] periodic images included
    radii: FloatArray  # (n,) [um]
    heights: FloatArray  # (n,) [um] of cones
    kinds: IntArray  # (n,) SPHERE, CYLINDER or CONE
    classes: IntArray  # (n,) class of each solid
    grid_of_class: IntArray  # (k,) grid of each class, -1 where it consists of solids
    grids: GridLevels
    period: FloatArray  # (3,) [um], 0 where not periodic
    band: float  # [um] distance beyond which solids are not seen


@compiled
def solid_offset(field: LevelField, s: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return a point relative to the centre of solid ``s`` [um]."""
    return x - field.centres[s, 0], y - field.centres[s, 1], z - field.centres[s, 2]


@compiled
def level_distance(field: LevelField, x: float, y: float, z: float, which: int) -> tuple[float, int]:
    """Return the signed distance to a class, at most ``band``, and the nearest solid (-1: none, 0 on a grid)."""
    x, y = wrapped_into(x, field.period[0]), wrapped_into(y, field.period[1])
    z = wrapped_into(z, field.period[2])
    grid = field.grid_of_class[which]
    if grid >= 0:
        return min(field.band, grid_level(field.grids, grid, x, y, z, np.empty(3))), 0
    best, nearest = field.band, -1
    for s in range(len(field.radii)):
        if field.classes[s] == which:
            dx, dy, dz = solid_offset(field, s, x, y, z)
            distance = solid_distance(field.kinds[s], dx, dy, dz, field.radii[s], field.heights[s])
            if distance < best:
                best, nearest = distance, s
    return best, nearest


@compiled
def level_gradient(field: LevelField, which: int, s: int, point: FloatArray, out: FloatArray) -> None:
    """Write the gradient of the distance to solid ``s`` of a class, or to its grid, shape (3,)."""
    x, y = wrapped_into(point[0], field.period[0]), wrapped_into(point[1], field.period[1])
    z = wrapped_into(point[2], field.period[2])
    grid = field.grid_of_class[which]
    if grid >= 0:
        grid_level(field.grids, grid, x, y, z, out)
    else:
        dx, dy, dz = solid_offset(field, s, x, y, z)
        solid_gradient(field.kinds[s], dx, dy, dz, field.radii[s], field.heights[s], out)


@compiled
def nearest_solids(field: LevelField, points: FloatArray, inside: bool = False) -> IntArray:
    """Return the solid with the smallest signed distance to each point (n, 3), shape (n,).

    With ``inside``, points outside all solids have none, -1.
    """
    out = np.empty(len(points), np.int64)
    for q in range(len(points)):
        best, out[q] = 0.0 if inside else np.inf, -1
        for s in range(len(field.radii)):
            dx, dy, dz = solid_offset(field, s, points[q, 0], points[q, 1], points[q, 2])
            distance = solid_distance(field.kinds[s], dx, dy, dz, field.radii[s], field.heights[s])
            if distance < best:
                best, out[q] = distance, s
    return out
