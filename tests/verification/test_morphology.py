"""Chords, inscribed spheres, correlation and profiles against exact answers.

Seen to fail with: chords cut at periodic walls, cut chords counted as whole, both ends of cut chords counted, sides
of facets exchanged, correlation without padding, slope over two instead of four, distances and spheres that stop at a
periodic wall, distances to planes of the electrode, radius instead of diameter.
"""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.packing import Packing
from manufacturing.phases import Phase
from manufacturing.porosity import paint
from meshing.labelled_mesh import LabelledMesh
from meshing.lattice_cut import LatticeCutSettings, mesh_packing
from meshing.phase_grid import phase_grid
from meshing.phase_lines import PhaseLines, phase_lines
from solver.chord_lengths import chord_lengths
from solver.local_thickness import local_thickness
from solver.morphology import MorphologySettings, layer_shares, measure_morphology
from solver.two_point import two_point
from tests.unit.box_mesh import UM, boxes

AM, SE, VOID = int(Phase.AM), int(Phase.SE), int(Phase.void)
ALL = (True, True, True)


# --- layers: everything is known -------------------------------------------------------------


@pytest.fixture(scope="module")
def layers() -> LabelledMesh:
    """From below: separator 1, SE 3, void 2, SE 4, void 1 um; x: the lowest SE layer has a void column of 1 um."""
    heights = [int(Phase.separator), *[SE] * 3, *[VOID] * 2, *[SE] * 4, VOID]
    phases = np.broadcast_to(np.array(heights), (4, 3, 11)).copy()
    phases[1, :, 1:4] = VOID
    return boxes(phases, bottom=UM)


def test_chords_of_layers(layers: LabelledMesh) -> None:
    """Along z the lowest layer and the top one are cut by the planes; along x the column bounds a chord of 3 um."""
    along = phase_lines(layers, 2, 0.25 * UM)
    chords = chord_lengths(along, SE, (UM, 11 * UM), False)
    assert chords.lengths == pytest.approx(4 * UM)
    assert len(chords.lengths) == along.shape[0] * along.shape[1]
    # Two ends of the whole chord in every line, one end of the cut chord in three of four lines.
    assert chords.mean == pytest.approx(2.0 * (4.0 + 0.75 * 3.0) / 2.75 * UM)
    across = phase_lines(layers, 0, 0.25 * UM)
    lateral = chord_lengths(across, SE, (0.0, 4 * UM), True)
    assert lateral.lengths == pytest.approx(3 * UM)
    assert lateral.total == pytest.approx((0.3 * 3.0 + 0.4 * 4.0) * UM * across.shape[0] * across.shape[1])
    assert chord_lengths(across, SE, (0.0, 4 * UM), False).lengths.size == 0


def test_profile_and_grid_of_layers(layers: LabelledMesh) -> None:
    lines = phase_lines(layers, 2, 0.25 * UM)
    shares = layer_shares(lines, SE, np.linspace(UM, 11 * UM, 11))
    assert shares == pytest.approx([0.75, 0.75, 0.75, 0, 0, 1, 1, 1, 1, 0])
    grid = phase_grid(layers, 0.5 * UM)
    assert grid.phases.shape == (8, 6, 20)
    assert np.array_equal(grid.phases[0, 0], np.repeat([SE, VOID, SE, VOID], [6, 4, 8, 2]))
    assert grid.periodic == (True, True, False)


def test_all_directions_measure_the_volumes(layers: LabelledMesh) -> None:
    for axis in range(3):
        lines = phase_lines(layers, axis, 0.25 * UM)
        share = lines.length[lines.phase == SE].sum() / lines.length.sum()
        assert share == pytest.approx((3 * 0.75 + 4) / 10)


# --- one sphere per periodic cell ---------------------------------------------------------------


@pytest.fixture(scope="module")
def sphere() -> LabelledMesh:
    """An AM sphere of radius 3 um in a cube of 10 um of void."""
    one = np.full((1, 3), 5e-6)
    packing = Packing(
        one, np.array([3e-6]), np.array([AM]), np.array([0]), np.zeros(3), np.full(3, 1e-5), (True, True, True)
    )
    return mesh_packing(packing, LatticeCutSettings(cell_size=0.9e-6, separator_thickness=0.0))


