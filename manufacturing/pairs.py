"""Pairs of spheres that are close to each other, with their periodic images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

GROUP_RATIO = 1.5  # spheres are searched in groups whose radii differ by at most this factor


@dataclass(frozen=True)
class Pairs:
    """Pairs (first, image of second); each is listed once.

    ``first < second``, or they are equal for a sphere near its own image. The partner of sphere i sits at
    ``centres[second] + image * size``; two spheres can be listed with several images in a small box.
    """

    first: IntArray  # (pairs,) index of a sphere
    second: IntArray  # (pairs,) index of its partner
    image: IntArray  # (pairs, 3) periods by which the partner is moved
    distance: FloatArray  # (pairs,) between the two centres [m]

    def __len__(self) -> int:
        return len(self.first)

    def select(self, mask: npt.NDArray[np.bool_]) -> Pairs:
        """Return the pairs where ``mask`` of shape (pairs,) is true."""
        return Pairs(self.first[mask], self.second[mask], self.image[mask], self.distance[mask])


def near_pairs(
    centres: FloatArray,
    radii: FloatArray,
    box: tuple[FloatArray, FloatArray],
    periodic: tuple[bool, bool, bool],
    gap: float = 0.0,
) -> Pairs:
    """Find all pairs with a distance of at most r_i + r_j + gap.

    Spheres are sorted into groups of similar radius, one k-d tree each, so that few large spheres do not
    widen the search among many small ones. Images are explicit points: the result is also right where a
    sphere reaches two images of another, or its own.

    Args:
        centres: shape (n, 3) [m]; inside the box on periodic axes.
        radii: shape (n,) [m].
        box: its lower and upper corner, each of shape (3,) [m].
        periodic: axes with images.
        gap: between the two surfaces [m]; may be negative, for overlaps of a minimal depth.
    """
    groups = _groups(radii)
    found = [_between(centres, radii, box, periodic, gap, a, b) for a, b in combinations_with_replacement(groups, 2)]
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return Pairs(none, none, np.zeros((0, 3), dtype=np.int64), np.zeros(0))
    first, second, image, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((*image.T, second, first))  # a result that does not depend on the search tree
    return Pairs(first[order], second[order], image[order], distance[order])


def _groups(radii: FloatArray) -> list[IntArray]:
    """Return the indices of the spheres of each group, small radii first."""
    if not len(radii):
        return []
    level = np.floor(np.log(radii / radii.min()) / np.log(GROUP_RATIO)).astype(np.int64)
    return [np.flatnonzero(level == value) for value in np.unique(level)]


def _between(
    centres: FloatArray,
    radii: FloatArray,
    box: tuple[FloatArray, FloatArray],
    periodic: tuple[bool, bool, bool],
    gap: float,
    smaller: IntArray,
    larger: IntArray,
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return first, second, image and distance of the pairs between two groups (or within one)."""
    reach = float(radii[smaller].max() + radii[larger].max() + gap)
    copies, images = images_within(centres[larger], box, periodic, max(reach, 0.0))
    points = centres[larger[copies]] + images * (box[1] - box[0])
    tree = cKDTree(centres[smaller])
    found = tree.sparse_distance_matrix(cKDTree(points), max(reach, 0.0), output_type="ndarray")
    first, second, image = smaller[found["i"]], larger[copies[found["j"]]], images[found["j"]]
    near = found["v"] <= radii[first] + radii[second] + gap
    if smaller is larger:
        near &= (first < second) | ((first == second) & _is_positive(image))
    first, second, image = first[near], second[near], image[near]
    swapped = first > second
    image = np.where(swapped[:, None], -image, image)
    return np.minimum(first, second), np.maximum(first, second), image, found["v"][near]


def _is_positive(image: IntArray) -> npt.NDArray[np.bool_]:
    """Tell which of the two images +n and -n of a sphere near itself is listed, shape (pairs,)."""
    return np.asarray(image @ np.array([1_000_000, 1_000, 1]) > 0)


def images_within(
    points: FloatArray, box: tuple[FloatArray, FloatArray], periodic: tuple[bool, bool, bool], reach: float
) -> tuple[IntArray, IntArray]:
    """Return all periodic images of points that lie in the box widened by ``reach`` on periodic axes.

    Returns:
        Index of the point, shape (images,), and the periods by which it is moved, shape (images, 3).
    """
    index: IntArray = np.arange(len(points), dtype=np.int64)
    images: IntArray = np.zeros((len(points), 3), dtype=np.int64)
    for axis in np.flatnonzero(periodic):
        parts = list(_moved(points[:, axis], index, images, int(axis), box, reach))
        index = np.concatenate([part[0] for part in parts])
        images = np.concatenate([part[1] for part in parts])
    return index, images


def _moved(
    coordinate: FloatArray,
    index: IntArray,
    images: IntArray,
    axis: int,
    box: tuple[FloatArray, FloatArray],
    reach: float,
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield index and images of the points moved by each number of periods along one axis."""
    low, high = box[0][axis], box[1][axis]
    period = high - low
    most = int(np.ceil(reach / period)) + 1
    for shift in range(-most, most + 1):
        moved = coordinate[index] + shift * period
        kept = (moved >= low - reach) & (moved <= high + reach)
        copy = images[kept]
        copy[:, axis] = shift
        yield index[kept], copy
