"""Properties at a temperature: Arrhenius factors, entropy, what is left as it is.

Seen to fail with: the sign of the exponent turned, T - T_ref with the other sign, a combined curve
0.1 % too large.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from manufacturing.errors import InputError
from solver.materials import (
    MATERIALS,
    ActiveMaterial,
    Quantity,
    TableCurve,
    arrhenius,
    at_temperature,
    describe,
    material,
    with_overrides,
    without_temperature,
)

X = np.linspace(0.3, 0.95, 14)


def active(name: str) -> ActiveMaterial:
    found = material(name)
    assert isinstance(found, ActiveMaterial)
    return found


def test_arrhenius_factor() -> None:
    """1 at the reference, faster when warm; ln 2 by 10 K at 298.15 K takes 52.9 kJ/mol."""
    assert arrhenius(5e4, 298.15, 298.15) == 1.0
    energy = math.log(2.0) * 8.314462618 / (1.0 / 298.15 - 1.0 / 308.15)
    assert energy == pytest.approx(52.95e3, rel=1e-3)
    assert arrhenius(energy, 308.15, 298.15) == pytest.approx(2.0, rel=1e-9)
    assert arrhenius(energy, 288.15, 298.15) < 0.5


def test_curves_and_numbers_are_scaled_and_u_is_shifted() -> None:
    """D(x) of a function, k of a number, U(x) + (T - T_ref) dU/dT(x), each with the slope of the same curve."""
    cold = active("NMC811-LG-M50")
    warm = at_temperature(cold, 318.15)
    assert isinstance(warm, ActiveMaterial)
    for name, energy in (("diffusivity", 12048.0), ("exchange_current", 24010.0)):
        factor = math.exp(energy / 8.314462618 * (1.0 / 298.15 - 1.0 / 318.15))
        before, after = getattr(cold, name), getattr(warm, name)
        if isinstance(before, Quantity):
            assert after.value == pytest.approx(factor * before.value, rel=1e-9)
        else:
            assert after.value(X) == pytest.approx(factor * before.value(X), rel=1e-9)
            assert after.slope(X) == pytest.approx(factor * before.slope(X), rel=1e-9)
    entropy = cold.entropy_coefficient
    assert entropy is not None
    assert not isinstance(entropy, Quantity)
    change = warm.open_circuit_potential.value(X) - cold.open_circuit_potential.value(X)
    assert change == pytest.approx(20.0 * entropy.value(X), abs=1e-13)
    slope = warm.open_circuit_potential.slope(X) - cold.open_circuit_potential.slope(X)
    assert slope == pytest.approx(20.0 * entropy.slope(X), abs=1e-12)
    assert warm.electronic_conductivity == cold.electronic_conductivity
    assert "318.15 K" in json.dumps(describe(warm))


def test_what_is_not_known_stays_and_is_named() -> None:
    """At the reference nothing changes; away from it the properties without an energy are listed."""
    for entry in MATERIALS.values():
        assert at_temperature(entry, 298.15) is entry
        assert without_temperature(entry, 298.5) == []
    assert without_temperature(material("NMC622"), 333.15) == ["diffusivity", "electronic_conductivity"]
    assert without_temperature(material("Li6PS5Cl"), 333.15) == ["ionic_conductivity"]
    given = with_overrides(material("Li6PS5Cl"), {"ionic_conductivity_activation_energy": 3e4}, "materials.SE")
    assert without_temperature(given, 333.15) == []


def test_an_entropy_that_makes_u_rise_is_refused() -> None:
    """The message names the key."""
    steep = TableCurve((0.0, 1.0), (-0.01, 0.05), "V/K", "test", "test")
    with pytest.raises(InputError, match=r"materials\.AM\.entropy_coefficient"):
        at_temperature(replace(active("NMC622"), entropy_coefficient=steep), 330.0, "materials.AM")


def test_tables_of_the_case_file() -> None:
    """A table of D passes through its points; wrong ones are refused with the key."""
    table = [[0.3, 0.6, 1.0], [4e-14, 1e-14, 2e-15]]
    changed = with_overrides(active("NMC622"), {"diffusivity": table}, "materials.AM")
    assert isinstance(changed, ActiveMaterial)
    curve = changed.transport("diffusivity")
    assert not isinstance(curve, float)
    assert curve.value(np.array(table[0])) == pytest.approx(table[1], rel=1e-12)
    assert changed.transport("electronic_conductivity") == 0.005
    for wrong in ([[0.3, 1.0], [1e-14, -1e-14]], [[0.3, 1.0]], "steep"):
        with pytest.raises(InputError, match=r"materials\.AM\.diffusivity"):
            with_overrides(active("NMC622"), {"diffusivity": wrong}, "materials.AM")
