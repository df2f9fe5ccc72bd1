"""Materials: curves with exact slopes, physical data sets with sources, validated overrides."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import solver.materials as room
from manufacturing.errors import InputError
from solver.materials import (
    FARADAY,
    MATERIALS,
    ActiveMaterial,
    Binder,
    ConstantCurve,
    CounterElectrode,
    Curve,
    Electrolyte,
    FunctionCurve,
    Material,
    Quantity,
    TableCurve,
    check_open_circuit_potential,
    check_range,
    describe,
    fields,
    material,
    with_overrides,
)

ACTIVE = [entry for entry in MATERIALS.values() if isinstance(entry, ActiveMaterial)]
ACTIVE_NAMES = [entry.name for entry in ACTIVE]


def active(name: str = "NMC622") -> ActiveMaterial:
    found = material(name)
    assert isinstance(found, ActiveMaterial)
    return found


def quantities(entry: Material) -> list[Quantity]:
    return [value for value in vars(entry).values() if isinstance(value, Quantity)]


# --- curves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ACTIVE, ids=ACTIVE_NAMES)
def test_slope_is_the_derivative_of_the_same_curve(entry: ActiveMaterial) -> None:
    """Simpson's integral of the slope, exact for PCHIP between its knots, gives back the values."""
    curve = entry.open_circuit_potential
    knots = curve.x if isinstance(curve, TableCurve) else ()
    edges = np.union1d(np.linspace(*curve.range, 2001), knots)
    inner = edges[:-1] + np.diff(edges) * np.array([[1e-9], [0.5], [1.0 - 1e-9]])
    slopes = curve.slope(inner)
    integral = np.cumsum(np.diff(edges) * (slopes[0] + 4.0 * slopes[1] + slopes[2]) / 6.0)
    assert curve.value(edges[1:]) == pytest.approx(curve.value(edges[0]) + integral, abs=1e-7)


def test_complex_step_slope_against_hand_derivative() -> None:
    curve = FunctionCurve(lambda x: np.exp(-3.0 * x) + x**2, "exp(-3x) + x^2", (0.0, 1.0), "V", "test", "test")
    x = np.linspace(0.0, 1.0, 11)
    assert curve.slope(x) == pytest.approx(-3.0 * np.exp(-3.0 * x) + 2.0 * x, rel=1e-15)


def test_table_passes_through_its_points_and_keeps_its_shape() -> None:
    table = TableCurve((0.0, 0.3, 0.5, 1.0), (4.0, 3.9, 3.2, 3.0), "V", "test", "test")
    assert table.value(table.x) == pytest.approx(table.y, abs=1e-15)
    assert table.value(np.array([[0.1, 0.2], [0.4, 0.6]])).shape == (2, 2)
    assert (np.diff(table.value(np.linspace(0.0, 1.0, 1001))) < 0.0).all()


@pytest.mark.parametrize("kind", ["table", "function"])
def test_curve_continues_along_its_tangent_so_that_iterates_stay_finite(kind: str) -> None:
    curve: Curve = TableCurve((0.2, 0.5, 0.8), (4.0, 3.8, 3.2), "V", "test", "test")
    if kind == "function":
        curve = FunctionCurve(lambda x: 4.0 - x**2, "4 - x^2", (0.2, 0.8), "V", "test", "test")
    slope = float(curve.slope(0.8))
    assert slope < -0.5
    assert float(curve.value(0.9)) == pytest.approx(float(curve.value(0.8)) + 0.1 * slope, rel=1e-14)
    assert float(curve.slope(0.9)) == pytest.approx(slope, rel=1e-14)


def test_constant_curve() -> None:
    curve = ConstantCurve(3.4, "V", "test")
    assert (curve.value([0.1, 0.9]) == 3.4).all()
    assert (curve.slope([0.1, 0.9]) == 0.0).all()


@pytest.mark.parametrize(
    ("x", "y"), [((0.0,), (1.0,)), ((0.0, 1.0), (1.0,)), ((0.0, 0.0), (1.0, 2.0)), ((0.0, 1.0), (1.0, float("nan")))]
)
def test_bad_tables_are_refused(x: tuple[float, ...], y: tuple[float, ...]) -> None:
    with pytest.raises(InputError):
        TableCurve(x, y, "V", "test", "test")


def test_leaving_the_range_is_an_error_that_names_the_value() -> None:
    curve = active().open_circuit_potential
    check_range(curve, [0.3, 0.7, 1.0], "state")
    check_range(curve, [], "state")
    with pytest.raises(InputError, match=r"state: found 0\.29, expected between 0\.3 and 1"):
        check_range(curve, [0.4, 0.29], "state")
    with pytest.raises(InputError):
        check_range(curve, [0.4, float("nan")], "state")


# --- the shipped data -----------------------------------------------------------------------------


