"""Packings that are periodic along x, y and z: all six walls match, nothing is lost at the z planes.

Seen to fail with: no minimal image along z in the volumes, in the dihedral angles, in the edge lengths;
z not wrapped in the distances; z walls not duplicated on unwrapping; the lowest layer taken for a separator.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from manufacturing.packing import Packing
from manufacturing.phases import Phase
from manufacturing.random_packing import PackedPhase, RandomPackingSettings, random_packing
from meshing.body_centred_lattice import build_lattice, lattice_shape
from meshing.dihedral_quality import dihedral_range
from meshing.facets import pair_facets, triangle_areas
from meshing.labelled_mesh import LabelledMesh, interface_areas, match_walls
from meshing.lattice_cut import LatticeCutSettings, mesh_packing
from meshing.particle_colours import colour_particles, with_images
from meshing.sphere_field import build_sphere_field, class_distances, phase_particles
from meshing.torus_mesh import CELL_EDGES, edge_length, pair_torus_facets
from meshing.vertex_conditions import project

UM = 1e-6
SETTINGS = LatticeCutSettings(cell_size=0.6 * UM, separator_thickness=0.0)


def spheres(table: list[tuple[float, float, float, float, Phase]], edge: float) -> Packing:
    """Spheres (x, y, z, radius, phase) in a cube that is periodic along all axes [um]."""
    numbers = np.array(table, dtype=float)
    return Packing(
        numbers[:, :3] * UM,
        numbers[:, 3] * UM,
        numbers[:, 4].astype(np.int64),
        np.arange(len(table)),
        np.zeros(3),
        np.full(3, edge * UM),
        (True, True, True),
    )


@pytest.fixture(scope="module")
def crowded() -> tuple[Packing, LabelledMesh]:
    """A random packing of three phases with overlaps and its mesh."""
    phases = (
        PackedPhase(Phase.AM, 0.35, (5e-6,)),
        PackedPhase(Phase.SE, 0.30, (2.4e-6, 3.4e-6), (0.5, 0.5)),
        PackedPhase(Phase.CBD, 0.08, (2.4e-6,)),
    )
    settings = RandomPackingSettings(phases, particles=60, max_overlap=0.1, seed=4, tolerance=0.02)
    packing = random_packing(settings).packing
    return packing, mesh_packing(packing, SETTINGS)


def phase_volume(mesh: LabelledMesh, phase: Phase) -> float:
    return float(mesh.volumes()[mesh.phases == phase].sum()) / UM**3


def test_lattice_on_the_torus_has_no_boundary() -> None:
    """All facets have two cells, no edge is longer than a cube, no layer belongs to a separator."""
    mesh = build_lattice(lattice_shape(np.array([5.0, 6.0, 7.0]), 0.0, 1.0, (True, True, True)))
    _, _, second = pair_torus_facets(mesh.cells, len(mesh.points))
    assert (second >= 0).all()
    assert mesh.volumes().min() > 0.0
    assert mesh.volumes().sum() == pytest.approx(210.0, rel=1e-12)
    assert (mesh.labels == Phase.void).all()
    assert dihedral_range(mesh.points, mesh.period, mesh.cells)[:, 0].min() > 40.0
    edges = np.concatenate([mesh.cells[:, list(e)] for e in CELL_EDGES])
    assert max(edge_length(mesh.points, mesh.period, a, b) for a, b in edges) < 1.001


def test_distances_and_projections_wrap_along_z() -> None:
    """Points one period and more away see the sphere that is near their image."""
    size = np.full(3, 8.0)
    centre = np.array([[4.0, 4.0, 0.5]])
    images = with_images(centre, np.ones(1), np.array([int(Phase.AM)]), size, (True, True, True), 2.0)
    field = build_sphere_field(images, colour_particles(images, 1, 0.5).classes, np.zeros(3), size, size, 2.0)
    points = np.array([[4.0, 4.0, 8.5], [4.0, 4.0, 6.6], [4.0, 4.0, -8.9], [4.0, 4.0, 18.4]])
    assert class_distances(field, points, 0) == pytest.approx([-1.0, 0.9, 0.4, 0.9], abs=1e-12)
    assert phase_particles(field, points, np.full(4, int(Phase.AM))).tolist() == [0, 0, 0, 0]
    point = np.array([4.3, 4.0, 15.4])
    assert project(field, point, 0, 1, 9) < 1e-6
    assert np.linalg.norm(point - [4.0, 4.0, 16.5]) == pytest.approx(1.0, abs=1e-6)


def test_walls_match_along_all_axes(crowded: tuple[Packing, LabelledMesh]) -> None:
    """Each facet of one wall has its copy on the other, and the unmatched facets are the box."""
    _, mesh = crowded
    assert mesh.periodic == (True, True, True)
    size = mesh.upper - mesh.lower
    for axis in range(3):
        walls = match_walls(mesh, axis)
        shift = mesh.vertices[walls.high] - mesh.vertices[walls.low]
        assert np.allclose(shift, np.eye(3)[axis] * size[axis], rtol=0.0, atol=1e-9 * size[axis])
        area = triangle_areas(mesh.vertices, walls.low).sum()
        assert area == pytest.approx(np.prod(size) / size[axis], rel=1e-9)
        # A wall cuts through particles: both of its sides have the same phase, but for facets on a surface.
        behind = mesh.phases[walls.cells]
        same = triangle_areas(mesh.vertices, walls.low)[behind[:, 0] == behind[:, 1]].sum()
        assert same > 0.97 * area
    pairs = pair_facets(mesh.cells)
    unmatched = triangle_areas(mesh.vertices, pairs.facets[pairs.cells[:, 1] < 0]).sum()
    box = 2.0 * (size[0] * size[1] + size[1] * size[2] + size[2] * size[0])
    assert unmatched == pytest.approx(box, rel=1e-9)


def test_volumes_and_areas_of_the_random_packing(crowded: tuple[Packing, LabelledMesh]) -> None:
    """Volume fractions and areas between particles and void against quadrature over the exact spheres."""
    _, mesh = crowded
    assert mesh.report["min_dihedral_deg"] > 5.0
    assert max(abs(e) for e in mesh.report["volume_fraction_error"].values()) < 0.006
    for name in ("AM|void", "SE|void", "AM|SE"):
        assert abs(mesh.report["interface_area_error"][name]) < 0.06
    assert sum(mesh.report["lost_beads"].values()) == 0


def test_fractions_do_not_depend_on_where_the_box_is_cut(crowded: tuple[Packing, LabelledMesh]) -> None:
    """The packing moved by a third of its height through the z walls keeps its volumes and areas."""
    packing, mesh = crowded
    centres = packing.centres.copy()
    centres[:, 2] = (centres[:, 2] + packing.size[2] / 3.0) % packing.size[2]
    moved = mesh_packing(replace(packing, centres=centres), SETTINGS)
    total = float(np.prod(packing.size)) / UM**3
    for phase in (Phase.AM, Phase.SE, Phase.CBD):
        assert phase_volume(moved, phase) / total == pytest.approx(phase_volume(mesh, phase) / total, abs=0.002)
    before, after = interface_areas(mesh), interface_areas(moved)
    for name in ("AM|SE", "AM|void", "SE|void"):
        assert after[name] == pytest.approx(before[name], rel=0.02)


@pytest.mark.parametrize("centre", [(5.0, 5.0, 0.0), (0.0, 0.0, 0.0), (0.1, 9.9, 9.95)])
def test_a_sphere_through_the_z_walls_keeps_volume_and_area(centre: tuple[float, float, float]) -> None:
    mesh = mesh_packing(spheres([(*centre, 3.0, Phase.AM)], 10.0), replace(SETTINGS, cell_size=0.5 * UM))
    assert phase_volume(mesh, Phase.AM) == pytest.approx(36.0 * np.pi, rel=0.002)
    assert mesh.area("AM|void") / UM**2 == pytest.approx(36.0 * np.pi, rel=0.002)
    assert np.unique(mesh.particle_ids[mesh.phases == Phase.AM]).tolist() == [0]


def test_a_separator_ends_the_period() -> None:
    """With a separator the images still fill the electrode up to its planes, but z walls do not match."""
    settings = replace(SETTINGS, cell_size=0.5 * UM, separator_thickness=2.0 * UM)
    mesh = mesh_packing(spheres([(5.0, 5.0, 0.0, 3.0, Phase.AM)], 10.0), settings)
    assert mesh.periodic == (True, True, False)
    assert phase_volume(mesh, Phase.AM) == pytest.approx(36.0 * np.pi, rel=0.004)
