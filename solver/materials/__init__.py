"""Materials with sources: active materials, electrolytes, binder and counter electrodes."""

from __future__ import annotations

from .curve import ConstantCurve, Curve, FunctionCurve, TableCurve, check_open_circuit_potential, check_range
from .curve_combination import CombinedCurve
from .library import MATERIALS, describe, fields, material, with_overrides
from .overrides import UNITS
from .quantity import Quantity
from .temperature import arrhenius, at_temperature, without_temperature
from .types import FARADAY, ActiveMaterial, Binder, CounterElectrode, Electrolyte, Material

__all__ = [
    "FARADAY",
    "MATERIALS",
    "ActiveMaterial",
    "Binder",
    "CombinedCurve",
    "ConstantCurve",
    "CounterElectrode",
    "Curve",
    "Electrolyte",
    "FunctionCurve",
    "Material",
    "Quantity",
    "TableCurve",
    "UNITS",
    "arrhenius",
    "at_temperature",
    "check_open_circuit_potential",
    "check_range",
    "describe",
    "fields",
    "material",
    "with_overrides",
    "without_temperature",
]
