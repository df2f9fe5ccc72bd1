"""The shipped recipes: counts, masses and sizes of the papers, and where print contradicts itself."""

from __future__ import annotations

import math

import pytest

from manufacturing.errors import InputError
from manufacturing.nmc811_recipe import MEDIANS, PRINTED_WET_DIAMETERS, active_material_sizes, printed_wet_diameter
from manufacturing.phases import Phase
from manufacturing.shipped_recipes import (
    RECIPES,
    nmc622_argyrodite,
    nmc622_argyrodite_full,
    nmc811_argyrodite,
    shipped_recipe,
)
from manufacturing.size_distribution import SizeDistribution

PAPER_003 = [name for name in RECIPES if name.startswith("nmc811")]


def approx(expected: object, rel: float = 1e-6) -> object:
    """Compare by ratio only: the default absolute tolerance is larger than a bead in SI units."""
    return pytest.approx(expected, rel=rel, abs=0.0)


def test_full_size_of_paper_001() -> None:
    """5089 beads: 151 active material, 2879 carbon-binder, 2059 electrolyte in eight classes."""
    table = nmc622_argyrodite_full(cbd_density=450.0).bead_table()
    assert table.count_by_phase() == {"AM": 151, "SE": 2059, "CBD": 2879}
    electrolyte = [c for c in table.classes if c.phase is Phase.SE]
    assert [round(c.dry_diameter * 1e6) for c in electrolyte] == [1, 2, 3, 4, 5, 7, 9, 11]
    assert table.weight_fractions() == pytest.approx({"AM": 0.69, "SE": 0.276, "CBD": 0.034}, abs=1e-3)


def test_calibrated_density_of_paper_001() -> None:
    """390 kg/m3 of the dry carbon-binder bead: by hand, n ~ w / m."""
    counts = shipped_recipe("nmc622_argyrodite_full").bead_table().count_by_phase()
    assert counts == {"AM": 139, "SE": 1894, "CBD": 3056}


def test_demo_by_hand() -> None:
    """1000 beads without the electrolyte below 3 um: 32, 251 in six classes, 717."""
    classes = nmc622_argyrodite().bead_table().classes
    assert [c.count for c in classes] == [32, 100, 64, 41, 27, 14, 5, 717]
    assert classes[-1].wet_mass == approx(900.0 * math.pi / 6 * 7.5e-6**3, rel=1e-12)
    assert classes[-1].dry_mass == approx(390.0 * math.pi / 6 * 3e-6**3, rel=1e-12)


def test_solids_of_paper_001_are_lighter_than_its_slurry() -> None:
    """Solids and solvent alone weigh 1.31 g/cm3 (printed: 1.89), and p-xylene fills a bead of 7.5 um to 2 %."""
    balance = shipped_recipe("nmc622_argyrodite_full").balance()
    assert balance.slurry_density == pytest.approx(1307.0, abs=2.0)
    filled = {row["name"]: row["here"] for row in balance.as_dict()["printed"]}
    # 198.80 pg wet less 5.51 pg dry: 193.29 pg of 0.861 g/cm3 and 7.07 um3 of solid (half of 14.14 um3).
    wet_volume = 193.29 / 0.861 + 7.07
    diameter = filled["the same if filled with p-xylene by mass [um]"]
    assert diameter == approx((6 * wet_volume / math.pi) ** (1 / 3), rel=1e-4)


@pytest.mark.parametrize("name", PAPER_003)
def test_beads_and_mass_of_paper_003(name: str) -> None:
    """5051 beads, 0.139e-7 g and 64/30/6 % hold at once, with electrolyte beads that round to 1 um."""
    balance = shipped_recipe(name).balance()
    assert balance.beads == 5051
    assert balance.dry_mass == approx(1.39e-11, rel=1e-3)
    shares = {p.label: balance.weight_fraction(p) for p in balance.powders}
    assert shares == pytest.approx({"AM": 0.64, "SE": 0.30, "CBD": 0.06}, abs=5e-4)
    assert balance.powders[1].sizes.moment(1) == approx(1e-6, rel=0.01)
    assert balance.theoretical_density == pytest.approx(2866.0, abs=5.0)


@pytest.mark.parametrize("active", list(MEDIANS))
@pytest.mark.parametrize("solids", list(PRINTED_WET_DIAMETERS))
def test_solvent_of_paper_003_by_hand(active: str, solids: float) -> None:
    """Balanced size: 6 % of 1.39e-11 kg of carbon and binder and its butyl acetate, shared by its beads."""
    recipe = nmc811_argyrodite(active, solids)
    carbon_binder = 0.06 * 1.39e-11
    bead = 0.5 * 1838.04 * math.pi / 6 * 2.6e-6**3
    volume = (carbon_binder / 1838.04 + 1.39e-11 * (1 - solids) / solids / 882.0) / (carbon_binder / bead)
    assert recipe.powders[-1].wet_diameter == approx((6 * volume / math.pi) ** (1 / 3), rel=1e-5)
    assert recipe.balance().solids_content == pytest.approx(solids, abs=2e-3)