def test_a_sphere_in_a_periodic_cell(sphere: LabelledMesh) -> None:
    """Chords 4 R/3, also of the void 4 phi/s; S2 = phi (1 - 3 r/4R + r^3/16 R^3) below the gap; diameter 2 R."""
    found = measure_morphology(sphere, MorphologySettings(spacing=2e-7))
    radius, phi = 3e-6, 4.0 / 3.0 * np.pi * 0.3**3
    area = 4.0 * np.pi * radius**2 / 1e-15
    for k, chord in enumerate(found.chords[Phase.AM]):
        assert chord.mean == pytest.approx(4.0 * radius / 3.0, rel=0.01)
        assert chord.specific_area == pytest.approx(area, rel=0.01)
        void = found.chords[Phase.void][k]
        assert void.specific_area == pytest.approx(area, rel=0.01)
    figures = found.figures()
    assert figures["phases"]["AM"]["surface_per_volume_1_m"] == pytest.approx(area, rel=0.005)
    assert figures["interfaces"]["AM|void"]["exact_area_per_volume_1_m"] == pytest.approx(area, rel=0.001)
    correlation = found.correlation[Phase.AM]
    near = correlation.distance < 3.9e-6
    r = correlation.distance[near] / radius
    assert correlation.radial[near] == pytest.approx(correlation.fraction * (1.0 - 0.75 * r + r**3 / 16.0), abs=5e-4)
    assert correlation.fraction == pytest.approx(phi, abs=1e-3)
    assert correlation.specific_area == pytest.approx(area, rel=0.02)
    assert found.sizes[Phase.AM].figures()["median_m"] == pytest.approx(2.0 * radius, abs=3 * 2e-7)
    assert found.profile[Phase.AM].mean() == pytest.approx(phi, abs=5e-4)


# --- Boolean model of overlapping spheres ---------------------------------------------------------

RADIUS, EDGE, INTENSITY = 1.0, 10.0, 0.7  # [um], [um], spheres times volume of one per volume
VOLUME = 4.0 / 3.0 * np.pi * RADIUS**3


def boolean_spheres(seed: int) -> np.ndarray:
    """Centres of a Poisson process in a periodic cube [um]."""
    rng = np.random.default_rng(seed)
    return EDGE * rng.random((rng.poisson(INTENSITY * EDGE**3 / VOLUME), 3))


