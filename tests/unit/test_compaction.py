"""Consecutive numbers for those in use."""

import numpy as np

from meshing.compaction import compacted


def test_the_same_as_sorting() -> None:
    """Used numbers and places of every entry, as numpy finds them by sorting; fails for places from 1."""
    numbers = np.random.default_rng(5).integers(0, 50, (40, 4)) * 2
    used, place = compacted(numbers, 120)
    expected, inverse = np.unique(numbers, return_inverse=True)
    assert np.array_equal(used, expected)
    assert np.array_equal(place, inverse.reshape(numbers.shape))


def test_nothing_in_use() -> None:
    """No numbers, no places."""
    used, place = compacted(np.empty((0, 3), dtype=np.int64), 7)
    assert used.shape == (0,)
    assert place.shape == (0, 3)