def test_the_library_holds_the_promised_materials() -> None:
    kinds = {
        "NMC622": ActiveMaterial,
        "NMC811": ActiveMaterial,
        "LiCoO2": ActiveMaterial,
        "Li6PS5Cl": Electrolyte,
        "LLZO": Electrolyte,
        "LiPON": Electrolyte,
        "carbon-binder": Binder,
        "lithium metal": CounterElectrode,
        "lithium-indium": CounterElectrode,
    }
    assert {name: type(material(name)) for name in kinds} == kinds


def test_unknown_material_lists_the_names() -> None:
    with pytest.raises(InputError, match=r"materials\.AM: found 'NMC999', expected one of NMC622, NMC811"):
        material("NMC999", where="materials.AM")


@pytest.mark.parametrize("entry", MATERIALS.values(), ids=list(MATERIALS))
def test_every_number_has_unit_source_and_validity(entry: Material) -> None:
    for quantity in quantities(entry):
        assert quantity.unit
        assert len(quantity.source) > 5
        assert quantity.valid
        assert np.isfinite(quantity.value)


@pytest.mark.parametrize("entry", MATERIALS.values(), ids=list(MATERIALS))
def test_borrowed_numbers_are_named_as_substitutes(entry: Material) -> None:
    """A source that says substitute is listed in ``substitutes``; the list names existing properties only."""
    listed = " ".join(entry.substitutes)
    borrowed = [
        key for key, value in vars(entry).items() if isinstance(value, Quantity) and "substitute" in value.source
    ]
    assert all(key in listed for key in borrowed)
    for line in entry.substitutes:
        assert all(hasattr(entry, name) for name in line.split(":")[0].split(" and "))


@pytest.mark.parametrize("entry", ACTIVE, ids=ACTIVE_NAMES)
def test_open_circuit_potential_is_physical_over_its_whole_range(entry: ActiveMaterial) -> None:
    check_open_circuit_potential(entry.open_circuit_potential, entry.name, samples=20001)
    charged, discharged = entry.stoichiometry_charged.value, entry.stoichiometry_discharged.value
    assert 4.15 < float(entry.open_circuit_potential.value(charged)) < 4.3
    assert 2.7 < float(entry.open_circuit_potential.value(discharged)) < 3.5


def test_a_rising_or_negative_potential_is_refused() -> None:
    rising = TableCurve((0.0, 0.5, 0.6, 1.0), (4.0, 3.7, 3.701, 3.0), "V", "test", "test")
    with pytest.raises(InputError, match=r"no decrease at x = 0\.5"):
        check_open_circuit_potential(rising, "U")
    with pytest.raises(InputError, match="not negative"):
        check_open_circuit_potential(TableCurve((0.0, 1.0), (4.0, -0.1), "V", "test", "test"), "U")
    with pytest.raises(InputError, match="no decrease"):
        check_open_circuit_potential(ConstantCurve(3.0, "V", "test"), "U")


def msmr_nmc622(potential: float) -> float:
    """Return the occupied fraction of NMC622 after Verbrugge et al., J. Electrochem. Soc. 164 (2017) E3243."""
    centre = np.array([3.62274, 3.72645, 3.90575, 4.22955])
    share = np.array([0.13442, 0.32460, 0.21118, 0.32980])
    width = np.array([0.96710, 1.39712, 3.50500, 5.52757])
    return float((share / (1.0 + np.exp((potential - centre) / (width * 0.025692579)))).sum())


def test_nmc622_potential_against_an_independent_measurement() -> None:
    """Share of the charge from 4.2 to 3.5 V that lies above 4.0, 3.9, 3.8 and 3.7 V.

    Verbrugge's fit has its own scale of x, so shares are compared; two samples of NMC622 agree to 5 %.
    """
    entry = active()
    x = np.linspace(*entry.open_circuit_potential.range, 200001)
    potential = entry.open_circuit_potential.value(x)

    def ours(volt: float) -> float:
        return float(x[np.searchsorted(-potential, -volt)])

    def share(occupation: Any, volt: float) -> float:
        return float((occupation(volt) - occupation(4.2)) / (occupation(3.5) - occupation(4.2)))

    for volt in (4.0, 3.9, 3.8, 3.7):
        assert share(ours, volt) == pytest.approx(share(msmr_nmc622, volt), abs=0.05)


@pytest.mark.parametrize(("name", "low", "high"), [("NMC622", 160, 185), ("NMC811", 185, 210), ("LiCoO2", 120, 145)])
def test_specific_capacity_is_that_of_the_real_powder(name: str, low: float, high: float) -> None:
    assert low < describe(active(name))["derived"]["specific_capacity_mAh_g"] < high


