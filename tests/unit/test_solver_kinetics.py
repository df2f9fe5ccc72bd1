"""Charge-transfer laws: derivatives, limits, the side of the transfer coefficients, films in series."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfc, expit

from solver.constants import FARADAY, GAS_CONSTANT
from solver.double_layer import LayerStage
from solver.kinetics import (
    MAXIMUM_EXPONENT,
    ButlerVolmer,
    CurveExchange,
    ExchangeCurrent,
    InsertionReaction,
    KineticsLaw,
    LinearKinetics,
    MetalReaction,
    RateConstant,
    SinhKinetics,
    current_through_film,
)
from solver.marcus import MarcusHushChidsey
from solver.materials import TableCurve

THERMAL = GAS_CONSTANT * 298.15 / FARADAY  # RT/F [V]
ELECTRON_VOLT = 96485.33212  # [J/mol]
LAWS: list[KineticsLaw] = [
    ButlerVolmer(0.6, 0.4),
    LinearKinetics(),
    SinhKinetics(0.08),
    MarcusHushChidsey(0.2 * ELECTRON_VOLT),
]
POTENTIAL = TableCurve((0.0, 0.3, 0.6, 1.0), (4.4, 4.0, 3.8, 3.2), "V", "test", "test")
EXCHANGE = TableCurve((0.0, 0.5, 1.0), (1.0, 3.0, 0.5), "A/m2", "test", "test")


@pytest.mark.parametrize("law", LAWS)
def test_derivatives_of_the_laws(law: KineticsLaw) -> None:
    eta = np.linspace(-0.3, 0.3, 13)
    exchange = np.linspace(0.5, 4.0, 13)
    _, by_eta, by_exchange = law(eta, exchange)
    step = 1e-6
    assert (law(eta + step, exchange)[0] - law(eta - step, exchange)[0]) / (2 * step) == pytest.approx(by_eta, rel=1e-7)
    assert law(eta, exchange + 1.0)[0] - law(eta, exchange)[0] == pytest.approx(by_exchange, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("eta", "alpha"), [(0.4, 0.6), (-0.4, 0.4)])
def test_anodic_branch_has_the_anodic_coefficient(eta: float, alpha: float) -> None:
    """Tafel slope: ln|i| rises by alpha F/RT per volt, alpha_a = 0.6 for positive eta (current out of the AM)."""
    law, one = ButlerVolmer(0.6, 0.4), np.ones(1)
    near, far = (abs(law(np.array([value]), one)[0][0]) for value in (eta, eta * 1.001))
    assert math.log(far / near) == pytest.approx(alpha * abs(eta) * 0.001 / THERMAL, rel=1e-5)
    assert np.sign(law(np.array([eta]), one)[0][0]) == np.sign(eta)


@pytest.mark.parametrize("alpha", [0.5, 0.6])
def test_butler_volmer_tends_to_linear(alpha: float) -> None:
    """The difference is of second order in eta (third for alpha = 1/2)."""
    one = np.ones(1)
    difference = [
        abs(ButlerVolmer(alpha, 1.0 - alpha)(np.array([eta]), one)[0] - LinearKinetics()(np.array([eta]), one)[0])[0]
        for eta in (2e-3, 1e-3)
    ]
    assert math.log2(difference[0] / difference[1]) == pytest.approx(3.0 if alpha == 0.5 else 2.0, abs=0.05)


@pytest.mark.parametrize("law", [ButlerVolmer(0.6, 0.4), LinearKinetics(), SinhKinetics(THERMAL), LAWS[3]])
def test_charge_transfer_resistance(law: KineticsLaw) -> None:
    """RT/(F i_0) = 0.0256926 Ohm m2 for i_0 = 1 A/m2 at 298.15 K."""
    slope = law(np.zeros(1), np.ones(1))[1][0]
    assert 1.0 / slope == pytest.approx(0.0256926, abs=5e-8)


def chidsey(width: float, height: float) -> float:
    """Chidsey's integral of exp(-(x - width + height)^2/(4 width))/(1 + exp(x)) over all states x."""

    def density(x: float) -> float:
        return math.exp(-((x - width + height) ** 2) / (4.0 * width)) * float(expit(-x))

    spread = math.sqrt(2.0 * width)
    places = sorted({-width - height, 0.0, width - height})
    low, high = min(places) - 12.0 * spread - 20.0, max(places) + 12.0 * spread + 20.0
    return float(quad(density, low, high, points=places, epsabs=0.0, epsrel=1e-11, limit=400)[0])