def within_error(samples: np.ndarray, exact: np.ndarray | float, bias: float = 0.0) -> None:
    """Means of independent samples (seeds first) lie within four standard errors of the exact answer."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - exact) <= 4.0 * error + bias)


def test_the_void_of_the_boolean_model() -> None:
    """Fraction exp(-rho v), S2 = exp(-rho v2(r)), area per volume rho 4 pi R^2 exp(-rho v)."""
    fractions, correlations, areas = [], [], []
    for seed in range(24):
        centres = boolean_spheres(seed)
        count = len(centres)
        box = (np.zeros(3), np.full(3, EDGE))
        labels = paint(centres, np.full(count, RADIUS), np.full(count, SE), box, ALL, EDGE / 72)
        found = two_point(labels == 0, np.full(3, EDGE / 72), ALL)
        fractions.append(found.fraction)
        correlations.append(found.radial)
        areas.append(found.specific_area)
    density = INTENSITY / VOLUME
    r = np.minimum(found.distance / RADIUS, 2.0)
    both = VOLUME * (1.0 + 0.75 * r - r**3 / 16.0)
    within_error(np.array(fractions), np.exp(-INTENSITY))
    within_error(np.array(correlations), np.exp(-density * both), 5e-4)
    exact = density * 4.0 * np.pi * RADIUS**2 * np.exp(-INTENSITY)
    within_error(np.array(areas), exact, 0.005 * exact)
    assert np.array(fractions).std(ddof=1) / np.sqrt(24) < 0.01


def test_void_chords_of_the_boolean_model_are_exponential() -> None:
    """Free paths between random spheres have the mean 1/(rho pi R^2), in periodic and in cut boxes alike."""
    exact = VOLUME / (INTENSITY * np.pi * RADIUS**2)
    for periodic in (True, False):
        means, spreads = [], []
        for seed in range(12):
            chords = chord_lengths(boolean_lines(boolean_spheres(seed)), VOID, (0.0, EDGE), periodic)
            means.append(chords.mean)
            spreads.append(chords.lengths.std() / chords.lengths.mean())
        within_error(np.array(means), exact)
        if periodic:
            within_error(np.array(spreads), 1.0, 0.02)


def boolean_lines(centres: np.ndarray) -> PhaseLines:
    """Cut 40 x 40 lines along z with all spheres and their images, without a mesh."""
    pieces = []
    grid = (np.arange(40) + 0.5) * EDGE / 40
    for number, (x, y) in enumerate((x, y) for x in grid for y in grid):
        offset = centres[:, :2] - [x, y]
        offset -= EDGE * np.round(offset / EDGE)
        half = np.sqrt(np.maximum(RADIUS**2 - (offset**2).sum(axis=1), 0.0))
        hit = half > 0.0
        spans = [
            (z - h + s, z + h + s) for z, h in zip(centres[hit, 2], half[hit], strict=True) for s in (-EDGE, 0, EDGE)
        ]
        height = 0.0
        for low, high in sorted(spans):
            if low > height and height < EDGE:
                pieces.append((number, VOID, height, min(low, EDGE)))
            height = max(height, high)
        if height < EDGE:
            pieces.append((number, VOID, height, EDGE))
    line, phase, start, end = (np.array(column) for column in zip(*pieces, strict=True))
    return PhaseLines(2, (40, 40), line, phase, start, end)


# --- inscribed spheres ----------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 2])
def test_a_slab_has_its_thickness_through_the_wall(axis: int) -> None:
    """A slab of 7 of 20 points that lies on both sides of a periodic wall."""
    place = (np.arange(20) < 2) | (np.arange(20) >= 15)
    mask = np.broadcast_to(np.moveaxis(place[:, None, None], 0, axis), [20] * 3)
    sizes = local_thickness(mask, np.full(3, 0.1), ALL).diameters
    assert len(sizes) == mask.sum()
    assert sizes == pytest.approx(0.7)


def test_a_plane_of_the_electrode_is_no_wall_of_a_pore() -> None:
    """Half a slab at a plane is as wide as the whole slab with its mirror image."""
    mask = np.broadcast_to(np.arange(20) < 5, (6, 6, 20))
    sizes = local_thickness(mask, np.full(3, 0.1), (True, True, False)).diameters
    assert sizes == pytest.approx(1.0, abs=0.11)


def test_square_channels() -> None:
    """The inscribed circle of a square channel covers pi/4 of it; the corners belong to smaller circles."""
    mask = np.zeros((60, 60, 8), dtype=bool)
    mask[10:51, 10:51] = True
    sizes = local_thickness(mask, np.full(3, 0.1), ALL).diameters
    assert sizes.max() == pytest.approx(4.1)
    assert (sizes > 4.0).mean() == pytest.approx(np.pi / 4.0, abs=0.04)  # a spacing of the radius


def test_a_box_that_is_not_periodic_counts_only_needles_that_fit() -> None:
    """A quarter of the height L = 1 is filled at either end: S2 along z is 1/2 - r/(1 - r)."""
    place = np.arange(40)
    mask = np.broadcast_to((place < 10) | (place >= 30), (4, 4, 40))
    along = two_point(mask, np.full(3, 0.025), (True, True, False)).along[2]
    r = 0.025 * np.arange(11)
    assert along[:11] == pytest.approx(0.5 - r / (1.0 - r), abs=1e-9)


def test_the_slope_does_not_see_that_the_planes_are_empty() -> None:
    """A sphere between planes that it does not touch: the area per volume as in the periodic cell."""
    place = (np.arange(50) + 0.5) / 50 - 0.5
    mask = place[:, None, None] ** 2 + place[None, :, None] ** 2 + place[None, None] ** 2 < 0.09
    areas = [two_point(mask, np.full(3, 0.02), (True, True, wraps)).specific_area for wraps in (True, False)]
    assert areas == pytest.approx([4.0 * np.pi * 0.09] * 2, rel=0.025)
