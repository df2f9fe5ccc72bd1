"""Nanopores of the carbon-binder beads, and figures of a film between plates, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from manufacturing.beads import BeadClass, BeadTable
from manufacturing.configuration import Configuration
from manufacturing.errors import InputError
from manufacturing.film_state import FilmState, plate_pressure
from manufacturing.force_field import Contact
from manufacturing.nanopores import NanoporeCompression
from manufacturing.phases import Phase

BEADS = BeadTable(
    (
        BeadClass(Phase.AM, 1, 4e-6, 4e-6, 1e-13, 1e-13),
        BeadClass(Phase.CBD, 2, 3e-6, 7.5e-6, 6e-15, 200e-15),
    )
)
BOX = (np.zeros(3), np.full(3, 10e-6))


def film(heights: list[float]) -> Configuration:
    """Return beads far apart in x at heights [um] in a box of 10 um."""
    centres = np.array([[2.0 + 3.0 * n, 5.0, z] for n, z in enumerate(heights)]) * 1e-6
    return Configuration(centres, *BOX)


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("degree", [0.0, 0.1, 0.5])
def test_the_solid_between_the_nanopores_is_conserved(rate: float, degree: float) -> None:
    """(1 - nanoporosity) d^3 is that of the dry bead at every degree; AM keeps its size."""
    law = NanoporeCompression(0.5, rate)
    assert law.nanoporosity(degree) == pytest.approx(0.5 * (1.0 - rate * degree))
    active, binder = law.diameters(BEADS, degree)
    assert (1.0 - law.nanoporosity(degree)) * (binder / 3e-6) ** 3 == pytest.approx(0.5)
    assert active == 4e-6
    assert law.radii(BEADS, degree) == pytest.approx([2e-6, 0.5 * binder, 0.5 * binder], rel=1e-9, abs=0.0)


@pytest.mark.parametrize(("field", "value"), [("initial", 1.0), ("initial", -0.1), ("rate", 1.1), ("rate", -1.0)])
def test_impossible_laws_are_named(field: str, value: float) -> None:
    """The message carries the key."""
    with pytest.raises(InputError, match=rf"calendering\.nanopores\.{field}"):
        NanoporeCompression(**{field: value})


def test_nanopores_count_with_their_share() -> None:
    """Three separate beads: void + nanoporosity x CBD; nominal porosity counts the spheres themselves."""
    radii = NanoporeCompression().radii(BEADS, 0.0)
    state = FilmState.measured(BEADS, film([5.0, 5.0, 5.0]), radii, 0.3, 0.1e-6)
    active, binder = (4.0 / 3.0 * math.pi * r**3 / 1000.0 for r in (2.0, 1.5))
    found = state.porosities()
    assert found["porosity_without_nanopores"] == pytest.approx(1.0 - active - 2.0 * binder, abs=6e-4)
    assert found["porosity"] == pytest.approx(1.0 - active - 2.0 * 0.7 * binder, abs=6e-4)
    assert found["nominal_porosity"] == pytest.approx(1.0 - active - 2.0 * binder, rel=1e-9)
    assert state.density == pytest.approx((1e-13 + 12e-15) / 1e-15)


def test_overlaps_count_twice_in_the_nominal_porosity_only() -> None:
    """Three beads in one place fill the volume of the largest; AM owns it."""
    centres = np.full((3, 3), 5e-6)
    radii = NanoporeCompression().radii(BEADS, 0.0)
    found = FilmState.measured(BEADS, Configuration(centres, *BOX), radii, 0.5, 0.1e-6).porosities()
    active, binder = (4.0 / 3.0 * math.pi * r**3 / 1000.0 for r in (2.0, 1.5))
    assert found["porosity"] == pytest.approx(1.0 - active, abs=6e-4)
    assert found["nominal_porosity"] == pytest.approx(1.0 - active - 2.0 * binder, rel=1e-9)


def test_beads_beyond_a_plate_are_counted_by_their_centres() -> None:
    """A bead that overlaps the plate is inside, one whose centre has passed it is outside."""
    radii = np.full(3, 1.5e-6)
    assert FilmState.measured(BEADS, film([0.2, 5.0, 9.9]), radii, 0.5, 0.5e-6).outside() == 0
    assert FilmState.measured(BEADS, film([-0.2, 5.0, 10.1]), radii, 0.5, 0.5e-6).outside() == 2


def test_plate_pressure_of_one_bead_by_hand() -> None:
    """R = 2 um, overlap 0.5 um, k_n = 20 MPa: 2e7 x 0.5e-6 x 1e-6 N = 1e-5 N on 100 um2 is 100 kPa."""
    radii = np.array([2e-6, 1.5e-6, 1.5e-6])
    found = plate_pressure(film([8.5, 5.0, 0.5]), radii, Contact(2e4, 10.0, 1.0))
    assert found == pytest.approx(2e7 * 0.5e-6 * math.sqrt(0.5e-6 * 2e-6) / 100e-12)
    assert found == pytest.approx(1e5)
