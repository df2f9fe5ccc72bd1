"""Clusters of particles by contacts: touching in a point, gaps, walls, dead particles.

Seen to fail with: contacts of overlapping spheres only, images forgotten in contacts or gaps, gap between centres
instead of surfaces, planes reached by centres instead of spheres, SE joined to the collector taken for joined.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cases.command_line import main
from manufacturing.packing import Packing
from manufacturing.particle_clusters import find_particle_percolation
from manufacturing.phases import Phase

UM = 1e-6
AM, SE, CBD = int(Phase.AM), int(Phase.SE), int(Phase.CBD)


def packing(*spheres: tuple[float, float, float, float, int], edge: float = 10.0) -> Packing:
    """Spheres (x, y, z, r, phase) in micrometres, in a cube that is periodic in x and y."""
    data = np.array(spheres, dtype=float)
    return Packing(
        data[:, :3] * UM,
        data[:, 3] * UM,
        data[:, 4].astype(np.int64),
        np.arange(len(data)),
        np.zeros(3),
        np.full(3, edge * UM),
        (True, True, False),
    )


@pytest.mark.parametrize(("lift", "joined"), [(0.0, True), (-0.01, True), (1e-3, False)])
def test_two_spheres_that_touch_in_a_point_hang_together(lift: float, joined: bool) -> None:
    found = find_particle_percolation(packing((5, 5, 2.5, 2.5, SE), (5, 5, 7.5 + lift, 2.5, SE)))
    ions = found.networks["ions"]
    assert len(ions.clusters.volume) == (1 if joined else 2)
    if not joined:
        assert ions.gap == pytest.approx(lift * UM, rel=1e-6)


def test_spheres_join_through_a_wall() -> None:
    lower, upper = (1.0, 5.0, 2.5, 2.6, SE), (8.5, 5.0, 7.0, 3.1, SE)
    assert find_particle_percolation(packing(lower, upper)).networks["ions"].clusters.percolating.any()
    thin = (8.5, 5.0, 7.4, 2.6, SE)
    ions = find_particle_percolation(packing(lower, thin)).networks["ions"]
    assert ions.gap == pytest.approx((np.hypot(2.5, 4.9) - 5.2) * UM)
    away = (5.0, 5.0, 7.0, 3.1, SE)
    ions = find_particle_percolation(packing(lower, away)).networks["ions"]
    assert ions.gap == pytest.approx((np.hypot(4.0, 4.5) - 5.7) * UM)


def test_the_gap_to_a_plane_and_its_words() -> None:
    found = find_particle_percolation(packing((5, 5, 1, 1, SE), (5, 5, 3, 1, SE)))
    ions = found.networks["ions"]
    assert ions.gap == pytest.approx(6 * UM)
    assert ions.failure == (
        "SE does not percolate: 1 cluster of 100 %; 0 % reach the collector, 100 % the separator side; "
        "gap 6 um to the collector"
    )


def test_dead_particles() -> None:
    """Wired and soaked; soaked without electrons; wired without electrolyte; on the separator itself."""
    found = find_particle_percolation(
        packing(
            *((1, 1, z, 1, p) for z, p in ((1, SE), (3, SE), (5, AM), (7, AM), (9, CBD))),
            *((5, 5, z, 1, p) for z, p in ((1, SE), (3, AM))),
            *((1, 5, z, 1, p) for z, p in ((5, SE), (7, AM), (9, AM))),
            *((5, 9, z, 1, p) for z, p in ((1, AM), (9, SE))),
        )
    )
    share = found.figures()["active_material"]
    assert share["electronically_connected_fraction"] == pytest.approx(4 / 6)
    assert share["electronically_dead_fraction"] == pytest.approx(2 / 6)
    assert share["ionically_dead_fraction"] == pytest.approx(3 / 6)
    assert share["utilisation_level"] == pytest.approx(1 / 6)


def test_clusters_of_random_particles_agree_with_a_search_by_hand() -> None:
    """Depth-first search over all pairs with the nearest image."""
    rng = np.random.default_rng(3)
    made = packing(*((*rng.uniform(0, 20, 3), rng.uniform(0.8, 1.6), SE) for _ in range(250)), edge=20.0)
    step = made.centres[:, None] - made.centres[None]
    step[..., :2] -= 20 * UM * np.round(step[..., :2] / (20 * UM))
    near = np.linalg.norm(step, axis=2) <= made.radii[:, None] + made.radii[None]
    left, sizes = set(range(250)), []
    while left:
        stack, size = [left.pop()], 0
        while stack:
            size += 1
            new = [k for k in np.flatnonzero(near[stack.pop()]) if k in left]
            left.difference_update(new)
            stack.extend(new)
        sizes.append(size)
    clusters = find_particle_percolation(made).networks["ions"].clusters
    assert sorted(clusters.items) == sorted(sizes)
    assert 1 < len(sizes) < 200


def test_the_command_prints_percolation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "packing.h5"
    packing((5, 5, 2, 2, SE), (5, 5, 8, 2.5, AM)).save(file)
    assert main(["packing", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "SE does not percolate: 1 cluster of 100 %" in printed
    assert main(["packing", str(file), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["percolation"]
    assert figures["ions"]["gap_m"] == pytest.approx(6 * UM)
    assert figures["active_material"]["utilisation_level"] == 0.0
