"""Contacts, necks, coordination and overlaps: lattices and pairs of spheres with exact answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from manufacturing.contacts import find_contacts, lens_volume, neck_radius
from manufacturing.coordination import coordination
from manufacturing.overlaps import overlap_statistics
from manufacturing.packing import Packing
from manufacturing.packing_summary import describe
from manufacturing.phases import Phase
from manufacturing.porosity import volume_fractions
from manufacturing.tiling import tile

MICROMETRE = 1e-6
GAP = 1e-12  # round-off of touching spheres
CELLS = {  # positions in a cubic cell, radius of touching spheres over the edge, neighbours, volume fraction
    "simple cubic": ([(0, 0, 0)], 0.5, 6, math.pi / 6.0),
    "body centred": ([(0, 0, 0), (0.5, 0.5, 0.5)], math.sqrt(3.0) / 4.0, 8, math.pi * math.sqrt(3.0) / 8.0),
    "face centred": (
        [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)],
        math.sqrt(2.0) / 4.0,
        12,
        math.pi * math.sqrt(2.0) / 6.0,
    ),
}


def spheres(
    centres: list[tuple[float, ...]],
    radii: list[float],
    phases: list[Phase],
    edge: float = 10.0,
    periodic: tuple[bool, bool, bool] = (True, True, True),
) -> Packing:
    """Return spheres in a cube; lengths in micrometres."""
    return Packing(
        MICROMETRE * np.array(centres, dtype=float),
        MICROMETRE * np.array(radii),
        np.array(phases, dtype=np.int64),
        np.arange(1, len(radii) + 1),
        np.zeros(3),
        np.full(3, edge * MICROMETRE),
        periodic,
    )


def lattice(name: str, periodic: tuple[bool, bool, bool] = (True, True, True)) -> Packing:
    """Return one cubic cell of edge 2 um."""
    positions, radius, _, _ = CELLS[name]
    centres = [tuple(2.0 * x for x in position) for position in positions]
    return spheres(centres, [2.0 * radius] * len(positions), [Phase.SE] * len(positions), 2.0, periodic)


@pytest.mark.parametrize("name", list(CELLS))
@pytest.mark.parametrize("copies", [(1, 1, 1), (2, 3, 2)])
def test_lattices_have_their_coordination(name: str, copies: tuple[int, int, int]) -> None:
    """6, 8 and 12 neighbours: also in a single cell, where all of them are images."""
    packing = tile(lattice(name), copies)
    contacts = find_contacts(packing, GAP)
    numbers = coordination(contacts)
    neighbours = CELLS[name][2]
    assert set(numbers.total.tolist()) == {neighbours}
    assert len(contacts) == neighbours * len(packing.radii) // 2
    assert numbers.means() == {"SE-SE": neighbours}
    assert numbers.histogram().tolist() == [0] * neighbours + [len(packing.radii)]
    assert contacts.overlap == pytest.approx(0.0, abs=GAP)
    assert overlap_statistics(contacts).shared_fraction == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("name", list(CELLS))
def test_lattices_have_their_volume_fraction(name: str) -> None:
    """pi/6, pi sqrt(3)/8 and pi sqrt(2)/6; 100 voxels along an edge err by less than 0.002."""
    summary = describe(lattice(name), GAP, 0.02 * MICROMETRE)
    assert summary.volume_fractions.SE == pytest.approx(CELLS[name][3], abs=2e-3)
    assert summary.coordination["all"] == CELLS[name][2]
    assert summary.as_dict()["contacts"] == {"SE|SE": CELLS[name][2] * len(CELLS[name][0]) // 2}


def test_open_planes_have_no_images() -> None:
    """A simple cubic layer between two planes has 4 neighbours."""
    assert coordination(find_contacts(lattice("simple cubic", (True, True, False)), GAP)).mean == 4.0


def test_neck_and_lens_of_two_spheres() -> None:
    """Spheres of 3 and 4 at distance 5 meet at a right angle: neck 12/5; lens: sum of the two caps."""
    packing = spheres([(1.0, 5.0, 5.0), (6.0, 5.0, 5.0)], [3.0, 4.0], [Phase.AM, Phase.CBD], 40.0)
    contacts = find_contacts(packing)
    caps = [math.pi * h**2 * (3.0 * r - h) / 3.0 for r, h in ((3.0, 3.0 - 9.0 / 5.0), (4.0, 4.0 - 16.0 / 5.0))]
    assert contacts.overlap == pytest.approx([2.0 * MICROMETRE])
    assert contacts.overlap_fraction == pytest.approx([2.0 / 7.0])
    assert contacts.neck_radius == pytest.approx([2.4 * MICROMETRE])
    assert contacts.neck_area == pytest.approx([math.pi * 2.4**2 * MICROMETRE**2], rel=1e-9, abs=0.0)
    assert contacts.lens_volume == pytest.approx([sum(caps) * MICROMETRE**3], rel=1e-9, abs=0.0)
    assert contacts.midpoint[0] == pytest.approx([2.8e-6, 5e-6, 5e-6])


def test_lens_is_what_two_equal_spheres_lose() -> None:
    """V = pi (4 r + d)(2 r - d)^2 / 12; the union on voxels is smaller than the spheres by it."""
    radius, distance = 3.0, 4.0
    packing = spheres([(3.0, 5.0, 5.0), (7.0, 5.0, 5.0)], [radius, radius], [Phase.SE, Phase.SE])
    lens = math.pi * (4.0 * radius + distance) * (2.0 * radius - distance) ** 2 / 12.0
    found = overlap_statistics(find_contacts(packing))
    assert found.shared_volume == pytest.approx(lens * MICROMETRE**3, rel=1e-9, abs=0.0)
    box = (packing.lower, packing.upper)
    union = volume_fractions(packing.centres, packing.radii, packing.phases, box, packing.periodic, 0.05 * MICROMETRE)
    lost = found.sphere_volume / MICROMETRE**3 - union.SE * 10.0**3
    assert lost == pytest.approx(lens, rel=0.03)  # voxels of 1/60 of a radius


def test_spheres_apart_and_inside_each_other() -> None:
    """No neck in either case; the inner sphere is shared as a whole."""
    first, second = np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0])
    distance = np.array([2.5, 0.5, 0.0])
    assert neck_radius(first, second, distance).tolist() == [0.0, 0.0, 0.0]
    ball = 4.0 / 3.0 * math.pi
    assert lens_volume(first, second, distance) == pytest.approx([0.0, ball, ball])


def test_contacts_run_through_periodic_faces() -> None:
    """The same two spheres with the face between them: same depth, image, and midpoint beyond the face."""
    inside = find_contacts(spheres([(3.0, 5.0, 5.0), (6.0, 5.0, 5.0)], [2.0, 2.0], [Phase.SE, Phase.AM]))
    packing = spheres([(9.0, 5.0, 5.0), (2.0, 5.0, 5.0)], [2.0, 2.0], [Phase.SE, Phase.AM])
    across = find_contacts(packing)
    assert across.overlap == pytest.approx(inside.overlap)
    assert across.pairs.image.tolist() == [[1, 0, 0]]
    assert across.midpoint[0] == pytest.approx([10.5e-6, 5e-6, 5e-6])
    assert len(find_contacts(spheres([(9.0, 5, 5), (2.0, 5, 5)], [2.0] * 2, [Phase.SE] * 2, 10.0, (False,) * 3))) == 0


def test_gaps_count_up_to_the_tolerance() -> None:
    """Surfaces 0.5 um apart are in contact from a gap of 0.5 um on, without neck or overlap."""
    packing = spheres([(2.0, 5.0, 5.0), (4.5, 5.0, 5.0)], [1.0, 1.0], [Phase.SE, Phase.SE])
    assert len(find_contacts(packing, 0.49e-6)) == 0
    contacts = find_contacts(packing, 0.51e-6)
    assert contacts.overlap == pytest.approx([-0.5e-6])
    assert contacts.neck_radius.tolist() == [0.0]
    assert contacts.overlap_fraction.tolist() == [0.0]
    assert contacts.midpoint[0] == pytest.approx([3.25e-6, 5e-6, 5e-6])
    assert overlap_statistics(contacts).pairs == 0


def test_contacts_are_sorted_by_phases() -> None:
    """A chain CBD - SE - SE - AM: one contact of each pair; numbers depend on the direction."""
    centres = [(1.0 + 2.0 * i, 5.0, 5.0) for i in range(4)]
    packing = spheres(centres, [1.0] * 4, [Phase.CBD, Phase.SE, Phase.SE, Phase.AM], 20.0)
    contacts = find_contacts(packing, GAP)
    counts = {name: len(part) for name, part in contacts.by_phase_pair().items()}
    assert counts == {"AM|AM": 0, "AM|SE": 1, "AM|CBD": 0, "SE|SE": 1, "SE|CBD": 1, "CBD|CBD": 0}
    numbers = coordination(contacts)
    assert numbers.total.tolist() == [1, 2, 2, 1]
    assert numbers.means()["AM-SE"] == 1.0
    assert numbers.means()["SE-AM"] == 0.5
    assert numbers.numbers(Phase.SE, Phase.SE).tolist() == [1, 1]
    assert numbers.histogram(Phase.SE).tolist() == [0, 0, 2]


def test_overlap_statistics_of_known_depths() -> None:
    """Depths of 10 and 30 % of r_i + r_j."""
    centres = [(2.0, 2.0, 2.0), (3.8, 2.0, 2.0), (2.0, 7.0, 7.0), (3.4, 7.0, 7.0)]
    found = overlap_statistics(find_contacts(spheres(centres, [1.0] * 4, [Phase.SE] * 4)), bins=3)
    assert (found.pairs, found.mean, found.max) == (2, pytest.approx(0.2), pytest.approx(0.3))
    assert found.histogram.tolist() == [0, 1, 1]
    assert found.edges == pytest.approx([0.0, 0.1, 0.2, 0.3])
