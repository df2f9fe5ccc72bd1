"""The lattice-cut mesh against spheres whose areas and volumes are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from manufacturing.packing import Packing
from manufacturing.phases import Phase
from meshing.facets import pair_facets
from meshing.labelled_mesh import LabelledMesh
from meshing.lattice_cut import LatticeCutSettings, mesh_packing

UM = 1e-6


def packing(spheres, size, periodic=(True, True, False)) -> Packing:
    """Packing of (x, y, z, radius, phase) in micrometres."""
    table = np.array(spheres, dtype=float)
    return Packing(
        table[:, :3] * UM,
        table[:, 3] * UM,
        table[:, 4].astype(np.int64),
        np.arange(len(table)) + 100,
        np.zeros(3),
        np.array(size, dtype=float) * UM,
        periodic,
    )


def mesh(spheres, size, cell_size, periodic=(True, True, False), **settings) -> LabelledMesh:
    settings = {"separator_thickness": 0.0} | settings
    return mesh_packing(packing(spheres, size, periodic), LatticeCutSettings(cell_size=cell_size * UM, **settings))


def volume(mesh: LabelledMesh, phase: Phase) -> float:
    """Volume of a phase [um3]."""
    return float(mesh.volumes()[mesh.phases == phase].sum()) / UM**3


def area(mesh: LabelledMesh, name: str) -> float:
    """Area of an interface [um2]."""
    return mesh.area(name) / UM**2


def components(mesh: LabelledMesh, phase: Phase) -> int:
    """Number of pieces of a phase that hang together by facets."""
    cells = pair_facets(mesh.cells).cells
    inner = cells[(cells[:, 1] >= 0)]
    inside = inner[(mesh.phases[inner] == phase).all(axis=1)]
    graph = coo_matrix((np.ones(len(inside)), inside.T), shape=(len(mesh.cells),) * 2)
    return len(np.unique(connected_components(graph, directed=False)[1][mesh.phases == phase]))


def cross_section(mesh: LabelledMesh, phase: Phase, x: float) -> float:
    """Area of a phase in the plane at x [um2], from the sections of its tetrahedra."""
    corners = mesh.vertices[mesh.cells[mesh.phases == phase]] / UM
    total = 0.0
    for tetrahedron in corners:
        side = tetrahedron[:, 0] - x
        above, below = tetrahedron[side > 0], tetrahedron[side <= 0]
        if len(above) in (0, 4):
            continue
        cuts = np.array([a + (b - a) * (x - a[0]) / (b[0] - a[0]) for a in above for b in below])
        if len(cuts) == 4:
            cuts = cuts[[0, 1, 3, 2]]
        y, z = cuts[:, 1], cuts[:, 2]
        total += 0.5 * abs(np.dot(y, np.roll(z, 1)) - np.dot(z, np.roll(y, 1)))
    return total


def test_sphere_area_and_volume_converge_at_second_order():
    """Inscribed polyhedra (no volume correction): area and volume errors fall with h^2, below 0.5 % at R/h = 6."""
    radius, ratios = 3.0, np.array([3.0, 6.0, 12.0])
    errors = []
    for ratio in ratios:
        cut = mesh([(3.7, 3.4, 3.6, radius, Phase.AM)], (7.2, 7.2, 7.2), radius / ratio, volume_correction=0.0)
        exact_area, exact_volume = 4.0 * np.pi * radius**2, 4.0 / 3.0 * np.pi * radius**3
        errors.append([area(cut, "AM|void") / exact_area - 1.0, volume(cut, Phase.AM) / exact_volume - 1.0])
    errors = np.abs(errors)
    rates = np.log(errors[:-1] / errors[1:]) / np.log(2.0)
    assert errors[1, 0] < 0.005
    assert rates.min() > 1.8


@pytest.mark.parametrize(
    ("ratio", "area_limit", "volume_limit"), [(1.5, 0.04, 0.04), (3.0, 0.006, 0.006), (6.0, 0.0015, 0.0015)]
)
def test_volume_correction_keeps_volume_and_area(ratio, area_limit, volume_limit):
    """Uncorrected the volume errors are 11, 2.4 and 0.6 %; the limits are twice the measured scatter."""
    radius = 3.0
    cut = mesh([(3.7, 3.4, 4.6, radius, Phase.SE)], (9.0, 9.0, 9.0), radius / ratio)
    assert area(cut, "SE|void") == pytest.approx(4.0 * np.pi * radius**2, rel=area_limit)
    assert volume(cut, Phase.SE) == pytest.approx(4.0 / 3.0 * np.pi * radius**3, rel=volume_limit)


@pytest.mark.parametrize("centre", [(0.0, 5.0, 5.0), (5.0, 0.0, 5.0), (0.0, 0.0, 5.0), (0.05, 9.98, 5.0)])
def test_sphere_through_the_walls(centre):
    """A periodic sphere through walls and edges keeps its volume; walls match (checked when the mesh is built)."""
    cut = mesh([(*centre, 3.0, Phase.AM)], (10.0, 10.0, 10.0), 0.5)
    assert volume(cut, Phase.AM) == pytest.approx(36.0 * np.pi, rel=0.002)
    assert area(cut, "AM|void") == pytest.approx(36.0 * np.pi, rel=0.002)
    for name in ("x-", "x+", "y-", "y+"):
        assert area(cut, name) == pytest.approx(100.0, rel=1e-9)


def test_insulated_walls_clip():
    """On axes that are not periodic the part outside the box is cut off: half a sphere is left."""
    cut = mesh([(0.0, 5.0, 5.0, 3.0, Phase.AM)], (10.0, 10.0, 10.0), 0.5, periodic=(False, True, False))
    assert volume(cut, Phase.AM) == pytest.approx(18.0 * np.pi, rel=0.003)
    assert area(cut, "AM|void") == pytest.approx(18.0 * np.pi, rel=0.003)


def test_clipping_in_z_with_separator():
    """A sphere cut by the electrode bottom: cap volume, cap area, and a disc against the separator."""
    radius, height = 3.0, 1.0  # centre 1 um above the bottom
    settings = {"separator_thickness": 4.0 * UM}
    cut = mesh([(5.0, 5.0, height, radius, Phase.AM)], (10.0, 10.0, 8.0), 0.5, **settings)
    cap = np.pi * (radius + height) ** 2 * (2.0 * radius - height) / 3.0
    assert volume(cut, Phase.AM) == pytest.approx(cap, rel=0.003)
    assert area(cut, "AM|void") == pytest.approx(2.0 * np.pi * radius * (radius + height), rel=0.004)
    assert area(cut, "AM|separator") == pytest.approx(np.pi * (radius**2 - height**2), rel=0.01)
    assert area(cut, "AM|separator") + area(cut, "void|separator") == pytest.approx(100.0, rel=1e-9)
    assert area(cut, "counter") == pytest.approx(100.0, rel=1e-9)
    assert volume(cut, Phase.separator) == pytest.approx(400.0, rel=1e-9)
    assert cut.electrode_bottom == pytest.approx(4.0 * UM, rel=1e-12)


def test_gap_between_spheres_of_a_phase_stays_open():
    """A gap of 0.2 um is a fifth of a cell and still separates the spheres."""
    cut = mesh([(3.0, 4.0, 4.0, 2.0, Phase.SE), (7.2, 4.0, 4.0, 2.0, Phase.SE)], (12.0, 8.0, 8.0), 1.0)
    assert components(cut, Phase.SE) == 2
    assert "SE|void" in cut.facet_names


@pytest.mark.parametrize("distance", [3.0, 3.6])
def test_neck_of_overlapping_spheres(distance):
    """Two spheres of radius 2 form one piece whose neck has the area pi (r^2 - d^2/4); union volume by lens formula."""
    radius, middle = 2.0, 6.0
    pair = [
        (middle - 0.5 * distance, 4.1, 3.9, radius, Phase.SE),
        (middle + 0.5 * distance, 4.1, 3.9, radius, Phase.SE),
    ]
    cut = mesh(pair, (12.0, 8.0, 8.0), 1.0 / 3.0)
    lens = np.pi * (4.0 * radius + distance) * (2.0 * radius - distance) ** 2 / 12.0
    assert components(cut, Phase.SE) == 1
    assert volume(cut, Phase.SE) == pytest.approx(8.0 / 3.0 * np.pi * radius**3 - lens, rel=0.003)
    neck = np.pi * (radius**2 - 0.25 * distance**2)
    assert cross_section(cut, Phase.SE, middle) == pytest.approx(neck, rel=0.05)


def test_overlap_priority():
    """Where spheres overlap AM wins over CBD over SE: the first keeps its volume, the others lose the lens."""
    for winner, loser in ((Phase.AM, Phase.CBD), (Phase.AM, Phase.SE), (Phase.CBD, Phase.SE)):
        cut = mesh([(4.0, 4.0, 4.0, 2.0, loser), (7.0, 4.0, 4.0, 2.0, winner)], (11.0, 8.0, 8.0), 0.5)
        sphere = 4.0 / 3.0 * np.pi * 8.0
        lens = np.pi * 11.0 * 1.0 / 12.0
        assert volume(cut, winner) == pytest.approx(sphere, rel=0.004)
        assert volume(cut, loser) == pytest.approx(sphere - lens, rel=0.006)


def random_spheres(seed: int, count: int, size: float) -> list[tuple[float, float, float, float, int]]:
    """Overlapping spheres of three phases, more crowded than a real packing."""
    random = np.random.default_rng(seed)
    phases = random.choice([Phase.AM, Phase.SE, Phase.CBD], count)
    radii = np.where(phases == Phase.AM, random.uniform(2.0, 3.0, count), random.uniform(1.2, 2.0, count))
    centres = random.uniform(0.0, size, (count, 3))
    return [(*c, r, p) for c, r, p in zip(centres.tolist(), radii.tolist(), phases.tolist(), strict=True)]


def reference_fractions(spheres, size: float) -> dict[Phase, float]:
    """Volume fractions from the phase at the points of a grid, by brute force over all images."""
    axis = (np.arange(96) + 0.5) * size / 96
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    phase = np.full(points.shape[:3], int(Phase.void))
    for wanted in (Phase.SE, Phase.CBD, Phase.AM):
        for x, y, z, r, p in spheres:
            if p == wanted:
                step = points - [x, y, z]
                step[..., :2] -= size * np.round(step[..., :2] / size)
                phase[(step**2).sum(axis=-1) < r * r] = p
    return {p: float((phase == p).mean()) for p in (Phase.AM, Phase.SE, Phase.CBD, Phase.void)}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_packing_of_three_phases(seed):
    size = 14.0
    spheres = random_spheres(seed, 60, size)
    cut = mesh(spheres, (size, size, size), 0.6, separator_thickness=3.0 * UM)
    for phase, fraction in reference_fractions(spheres, size).items():
        assert volume(cut, phase) / size**3 == pytest.approx(fraction, abs=0.004)
        assert cut.report["exact_volume_fraction"][phase.name] == pytest.approx(fraction, abs=0.001)
    assert cut.report["min_dihedral_deg"] > 5.0
    assert volume(cut, Phase.separator) == pytest.approx(size * size * 3.0, rel=1e-9)
