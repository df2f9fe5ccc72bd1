"""Signed distances on a grid, interpolated by cubic B-splines: smooth values and gradients for the cutter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compiled import compiled
from .torus_mesh import FloatArray

PADDING = 2  # grid points beyond the box on each side


class GridLevels(NamedTuple):
    """Spline coefficients of distances on a grid."""

    coefficients: npt.NDArray[np.float32]  # (grids, nx, ny, nz) [um] with PADDING points on each side
    origin: FloatArray  # (3,) [um] position of the first coefficient
    spacing: FloatArray  # (3,) [um]


def no_grids() -> GridLevels:
    """Return levels without a grid."""
    return GridLevels(np.zeros((0, 4, 4, 4), np.float32), np.zeros(3), np.ones(3))


@compiled
def _weights(t: float, values: FloatArray, slopes: FloatArray) -> None:
    """Write the four weights of a cubic B-spline at a fraction of a grid step, and their derivatives."""
    s = 1.0 - t
    values[0], values[3] = s * s * s / 6.0, t * t * t / 6.0
    values[1] = (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0
    values[2] = (4.0 - 6.0 * s * s + 3.0 * s * s * s) / 6.0
    slopes[0], slopes[3] = -0.5 * s * s, 0.5 * t * t
    slopes[1] = 1.5 * t * t - 2.0 * t
    slopes[2] = 2.0 * s - 1.5 * s * s


@compiled
def grid_level(grids: GridLevels, grid: int, x: float, y: float, z: float, gradient: FloatArray) -> float:
    """Return the distance of a point in the box [um] and write its gradient, shape (3,)."""
    point = (x, y, z)
    first = np.empty(3, np.int64)
    weights, slopes = np.empty((3, 4)), np.empty((3, 4))
    for axis in range(3):
        position = (point[axis] - grids.origin[axis]) / grids.spacing[axis]
        cell = min(max(int(np.floor(position)), 1), grids.coefficients.shape[axis + 1] - 3)
        first[axis] = cell - 1
        _weights(min(max(position - cell, 0.0), 1.0), weights[axis], slopes[axis])
    value = 0.0
    gradient[:] = 0.0
    for i in range(4):
        for j in range(4):
            across, along = 0.0, 0.0
            for k in range(4):
                c = grids.coefficients[grid, first[0] + i, first[1] + j, first[2] + k]
                across += c * weights[2, k]
                along += c * slopes[2, k]
            value += weights[0, i] * weights[1, j] * across
            gradient[0] += slopes[0, i] * weights[1, j] * across
            gradient[1] += weights[0, i] * slopes[1, j] * across
            gradient[2] += weights[0, i] * weights[1, j] * along
    for axis in range(3):
        gradient[axis] /= grids.spacing[axis]
    return value
