"""Conduction on voxels against exact layers and an independent solution.

Seen to fail with: arithmetic instead of harmonic means of neighbours, a whole voxel between plane and centre, voxels
that touch in edges counted as connected, periodic walls although insulated, fractions over conducting voxels only.
"""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.phases import Phase
from solver.voxel_conduction import voxel_conduction
from tests.validation.voxel_conduction import voxel_flow

EDGES = np.array([1e-6, 1.5e-6, 0.8e-6])
AM, SE, VOID = int(Phase.AM), int(Phase.SE), int(Phase.void)
BOTH = (True, True)


def test_layers_across_and_along_the_current() -> None:
    across = np.full((3, 4, 10), AM)
    across[:, :, 4:] = SE
    found = voxel_conduction(across, EDGES, {Phase.AM: 2.0, Phase.SE: 0.5}, BOTH)
    assert found["effective_conductivity_S_m"] == pytest.approx(1.0 / (0.4 / 2.0 + 0.6 / 0.5), rel=1e-7)
    along = np.full((5, 4, 6), AM)
    along[:2] = SE
    found = voxel_conduction(along, EDGES, {Phase.AM: 2.0, Phase.SE: 0.5}, BOTH)
    assert found["effective_conductivity_S_m"] == pytest.approx(0.6 * 2.0 + 0.4 * 0.5, rel=1e-7)
    assert found["tortuosity_factor"] is None
    alone = voxel_conduction(along, EDGES, {Phase.SE: 0.125}, BOTH)
    assert alone["tortuosity_factor"] == pytest.approx(1.0, rel=1e-7)
    assert alone["volume_fraction"] == {"SE": pytest.approx(0.4)}


@pytest.mark.parametrize("lateral", [(True, True), (False, False), (True, False)])
def test_random_voxels_as_an_independent_solution(lateral: tuple[bool, bool]) -> None:
    labels = np.where(np.random.default_rng(5).random((9, 8, 12)) < 0.55, SE, VOID)
    found = voxel_conduction(labels, EDGES, {Phase.SE: 0.125}, lateral)
    reference = voxel_flow(labels, EDGES, SE, lateral)
    assert found["effective_conductivity_S_m"] == pytest.approx(0.125 * reference.conductivity, rel=1e-5)
    assert found["tortuosity_factor"] == pytest.approx(reference.tortuosity_factor, rel=1e-5)


def test_edges_and_corners_do_not_conduct() -> None:
    labels = np.full((4, 4, 4), VOID)
    labels[1, 1, :2] = labels[2, 1, 2:] = SE
    found = voxel_conduction(labels, EDGES, {Phase.SE: 1.0}, BOTH)
    assert (found["percolates"], found["effective_conductivity_S_m"], found["unknowns"]) == (False, 0.0, 0)
    labels[1, 1, 2] = SE
    assert voxel_conduction(labels, EDGES, {Phase.SE: 1.0}, BOTH)["percolates"] is True


def test_a_path_through_the_wall_needs_periodic_sides() -> None:
    labels = np.full((4, 3, 6), VOID)
    labels[3, :, :3] = labels[0, :, 3:] = labels[0, :, 2] = SE
    assert voxel_conduction(labels, EDGES, {Phase.SE: 1.0}, BOTH)["percolates"] is True
    closed = voxel_conduction(labels, EDGES, {Phase.SE: 1.0}, (False, True))
    assert (closed["percolates"], closed["connected_fraction"]) == (False, 0.0)
    assert closed["volume_fraction"] == {"SE": pytest.approx(7.0 / 24.0)}


def test_a_large_contrast_converges() -> None:
    labels = np.where(np.random.default_rng(2).random((8, 8, 8)) < 0.5, AM, SE)
    found = voxel_conduction(labels, EDGES, {Phase.AM: 1e8, Phase.SE: 1.0}, BOTH)
    assert found["connected_fraction"] == 1.0
    assert 1.0 < found["effective_conductivity_S_m"] < 1e8
