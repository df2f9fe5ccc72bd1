"""The voxel reference against conductors whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.packing import Packing
from manufacturing.phases import Phase
from tests.validation.voxel_conduction import extrapolated, label_voxels, voxel_flow

EDGE = np.array([1e-6, 1e-6, 1e-6])


def test_columns_conduct_in_parallel_and_islands_not_at_all():
    labels = np.full((6, 5, 8), int(Phase.void))
    labels[:2, :, :] = Phase.SE
    labels[4, 2, 2:5] = Phase.SE
    flow = voxel_flow(labels, EDGE, Phase.SE, (True, True))
    assert flow.conductivity == pytest.approx(1.0 / 3.0, rel=1e-6)
    assert flow.volume_fraction == pytest.approx(83.0 / 240.0, rel=1e-12)


def test_staircase_needs_the_periodic_walls():
    """A column that leaves through one wall and comes back through the other conducts with periodic sides only."""
    labels = np.full((4, 3, 6), int(Phase.void))
    labels[3, :, :3] = labels[0, :, 3:] = labels[0, :, 2] = Phase.SE
    flow = voxel_flow(labels, EDGE, Phase.SE, (True, True))
    assert 0.0 < flow.conductivity < 0.25
    assert voxel_flow(labels, EDGE, Phase.SE, (False, False)).conductivity == 0.0


def test_simple_cubic_array_around_an_insulator():
    """Exact series: 0.49011 at a volume fraction of 0.4, slowly approached by voxels."""
    radius = 10e-6 * (0.3 / np.pi) ** (1.0 / 3.0)
    packing = Packing(
        np.full((1, 3), 5e-6), np.array([radius]), np.array([Phase.AM]), np.array([1]), np.zeros(3), np.full(3, 10e-6)
    )
    edges, values = [], []
    for count in (24, 32, 48):
        labels = label_voxels(packing, count)
        edges.append(1.0 / count)
        values.append(voxel_flow(labels, packing.size / count, int(Phase.void), (True, True)).conductivity)
    assert values[-1] == pytest.approx(0.49011, rel=0.03)
    assert extrapolated(np.array(edges), np.array(values))[0] == pytest.approx(0.49011, rel=0.01)


def test_labels_follow_priority_and_periodic_images():
    packing = Packing(
        np.array([[0.5, 5, 5], [1.5, 5, 5]]) * 1e-6,
        np.array([2.0, 2.0]) * 1e-6,
        np.array([Phase.SE, Phase.AM]),
        np.array([1, 2]),
        np.zeros(3),
        np.full(3, 10e-6),
    )
    labels = label_voxels(packing, 40)
    assert labels[37, 20, 20] == Phase.SE
    assert labels[0, 20, 20] == Phase.AM
    assert labels[0, 20, 27] == Phase.SE
    assert (labels == Phase.AM).mean() == pytest.approx(32e-3 / 3.0 * np.pi, rel=0.02)
