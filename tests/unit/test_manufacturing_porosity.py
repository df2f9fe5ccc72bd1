"""Voxel volume fractions against exact volumes of spheres, lenses and caps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from manufacturing.porosity import VolumeFractions, volume_fractions

BOX = (np.zeros(3), np.full(3, 10e-6))
FINE = 0.1e-6
# Measured sampling error of 0.1 um voxels: at most 4e-4 of the box (a sphere centred on a voxel corner).
TOLERANCE = 6e-4


def fractions(
    centres: list[list[float]], radii: list[float], phases: list[Phase], periodic: tuple[bool, bool, bool]
) -> VolumeFractions:
    """Count spheres given in micrometres in a box of 10 um."""
    return volume_fractions(
        1e-6 * np.array(centres), 1e-6 * np.array(radii), np.array([int(p) for p in phases]), BOX, periodic, FINE
    )


def ball(radius: float) -> float:
    """Return the share of the box of a sphere of radius [um]."""
    return 4.0 / 3.0 * math.pi * radius**3 / 1000.0


@pytest.mark.parametrize("centre", [[5.0, 5.0, 5.0], [0.03, 9.98, 0.0], [10.0, 3.3, 7.7]])
def test_simple_cubic_touching_spheres(centre: list[float]) -> None:
    """A sphere of half the box width fills pi/6 wherever it is in the periodic box."""
    found = fractions([centre], [5.0], [Phase.SE], (True, True, True))
    assert found.void == pytest.approx(1.0 - math.pi / 6.0, abs=TOLERANCE)
    assert found.SE == pytest.approx(math.pi / 6.0, abs=TOLERANCE)


def test_overlap_is_counted_once_and_goes_to_the_active_material() -> None:
    """Two spheres of radius R at distance d share the lens pi (4R + d)(2R - d)^2 / 12."""
    radius, distance = 3.0, 4.0
    lens = math.pi * (4.0 * radius + distance) * (2.0 * radius - distance) ** 2 / 12.0 / 1000.0
    centres = [[3.0, 5.0, 5.0], [3.0 + distance, 5.0, 5.0]]
    for phases in ([Phase.AM, Phase.SE], [Phase.SE, Phase.AM]):
        found = fractions(centres, [radius, radius], phases, (True, True, True))
        assert found.AM == pytest.approx(ball(radius), abs=TOLERANCE)
        assert found.SE == pytest.approx(ball(radius) - lens, abs=TOLERANCE)
        assert found.void == pytest.approx(1.0 - 2.0 * ball(radius) + lens, abs=TOLERANCE)


def test_binder_owns_what_it_shares_with_the_electrolyte() -> None:
    """Order of ownership: AM, CBD, SE."""
    found = fractions([[4.0, 5.0, 5.0], [6.0, 5.0, 5.0]], [3.0, 3.0], [Phase.SE, Phase.CBD], (True, True, True))
    assert found.CBD == pytest.approx(ball(3.0), abs=TOLERANCE)


def test_spheres_are_clipped_at_closed_faces() -> None:
    """A centre on a closed face leaves half a sphere, on a periodic one the whole."""
    closed = fractions([[5.0, 5.0, 0.0]], [3.0], [Phase.AM], (True, True, False))
    assert closed.AM == pytest.approx(0.5 * ball(3.0), abs=TOLERANCE)
    periodic = fractions([[5.0, 5.0, 0.0]], [3.0], [Phase.AM], (True, True, True))
    assert periodic.AM == pytest.approx(ball(3.0), abs=TOLERANCE)


def test_nanopores_add_half_of_the_binder() -> None:
    """Porosity with nanopores is void + 0.5 CBD, without them void."""
    found = VolumeFractions(AM=0.3, SE=0.3, CBD=0.2, void=0.2)
    assert found.porosity() == pytest.approx(0.3)
    assert found.porosity_without_nanopores == pytest.approx(0.2)


def test_voxels_larger_than_the_box_are_refused() -> None:
    """The message names the voxel."""
    with pytest.raises(InputError, match="voxel"):
        volume_fractions(np.zeros((1, 3)), np.ones(1), np.array([1]), BOX, (True, True, True), 1.0)
