"""Properties at the temperature of the cell: Arrhenius factors and the entropy of the open-circuit potential."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from .curve import ConstantCurve, Curve, check_open_circuit_potential
from .curve_combination import CombinedCurve
from .quantity import Quantity
from .types import GAS_CONSTANT, ActiveMaterial, Binder, CounterElectrode, Electrolyte, Material

# Which activation energy goes with which property.
ACTIVATED: dict[type[Material], dict[str, str]] = {
    ActiveMaterial: {
        "diffusivity": "diffusivity_activation_energy",
        "electronic_conductivity": "electronic_conductivity_activation_energy",
        "exchange_current": "exchange_current_activation_energy",
    },
    Electrolyte: {"ionic_conductivity": "ionic_conductivity_activation_energy"},
    Binder: {"electronic_conductivity": "electronic_conductivity_activation_energy"},
    CounterElectrode: {"exchange_current_density": "exchange_current_activation_energy"},
}
SAME_TEMPERATURE = 1.0  # [K] below this a missing activation energy is not worth a word


def arrhenius(energy: float, temperature: float, reference: float) -> float:
    """Return exp(-E_a/R (1/T - 1/T_ref)) (Eq. D1).

    Args:
        energy: E_a [J/mol].
        temperature: T [K].
        reference: T_ref [K], at which the factor is 1.
    """
    return math.exp(-energy / GAS_CONSTANT * (1.0 / temperature - 1.0 / reference))


def at_temperature(material: Material, temperature: float, where: str = "material") -> Material:
    """Return a material with its properties at a temperature.

    D, sigma, k and i_0 take the factor of :func:`arrhenius` where an activation energy is given; U(x) and the
    potential of a counter electrode move by (T - T_ref) dU/dT where an entropy coefficient is given (Eq. D2).
    What has neither stays.

    Args:
        material: properties at its reference temperature.
        temperature: T [K].
        where: key of the case file, for messages.

    Raises:
        InputError: U(x) is negative or does not decrease at the temperature.
    """
    reference = material.reference_temperature.value
    if temperature == reference:
        return material
    changes: dict[str, Any] = {}
    for name, key in ACTIVATED[type(material)].items():
        energy = getattr(material, key)
        if energy is not None and energy.value != 0.0:
            factor = arrhenius(energy.value, temperature, reference)
            changes[name] = _scaled(getattr(material, name), factor, f"at {temperature:g} K by {energy.value:g} J/mol")
    if isinstance(material, ActiveMaterial) and material.entropy_coefficient is not None:
        shifted = _shifted(material, temperature)
        if not isinstance(material.open_circuit_potential, ConstantCurve):
            check_open_circuit_potential(shifted, f"{where}.entropy_coefficient")
        changes["open_circuit_potential"] = shifted
    if isinstance(material, CounterElectrode) and material.entropy_coefficient is not None:
        moved = material.potential.value + (temperature - reference) * material.entropy_coefficient.value
        changes["potential"] = replace(material.potential, value=moved)
    return replace(material, **changes)


def without_temperature(material: Material, temperature: float) -> list[str]:
    """Return the properties that are used at a temperature [K] other than their own without an activation energy."""
    if abs(temperature - material.reference_temperature.value) <= SAME_TEMPERATURE:
        return []
    return [name for name, key in ACTIVATED[type(material)].items() if getattr(material, key) is None]


def _scaled(entry: Quantity | Curve, factor: float, note: str) -> Quantity | Curve:
    if isinstance(entry, Quantity):
        return replace(entry, value=factor * entry.value, valid=f"{entry.valid}; {note}")
    return CombinedCurve(entry, factor, note)


def _shifted(material: ActiveMaterial, temperature: float) -> Curve:
    """Return U(x) + (T - T_ref) dU/dT(x)."""
    curve = material.entropy
    assert curve is not None
    change = temperature - material.reference_temperature.value
    return CombinedCurve(material.open_circuit_potential, 1.0, f"at {temperature:g} K", curve, change)
