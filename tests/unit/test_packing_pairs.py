"""Pairs of near spheres: the tree search against all pairs of all images."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from manufacturing.pairs import near_pairs

FloatArray = npt.NDArray[np.float64]
Listed = set[tuple[int, ...]]

BOXES = {  # number of spheres, edges, logarithm of the median radius
    "wide": (80, (10.0, 8.0, 12.0), -0.8),
    "narrower than some spheres": (6, (3.0, 4.0, 2.5), 0.2),
}
AXES = [(True, True, True), (True, True, False), (False, True, False), (False, False, False)]


def all_pairs(centres: FloatArray, radii: FloatArray, size: FloatArray, axes: tuple[bool, ...], gap: float) -> Listed:
    """Compare every sphere with every image of every sphere."""
    found: Listed = set()
    for image in product(*(range(-4, 5) if axis else (0,) for axis in axes)):
        step = centres[None, :] + np.array(image) * size - centres[:, None]
        near = np.linalg.norm(step, axis=2) <= radii[:, None] + radii[None, :] + gap
        for i, j in np.argwhere(near).tolist():
            if i < j or (i == j and image > (0, 0, 0)):
                found.add((i, j, *image))
    return found


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("box", list(BOXES))
@pytest.mark.parametrize("gap", [0.2, 0.0, -0.3])
def test_pairs_are_those_of_all_images(axes: tuple[bool, bool, bool], box: str, gap: float) -> None:
    """Radii over a factor of 20, mixed periodic axes, spheres that meet two images of another or their own."""
    count, edges, median = BOXES[box]
    generator = np.random.default_rng(3)
    size = np.array(edges)
    centres, radii = generator.random((count, 3)) * size - 1.0, generator.lognormal(median, 0.7, count)
    found = near_pairs(centres, radii, (np.full(3, -1.0), size - 1.0), axes, gap)
    assert max(radii) > 0.5 * min(edges) or box == "wide"
    listed = set(zip(found.first.tolist(), found.second.tolist(), *found.image.T.tolist(), strict=True))
    expected = all_pairs(centres, radii, size, axes, gap)
    assert len(listed) == len(found)
    assert listed == expected
    assert expected or not any(axes) or gap < 0.0, "the example has pairs"
    step = centres[found.second] + found.image * size - centres[found.first]
    assert found.distance == pytest.approx(np.linalg.norm(step, axis=1))


def test_an_example_has_several_images_of_a_pair_and_of_a_sphere() -> None:
    """A sphere of diameter 1.2 in a box of edge 1 meets its 6 nearest images: 3 listed pairs."""
    found = near_pairs(np.full((1, 3), 0.5), np.array([0.6]), (np.zeros(3), np.ones(3)), (True, True, True))
    assert sorted(map(tuple, found.image.tolist())) == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]
    two = np.array([[0.25, 0.5, 0.5], [0.75, 0.5, 0.5]])
    found = near_pairs(two, np.full(2, 0.3), (np.zeros(3), np.ones(3)), (True, False, False))
    assert sorted(map(tuple, found.image.tolist())) == [(-1, 0, 0), (0, 0, 0)]


def test_coinciding_and_missing_spheres() -> None:
    """Equal centres are a pair of distance zero; no sphere, no pair."""
    box = (np.zeros(3), np.ones(3))
    found = near_pairs(np.full((2, 3), 0.5), np.array([0.1, 0.2]), box, (True, True, True))
    assert found.distance.tolist() == [0.0]
    assert len(near_pairs(np.empty((0, 3)), np.empty(0), box, (True, True, True))) == 0
