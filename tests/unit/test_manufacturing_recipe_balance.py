"""Solvent in the carrier beads and the balance of a recipe against hand calculations."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from manufacturing.assumption import Assumption
from manufacturing.errors import InputError
from manufacturing.phases import Phase
from manufacturing.powder import Powder
from manufacturing.printed_value import PrintedValue
from manufacturing.recipe import Recipe
from manufacturing.solvent import Solvent, soaked

LIQUID = Solvent("liquid", 800.0)


def approx(expected: object, rel: float = 1e-6) -> object:
    """Compare by ratio only: the default absolute tolerance is larger than a bead in SI units."""
    return pytest.approx(expected, rel=rel, abs=0.0)


def dry_powders() -> tuple[Powder, ...]:
    """Return half AM, 40 % SE and 10 % CBD of which three quarters are nanopores."""
    return (
        Powder(Phase.AM, 0.5, 4000.0, (10e-6,)),
        Powder(Phase.SE, 0.4, 2000.0, (2e-6, 4e-6), (8.0, 1.0)),
        Powder(Phase.CBD, 0.1, 400.0, (3e-6,), solid_density=1600.0),
    )


def test_wet_bead_by_hand() -> None:
    """At 50 % solids each kg of CBD holds 10 kg of solvent: V = V_dry (400/1600 + 10 * 400/800) = 5.25 V_dry."""
    wet = soaked(dry_powders(), 0.5, LIQUID)[-1]
    assert wet.wet_diameter == approx(3e-6 * 5.25 ** (1 / 3), rel=1e-12)
    assert wet.wet_density == approx(400.0 * 11.0 / 5.25, rel=1e-12)


def test_without_nanopores_the_dry_volume_is_kept() -> None:
    """V = V_dry (1 + 10 * 400/800) = 6 V_dry when the dry bead is solid."""
    powders = (*dry_powders()[:2], replace(dry_powders()[2], solid_density=None))
    assert soaked(powders, 0.5, LIQUID)[-1].wet_diameter == approx(3e-6 * 6.0 ** (1 / 3), rel=1e-12)


@pytest.mark.parametrize("solids_content", [0.3, 0.48, 0.7])
@pytest.mark.parametrize("wet_diameter", [None, 7e-6])
def test_the_solids_content_is_reached(solids_content: float, wet_diameter: float | None) -> None:
    """Balanced or with a printed size, the mass of solvent is right up to the rounding of beads."""
    recipe = Recipe(soaked(dry_powders(), solids_content, LIQUID, wet_diameter=wet_diameter), 2_000_000)
    assert recipe.balance().solids_content == approx(solids_content, rel=1e-4)
    if wet_diameter is not None:
        assert recipe.powders[-1].wet_diameter == wet_diameter


def test_a_carrier_of_two_sizes_swells_by_one_factor() -> None:
    """The classes become two powders, the mass goes by volume: 24 of 3 um have three times that of 1 of 6 um."""
    carrier = replace(dry_powders()[2], diameters=(3e-6, 6e-6), number_fractions=(24.0, 1.0))
    wet = soaked((*dry_powders()[:2], carrier), 0.5, LIQUID)
    factors = [(p.wet_diameter or math.nan) / p.diameters[0] for p in wet[2:]]
    assert factors == approx([5.25 ** (1 / 3)] * 2, rel=1e-12)
    assert [p.weight_fraction for p in wet[2:]] == approx([0.075, 0.025], rel=1e-12)
    balance = Recipe(wet, 500_000).balance()
    assert balance.solids_content == approx(0.5, rel=1e-4)
    assert len(balance.as_dict()["powders"]) == 4


def test_two_powders_of_one_phase() -> None:
    """Coarse and fine electrolyte are separate powders, and one phase in the sums."""
    coarse, fine = (
        Powder(Phase.SE, w, 2000.0, (d,), name=n) for w, d, n in ((0.3, 6e-6, "coarse"), (0.2, 3e-6, "fine"))
    )
    recipe = Recipe((Powder(Phase.AM, 0.5, 4000.0, (6e-6,)), coarse, fine), 4300)
    beads = recipe.bead_table()
    # 0.5/4/8 : 0.3/2/8 : 0.2/2/1 = 5 : 6 : 32, a bead of 6 um having the volume of eight of 3 um
    assert [c.count for c in beads.classes] == [500, 600, 3200]
    assert beads.count_by_phase() == {"AM": 500, "SE": 3800}
    assert beads.weight_fractions() == approx({"AM": 0.5, "SE": 0.5}, rel=1e-12)
    assert list(recipe.balance().as_dict()["powders"]) == ["AM", "coarse", "fine"]


def test_balance_by_hand() -> None:
    """One AM of 10 um and 1000 CBD of 1 um, all in units of pi/6 um3: volumes, masses and densities."""
    unit = math.pi / 6.0 * 1e-18
    carbon = Powder(
        Phase.CBD, 0.2, 1000.0, (1e-6,), wet_diameter=2e-6, wet_density=800.0, solid_density=2000.0
    )  # 1000 beads weigh 1000 * 1000, AM 4000 * 1000: 20 %
    balance = Recipe((Powder(Phase.AM, 0.8, 4000.0, (10e-6,)), carbon), 1001).balance()
    assert [p.beads for p in balance.powders] == [1, 1000]
    assert balance.dry_mass == approx(5.0e6 * unit, rel=1e-12)
    assert balance.solvent_mass == approx((800.0 * 8 - 1000.0) * 1000 * unit, rel=1e-12)
    assert balance.solids_content == approx(5.0 / 10.4, rel=1e-12)
    assert balance.slurry_density == approx(10.4e6 / (1000 + 8000), rel=1e-12)
    assert balance.theoretical_density == approx(5.0e6 / (1000 + 500), rel=1e-12)
    assert balance.bead_density == approx(5.0e6 / 2000, rel=1e-12)
    assert balance.powders[1].nanoporosity == approx(0.5)


def test_balance_agrees_with_the_beads() -> None:
    """Mass, volume and solids content are those of the bead table that the stages use."""
    recipe = Recipe(soaked(dry_powders(), 0.5, LIQUID), 3000)
    balance, beads = recipe.balance(), recipe.bead_table()
    assert balance.beads == beads.total == 3000
    assert balance.dry_mass == approx(beads.dry_mass, rel=1e-12)
    assert balance.wet_mass == approx(beads.wet_mass, rel=1e-12)
    assert balance.slurry_density == approx(beads.wet_mass / beads.wet_volume, rel=1e-12)
    deviations = [row["weight_fraction_deviation"] for row in balance.as_dict()["powders"].values()]
    assert sum(deviations) == pytest.approx(0.0, abs=1e-12)
    assert max(map(abs, deviations)) < 0.01


def test_dry_mass_sets_the_number_of_beads() -> None:
    """The dry mass is met to half a mean bead before, and a bead of each powder after rounding."""
    powders = dry_powders()
    recipe = Recipe.of_dry_mass(powders, 1e-10)
    assert recipe.balance().dry_mass == pytest.approx(1e-10, abs=sum(p.mean_bead_mass for p in powders))
    assert Recipe.of_dry_mass(powders, 2e-10).total_beads == pytest.approx(2 * recipe.total_beads, abs=1)


def test_comparison_with_print() -> None:
    """A path reads the balance, a number is taken as it is; inside a range the deviation is 0."""
    printed = (
        PrintedValue("AM size", 5.0, "powders.AM.D50_um"),
        PrintedValue("solids", 0.9, "solids_content", high=1.1),
        PrintedValue("given", 4.0, 3.0, high=5.0, note="why"),
    )
    recipe = replace(Recipe(dry_powders(), 500), printed=printed)
    rows = recipe.balance().as_dict()["printed"]
    assert [row["here"] for row in rows] == approx([10.0, 1.0, 3.0])
    assert [row["deviation"] for row in rows] == approx([1.0, 0.0, -0.25])


def test_table_and_dictionary() -> None:
    """The table shows what was reached, printed and assumed; the dictionary is plain JSON."""
    recipe = replace(
        Recipe(soaked(dry_powders(), 0.5, LIQUID), 3000),
        printed=(PrintedValue("beads in print", 3100, "beads", note="a note"),),
        assumptions=(Assumption("recipe.AM.density", 4000.0, "assumed", "kg/m3"),),
    )
    balance = recipe.balance()
    table = balance.table()
    counts = recipe.bead_table().count_by_phase()
    rows = {line.split()[0]: line.split() for line in table.splitlines() if line}
    assert {name: int(rows[name][1]) for name in ("AM", "SE", "CBD")} == counts
    assert rows["sum"][1] == "3000"
    assert f"{100 * balance.solids_content:.2f} %" in table
    assert f"{balance.theoretical_density / 1000:.3f} g/cm3" in table
    assert "-3.2 %" in table
    assert "recipe.AM.density = 4000" in table
    assert json.loads(json.dumps(balance.as_dict()))["beads"] == 3000


@pytest.mark.parametrize("solids_content", [0.0, 1.0, 48.0, math.nan])
def test_wrong_solids_contents_are_refused(solids_content: float) -> None:
    """Percent given for a fraction are the usual mistake."""
    with pytest.raises(InputError) as caught:
        soaked(dry_powders(), solids_content, LIQUID)
    assert caught.value.field == "recipe.solids_content"


def test_wrong_carriers_are_refused() -> None:
    """No carrier, one that is wet already, a solid lighter than its bead, one wet size for two classes."""
    with pytest.raises(InputError, match="no CBD"):
        soaked((replace(dry_powders()[0], weight_fraction=1.0),), 0.5, LIQUID)
    with pytest.raises(InputError, match="wet_diameter"):
        soaked(soaked(dry_powders(), 0.5, LIQUID), 0.5, LIQUID)
    with pytest.raises(InputError, match=r"recipe\.CBD\.solid_density"):
        replace(dry_powders()[2], solid_density=300.0)
    two = replace(dry_powders()[2], diameters=(3e-6, 6e-6), number_fractions=(8.0, 1.0))
    with pytest.raises(InputError, match="single class"):
        soaked((*dry_powders()[:2], two), 0.5, LIQUID, wet_diameter=7e-6)
    with pytest.raises(InputError, match=r"solvent\.density"):
        Solvent("nothing", 0.0)


@pytest.mark.parametrize("mass", [0.0, -1.0, math.nan, 1e-16])
def test_wrong_dry_masses_are_refused(mass: float) -> None:
    """Also one that is too small for a bead of each powder."""
    with pytest.raises(InputError, match=r"recipe\.dry_mass"):
        Recipe.of_dry_mass(dry_powders(), mass)


def test_a_powder_counts_by_its_own_name() -> None:
    """Messages name the powder where two share a phase."""
    with pytest.raises(InputError) as caught:
        Powder(Phase.SE, 0.3, -1.0, (6e-6,), name="coarse")
    assert caught.value.field == "recipe.coarse.density"


def test_classes_of_one_diameter_are_added_in_the_balance() -> None:
    """A size that is listed twice is one size."""
    powder = Powder(Phase.SE, 1.0, 2000.0, (2e-6, 2e-6), (1.0, 3.0))
    assert powder.sizes.diameters == (2e-6,)
    assert Recipe((powder,), 8).balance().powders[0].beads == 8
