"""Volumes between the interfaces filled by gmsh: nothing but their inside changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import meshing.volume_filling as volume_filling
from manufacturing.packing import Packing
from manufacturing.phases import Phase
from meshing.body_centred_lattice import build_lattice, lattice_shape
from meshing.cell_labels import CellLabels
from meshing.dihedral_quality import qualities
from meshing.facets import pair_facets
from meshing.labelled_mesh import build_labelled_mesh
from meshing.lattice_cut import LatticeCutSettings, mesh_packing
from meshing.particle_colours import colour_particles, with_images
from meshing.sphere_cut import cut_class
from meshing.sphere_field import build_sphere_field
from meshing.structured_mesh import kuhn_grid
from meshing.torus_mesh import TorusMesh
from meshing.unwrapping import unwrap
from meshing.volume_filling import FillSettings, fill_volumes

SIZE = np.array([9.0, 9.0, 9.0])
WALLS = (True, True, False)
SPHERES = [  # one through a wall, one that touches it, one through another wall, one alone: a hole in the void
    (0.4, 4.0, 4.0, 2.2, Phase.AM),
    (4.3, 4.2, 4.0, 2.0, Phase.SE),
    (5.0, 0.0, 9.0, 1.8, Phase.SE),
    (2.5, 7.4, 6.8, 1.2, Phase.CBD),
]


@pytest.fixture(scope="module")
def cut() -> TorusMesh:
    table = np.array(SPHERES, dtype=float)
    images = with_images(table[:, :3], table[:, 3], table[:, 4].astype(np.int64), SIZE, WALLS, 2.0)
    colouring = colour_particles(images, len(table), 0.5)
    field = build_sphere_field(images, colouring.classes, np.zeros(3), SIZE, SIZE * [1, 1, 0], 2.0)
    mesh = build_lattice(lattice_shape(SIZE, 2.0, 0.6, WALLS))
    for which in range(len(colouring.class_phases)):
        mesh = cut_class(mesh, field, which, CellLabels.of(colouring.class_phases))
    return mesh


@pytest.fixture(scope="module")
def filled(cut) -> volume_filling.Filled:
    return fill_volumes(cut, FillSettings(largest_size=2.0, growth=0.5), pytest.fail)


def boxed(mesh: TorusMesh):
    """Back to the box, with all checks of conformity and walls."""
    vertices, cells = unwrap(mesh)
    lower = np.array([0.0, 0.0, -2.0])
    return build_labelled_mesh(vertices, cells, mesh.labels, mesh.labels, lower, SIZE, 0.0, WALLS)


def named_triangles(mesh: TorusMesh) -> dict[str, list[list[float]]]:
    """Corners of the named facets, sorted, by name."""
    box = boxed(mesh)
    out = {}
    for name in box.facet_names:
        corners = np.round(box.vertices[box.facets[box.named(name)]], 9) + 0.0
        out[name] = sorted(sorted(triangle) for triangle in corners.tolist())
    return out


def test_every_interface_and_wall_triangle_is_kept(cut, filled):
    before, after = named_triangles(cut), named_triangles(filled.mesh)
    assert before.keys() == after.keys()
    assert {"AM|SE", "AM|void", "SE|void", "CBD|void", "void|separator", "x-", "y+", "collector"} <= before.keys()
    for name, triangles in before.items():
        assert after[name] == triangles


def test_every_phase_keeps_its_volume_and_no_cell_is_inverted(cut, filled):
    assert filled.mesh.volumes().min() > 0.0
    assert qualities(filled.mesh.points, filled.mesh.period, filled.mesh.cells).min() > 0.0
    for phase in np.unique(cut.labels):
        old, new = (m.volumes()[m.labels == phase].sum() for m in (cut, filled.mesh))
        assert new == pytest.approx(old, rel=1e-11)
    assert filled.failed == 0
    assert filled.filled == 8  # AM and an SE sphere lie on both sides of a wall: two pieces each


def test_cells_grow_away_from_the_interfaces(cut, filled):
    assert len(filled.mesh.cells) < 0.85 * len(cut.cells)
    uniform = fill_volumes(cut, FillSettings(largest_size=0.6, growth=0.5), pytest.fail).mesh
    assert len(uniform.cells) > 1.3 * len(filled.mesh.cells)
    edges = np.cbrt(12.0 * filled.mesh.volumes()[filled.mesh.labels == Phase.void])
    assert np.percentile(edges, 99) > 1.4 * np.median(edges)


def test_new_vertices_know_their_size_and_belong_to_nothing(cut, filled):
    known = {tuple(p) for p in np.round(cut.points, 9).tolist()}
    new = np.array([tuple(p) not in known for p in np.round(filled.mesh.points, 9).tolist()])
    assert new.any()
    assert (filled.mesh.planes[new] == 0).all()
    assert (filled.mesh.surfaces[new] == 0).all()
    assert 0.3 < filled.mesh.sizes[new].min()
    assert filled.mesh.sizes[new].max() < 2.5


def test_same_input_gives_the_same_mesh(cut, filled):
    again = fill_volumes(cut, FillSettings(largest_size=2.0, growth=0.5), pytest.fail)
    assert np.array_equal(again.mesh.points, filled.mesh.points)
    assert np.array_equal(again.mesh.cells, filled.mesh.cells)


def failing(points, triangles, groups, sizes):
    raise RuntimeError("could not recover boundary mesh")


def with_a_hole(points, triangles, groups, sizes):
    new, cells = RUN_GMSH(points, triangles, groups, sizes)
    return new, cells[1:]


def with_a_moved_surface(points, triangles, groups, sizes):
    """A surface of which one edge is flipped fills the same box of triangles, but not the same volume."""
    new, cells = RUN_GMSH(points * 1.001, triangles, groups, sizes)
    return new, np.where(cells == 0, 1, cells)


RUN_GMSH = volume_filling._run_gmsh


@pytest.mark.parametrize("run", [failing, with_a_hole, with_a_moved_surface])
def test_pieces_that_gmsh_cannot_fill_keep_their_cells_and_are_counted(cut, monkeypatch, run):
    monkeypatch.setattr(volume_filling, "_run_gmsh", run)
    lines: list[str] = []
    result = fill_volumes(cut, FillSettings(largest_size=2.0), lines.append)
    assert result.filled == 0
    assert result.failed == len(lines) >= 4
    assert all("could not fill" in line for line in lines)
    assert len(result.mesh.cells) == len(cut.cells)
    assert result.failed_volume <= cut.volumes().sum() * (1.0 + 1e-12)
    assert result.failed_volume > 0.95 * cut.volumes().sum()
    boxed(result.mesh)


def test_flipped_diagonal_of_a_wall_is_refused():
    """Volume and box stay the same, but the neighbour behind the wall has the other diagonal."""
    axis = np.array([0.0, 1.0])
    vertices, cells = kuhn_grid((axis, axis, axis))
    pairs = pair_facets(cells)
    surface = pairs.facets[pairs.cells[:, 1] < 0]
    assert volume_filling._kept(vertices, cells, surface, 1.0) is not None
    wall = (vertices[surface][:, :, 0] == 0.0).all(axis=1)
    corners, counts = np.unique(surface[wall], return_counts=True)
    (a, b), (c, d) = corners[counts == 2], corners[counts == 1]
    flipped = np.concatenate([surface[~wall], np.sort([[a, c, d], [b, c, d]], axis=1)])
    assert volume_filling._kept(vertices, cells, flipped, 1.0) is None


def test_packing_with_filled_volumes():
    """Through the whole mesher: as good as the lattice, fewer cells, the fill in the report."""
    table = np.array(SPHERES, dtype=float)
    um = 1e-6
    packing = Packing(
        table[:, :3] * um, table[:, 3] * um, table[:, 4].astype(np.int64), np.arange(4), np.zeros(3), SIZE * um, WALLS
    )
    settings = LatticeCutSettings(cell_size=0.6 * um, separator_thickness=2.0 * um)
    meshes = [mesh_packing(packing, replace(settings, fill=fill)) for fill in ("lattice", "gmsh")]
    assert len(meshes[1].cells) < 0.8 * len(meshes[0].cells)
    assert meshes[1].report["min_dihedral_deg"] > 10.0
    assert meshes[1].report["filled_pieces"] == 8
    assert meshes[1].report["pieces_gmsh_could_not_fill"] == 0
    for phase in (Phase.AM, Phase.SE, Phase.CBD):
        old, new = (m.volumes()[m.phases == phase].sum() for m in meshes)
        assert new == pytest.approx(old, rel=2e-3)
