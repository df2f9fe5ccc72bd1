"""Bead counts and mass balance of recipes against values worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from manufacturing.recipe import Powder, Recipe, apportion
from manufacturing.shipped_recipes import nmc622_argyrodite


def approx(expected: object, rel: float = 1e-6) -> object:
    """Compare by ratio only: the default absolute tolerance is larger than a bead in SI units."""
    return pytest.approx(expected, rel=rel, abs=0.0)


def powders() -> tuple[Powder, Powder]:
    """Return two powders with equal volumes per bead but densities 2:1."""
    return (
        Powder(Phase.AM, 0.5, 2000.0, (10e-6,)),
        Powder(Phase.CBD, 0.5, 1000.0, (10e-6,), wet_diameter=20e-6, wet_density=500.0),
    )


def test_counts_follow_mass_over_bead_mass() -> None:
    """Half of the mass at half the density needs twice the beads: 100 AM and 200 CBD of 300."""
    table = Recipe(powders(), 300).bead_table()
    assert table.count_by_phase() == {"AM": 100, "CBD": 200}
    assert table.weight_fractions() == approx({"AM": 0.5, "CBD": 0.5}, rel=1e-12)


def test_masses_and_solids_content_by_hand() -> None:
    """A wet CBD bead has 8 times the volume at half the density: 4 times its dry mass."""
    table = Recipe(powders(), 300).bead_table()
    bead = 1000.0 * math.pi / 6.0 * 1e-15
    assert table.dry_mass == approx(400 * bead, rel=1e-12)
    assert table.wet_mass == approx(200 * bead + 800 * bead, rel=1e-12)
    assert table.solids_content == approx(0.4, rel=1e-12)
    assert table.wet_volume == approx((100 + 200 * 8) * math.pi / 6.0 * 1e-15, rel=1e-12)


def test_published_recipe_counts() -> None:
    """0.690/2460.9 : 0.276/127.68 : 0.034/5.5135 (mean bead masses in pg) of 1000 beads: 32, 251, 717."""
    table = nmc622_argyrodite(1000).bead_table()
    assert table.count_by_phase() == {"AM": 32, "SE": 251, "CBD": 717}
    assert table.total == 1000


@pytest.mark.parametrize("total", [300, 1000, 5089])
def test_weight_fractions_hold_to_one_bead(total: int) -> None:
    """Rounding moves no phase by more than one bead of its mean mass."""
    recipe = nmc622_argyrodite(total)
    table = recipe.bead_table()
    scale = total / sum(p.weight_fraction / p.mean_bead_mass for p in recipe.powders)
    for powder in recipe.powders:
        ideal = powder.weight_fraction / powder.mean_bead_mass * scale
        assert abs(table.count_by_phase()[powder.phase.name] - ideal) < 1.0


def test_size_classes_follow_number_fractions() -> None:
    """The 251 electrolyte beads split .22 .14 .09 .06 .03 .01 to within one bead."""
    table = nmc622_argyrodite(1000).bead_table()
    found = [c.count for c in table.classes if c.phase is Phase.SE]
    ideal = 251 * np.array([0.22, 0.14, 0.09, 0.06, 0.03, 0.01]) / 0.55
    assert sum(found) == 251
    assert np.all(np.abs(np.array(found) - ideal) < 1.0)


def test_arrays_follow_the_classes() -> None:
    """Ids run from 1 and every bead has the phase and radii of its class."""
    table = Recipe(powders(), 3).bead_table()
    assert table.ids.tolist() == [1, 2, 3]
    assert table.phases.tolist() == [Phase.AM, Phase.CBD, Phase.CBD]
    assert table.dry_radii.tolist() == approx([5e-6] * 3)
    assert table.wet_radii.tolist() == approx([5e-6, 10e-6, 10e-6])


def test_apportion_keeps_the_sum_and_gives_to_the_largest_remainder() -> None:
    """0.6 + 1.3 + 1.1 = 3: the first one is rounded up, although it is the smallest."""
    assert apportion(np.array([0.6, 1.3, 1.1]), 3).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"weight_fraction": 0.0}, "weight_fraction"),
        ({"weight_fraction": float("nan")}, "weight_fraction"),
        ({"density": -1.0}, "density"),
        ({"diameters": (0.0,)}, "diameters"),
        ({"diameters": (1e-6, 2e-6)}, "number_fractions"),
        ({"number_fractions": (0.0,)}, "number_fractions"),
        ({"wet_diameter": 20e-6}, "wet_density"),
        ({"wet_diameter": 10e-6, "wet_density": 1000.0}, "wet_density"),
        ({"phase": Phase.void}, "phase"),
    ],
)
def test_wrong_powders_are_refused(change: dict[str, object], field: str) -> None:
    """The message names the field."""
    with pytest.raises(InputError) as caught:
        replace(powders()[0], **change)  # type: ignore[arg-type]
    assert field in caught.value.field


def test_weight_fractions_must_sum_to_one() -> None:
    """The sum that was found is in the message."""
    with pytest.raises(InputError, match=r"0\.9"):
        Recipe((replace(powders()[0], weight_fraction=0.4), powders()[1]), 300)


def test_a_phase_without_beads_is_refused() -> None:
    """Two beads leave none for the active material of the published recipe."""
    with pytest.raises(InputError, match="no AM bead"):
        nmc622_argyrodite(10).bead_table()