@pytest.mark.parametrize(("name", "molar_mass"), [("NMC622", 96.93), ("NMC811", 97.28), ("LiCoO2", 97.87)])
def test_maximum_concentration_fits_density_and_formula(name: str, molar_mass: float) -> None:
    entry = active(name)
    assert entry.maximum_concentration.value * molar_mass * 1e-3 == pytest.approx(entry.density.value, rel=0.08)


def test_printed_values_of_the_recipe_papers() -> None:
    assert active("NMC622").electronic_conductivity.value == 0.005
    assert active("NMC622").density.value == 4700.0
    electrolyte, binder = material("Li6PS5Cl"), material("carbon-binder")
    assert isinstance(electrolyte, Electrolyte)
    assert isinstance(binder, Binder)
    assert (electrolyte.ionic_conductivity.value, electrolyte.density.value) == (0.125, 1640.0)
    assert binder.electronic_conductivity.value == 15.93


def test_lipon_conductivity_is_nernst_einstein_of_the_printed_diffusivities() -> None:
    lipon = material("LiPON")
    assert isinstance(lipon, Electrolyte)
    expected = FARADAY**2 / (8.314462618 * 298.5) * 0.18 * 6.01e4 * (5.10e-15 + 0.90e-15)
    assert lipon.ionic_conductivity.value == pytest.approx(expected, rel=5e-3)


def test_rate_constants_are_the_published_ones_with_the_salt_inside() -> None:
    assert active("NMC622").rate_constant == pytest.approx(3.42e-6 * 1000.0**0.5 / FARADAY, rel=1e-3)
    assert active("NMC811").rate_constant == pytest.approx(3.2e-11 * 1000.0**0.5, rel=1e-3)
    assert active("LiCoO2").rate_constant == pytest.approx(6e-7 * 1000.0**0.5 / FARADAY, rel=1e-3)
    assert active("LiCoO2-thin-film").rate_constant == pytest.approx(5.10e-6 * 5120.0**0.6, rel=1e-3)
    lithium = material("lithium metal")
    assert isinstance(lithium, CounterElectrode)
    expected = 3.5e-8 * FARADAY * (1.0 / 1.3e-5) ** 0.7 * 1000.0**0.3
    assert lithium.exchange_current_density.value == pytest.approx(expected, rel=2e-3)


def test_thin_film_capacity_is_the_printed_one() -> None:
    """Table A1: 0.32 um x 1e-4 m2 holds 1e-5 Ah between x = 0.513 and 1."""
    film = active("LiCoO2-thin-film")
    charge = FARADAY * film.maximum_concentration.value * (1.0 - film.stoichiometry_charged.value) * 0.32e-6 * 1e-4
    assert charge / 3600.0 == pytest.approx(1e-5, rel=0.03)


# --- exchange current -----------------------------------------------------------------------------


def test_exchange_current_exponents_are_not_swapped() -> None:
    """F k c_max 0.9^alpha_a 0.1^alpha_c at x = 0.1: 0.9^0.6 0.1^0.4 = 0.37372."""
    film = active("LiCoO2-thin-film")
    scale = FARADAY * 8.57e-4 * 23400.0
    assert float(film.exchange_current_density(0.1)) == pytest.approx(scale * 0.373723, rel=1e-5)
    assert film.transfer_coefficient_cathodic == pytest.approx(0.4)


def test_exchange_current_slope_and_limits() -> None:
    film = active("LiCoO2-thin-film")
    x, step = np.array([0.1, 0.5, 0.95]), 1e-6
    difference = (film.exchange_current_density(x + step) - film.exchange_current_density(x - step)) / (2.0 * step)
    assert film.exchange_current_slope(x) == pytest.approx(difference, rel=1e-7)
    assert (film.exchange_current_density([-0.1, 0.0, 1.0, 1.2]) == 0.0).all()


# --- description and overrides --------------------------------------------------------------------


@pytest.mark.parametrize("entry", MATERIALS.values(), ids=list(MATERIALS))
def test_description_is_complete_and_survives_json(entry: Material) -> None:
    described = json.loads(json.dumps(describe(entry)))
    assert set(vars(entry)) <= set(described)
    for name, value in vars(entry).items():
        if isinstance(value, Quantity):
            assert described[name] == {
                "value": value.value,
                "unit": value.unit,
                "source": value.source,
                "valid": value.valid,
            }


def test_described_table_reproduces_the_curve() -> None:
    printed = describe(active())["open_circuit_potential"]
    again = TableCurve(tuple(printed["x"]), tuple(printed["y"]), "V", "printed", "test")
    x = np.linspace(0.3, 1.0, 101)
    assert again.value(x) == pytest.approx(active().open_circuit_potential.value(x), abs=1e-15)


