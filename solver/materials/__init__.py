"""Materials with sources: active materials, electrolytes, binder and counter electrodes."""

from __future__ import annotations

from .curve import ConstantCurve, Curve, FunctionCurve, TableCurve, check_open_circuit_potential, check_range
from .library import MATERIALS, describe, fields, material, with_overrides
from .quantity import Quantity
from .types import FARADAY, ActiveMaterial, Binder, CounterElectrode, Electrolyte, Material

__all__ = [
    "FARADAY",
    "MATERIALS",
    "ActiveMaterial",
    "Binder",
    "ConstantCurve",
    "CounterElectrode",
    "Curve",
    "Electrolyte",
    "FunctionCurve",
    "Material",
    "Quantity",
    "TableCurve",
    "check_open_circuit_potential",
    "check_range",
    "describe",
    "fields",
    "material",
    "with_overrides",
]
