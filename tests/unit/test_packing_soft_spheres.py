"""Soft spheres pushed apart: pairs, periodic images, walls and jams with known ends."""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.soft_spheres import Limits, Relaxation, relax

PERIODIC = (True, True, True)
SWING = 0.05  # by which inertia carries spheres beyond the distance that they need


def push(
    centres: list[list[float]],
    radii: list[float],
    periodic: tuple[bool, bool, bool] = PERIODIC,
    edge: float = 10.0,
    allowed: float = 0.0,
) -> Relaxation:
    """Relax spheres of one kind in a cube."""
    kinds = np.zeros(len(radii), dtype=np.int64)
    matrix = np.full((1, 1), allowed)
    limits = Limits(np.array(radii), kinds, matrix, np.full(3, edge), periodic, allowed)
    return relax(np.array(centres), limits)


@pytest.mark.parametrize("allowed", [0.0, 0.2])
def test_two_spheres_part_to_their_distance_and_little_further(allowed: float) -> None:
    """A small and a large one: the distance is the one allowed, the small one moves more."""
    found = push([[4.0, 5.0, 5.0], [5.0, 5.0, 5.0]], [1.0, 2.0], allowed=allowed)
    assert found.succeeded
    distance = np.linalg.norm(found.centres[1] - found.centres[0])
    needed = 3.0 * (1.0 - allowed)
    assert needed <= distance <= (1.0 + SWING) * needed
    assert 0.0 < found.centres[1, 0] - 5.0 < 0.6 * (4.0 - found.centres[0, 0])
    assert found.centres[:, 1:] == pytest.approx(5.0)


def test_images_push_each_other() -> None:
    """Two spheres with the periodic face between them move to both sides of it."""
    found = push([[0.2, 5.0, 5.0], [9.8, 5.0, 5.0]], [1.0, 1.0])
    assert found.succeeded
    assert 1.0 <= found.centres[0, 0] < 1.1
    assert 8.9 < found.centres[1, 0] <= 9.0


def test_walls_push_a_lone_sphere() -> None:
    """No pair is near: the wall alone moves it inside; a periodic axis has no wall."""
    found = push([[0.3, 5.0, 9.9]], [1.0], (True, True, False))
    assert found.succeeded
    assert found.centres[0] == pytest.approx([0.3, 5.0, 9.0], abs=2.0 * SWING)
    assert found.centres[0, 2] <= 9.0
    assert found.centres[0, :2].tolist() == [0.3, 5.0]


def test_spheres_that_move_far_keep_clear_of_new_neighbours() -> None:
    """Two heaps of 100 spheres in a spot each spread over the box and into each other without any overlap."""
    generator = np.random.default_rng(1)
    heaps = np.repeat([[2.5, 5.0, 5.0], [7.5, 5.0, 5.0]], 100, axis=0)
    found = push((heaps + generator.uniform(-0.2, 0.2, (200, 3))).tolist(), [0.8] * 200)
    step = found.centres[:, None] - found.centres[None, :]
    step -= 10.0 * np.round(step / 10.0)
    distance = np.linalg.norm(step, axis=2) + 10.0 * np.eye(200)
    assert found.succeeded
    assert distance.min() >= 1.6


def test_a_jam_is_reported() -> None:
    """A sphere of diameter 6 between walls 4 apart sticks out of both by 1: a third of its radius."""
    found = push([[2.0, 2.0, 2.1]], [3.0], (False, False, False), 4.0)
    assert not found.succeeded
    assert found.violation == pytest.approx(1.0 / 3.0, abs=1e-3)
    two = push([[1.0, 1.0, 1.0], [3.0, 3.0, 3.1]], [2.0, 2.0], PERIODIC, 4.0)
    assert two.violation == pytest.approx(1.0 - np.sqrt(12.0) / 4.0, abs=1e-3), "body-centred cubic is the best"
