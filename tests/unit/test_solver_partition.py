"""Recursive bisection of cells over ranks."""

from __future__ import annotations

import numpy as np
import pytest

from solver.partition import bisect_points

POINTS = np.random.default_rng(5).uniform(size=(1000, 3)) * [4.0, 1.0, 1.0]


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 7])
def test_groups_have_equal_size(parts: int) -> None:
    counts = np.bincount(bisect_points(POINTS, parts), minlength=parts)
    assert len(counts) == parts
    assert counts.max() - counts.min() <= 2


def test_the_longest_extent_is_cut_first() -> None:
    owner = bisect_points(POINTS, 2)
    assert POINTS[owner == 0, 0].max() < POINTS[owner == 1, 0].min()


def test_ranks_without_points() -> None:
    """More ranks than cells: every cell has one owner, some ranks own nothing."""
    owner = bisect_points(POINTS[:3], 8)
    assert len(np.unique(owner)) == 3
    assert owner.max() < 8
    assert len(bisect_points(POINTS[:0], 3)) == 0


def test_same_points_same_owners() -> None:
    assert np.array_equal(bisect_points(POINTS, 5), bisect_points(POINTS.copy(), 5))