@pytest.mark.parametrize("width", [0.5, 8.3, 40.0, 350.0])
def test_marcus_law_against_the_integral_over_the_states(width: float) -> None:
    """Occupied states minus empty ones in units of the exchange rate; detailed balance is not put in."""
    law, heights = MarcusHushChidsey(width * GAS_CONSTANT * 298.15), np.array([0.3, 1.0, 3.0, 6.0, 10.0, 20.0, 40.0])
    zero = chidsey(width, 0.0)
    exact = np.array([(chidsey(width, height) - chidsey(width, -height)) / zero for height in heights])
    found = law(heights * THERMAL, np.ones(len(heights)))[0]
    print(f"lambda = {width} RT: largest deviation {np.abs(found / exact - 1.0).max():.1e}")
    assert found == pytest.approx(exact, rel=1e-7)
    assert law(-heights * THERMAL, np.ones(len(heights)))[0] == pytest.approx(-exact, rel=1e-7)


@pytest.mark.parametrize(("width", "error"), [(8.3, 0.10), (20.0, 0.13)])
def test_marcus_law_beside_the_printed_formula(width: float, error: float) -> None:
    """2 tanh(h/2) erfc(a(h))/erfc(a(0)) of Zeng et al. (2014), an approximation, off by up to 9 and 12 per cent."""
    height = np.linspace(0.1, 30.0, 300)
    argument = (width - np.sqrt(1.0 + math.sqrt(width) + np.append(0.0, height) ** 2)) / (2.0 * math.sqrt(width))
    printed = 2.0 * np.tanh(0.5 * height) * erfc(argument[1:]) / erfc(argument[0])
    found = MarcusHushChidsey(width * GAS_CONSTANT * 298.15)(height * THERMAL, np.ones(len(height)))[0]
    print(f"lambda = {width} RT: printed formula off by at most {np.abs(printed / found - 1.0).max():.3f}")
    assert printed == pytest.approx(found, rel=error)


def test_marcus_law_between_butler_volmer_and_a_limiting_current() -> None:
    """A large reorganisation energy gives Butler-Volmer with alpha 1/2; a small one a current that no drive exceeds."""
    one, eta = np.ones(2), np.array([0.01, 0.1])
    far = MarcusHushChidsey(9.0 * ELECTRON_VOLT)(eta, one)[0]
    assert far == pytest.approx(ButlerVolmer()(eta, one)[0], rel=0.03)
    near = MarcusHushChidsey(0.2 * ELECTRON_VOLT)(np.array([1.0, 5.0]), one)
    assert near[0][1] == pytest.approx(near[0][0], rel=1e-3)
    assert np.all(near[1] >= 0.0)


def test_temperature_enters_the_laws() -> None:
    assert 1.0 / ButlerVolmer(temperature=350.0)(np.zeros(1), np.ones(1))[1][0] == pytest.approx(
        GAS_CONSTANT * 350.0 / FARADAY
    )


def test_extreme_iterates_stay_finite_and_rising() -> None:
    eta = np.array([-1e4, -10.0, 10.0, 1e4])
    current, slope, _ = ButlerVolmer()(eta, np.ones(4))
    assert np.all(np.isfinite(current))
    assert np.all(np.diff(current) > 0.0)
    assert np.all(slope > 0.0)
    assert 0.5 * 10.0 / THERMAL > MAXIMUM_EXPONENT, "the points lie beyond the continuation"


