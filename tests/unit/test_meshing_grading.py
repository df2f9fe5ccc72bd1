"""Cell sizes that follow the packing, and the lattice that is bisected to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from meshing.body_centred_lattice import build_lattice, lattice_shape
from meshing.dihedral_quality import dihedral_range
from meshing.facets import pair_facets
from meshing.grading import GradingSettings, graded_sizes
from meshing.labelled_mesh import build_labelled_mesh
from meshing.lattice_bisection import TOLERANCE, refine_lattice
from meshing.lattice_cut import LatticeCutSettings
from meshing.particle_colours import Spheres
from meshing.size_field import SizeField, limit_growth, size_at, sizes_at, uniform_size
from meshing.torus_mesh import TorusMesh, pair_torus_facets
from meshing.unwrapping import unwrap

UM = 1e-6
BOX = np.array([8.0, 8.0, 8.0])


def spheres(*rows: tuple[float, float, float, float, int]) -> Spheres:
    table = np.array(rows, dtype=float)
    return Spheres(table[:, :3], table[:, 3], table[:, 4].astype(np.int64), np.arange(len(table)))


def sizes_of(packing: Spheres, cell_size: float, **settings: float) -> SizeField:
    chosen = GradingSettings(**{"smallest_size": 0.25 * UM, "largest_size": 2.0 * UM} | settings)
    return graded_sizes(packing, chosen, cell_size, np.zeros(3), BOX, np.array([8.0, 8.0, 0.0]))


def point_field(where: list[float], smallest: float, largest: float, growth: float) -> SizeField:
    """A field that is small at one point and grows from there."""
    nodes = np.full((32, 32, 33), largest, np.float32)
    field = SizeField(nodes, np.zeros(3), np.full(3, 0.25), np.array([8.0, 8.0, 0.0]))
    i, j, k = (round(x / 0.25) for x in where)
    nodes[i % 32, j % 32, k] = smallest
    limit_growth(field, growth)
    return field


def lattice(
    cell: float = 1.0, separator: float = 0.0, walls: tuple[bool, bool, bool] = (True, True, False)
) -> TorusMesh:
    return build_lattice(lattice_shape(BOX, separator, cell, walls))


def cell_sizes(mesh: TorusMesh) -> np.ndarray:
    return np.cbrt(12.0 * mesh.volumes())


def test_facets_meet_as_in_the_general_pairing():
    mesh = lattice()
    shuffled = np.random.default_rng(1).permutation(mesh.cells)
    facets, first, second = pair_torus_facets(shuffled, len(mesh.points))
    expected = pair_facets(shuffled)
    assert np.array_equal(facets, expected.facets)
    assert np.array_equal(np.sort(np.column_stack([first, second])), np.sort(expected.cells))


def test_facets_of_any_number_of_vertices():
    """Two cells that share the facet of vertices 0, 2^21 and 2^22."""
    far = 1 << 22
    cells = np.array([[0, 1 << 21, far, 5], [far, 0, 1 << 21, 7]])
    facets, first, second = pair_torus_facets(cells, far + 1)
    shared = np.flatnonzero(second >= 0)
    assert facets[shared].tolist() == [[0, 1 << 21, far]]
    assert sorted([first[shared[0]], second[shared[0]]]) == [0, 1]


@pytest.mark.parametrize(
    ("walls", "separator"), [((True, True, False), 2.0), ((False, True, False), 2.0), ((True, True, True), 0.0)]
)
def test_bisected_lattice_is_conforming_periodic_and_as_fine_as_wanted(walls, separator):
    """Refinement across the edge of the box: unmatched facets are the box, walls match, sizes stay below the wish."""
    field = point_field([0.0, 0.0, 4.0 if separator else 0.0], 0.2, 1.0, 0.4)
    mesh = lattice(1.0, separator, walls)
    fine = refine_lattice(mesh, field, np.ones(3))
    assert len(fine.cells) > len(mesh.cells) + 400
    assert fine.volumes().sum() == pytest.approx(64.0 * (8.0 + separator), rel=1e-12)
    assert fine.volumes()[fine.labels == Phase.separator].sum() == pytest.approx(64.0 * separator, rel=1e-12)
    vertices, cells = unwrap(fine)
    middle = vertices[cells].mean(axis=1)
    assert (cell_sizes(fine) <= TOLERANCE * sizes_at(field, middle) * (1.0 + 1e-6)).all()
    assert cell_sizes(fine).min() < 0.35
    lower, upper = np.array([0.0, 0.0, -separator]), BOX
    box = build_labelled_mesh(vertices, cells, fine.labels, fine.labels, lower, upper, 0.0, walls)
    assert box.area("x-") == pytest.approx(8.0 * (8.0 + separator), rel=1e-12)
    assert box.area("void|separator") == pytest.approx(64.0 if separator else 0.0, rel=1e-12)


def test_bisected_lattice_has_four_shapes_with_angles_of_45_degrees():
    field = point_field([3.0, 3.0, 3.0], 0.12, 1.0, 0.4)
    fine = refine_lattice(lattice(), field, np.ones(3))
    angles = np.unique(np.round(dihedral_range(fine.points, fine.period, fine.cells), 4), axis=0)
    assert len(angles) <= 4
    assert angles[:, 0].min() == pytest.approx(45.0, abs=1e-4)
    assert angles[:, 1].max() <= 120.0 + 1e-4
    sizes = np.unique(np.round(np.log2(fine.volumes().max() / fine.volumes()), 6))
    assert np.array_equal(sizes, np.round(sizes))  # volumes are halved only
    assert len(sizes) >= 7


def test_neighbouring_cells_differ_by_bounded_sizes():
    """With growth 0.3 no cell is more than 4 times (two halvings) the volume of a neighbour."""
    field = point_field([3.0, 3.0, 3.0], 0.12, 1.0, 0.3)
    fine = refine_lattice(lattice(), field, np.ones(3))
    _, first, second = pair_torus_facets(fine.cells, len(fine.points))
    volumes = fine.volumes()
    ratio = volumes[first[second >= 0]] / volumes[second[second >= 0]]
    assert np.maximum(ratio, 1.0 / ratio).max() <= 4.0 * (1.0 + 1e-9)


def test_vertices_know_the_size_of_the_cells_around_them():
    field = point_field([3.0, 3.0, 3.0], 0.2, 1.0, 0.4)
    fine = refine_lattice(lattice(), field, np.ones(3))
    around = np.zeros((len(fine.points), 2))
    around[:, 0] = np.inf
    for corner in range(4):
        np.minimum.at(around[:, 0], fine.cells[:, corner], cell_sizes(fine))
        np.maximum.at(around[:, 1], fine.cells[:, corner], cell_sizes(fine))
    assert (fine.sizes >= around[:, 0] * (1.0 - 1e-9)).all()
    assert (fine.sizes <= around[:, 1] * (1.0 + 1e-9)).all()


def test_sizes_are_bounded_and_grow_as_stated():
    """Between the bounds, and never steeper than the growth (8 % more, as the grid has 26 directions)."""
    packing = spheres((4, 4, 4, 2.0, Phase.SE), (4, 4, 7.9, 2.0, Phase.SE), (0.5, 4, 4, 1.5, Phase.AM))
    field = sizes_of(packing, 0.8, growth=0.3)
    points = np.random.default_rng(0).uniform(0.0, 8.0, (4000, 3))
    sizes = sizes_at(field, points)
    assert sizes.min() >= 0.25 - 1e-6
    assert sizes.max() <= 2.0 + 1e-6
    assert sizes.max() > 1.2
    step = points[1:] - points[:-1]
    step[:, :2] -= 8.0 * np.round(step[:, :2] / 8.0)
    slope = np.abs(np.diff(sizes)) / np.linalg.norm(step, axis=1)
    assert slope.max() <= 0.3 * 1.08
    close = points + np.random.default_rng(1).normal(0.0, 0.1, points.shape)
    distance = np.linalg.norm(close - points, axis=1)
    inside = (close[:, 2] > 0.0) & (close[:, 2] < 8.0)
    assert (np.abs(sizes_at(field, close) - sizes) / distance)[inside].max() <= 0.3 * 1.75  # a corner of a grid cell


def test_sizes_at_features():
    """A neck of radius 0.6 asks for 0.3, a surface for the cell size, a small bead for r/3, a gap for its width."""
    apart = 2.0 * np.sqrt(4.0 - 0.36)
    packing = spheres((2.0, 4, 4, 2.0, Phase.SE), (2.0 + apart, 4, 4, 2.0, Phase.SE), (4, 1, 1, 0.9, Phase.CBD))
    field = sizes_of(packing, 0.8, cells_per_neck=2.0, cells_per_radius=3.0)
    assert size_at(field, 2.0 + 0.5 * apart, 4.6, 4.0) == pytest.approx(0.3, abs=0.1)
    assert size_at(field, 2.0 + 0.5 * apart, 4.0, 3.4) == pytest.approx(0.3, abs=0.1)
    assert size_at(field, 2.0, 4.0, 6.0) == pytest.approx(2.0 / 3.0, abs=0.08)
    assert size_at(field, 4.0, 1.0, 1.9) == pytest.approx(0.3, abs=0.1)
    gap = sizes_of(spheres((2, 4, 4, 1.5, Phase.SE), (5.1, 4, 4, 1.5, Phase.AM)), 0.8)
    assert size_at(gap, 3.55, 4.0, 4.0) == pytest.approx(0.25, abs=0.1)  # sqrt(2 0.75 0.1)/2 = 0.19, below the smallest


def test_necks_inside_other_particles_ask_for_nothing():
    pair = [(3.2, 4, 4, 1.0, Phase.SE), (5.1, 4, 4, 1.0, Phase.SE)]
    seen = sizes_of(spheres(*pair), 0.8)
    hidden = sizes_of(spheres(*pair, (4.15, 4, 4, 1.4, Phase.AM)), 0.8)
    assert size_at(seen, 4.15, 4.3, 4.0) < 0.4
    assert size_at(hidden, 4.15, 4.3, 4.0) > 0.55


@pytest.mark.parametrize(
    ("key", "value"), [("smallest_size", 2.0 * UM), ("largest_size", 0.5 * UM), ("growth", 0.0), ("growth", 1.5)]
)
def test_senseless_grading_is_refused(key, value):
    good = GradingSettings(smallest_size=0.25 * UM, largest_size=2.0 * UM)
    LatticeCutSettings(cell_size=1.0 * UM, grading=good)
    with pytest.raises(InputError, match=rf"mesh\.grading\.{key}"):
        LatticeCutSettings(cell_size=1.0 * UM, grading=replace(good, **{key: value}))


def test_uniform_field_refines_nothing():
    mesh = lattice(1.0, 2.0)
    same = refine_lattice(mesh, uniform_size(1.0), np.ones(3))
    assert len(same.cells) == len(mesh.cells)
