"""A material in full, ready to be printed or written to JSON."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import Any

from .curve import Curve
from .quantity import Quantity
from .types import ActiveMaterial, Material


def describe(material: Material) -> dict[str, Any]:
    """Return every property of a material with unit, source and validity, ready for JSON.

    For an active material, ``derived`` adds what follows from the entries: specific capacity, potentials
    at both ends of the window, exchange current density half full.
    """
    described: dict[str, Any] = {"kind": type(material).__name__}
    for entry in dataclass_fields(material):
        value = getattr(material, entry.name)
        if isinstance(value, Quantity | Curve):
            value = value.describe()
        described[entry.name] = list(value) if isinstance(value, tuple) else value
    if isinstance(material, ActiveMaterial):
        described["derived"] = _derived(material)
    return described


def _derived(material: ActiveMaterial) -> dict[str, float]:
    potential = material.open_circuit_potential
    return {
        "specific_capacity_mAh_g": material.capacity_density / material.density.value / 3.6 / 1000.0,
        "potential_charged_V": float(potential.value(material.stoichiometry_charged.value)),
        "potential_discharged_V": float(potential.value(material.stoichiometry_discharged.value)),
        "exchange_current_density_half_full_A_m2": float(material.exchange_current_density(0.5)),
    }
