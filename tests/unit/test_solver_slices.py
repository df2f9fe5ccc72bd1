"""Volumes of tetrahedra between heights.

Seen to fail with: the middle piece without its second term.
"""

from __future__ import annotations

import numpy as np
import pytest

from solver.slices import fraction_below, slice_sums


def test_fractions_are_those_of_random_points() -> None:
    random = np.random.default_rng(1)
    heights = np.sort(random.random((5, 4)), axis=1)
    points = random.dirichlet(np.ones(4), 200_000) @ heights.T
    for z in (-0.1, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1):
        assert fraction_below(heights, z) == pytest.approx((points < z).mean(axis=0), abs=4e-3)


def test_slices_of_a_stack_of_boxes_are_exact() -> None:
    """Cells whose corners share heights: a box of six tetrahedra from 0 to 1, sliced in the middle and at its faces."""
    corners = np.array([[0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1]] * 2, dtype=float)
    found = slice_sums(np.array([-1.0, 0.0, 0.25, 1.0, 2.0]), corners, np.full((6, 1), 1.0 / 6.0))
    assert found[:, 0] == pytest.approx([0.0, 0.25, 0.75, 0.0], abs=1e-6)


def test_nothing_gets_lost() -> None:
    random = np.random.default_rng(2)
    values = random.random((50, 3))
    found = slice_sums(np.linspace(0.0, 1.0, 8), random.random((50, 4)), values)
    assert found.sum(axis=0) == pytest.approx(values.sum(axis=0), rel=1e-12)
    assert np.all(found > 0.0)
