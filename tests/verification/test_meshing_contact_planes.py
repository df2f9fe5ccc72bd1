"""Planes between touching spheres of a phase: radical planes, whose areas and part volumes are known.

Seen to fail with: planes shifted or where distances instead of powers are equal (vertices off the plane),
earlier parts not cut at all (the later sphere loses its half of the lens), one earlier class only compared
(three spheres), facets through periodic walls left out.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.errors import StageError
from manufacturing.phases import Phase
from meshing.cell_labels import CLASS_LIMIT, CONTACT_FLAG, CONTACT_SHIFT, FIRST_PART, CellLabels
from meshing.cut_geometry import CutGeometry
from meshing.facets import triangle_areas
from meshing.labelled_mesh import LabelledMesh, interface_areas, interface_sides, load_mesh
from meshing.vertex_conditions import project

from .shipped_cases import run
from .test_meshing_cut_exact import UM, mesh, packing

AXIS = np.array([1.0, 0.3, 0.2]) / np.linalg.norm([1.0, 0.3, 0.2])


def separated(spheres, size, cell_size, *phases: Phase) -> LabelledMesh:
    return mesh(spheres, size, cell_size, contact_planes=phases or (Phase.SE,))


def part(labelled: LabelledMesh, particle: int) -> float:
    """Volume of one particle [um3]."""
    return float(labelled.volumes()[labelled.particle_ids == particle].sum()) / UM**3


def contact(labelled: LabelledMesh, first: int, second: int, phase: Phase = Phase.SE) -> float:
    """Area of the plane between two particles [um2]."""
    sides = interface_sides(labelled, phase, phase)
    ids = labelled.particle_ids[sides.cells]
    hit = (ids == [first, second]).all(axis=1)
    return float(triangle_areas(labelled.vertices, sides.first[hit]).sum()) / UM**2


def pair(distance: float, second_radius: float):
    """Two spheres, and exactly: area of their plane, volumes of both parts."""
    start, radius = np.array([4.3, 4.1, 3.9]), 2.0
    spheres = [(*start, radius, Phase.SE), (*(start + distance * AXIS), second_radius, Phase.SE)]
    plane = (distance**2 + radius**2 - second_radius**2) / (2.0 * distance)
    below = [np.pi * (r + x) ** 2 * (2.0 * r - x) / 3.0 for r, x in ((2.0, plane), (second_radius, distance - plane))]
    return spheres, np.pi * (radius**2 - plane**2), below


@pytest.mark.parametrize(("distance", "second_radius"), [(3.0, 2.0), (3.6, 2.0), (2.6, 1.4)])
def test_plane_of_a_pair(distance, second_radius):
    """Area pi (r^2 - x^2) with x = (d^2 + r^2 - s^2)/(2d); each part is a ball cut at the plane."""
    spheres, area, volumes = pair(distance, second_radius)
    cut = separated(spheres, (11.0, 8.0, 8.0), 0.4)
    assert cut.area("SE|SE") / UM**2 == pytest.approx(area, rel=0.02)
    assert part(cut, 100) == pytest.approx(volumes[0], rel=0.002)
    assert part(cut, 101) == pytest.approx(volumes[1], rel=0.002)
    assert cut.report["min_dihedral_deg"] > 10.0


def test_the_plane_is_flat_and_in_its_place():
    spheres, _, _ = pair(2.6, 1.4)
    cut = separated(spheres, (11.0, 8.0, 8.0), 0.4)
    corners = np.unique(cut.facets[cut.named("SE|SE")])
    along = (cut.vertices[corners] / UM - np.array(spheres[0][:3])) @ AXIS
    plane = (2.6**2 + 2.0**2 - 1.4**2) / 5.2
    assert len(corners) > 30
    assert np.abs(along - plane).max() < 0.02 * 0.4


def test_parts_converge_at_second_order():
    """Without volume correction each part is an inscribed polyhedron: volumes and area fall short with h^2."""
    spheres, area, volumes = pair(3.0, 2.0)
    errors = []
    for size in (0.8, 0.4, 0.2):
        cut = mesh(spheres, (11.0, 8.0, 8.0), size, contact_planes=(Phase.SE,), volume_correction=0.0)
        errors.append(
            [1.0 - cut.area("SE|SE") / UM**2 / area, *(1.0 - part(cut, 100 + k) / volumes[k] for k in (0, 1))]
        )
    errors = np.array(errors)
    assert errors.min() > 0.0
    rates = np.log(errors[0] / errors[-1]) / np.log(4.0)
    assert rates.min() > 1.7


TRIPLE = [(4.0, 4.0, 4.0, 2.0), (6.6, 4.2, 4.1, 1.8), (5.1, 6.3, 4.3, 1.9)]


def powers(points: np.ndarray) -> np.ndarray:
    """|x - c|^2 - r^2 for each sphere of TRIPLE, shape (3, ...)."""
    return np.array([((points - np.array(s[:3])) ** 2).sum(axis=-1) - s[3] ** 2 for s in TRIPLE])


def plane_area(first: int, second: int, points: int = 1500) -> float:
    """Area of the points of the plane between two spheres that lie inside both and not nearer to the third."""
    a, b = np.array(TRIPLE[first][:3]), np.array(TRIPLE[second][:3])
    distance = np.linalg.norm(b - a)
    axis = (b - a) / distance
    u = np.cross(axis, [0.0, 0.0, 1.0])
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    shift = (distance**2 + TRIPLE[first][3] ** 2 - TRIPLE[second][3] ** 2) / (2.0 * distance)
    grid = (np.arange(points) + 0.5) * 4.0 / points - 2.0
    s, t = np.meshgrid(grid, grid, indexing="ij")
    found = powers(a + shift * axis + s[..., None] * u + t[..., None] * v)
    third = 3 - first - second
    return float(((found[first] < 0.0) & (found[third] > found[first])).sum()) * (4.0 / points) ** 2


def test_three_overlapping_spheres_meet_in_an_edge_of_the_power_diagram():
    """Reference: points on each plane and in the box, no mesh."""
    cut = separated([(*s, Phase.AM) for s in TRIPLE], (10.0, 10.0, 8.0), 0.3, Phase.AM)
    for first, second in combinations(range(3), 2):
        expected = plane_area(first, second)
        assert contact(cut, 100 + first, 100 + second, Phase.AM) == pytest.approx(expected, rel=0.02)
    axis = (np.arange(160) + 0.5) * 8.0 / 160 + 1.0
    found = powers(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1))
    for k in range(3):
        expected = float(((found.argmin(axis=0) == k) & (found[k] < 0.0)).sum()) * (8.0 / 160) ** 3
        assert part(cut, 100 + k) == pytest.approx(expected, rel=0.003)


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_pair_across_a_periodic_wall(shift):
    """At shift 0 the plane is the wall itself: its two sides are different vertices with the same coordinates."""
    area = np.pi * (2.0**2 - 1.5**2)
    cut = separated([(1.5 + shift, 4, 4, 2, Phase.SE), (8.5 + shift, 4.0, 4, 2, Phase.SE)], (10.0, 8.0, 8.0), 0.4)
    assert interface_areas(cut)["SE|SE"] / UM**2 == pytest.approx(area, rel=0.02)
    sides = interface_sides(cut, Phase.SE, Phase.SE)
    gap = cut.vertices[sides.second] - cut.vertices[sides.first]
    assert np.abs(gap[..., 0]).max() / UM == pytest.approx(10.0 if shift == 0.0 else 0.0, abs=1e-9)
    assert np.abs(gap[..., 1:]).max() < 1e-9 * UM
    assert (cut.particle_ids[sides.cells] == [100, 101]).all()
    volume = np.pi * 3.5**2 * 2.5 / 3.0
    assert part(cut, 100) == pytest.approx(volume, rel=0.003)


def test_higher_phases_own_the_plane_too():
    """An AM sphere in the middle of an SE contact takes a disc out of it."""
    spheres = [(4.0, 4, 4, 2, Phase.SE), (7.0, 4, 4, 2, Phase.SE), (5.5, 4, 4, 0.9, Phase.AM)]
    cut = separated(spheres, (11.0, 8.0, 8.0), 0.3)
    assert cut.area("SE|SE") / UM**2 == pytest.approx(np.pi * (4.0 - 2.25 - 0.81), rel=0.03)
    assert set(cut.facet_names) >= {"SE|SE", "AM|SE", "SE|void"}
    assert "AM|AM" not in cut.facet_names


def test_without_request_there_are_no_planes():
    spheres, _, _ = pair(3.0, 2.0)
    cut = mesh(spheres, (11.0, 8.0, 8.0), 0.4)
    assert "SE|SE" not in cut.facet_names
    assert "SE|SE" not in interface_areas(cut)


def test_labels_and_conditions():
    """Classes: 0 AM, 1 and 2 and 3 SE with planes. Label of class k is FIRST_PART + k where there are planes."""
    labels = CellLabels.of(np.array([Phase.AM, Phase.SE, Phase.SE, Phase.SE]), (Phase.SE,))
    assert labels.class_labels.tolist() == [Phase.AM, *(FIRST_PART + k for k in (1, 2, 3))]
    assert labels.phases(np.array([Phase.AM, Phase.void, FIRST_PART + 3])).tolist() == [Phase.AM, Phase.void, Phase.SE]
    assert labels.earlier_parts(3).tolist() == [FIRST_PART + 1, FIRST_PART + 2]
    assert labels.earlier_parts(0).tolist() == labels.earlier_parts(1).tolist() == []
    am, void = 1 << Phase.AM, 1 << Phase.void
    one, two, three = (1 << (FIRST_PART + k) for k in (1, 2, 3))
    planes = [1 << (CONTACT_SHIFT + k) for k in range(4)]
    cases = {
        one | void: 0b0010,
        one | two: CONTACT_FLAG | planes[1] | planes[2],
        one | two | void: CONTACT_FLAG | 0b0010 | planes[1] | planes[2],  # one sphere is enough, the other follows
        two | three | am: CONTACT_FLAG | 0b0001 | planes[2] | planes[3],
        one | two | three: CONTACT_FLAG | planes[1] | planes[2] | planes[3],
        am | one: 0b0001,
    }
    around = np.array(list(cases))
    assert labels.bounding_surfaces(around, np.full(len(cases), 0b1111)).tolist() == list(cases.values())


def test_too_many_colours_for_planes():
    with pytest.raises(StageError, match=r"mesh\.contact_planes"):
        CellLabels.of(np.full(CONTACT_SHIFT + 1, int(Phase.SE)), (Phase.SE,))
    CellLabels.of(np.full(CLASS_LIMIT, int(Phase.SE)))
    with pytest.raises(StageError, match=r"mesh\.same_phase_gap"):
        CellLabels.of(np.full(CLASS_LIMIT + 1, int(Phase.SE)))


def test_more_colours_than_contact_bits_are_still_surfaces():
    """A sphere whose class has the number of the first contact bit, without planes: its vertices lie on it."""
    index = CONTACT_SHIFT + 1
    far = [(3.0 + 0.01 * k, 4.0, 40.0, 0.1, Phase.SE) for k in range(index)]
    found = CutGeometry.of(packing([*far, (4.0, 4.0, 4.0, 2.0, Phase.SE)], (8.0, 8.0, 41.0)), 1e-6, 0.0, 50e-6, 0.0)
    which = int(found.colouring.classes[index])
    conditions = np.int64(1) << which
    point = np.array([5.5, 4.3, 4.1])
    assert which >= CONTACT_SHIFT
    assert project(found.cut_field, point, 0, conditions, 7) < 1e-6
    assert np.linalg.norm(point - 4.0) == pytest.approx(2.0, abs=1e-6)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The lattice of touching spheres with and without planes: folders and summaries."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("planes", "plain")}
    return {
        name: (
            folder,
            run("touching_spheres", folder, MPI.COMM_SELF, *(["mesh.contact_planes=[]"] if name == "plain" else [])),
        )
        for name, folder in folders.items()
    }


def test_summary_has_the_area_of_all_planes(both: dict[str, tuple[Path, dict]]):
    """12 contacts per 2 x 2 x 2 spheres less the 4 through the top: 20 planes of pi (2.75^2 - 2.5^2) um2."""
    areas = {name: summary["meshing"]["interface_area_m2"] for name, (_, summary) in both.items()}
    assert areas["planes"]["SE|SE"] / UM**2 == pytest.approx(20.0 * np.pi * (2.75**2 - 2.5**2), rel=0.02)
    assert "SE|SE" not in areas["plain"]
    assert (
        load_mesh(both["planes"][0] / "mesh.h5").area("SE|SE") < areas["planes"]["SE|SE"]
    )  # the walls carry 8 of them


def test_planes_do_not_change_the_conductivity(both: dict[str, tuple[Path, dict]]):
    """Two meshes of one geometry: second-order elements agree within their error."""
    found = {name: summary["conduction"]["ionic_z"] for name, (_, summary) in both.items()}
    assert found["planes"]["percolates"]
    assert found["planes"]["effective_conductivity_S_m"] == pytest.approx(
        found["plain"]["effective_conductivity_S_m"], rel=0.02
    )
