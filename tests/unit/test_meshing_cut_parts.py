"""The parts of the lattice cut, each against a case that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from manufacturing.errors import InputError, StageError
from manufacturing.packing import Packing
from manufacturing.phases import Phase
from meshing.body_centred_lattice import build_lattice, lattice_shape
from meshing.cell_labels import PHASES_ONLY, CellLabels
from meshing.dihedral_quality import INVERTED, angle_of_quality, dihedral_range, qualities, quality_of_angle
from meshing.edge_removal import removal_pass, ring_workspace
from meshing.exact_geometry import measure_exact_geometry
from meshing.facet_swap import swap_pass
from meshing.labelled_mesh import build_labelled_mesh
from meshing.lattice_cut import LatticeCutSettings, mesh_packing
from meshing.mesh_improvement import ImprovementSettings, improve
from meshing.mesh_patch import close_patch, open_patch
from meshing.particle_colours import colour_particles, colours_by_phase, with_images
from meshing.specks import relabel_specks
from meshing.sphere_cut import cut_class
from meshing.sphere_field import build_sphere_field, class_distances
from meshing.torus_mesh import (
    FIXED_X,
    PLANE_BOTTOM,
    PLANE_COUNTER,
    PLANE_TOP,
    PLANE_X_LOW,
    TorusMesh,
    label_bits,
    pair_torus_facets,
)
from meshing.unwrapping import unwrap
from meshing.vertex_conditions import project

UM = 1e-6


def coloured_field(centres, radii, phases, size, gap=0.5, periodic=(True, True, False)):
    """Colouring and distances of spheres [um]."""
    size = np.array(size, dtype=float)
    spheres = with_images(
        np.array(centres, dtype=float), np.array(radii, dtype=float), np.array(phases), size, periodic, 2.0
    )
    colouring = colour_particles(spheres, len(radii), gap)
    period = np.where(periodic, size, 0.0)
    return colouring, build_sphere_field(spheres, colouring.classes, np.zeros(3), size, period, 2.0)


@pytest.fixture(scope="module")
def cut_pair():
    """Two touching spheres of different phase across a wall, cut but not improved."""
    colouring, field = coloured_field([(0.4, 4.0, 4.0), (4.3, 4.2, 4.0)], [2.0, 2.0], [Phase.AM, Phase.SE], (8, 8, 8))
    mesh = build_lattice(lattice_shape(np.array([8.0, 8.0, 8.0]), 2.0, 0.8, (True, True, False)))
    for which in range(len(colouring.class_phases)):
        mesh = cut_class(mesh, field, which, CellLabels.of(colouring.class_phases))
    return mesh, colouring, field


def build(mesh: TorusMesh):
    """Back to the box, with all checks."""
    vertices, cells = unwrap(mesh)
    lower, upper = vertices.min(axis=0), vertices.max(axis=0)
    return build_labelled_mesh(
        vertices, cells, mesh.labels, mesh.labels, lower, upper, 0.0, (True, True, bool(mesh.period[2]))
    )


@pytest.mark.parametrize("periodic", [(True, True, False), (False, True, False), (False, False, False)])
@pytest.mark.parametrize("separator", [0.0, 3.0])
def test_lattice_fills_the_box_with_planes_of_facets(periodic, separator):
    mesh = build_lattice(lattice_shape(np.array([6.0, 5.0, 4.0]), separator, 1.0, periodic))
    volumes = mesh.volumes()
    assert volumes.min() > 0.0
    assert volumes.sum() == pytest.approx(30.0 * (4.0 + separator), rel=1e-12)
    assert volumes[mesh.labels == Phase.separator].sum() == pytest.approx(30.0 * separator, abs=1e-9)
    corners, _, second = pair_torus_facets(mesh.cells, len(mesh.points))
    on_plane = mesh.planes[corners[:, 0]] & mesh.planes[corners[:, 1]] & mesh.planes[corners[:, 2]]
    inner = {PLANE_X_LOW} if periodic[0] else set()
    middle = {PLANE_BOTTOM} if separator else set()
    for bit in {PLANE_COUNTER, PLANE_TOP} | middle | inner:
        assert (on_plane & bit != 0).any()
    assert ((second >= 0) | (on_plane != 0)).all()
    assert dihedral_range(mesh.points, mesh.period, mesh.cells[mesh.labels == Phase.void])[:, 0].min() > 40.0


def test_unwrapped_lattice_is_a_box_with_matching_walls():
    mesh = build_lattice(lattice_shape(np.array([6.0, 5.0, 4.0]), 2.0, 1.0, (True, True, False)))
    box = build(mesh)
    assert box.area("x+") == pytest.approx(30.0)
    assert box.area("electrode_bottom") == 0.0  # every facet of the plane is also void|separator
    assert box.area("void|separator") == pytest.approx(30.0)


def test_colours_separate_close_spheres_also_through_walls():
    colouring, _ = coloured_field(
        [(1, 4, 4), (7, 4, 4), (4, 4, 4)], [0.9, 0.9, 1.0], [Phase.SE] * 3, (8, 8, 8), gap=0.5
    )
    assert colouring.classes[0] != colouring.classes[1]  # 2 um apart through the wall, gap 0.2
    assert colouring.classes[2] in colouring.classes[:2]  # gap 1.1 to both
    assert colours_by_phase(colouring) == {"SE": 2}


def test_one_colour_per_phase_without_a_gap():
    colouring, _ = coloured_field(
        [(3, 4, 4), (5, 4, 4), (4, 6, 4)], [1.2, 1.2, 1.0], [Phase.SE, Phase.SE, Phase.AM], (8, 8, 8), gap=0.0
    )
    assert colours_by_phase(colouring) == {"AM": 1, "SE": 1}


def test_classes_are_cut_in_the_order_am_cbd_se():
    colouring, _ = coloured_field(
        [(1, 1, 1), (5, 5, 5), (1, 5, 1)], [1, 1, 1], [Phase.SE, Phase.CBD, Phase.AM], (8, 8, 8)
    )
    assert colouring.class_phases.tolist() == [Phase.AM, Phase.CBD, Phase.SE]
    assert colouring.classes.tolist() == [2, 1, 0]


def test_sphere_touching_its_own_image_is_counted():
    colouring, _ = coloured_field([(2, 4, 4)], [1.9], [Phase.AM], (4, 8, 8))
    assert colouring.self_contacts == 1


def test_distances_see_periodic_images():
    _, field = coloured_field([(0.5, 4, 4)], [1.0], [Phase.AM], (8, 8, 8))
    points = np.array([[7.5, 4.0, 4.0], [1.5, 4.0, 4.0], [0.5, 4.0, 4.0], [4.0, 4.0, 4.0]])
    assert class_distances(field, points, 0) == pytest.approx([0.0, 0.0, -1.0, 2.0], abs=1e-12)  # 2.0 is the band


def test_projection_reaches_the_curve_of_two_spheres_within_a_plane():
    colouring, field = coloured_field([(3, 4, 4), (5, 4, 4)], [1.5, 1.5], [Phase.AM, Phase.SE], (8, 8, 8))
    point = np.array([4.1, 4.2, 5.0])
    assert project(field, point, 0, 0b11, 12) < 1e-6
    assert point[0] == pytest.approx(4.0, abs=1e-6)
    assert np.hypot(point[1] - 4.0, point[2] - 4.0) == pytest.approx(np.sqrt(1.25), abs=1e-6)
    fixed = np.array([3.3, 5.3, 4.1])
    assert project(field, fixed, FIXED_X, 0b01, 12) < 1e-6
    assert fixed[0] == 3.3
    assert np.linalg.norm(fixed - [3.0, 4.0, 4.0]) == pytest.approx(1.5, abs=1e-6)


def test_quality_of_known_tetrahedra():
    points = np.array(
        [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float
    )
    regular, corner = [0, 2, 1, 3], [4, 5, 6, 7]
    cells = np.array([regular, corner, [5, 4, 6, 7]])
    if np.linalg.det(points[regular[1:]] - points[regular[0]]) < 0.0:
        cells[0] = cells[0, [1, 0, 2, 3]]
    angles = dihedral_range(points, np.zeros(3), cells[:2])
    regular_angle = np.degrees(np.arccos(1.0 / 3.0))
    assert angles[0] == pytest.approx([regular_angle, regular_angle])
    assert angles[1] == pytest.approx([np.degrees(np.arccos(1.0 / np.sqrt(3.0))), 90.0])
    quality = qualities(points, np.zeros(3), cells)
    assert angle_of_quality(quality[0]) == pytest.approx(regular_angle)
    assert quality[2] == INVERTED
    assert angle_of_quality(quality_of_angle(17.0)) == pytest.approx(17.0)


def test_cut_mesh_is_conforming_and_its_walls_match(cut_pair):
    mesh, _, _ = cut_pair
    box = build(mesh)
    assert box.area("x-") == pytest.approx(80.0)
    assert {"AM|SE", "AM|void", "SE|void"} <= set(box.facet_names)


def test_hanging_node_is_detected(cut_pair):
    """An edge bisected in one cell only leaves volumes and phases as they were; the check must see it."""
    mesh, _, _ = cut_pair
    inside = np.flatnonzero((mesh.labels == Phase.void) & (mesh.planes[mesh.cells] == 0).all(axis=1))[0]
    a, b = mesh.cells[inside, :2]
    new = len(mesh.points)
    points = np.concatenate([mesh.points, 0.5 * (mesh.points[[a]] + mesh.points[[b]])])
    halves = np.array([mesh.cells[inside], mesh.cells[inside]])
    halves[0, 0] = halves[1, 1] = new
    broken = replace(
        mesh,
        points=points,
        planes=np.append(mesh.planes, 0),
        cells=np.concatenate([np.delete(mesh.cells, inside, 0), halves]),
        labels=np.append(np.delete(mesh.labels, inside), [int(Phase.void)] * 2),
    )
    assert broken.volumes().sum() == pytest.approx(mesh.volumes().sum(), rel=1e-12)
    with pytest.raises(StageError, match="not conforming"):
        build(broken)


def test_walls_that_do_not_match_are_detected(cut_pair):
    mesh, _, _ = cut_pair
    vertices, cells = unwrap(mesh)
    lower, upper = vertices.min(axis=0), vertices.max(axis=0)
    on_wall = (
        (vertices[:, 0] == lower[0])
        & (vertices[:, 1] > 1.0)
        & (vertices[:, 1] < 7.0)
        & (vertices[:, 2] > 1.0)
        & (vertices[:, 2] < 7.0)
    )
    vertices[np.flatnonzero(on_wall)[0], 1] += 0.01
    with pytest.raises(StageError, match="walls"):
        build_labelled_mesh(vertices, cells, mesh.labels, mesh.labels, lower, upper, 0.0, (True, True, False))


def test_improvement_keeps_conformity_and_volumes(cut_pair):
    mesh, colouring, field = cut_pair
    before = angle_of_quality(qualities(mesh.points, mesh.period, mesh.cells).min())
    settings = ImprovementSettings(target_deg=18.0, schedule_deg=(12.0, 18.0))
    lines = []
    improved = improve(mesh, field, CellLabels.of(colouring.class_phases), settings, lines.append).mesh
    after = angle_of_quality(qualities(improved.points, improved.period, improved.cells).min())
    assert after > max(before, 12.0)
    assert len(improved.cells) != len(mesh.cells)
    assert improved.volumes().sum() == pytest.approx(mesh.volumes().sum(), rel=1e-12)
    box = build(improved)
    for phase in (Phase.AM, Phase.SE, Phase.void, Phase.separator):
        old, new = (m.volumes()[m.labels == phase].sum() for m in (mesh, improved))
        assert new == pytest.approx(old, rel=0.01)
    assert box.area("x+") == pytest.approx(80.0, rel=1e-12)
    assert any("collapsed" in line for line in lines)


def test_specks_go_to_the_neighbour_with_the_largest_area():
    """A speck with one facet to a large SE region and three to the void becomes void, and the reverse."""
    mesh = build_lattice(lattice_shape(np.array([6.0, 6.0, 6.0]), 2.0, 1.0, (True, True, False)))
    height = mesh.points[mesh.cells][:, :, 2].min(axis=1)
    labels = np.where((height > 2.9) & (mesh.labels == Phase.void), int(Phase.SE), mesh.labels)
    _, first, second = pair_torus_facets(mesh.cells, len(mesh.points))
    border = np.flatnonzero((labels[first] != labels[second]) & (second >= 0) & (labels[first] + labels[second] == 6))
    for own, other in ((Phase.void, Phase.SE), (Phase.SE, Phase.void)):
        pair = first[border[0]], second[border[0]]
        speck = pair[0] if labels[pair[0]] == own else pair[1]
        around = np.concatenate([second[first == speck], first[second == speck]])
        assert sorted(labels[around].tolist()).count(int(other)) == 1
        with_speck = labels.copy()
        with_speck[speck] = Phase.CBD
        result = relabel_specks(replace(mesh, labels=with_speck), 1.0)
        assert result.pieces == 1
        assert result.mesh.labels[speck] == own
        assert np.array_equal(np.delete(result.mesh.labels, speck), np.delete(labels, speck))
        assert result.volume["CBD"] == pytest.approx(mesh.volumes()[speck])


def test_surfaces_that_bound_a_phase():
    """Classes 0 AM, 1 CBD, 2 and 3 SE; a vertex on all four surfaces needs those that still separate phases."""
    classes = np.array([Phase.AM, Phase.CBD, Phase.SE, Phase.SE])
    cases = {
        (Phase.AM, Phase.void): 0b0001,
        (Phase.SE, Phase.void): 0b1100,
        (Phase.AM, Phase.SE): 0b0001,
        (Phase.CBD, Phase.SE): 0b0010,
        (Phase.AM, Phase.CBD, Phase.SE): 0b0011,
        (Phase.AM, Phase.SE, Phase.void): 0b1101,
        (Phase.SE,): 0,
        (Phase.SE, Phase.separator): 0,
    }
    bits = np.array([sum(1 << int(p) for p in phases) for phases in cases])
    found = CellLabels.of(classes).bounding_surfaces(bits, np.full(len(bits), 0b1111))
    assert found.tolist() == list(cases.values())


def test_improved_interfaces_stay_on_their_spheres(cut_pair):
    mesh, colouring, field = cut_pair
    settings = ImprovementSettings(target_deg=12.0, schedule_deg=(12.0, 18.0))
    improved = improve(mesh, field, CellLabels.of(colouring.class_phases), settings, lambda line: None).mesh
    bits = label_bits(improved.cells, improved.labels, len(improved.points))
    on_am = bits == (1 << Phase.AM | 1 << Phase.void)
    distance = np.abs(class_distances(field, improved.points[on_am], 0))
    assert on_am.sum() > 50
    moved = ~np.isin(improved.points[on_am, 0], mesh.points[:, 0])
    assert moved.any()
    assert distance[moved].max() < 0.02 * 0.8
    assert np.percentile(distance, 90) < 0.01 * 0.8


def test_exact_geometry_of_a_lens_and_a_cap():
    """Spheres of radius 2 (AM) and 1.5 (SE) at distance 2.5, and a CBD sphere cut by the bottom."""
    _, field = coloured_field(
        [(3, 4, 4), (5.5, 4, 4), (7, 1, 0.5)], [2, 1.5, 1], [Phase.AM, Phase.SE, Phase.CBD], (10, 8, 8)
    )
    exact = measure_exact_geometry(field, np.array([10.0, 8.0, 8.0]), separator=True, points_per_area=1000.0)
    am_height, se_height = 0.4, 0.6  # of the two caps of the lens
    lens = np.pi * (am_height**2 * (6.0 - am_height) + se_height**2 * (4.5 - se_height)) / 3.0
    cap = np.pi * 1.5**2 * 1.5 / 3.0
    assert exact.volume_fraction["AM"] * 640.0 == pytest.approx(32.0 / 3.0 * np.pi, rel=0.002)
    assert exact.volume_fraction["SE"] * 640.0 == pytest.approx(4.5 * np.pi - lens, rel=0.004)
    assert exact.volume_fraction["CBD"] * 640.0 == pytest.approx(cap, rel=0.01)
    assert exact.interface_area["AM|SE"] == pytest.approx(2.0 * np.pi * 2.0 * am_height, rel=0.01)
    assert exact.interface_area["AM|void"] == pytest.approx(2.0 * np.pi * 2.0 * (4.0 - am_height), rel=0.002)
    assert exact.interface_area["SE|void"] == pytest.approx(2.0 * np.pi * 1.5 * (3.0 - se_height), rel=0.002)
    assert exact.interface_area["CBD|separator"] == pytest.approx(0.75 * np.pi, rel=0.01)
    assert set(exact.interface_area) == {"AM|SE", "AM|void", "SE|void", "CBD|void", "CBD|separator", "void|separator"}


def small_packing() -> Packing:
    centres = np.array([[3.0, 4.0, 4.0], [6.2, 4.0, 4.0], [4.5, 6.5, 5.0]]) * UM
    return Packing(
        centres,
        np.array([2.0, 1.5, 1.2]) * UM,
        np.array([1, 2, 3]),
        np.array([7, 3, 11]),
        np.zeros(3),
        np.full(3, 9.0 * UM),
    )


def test_mesh_of_a_small_packing_reports_and_labels():
    stages = []
    mesh = mesh_packing(
        small_packing(), LatticeCutSettings(cell_size=0.6 * UM), progress=lambda *args: stages.append(args)
    )
    assert {int(Phase.AM): 7, int(Phase.SE): 3, int(Phase.CBD): 11} == {
        int(p): int(np.unique(mesh.particle_ids[mesh.phases == p])[0]) for p in (1, 2, 3)
    }
    assert (mesh.particle_ids[np.isin(mesh.phases, [Phase.void, Phase.separator])] == -1).all()
    report = mesh.report
    assert report["lost_beads"] == {"AM": 0, "SE": 0, "CBD": 0}
    assert report["cells_across_smallest_bead"] == pytest.approx(4.0)
    assert set(report["relabelled_fraction"]) >= {"AM", "SE", "CBD", "void"}
    assert report["min_dihedral_deg"] > 10.0
    assert max(abs(e) for e in report["volume_fraction_error"].values()) < 0.002
    fractions = [fraction for _, fraction, _ in stages]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_same_packing_gives_the_same_mesh():
    first, second = (mesh_packing(small_packing(), LatticeCutSettings(cell_size=0.8 * UM)) for _ in range(2))
    assert np.array_equal(first.vertices, second.vertices)
    assert np.array_equal(first.cells, second.cells)


def test_matrix_phase_fills_the_space_between():
    settings = LatticeCutSettings(cell_size=0.8 * UM, separator_thickness=0.0, matrix_phase=Phase.SE)
    mesh = mesh_packing(small_packing(), settings)
    assert set(np.unique(mesh.phases)) == {Phase.AM, Phase.SE, Phase.CBD}
    assert mesh.electrode_bottom == 0.0
    assert "AM|void" not in mesh.facet_names
    assert mesh.area("AM|SE") > 0.9 * 16.0 * np.pi * UM**2 * 0.8


def test_a_mesh_with_too_small_angles_is_refused():
    settings = LatticeCutSettings(cell_size=0.8 * UM, smallest_dihedral_deg=60.0)
    with pytest.raises(StageError, match="dihedral"):
        mesh_packing(small_packing(), settings)


@pytest.mark.parametrize(
    ("name", "value"), [("cell_size", 0.0), ("separator_thickness", -1e-6), ("same_phase_gap", -1e-7)]
)
def test_wrong_settings_name_the_key(name, value):
    with pytest.raises(InputError, match=f"mesh.{name}"):
        LatticeCutSettings(**{name: value})


def test_cells_larger_than_the_box_are_refused():
    with pytest.raises(InputError, match="mesh.cell_size"):
        mesh_packing(small_packing(), LatticeCutSettings(cell_size=5.0 * UM))


def test_packing_without_particles_is_void():
    empty = Packing(
        np.empty((0, 3)), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64), np.zeros(3), np.full(3, 6.0 * UM)
    )
    mesh = mesh_packing(empty, LatticeCutSettings(cell_size=1.0 * UM, separator_thickness=2.0 * UM))
    assert mesh.volumes()[mesh.phases == Phase.void].sum() == pytest.approx(216.0 * UM**3)
    assert mesh.area("void|separator") == pytest.approx(36.0 * UM**2)


def bare_mesh(points, cells, labels) -> TorusMesh:
    """A few cells without periodicity, planes or surfaces."""
    count = len(points)
    zeros = np.zeros(count, dtype=np.int64)
    return TorusMesh(
        np.array(points, dtype=float),
        zeros,
        zeros,
        np.ones(count),
        np.array(cells),
        np.array(labels, dtype=np.int64),
        np.zeros(3),
    )


def after_pass(mesh: TorusMesh, operation) -> tuple[int, TorusMesh]:
    """Number of operations on all cells, and the mesh after the pass."""
    assert mesh.volumes().min() > 0.0
    patch = open_patch(mesh, PHASES_ONLY)
    return operation(patch, np.arange(len(mesh.cells))), close_patch(mesh, patch)


TRIANGLE = [(1.0, 0.0, 0.0), (-0.5, 0.75**0.5, 0.0), (-0.5, -(0.75**0.5), 0.0)]


def test_edge_removal_merges_three_slender_cells_into_two():
    mesh = bare_mesh([(0, 0, -1.5), (0, 0, 1.5), *TRIANGLE], [(0, 1, 2, 3), (0, 1, 3, 4), (0, 1, 4, 2)], [4, 4, 4])
    count, after = after_pass(mesh, lambda patch, bad: removal_pass(patch, bad, 0.01, ring_workspace()))
    assert count == 1
    assert sorted(sorted(cell) for cell in after.cells.tolist()) == [[0, 2, 3, 4], [1, 2, 3, 4]]
    assert after.volumes().min() > 0.0
    assert after.volumes().sum() == pytest.approx(mesh.volumes().sum())


def test_facet_swap_splits_two_flat_cells_into_three():
    mesh = bare_mesh([(0, 0, -0.2), (0, 0, 0.2), *TRIANGLE], [(2, 3, 4, 1), (3, 2, 4, 0)], [4, 4])
    count, after = after_pass(mesh, swap_pass)
    assert count == 1
    assert len(after.cells) == 3
    assert all({0, 1} <= set(cell) for cell in after.cells.tolist())
    assert after.volumes().min() > 0.0
    assert after.volumes().sum() == pytest.approx(mesh.volumes().sum())
    other_phase = replace(mesh, labels=np.array([4, 1]))
    assert after_pass(other_phase, swap_pass)[0] == 0


def interface_edge(bulge: float) -> TorusMesh:
    """Four cells around an edge on the interface of two phases; ``bulge`` bends the interface."""
    points = [(0, bulge, -3), (0, bulge, 3), (1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0)]
    return bare_mesh(points, [(0, 1, 2, 3), (0, 1, 3, 4), (0, 1, 4, 5), (0, 1, 5, 2)], [1, 1, 4, 4])


def test_interface_flip_keeps_the_phases():
    mesh = interface_edge(0.0)
    count, after = after_pass(mesh, lambda patch, bad: removal_pass(patch, bad, 0.01, ring_workspace()))
    assert count == 1
    for phase in (1, 4):
        old, new = (m.volumes()[m.labels == phase].sum() for m in (mesh, after))
        assert new == pytest.approx(old)
        assert {2, 4} <= set(after.cells[after.labels == phase][0].tolist())


def test_interface_flip_that_moves_volume_is_refused():
    count, _ = after_pass(interface_edge(0.1), lambda patch, bad: removal_pass(patch, bad, 0.01, ring_workspace()))
    assert count == 0


@pytest.mark.parametrize("seed", range(4))
def test_cutting_leaves_no_inverted_cell(seed):
    """Crowded random spheres, cells nearly as large as they are: snapping must give way where cells would flip."""
    random = np.random.default_rng(seed)
    size = np.array([10.0, 10.0, 10.0])
    phases = random.choice([Phase.AM, Phase.SE, Phase.CBD], 40)
    colouring, field = coloured_field(random.uniform(0.0, 10.0, (40, 3)), random.uniform(1.0, 2.0, 40), phases, size)
    mesh = build_lattice(lattice_shape(size, 2.0, 1.1, (True, True, False)))
    for which in range(len(colouring.class_phases)):
        mesh = cut_class(mesh, field, which, CellLabels.of(colouring.class_phases))
        assert mesh.volumes().min() > 1e-6
    assert mesh.volumes().sum() == pytest.approx(1200.0, rel=1e-12)