def test_scalar_override_replaces_one_value_and_says_so() -> None:
    changed = with_overrides(active(), {"diffusivity": 3e-15}, "materials.AM")
    assert isinstance(changed, ActiveMaterial)
    assert (changed.diffusivity.value, changed.diffusivity.unit) == (3e-15, "m2/s")
    assert changed.diffusivity.source == "override materials.AM.diffusivity"
    assert changed.density == active().density
    assert not any(line.startswith("diffusivity") for line in changed.substitutes)
    assert any(line.startswith("exchange_current") for line in changed.substitutes)
    assert active().diffusivity.value == 1e-14


def test_no_override_changes_nothing() -> None:
    assert with_overrides(active(), {}, "materials.AM") == active()


def test_curve_overrides_by_number_and_by_table() -> None:
    overrides: dict[str, object] = {
        "open_circuit_potential": [[0.0, 0.5, 1.0], [4.2, 3.8, 2.5]],
        "exchange_current_density": 2,
    }
    changed = with_overrides(active(), overrides, "materials.AM")
    assert isinstance(changed, ActiveMaterial)
    assert float(changed.open_circuit_potential.value(0.5)) == 3.8
    assert changed.rate_constant is None
    assert (changed.exchange_current_density([0.1, 0.9]) == 2.0).all()
    constant = with_overrides(active(), {"open_circuit_potential": 0.2, "rate_constant": 1e-9}, "materials.AM")
    assert isinstance(constant, ActiveMaterial)
    assert float(constant.open_circuit_potential.value(0.7)) == 0.2
    assert constant.rate_constant == 1e-9
    table = with_overrides(active(), {"exchange_current_density": [[0.0, 0.5, 1.0], [0.0, 5.0, 0.0]]}, "materials.AM")
    assert isinstance(table, ActiveMaterial)
    assert float(table.exchange_current_density(0.5)) == 5.0


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("NMC622", {"colour": 1.0}, r"materials\.X\.colour: found unknown property, expected one of density"),
        ("Li6PS5Cl", {"diffusivity": 1e-14}, r"materials\.X\.diffusivity: found unknown property"),
        ("NMC622", {"diffusivity": -1e-14}, r"materials\.X\.diffusivity: found -1e-14, expected a positive number"),
        ("NMC622", {"density": 0.0}, "expected a positive number"),
        ("LLZO", {"ionic_conductivity": float("nan")}, "expected a finite number"),
        ("LLZO", {"ionic_conductivity": "high"}, "expected a finite number"),
        ("LLZO", {"ionic_conductivity": True}, "expected a finite number"),
        ("NMC622", {"transfer_coefficient_anodic": 1.0}, "between 0 and 1"),
        ("NMC622", {"stoichiometry_charged": 1.2}, "from 0 to 1"),
        ("NMC622", {"stoichiometry_charged": 0.999}, "below stoichiometry_discharged"),
        ("NMC622", {"stoichiometry_charged": 0.1}, "between 0.3 and 1"),
        ("NMC622", {"rate_constant": 1e-9, "exchange_current_density": 1.0}, "only one of the two"),
        ("NMC622", {"open_circuit_potential": [[0.0, 1.0], [3.0, 4.0]]}, "strictly decreasing"),
        ("NMC622", {"open_circuit_potential": [[0.0, 1.0], [3.0]]}, r"materials\.X\.open_circuit_potential: .*equal"),
        ("NMC622", {"open_circuit_potential": [3.0, 4.0]}, "a number or a table"),
        ("NMC622", {"open_circuit_potential": [[0.5, 1.0], [4.0, 3.0]]}, "stoichiometry window"),
        ("NMC622", {"open_circuit_potential": [[0.0, 51900.0], [4.0, 3.0]]}, "from 0 to 1"),
        ("NMC622", {"exchange_current_density": [[0.0, 1.0], [1.0, -1.0]]}, "zero or above"),
        ("lithium metal", {"exchange_current_density": -1.0}, "a positive number"),
        ("lithium metal", {"interface_resistance": -1.0}, "zero or a positive number"),
    ],
)
def test_wrong_overrides_name_the_field(name: str, overrides: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        with_overrides(material(name), overrides, "materials.X")


@pytest.mark.parametrize("entry", MATERIALS.values(), ids=list(MATERIALS))
def test_every_listed_field_can_be_overridden(entry: Material) -> None:
    for name in fields(entry):
        attribute = "exchange_current" if name in ("rate_constant",) else name
        value = getattr(entry, attribute, None)
        number = value.value if isinstance(value, Quantity) else 1.0
        changed = with_overrides(entry, {name: number}, "materials.X")
        assert changed != entry


def test_no_dolfinx_is_imported() -> None:
    """Materials can be read, checked and printed without the finite-element stack."""
    assert room.__file__ is not None
    for path in Path(room.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("dolfinx", "petsc4py", "ufl", "mpi4py") for name in names)
