"""Graded meshes against spheres whose areas and volumes are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from manufacturing.packing import Packing
from manufacturing.phases import Phase
from meshing.grading import GradingSettings
from meshing.labelled_mesh import LabelledMesh
from meshing.lattice_cut import LatticeCutSettings, mesh_packing

UM = 1e-6
RADIUS = 3.0
SPHERE = (3.7, 3.4, 3.6, RADIUS, Phase.AM)
BEAD = (3.7, 3.4, 3.6 + RADIUS + 0.35, 0.3, Phase.CBD)  # leaves a gap of 0.05 um, where the cells become small


@cache
def graded(ratio: float, coarsest: float, correction: float) -> LabelledMesh:
    """One sphere with cells from ``coarsest`` times R/ratio down to a quarter of R/ratio at the bead."""
    table = np.array([SPHERE, BEAD])
    packing = Packing(
        table[:, :3] * UM, table[:, 3] * UM, table[:, 4].astype(np.int64), np.arange(2), np.zeros(3), np.full(3, 7.2e-6)
    )
    cell = RADIUS / ratio * UM
    settings = LatticeCutSettings(
        cell_size=cell,
        separator_thickness=0.0,
        volume_correction=correction,
        grading=GradingSettings(0.25 * cell, coarsest * cell),
    )
    return mesh_packing(packing, settings)


def errors(mesh: LabelledMesh) -> tuple[float, float]:
    """Relative errors of the sphere's volume and area."""
    volume = float(mesh.volumes()[mesh.phases == Phase.AM].sum()) / UM**3
    return volume / (4.0 / 3.0 * np.pi * RADIUS**3) - 1.0, mesh.area("AM|void") / UM**2 / (
        4.0 * np.pi * RADIUS**2
    ) - 1.0


@pytest.mark.parametrize("coarsest", [1.0, 2.0])
def test_volume_and_area_of_a_graded_sphere_converge_at_second_order(coarsest):
    """Inscribed polyhedra whose cells are halved everywhere."""
    ratios = np.array([3.0, 6.0, 12.0])
    found = np.abs([errors(graded(ratio, coarsest, 0.0)) for ratio in ratios])
    for kind in range(2):
        assert -np.polyfit(np.log(ratios), np.log(found[:, kind]), 1)[0] >= 1.8


@pytest.mark.parametrize("coarsest", [1.0, 2.0])
@pytest.mark.parametrize(("ratio", "largest"), [(6.0, 0.003), (12.0, 0.001)])
def test_correction_follows_the_local_cell_size(coarsest, ratio, largest):
    """One size for the whole sphere would miss by 0.8 % (cells of the lattice) or -0.6 % (smallest cells)."""
    mesh = graded(ratio, coarsest, 0.073)
    assert np.abs(errors(mesh)) == pytest.approx(0.0, abs=largest)
    assert mesh.report["min_dihedral_deg"] > 10.0
    edges = np.cbrt(12.0 * mesh.volumes())
    assert edges.max() / edges.min() > 4.0


def test_gap_stays_open_and_a_small_neck_keeps_its_size():
    """A neck of radius 0.39 between spheres of 2 um, meshed with surfaces of 1 um: its area to 15 %."""
    distance = 2.0 * np.sqrt(4.0 - 0.15)
    table = np.array([(6.0 - 0.5 * distance, 4.1, 3.9, 2.0, Phase.SE), (6.0 + 0.5 * distance, 4.1, 3.9, 2.0, Phase.SE)])
    packing = Packing(
        table[:, :3] * UM,
        table[:, 3] * UM,
        table[:, 4].astype(np.int64),
        np.arange(2),
        np.zeros(3),
        np.array([12.0, 8.0, 8.0]) * UM,
    )
    settings = LatticeCutSettings(
        cell_size=1.0 * UM, separator_thickness=0.0, grading=GradingSettings(0.1 * UM, 1.0 * UM, cells_per_neck=4.0)
    )
    mesh = mesh_packing(packing, settings)
    assert neck_area(mesh, 6.0) == pytest.approx(np.pi * 0.15, rel=0.15)


def neck_area(mesh: LabelledMesh, x: float) -> float:
    """Area of SE in the plane at x [um2], counted on a grid of points."""
    grid = np.linspace(3.0, 5.0, 201)
    points = np.array([(x, y, z) for y in grid for z in grid - 0.1])
    near = mesh.phases == Phase.SE
    corners = mesh.vertices[mesh.cells[near]] / UM
    corners = corners[(corners[:, :, 0].min(axis=1) <= x) & (corners[:, :, 0].max(axis=1) >= x)]
    inside = np.zeros(len(points), dtype=bool)
    for corner in corners:
        shares = np.linalg.solve((corner[1:] - corner[0]).T, (points - corner[0]).T)
        inside |= (shares.min(axis=0) >= -1e-9) & (shares.sum(axis=0) <= 1.0 + 1e-9)
    return float(inside.mean() * 4.0)
