"""Random positions from which soft spheres are pushed apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from .pairs import images_within

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

TRIES = 30


def random_points(
    generator: np.random.Generator,
    count: int,
    inner: FloatArray,
    larger: tuple[FloatArray, FloatArray],
    size: FloatArray,
    periodic: tuple[bool, bool, bool],
) -> FloatArray:
    """Return random points, outside spheres that are already there where a few tries find such points.

    Small spheres that start inside a large one would have to be pushed through its whole radius.

    Args:
        generator: of random numbers.
        count: number of points.
        inner: distance to keep from the faces, shape (3,) [m]; zero on periodic axes.
        larger: centres (m, 3) and radii (m,) of the spheres that are there [m].
        size: edges of the box that starts at zero, shape (3,) [m].
        periodic: axes with images.
    """
    points = inner + generator.random((count, 3)) * (size - 2.0 * inner)
    for _ in range(TRIES):
        again = np.flatnonzero(_covered(points, larger, size, periodic))
        if not len(again):
            break
        points[again] = inner + generator.random((len(again), 3)) * (size - 2.0 * inner)
    return points


def _covered(
    points: FloatArray, spheres: tuple[FloatArray, FloatArray], size: FloatArray, periodic: tuple[bool, bool, bool]
) -> BoolArray:
    """Tell which points lie inside one of the spheres or their images, shape (n,)."""
    centres, radii = spheres
    covered = np.zeros(len(points), dtype=np.bool_)
    if len(radii) and len(points):
        copies, images = images_within(centres, (np.zeros(3), size), periodic, float(radii.max()))
        lists = cKDTree(points).query_ball_point(centres[copies] + images * size, radii[copies])
        covered[np.concatenate([np.asarray(found, dtype=np.int64) for found in lists])] = True
    return covered
