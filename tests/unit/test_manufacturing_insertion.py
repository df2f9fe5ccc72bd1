"""Random insertion and the box that carries beads from stage to stage."""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.configuration import Configuration
from manufacturing.errors import StageError
from manufacturing.insertion import insert_randomly

SIZE = np.array([40e-6, 40e-6, 60e-6])
RADII = 1e-6 * np.array([1.0] * 60 + [5.0] * 24)


def test_no_two_beads_touch_across_periodic_faces() -> None:
    """Every distance to the nearest image is at least the sum of the radii."""
    start = insert_randomly(RADII, SIZE, seed=3)
    gap = start.centres[:, None, :] - start.centres[None, :, :]
    gap -= np.round(gap / SIZE) * SIZE
    distance = np.sqrt((gap**2).sum(axis=2)) + 1.0 * np.eye(len(RADII))
    assert np.all(distance >= RADII[:, None] + RADII[None, :])
    assert np.all((start.centres >= 0.0) & (start.centres <= SIZE))


def test_the_seed_decides() -> None:
    """Equal seeds give equal positions, other seeds others."""
    first, again, other = (insert_randomly(RADII, SIZE, seed).centres for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_box_that_is_too_small_is_an_error() -> None:
    """Eight spheres of 5 um do not fit without overlap into a cube of 15 um."""
    with pytest.raises(StageError, match="larger box"):
        insert_randomly(np.full(8, 5e-6), np.full(3, 15e-6), seed=1)


def test_wrapping_moves_whole_periods_only_along_periodic_axes() -> None:
    """A bead outside in x returns by one box length; z is closed and stays."""
    outside = Configuration(np.array([[11.0, -0.5, 12.0]]), np.array([1.0, 0.0, 0.0]), np.array([9.0, 4.0, 10.0]))
    inside = outside.wrapped((True, True, False))
    assert inside.centres[0] == pytest.approx([3.0, 3.5, 12.0])
    assert inside.at_origin().centres[0] == pytest.approx([2.0, 3.5, 12.0])
    assert inside.at_origin().upper == pytest.approx([8.0, 4.0, 10.0])
