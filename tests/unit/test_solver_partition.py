"""Recursive bisection of cells over ranks."""

from __future__ import annotations

import numpy as np
import pytest

from solver.partition import bisect_groups, bisect_points

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


def test_every_group_is_divided_equally_where_one_fills_a_layer() -> None:
    """A separator below a composite: ions live in both, electrons only above; no rank gets more of either.

    Fails where all groups share the cut through the middle of all points, or where the thickness is cut.
    """
    random = np.random.default_rng(3)
    ionic, electronic = random.random((4000, 3)) * (1.0, 1.0, 1.3), random.random((3000, 3))
    electronic[:, 2] += 0.3
    for parts in (2, 3, 4):
        owners = bisect_groups([ionic, electronic], parts)
        for owner, points in zip(owners, (ionic, electronic), strict=True):
            assert np.ptp(np.bincount(owner, minlength=parts)) <= parts
            assert parts > 2 or np.unique(owner[points[:, 2] < 0.6]).tolist() == [0, 1]


def test_groups_that_lie_together_stay_together() -> None:
    """Two samples of the same box: points of both on one side of the cut have the same rank."""
    random = np.random.default_rng(4)
    groups = [random.random((5000, 3)) * (1.0, 2.0, 1.0) for _ in range(2)]
    owners = bisect_groups(groups, 2)
    for owner, points in zip(owners, groups, strict=True):
        assert np.unique(owner[points[:, 1] < 0.95]).tolist() == [0]
        assert np.unique(owner[points[:, 1] > 1.05]).tolist() == [1]