def test_rate_constant_exponents() -> None:
    """i_0 = F k (c_max - c)^alpha_a c^alpha_c; with 0.6 the maximum lies at x = alpha_c = 0.4, swapped at 0.6."""
    law = RateConstant(2e-10, 5e4, 0.6, 0.4)
    x = np.array([0.1, 0.4, 0.9])
    value, slope = law(x)
    assert value == pytest.approx(FARADAY * 2e-10 * (5e4 * (1.0 - x)) ** 0.6 * (5e4 * x) ** 0.4, rel=1e-12)
    assert slope[0] > 0.0 > slope[2]
    assert slope[1] == pytest.approx(0.0, abs=1e-10)
    step = 1e-6
    assert (law(x + step)[0] - law(x - step)[0]) / (2 * step) == pytest.approx(slope, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("resistance", [0.0, 1e-4, 0.05, 10.0])
@pytest.mark.parametrize("law", LAWS)
def test_film_in_series(law: KineticsLaw, resistance: float) -> None:
    """i = f(drive - i R) holds from tiny to absurd drives, both ways."""
    drive = np.array([-300.0, -2.5, -0.1, -1e-9, 0.0, 1e-9, 0.1, 2.5, 300.0]) if resistance else np.array([-0.1, 0.1])
    exchange = np.full_like(drive, 0.01)
    current, slope, _ = current_through_film(law, drive, exchange, resistance)
    eta = drive - resistance * current
    # Rounding of drive - i R enters eta as eps (|drive| + |i R|), and the current by the slope.
    tolerance = 4e-13 * (1.0 + np.abs(drive)) * slope + 1e-14
    assert np.all(np.abs(law(eta, exchange)[0] - current) <= tolerance)
    assert np.all(np.sign(current) == np.sign(drive))


@pytest.mark.parametrize("resistance", [0.0, 1e-3])
@pytest.mark.parametrize("exchange", [RateConstant(2e-10, 5e4, 0.6, 0.4), CurveExchange(EXCHANGE)])
def test_derivatives_of_the_insertion_reaction(exchange: ExchangeCurrent, resistance: float) -> None:
    reaction = InsertionReaction(ButlerVolmer(0.6, 0.4), exchange, POTENTIAL, resistance)
    x = np.array([0.15, 0.45, 0.85])
    drop = POTENTIAL.value(x) + np.array([-0.06, 0.02, 0.05])
    found = reaction(drop, x)
    step = 1e-6
    by_drop = (reaction(drop + step, x).current - reaction(drop - step, x).current) / (2 * step)
    by_x = (reaction(drop, x + step).current - reaction(drop, x - step).current) / (2 * step)
    assert found.by_drop == pytest.approx(by_drop, rel=1e-6)
    assert found.by_stoichiometry == pytest.approx(by_x, rel=1e-5)
    assert found.open_circuit + found.overpotential + resistance * found.current == pytest.approx(drop, rel=1e-12)
    assert np.all(np.sign(found.current) == np.sign(drop - found.open_circuit)), "positive out of the active material"


@pytest.mark.parametrize("resistance", [0.0, 0.03])
def test_derivatives_with_a_double_layer(resistance: float) -> None:
    """i - i_n = C (v - base)/duration with v = drop - i R, and the four derivatives of both currents."""
    reaction = InsertionReaction(ButlerVolmer(0.6, 0.4), CurveExchange(EXCHANGE), POTENTIAL, resistance, 0.4)
    x = np.array([0.15, 0.45, 0.85])
    drop = POTENTIAL.value(x) + np.array([-0.06, 0.02, 0.05])
    stage = LayerStage(0.01, drop + np.array([0.01, -0.03, 0.002]))
    found, step = reaction(drop, x, stage), 1e-6
    voltage = drop - resistance * found.current
    assert found.layer_voltage == pytest.approx(voltage, rel=1e-12)
    assert found.current - found.faradaic == pytest.approx(0.4 * (voltage - stage.base) / 0.01, rel=1e-9)
    alone = InsertionReaction(ButlerVolmer(0.6, 0.4), CurveExchange(EXCHANGE), POTENTIAL)
    assert found.faradaic == pytest.approx(alone(voltage, x).current, rel=1e-9)
    for name in ("current", "faradaic"):
        by_drop = getattr(reaction(drop + step, x, stage), name) - getattr(reaction(drop - step, x, stage), name)
        by_x = getattr(reaction(drop, x + step, stage), name) - getattr(reaction(drop, x - step, stage), name)
        prefix = "" if name == "current" else "faradaic_"
        assert getattr(found, f"{prefix}by_drop") == pytest.approx(by_drop / (2 * step), rel=1e-6)
        assert getattr(found, f"{prefix}by_stoichiometry") == pytest.approx(by_x / (2 * step), rel=1e-5, abs=1e-6)


def test_metal_counter_electrode() -> None:
    """The derivative, and zero current at the equilibrium potential."""
    metal = MetalReaction(ButlerVolmer(0.4, 0.6), 20.0, 0.62, 1e-3)
    drop = np.array([0.5, 0.62, 0.8])
    current, slope = metal(drop)
    step = 1e-6
    assert (metal(drop + step)[0] - metal(drop - step)[0]) / (2 * step) == pytest.approx(slope, rel=1e-6)
    assert current[1] == pytest.approx(0.0, abs=1e-12)
    assert current[0] < 0.0 < current[2]