@pytest.mark.parametrize("active", list(MEDIANS))
def test_printed_median_of_the_active_material(active: str) -> None:
    """Whole beads at the full size keep D50 by volume within 1.5 % and the mass exactly."""
    sizes = active_material_sizes(active)
    assert sizes.percentile(0.5) == approx(MEDIANS[active], rel=0.015)
    beads = [n for n in range(1, 200) if abs(n * 4800.0 * sizes.mean_volume / (0.64 * 1.39e-11) - 1) < 1e-9]
    assert len(beads) == 1
    assert nmc811_argyrodite(active).bead_table().count_by_phase()["AM"] == beads[0]


@pytest.mark.parametrize(("active", "expected"), [("AM_1", 55), ("AM_2", 16)])
def test_single_sizes_and_a_lighter_carbon_binder(active: str, expected: int) -> None:
    """8.896e-12 kg over 4.8 g/cm3 are 55.3 beads of 4 um or 16.4 of 6 um; 0.45 g/cm3 gives 201.4 CBD beads."""
    recipe = nmc811_argyrodite(active, active_sizes=SizeDistribution.single(MEDIANS[active]), cbd_density=450.0)
    counts = recipe.bead_table().count_by_phase()
    assert counts["AM"] == expected
    assert counts["CBD"] in (201, 202)
    assert sum(counts.values()) == 5051


def test_printed_sizes_contradict_the_mass_balance() -> None:
    """(8.0/6.9)^3 = 1.56 is printed where the solvent allows 1.17 between 48 and 52 % solids."""
    for name in ("nmc811_argyrodite_am1_48", "nmc811_argyrodite_am1_52_printed"):
        rows = {row["name"]: row for row in shipped_recipe(name).balance().as_dict()["printed"]}
        ratio = rows["wet CBD volume at 48 % over that at 52 % solids"]
        assert float(ratio["printed"]) == pytest.approx(1.56, abs=0.005)
        assert ratio["here"] == pytest.approx(1.17, abs=0.005)
        density = rows["dry density at the printed porosity of 70 % [kg/m3]"]
        assert density["here"] == pytest.approx(0.3 * 2866, abs=2.0)
        assert density["deviation"] < -0.1


@pytest.mark.parametrize("solids", list(PRINTED_WET_DIAMETERS))
def test_printed_sizes_keep_the_solids_content(solids: float) -> None:
    """The printed variant has the printed size and its beads the density that the solvent's mass leaves."""
    recipe = shipped_recipe(f"nmc811_argyrodite_am2_{round(100 * solids)}_printed")
    assert recipe.powders[-1].wet_diameter == printed_wet_diameter(solids)
    assert recipe.balance().solids_content == pytest.approx(solids, abs=2e-3)


def test_registry() -> None:
    """Six variants of paper 003 in two versions, each with a line of description, at any size."""
    assert len(PAPER_003) == 12
    for name, entry in RECIPES.items():
        assert entry.name == name
        assert "\n" not in entry.description
        assert entry.recipe(2000).bead_table().total == 2000
        kinds = {a.kind for a in entry.recipe().assumptions}
        assert kinds <= {"printed", "assumed", "calibrated"}
        assert {"assumed", "calibrated"} <= kinds
        assert entry.recipe().balance().table()


def test_scaling_keeps_the_sizes() -> None:
    """Ten times the beads, ten times the mass, and no comparison with the printed size of the sample."""
    full, large = nmc811_argyrodite(), nmc811_argyrodite(total_beads=50510)
    assert [p.diameters for p in large.powders] == [p.diameters for p in full.powders]
    assert large.balance().dry_mass == approx(1.39e-10, rel=1e-3)
    assert "beads" in {v.name for v in full.printed} - {v.name for v in large.printed}


def test_wrong_names_are_refused() -> None:
    """The message lists what there is."""
    with pytest.raises(InputError, match="nmc622_argyrodite_full"):
        shipped_recipe("nmc622")
    with pytest.raises(InputError, match="AM_2"):
        nmc811_argyrodite("AM_3")
    with pytest.raises(InputError, match=r"solids_content"):
        printed_wet_diameter(0.49)
    with pytest.raises(InputError, match="without the electrolyte"):
        nmc811_argyrodite(active_sizes=SizeDistribution.single(0.8e-6))
    with pytest.raises(InputError, match="no AM bead"):
        nmc811_argyrodite("AM_2", total_beads=100).bead_table()
