"""Replacing single properties of a material by values of the user."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from manufacturing.errors import InputError

from .curve import ConstantCurve, Curve, TableCurve, check_open_circuit_potential
from .quantity import Quantity
from .temperature import ACTIVATED
from .types import ActiveMaterial, Binder, CounterElectrode, Electrolyte, Material

Reader = Callable[[object, str], float]


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(where, repr(value), "a finite number")
    return float(value)


def _positive(value: object, where: str) -> float:
    number = _number(value, where)
    if number <= 0.0:
        raise InputError(where, number, "a positive number")
    return number


def _not_negative(value: object, where: str) -> float:
    number = _number(value, where)
    if number < 0.0:
        raise InputError(where, number, "zero or a positive number")
    return number


def _fraction(value: object, where: str) -> float:
    number = _number(value, where)
    if not 0.0 <= number <= 1.0:
        raise InputError(where, number, "a number from 0 to 1")
    return number


def _open_fraction(value: object, where: str) -> float:
    number = _number(value, where)
    if not 0.0 < number < 1.0:
        raise InputError(where, number, "a number between 0 and 1, both excluded")
    return number


_SCALARS: dict[type[Material], dict[str, Reader]] = {
    ActiveMaterial: {
        "density": _positive,
        "maximum_concentration": _positive,
        "stoichiometry_charged": _fraction,
        "stoichiometry_discharged": _fraction,
        "transfer_coefficient_anodic": _open_fraction,
    },
    Electrolyte: {"density": _positive, "ionic_conductivity": _positive},
    Binder: {"density": _positive, "electronic_conductivity": _positive},
    CounterElectrode: {
        "density": _positive,
        "potential": _not_negative,
        "exchange_current_density": _positive,
        "transfer_coefficient_anodic": _open_fraction,
        "interface_resistance": _not_negative,
        "entropy_coefficient": _number,
    },
}
_CURVES = (
    "diffusivity",
    "electronic_conductivity",
    "open_circuit_potential",
    "rate_constant",
    "exchange_current_density",
    "entropy_coefficient",
)
# Units of what the shipped materials may not hold, or hold in another form.
UNITS = {
    "diffusivity": "m2/s",
    "electronic_conductivity": "S/m",
    "rate_constant": "m/s",
    "exchange_current_density": "A/m2",
    "entropy_coefficient": "V/K",
}
UNITS |= dict.fromkeys((key for keys in ACTIVATED.values() for key in keys.values()), "J/mol")


def fields(material: Material) -> tuple[str, ...]:
    """Return the names of the properties that a case file may override."""
    curves = _CURVES if isinstance(material, ActiveMaterial) else ()
    return (*_SCALARS[type(material)], *curves, "reference_temperature", *ACTIVATED[type(material)].values())


def with_overrides(material: Material, overrides: Mapping[str, object], where: str) -> Material:
    """Return a copy of a material with some of its properties replaced.

    Scalars are numbers in SI. ``open_circuit_potential`` [V vs Li], ``exchange_current_density``
    [A/m2], ``diffusivity`` [m2/s], ``electronic_conductivity`` [S/m] and ``entropy_coefficient`` [V/K] of an
    active material are a number or a table [[x, ...], [y, ...]]; ``rate_constant`` [m/s]
    is a number and excludes ``exchange_current_density``.

    Args:
        material: the material of the library.
        overrides: new value by name of property.
        where: key of the case file that holds the overrides, for messages.

    Raises:
        InputError: unknown property, or a value that it cannot take.
    """
    names = fields(material)
    changes: dict[str, Any] = {}
    for name, value in overrides.items():
        if name not in names:
            raise InputError(f"{where}.{name}", "unknown property", f"one of {', '.join(names)}")
        target, replacement = _read(material, name, value, f"{where}.{name}")
        if target in changes:
            raise InputError(where, "rate_constant and exchange_current_density", "only one of the two")
        changes[target] = replacement
    if "substitutes" not in changes and changes:
        changes["substitutes"] = tuple(s for s in material.substitutes if s.split(":")[0] not in changes)
    return replace(material, **changes)


def _read(material: Material, name: str, value: object, where: str) -> tuple[str, Quantity | Curve]:
    """Return the attribute that an override sets, and its new value."""
    scalars = _SCALARS[type(material)] | {"reference_temperature": _positive}
    if name in scalars:
        known = getattr(material, name)
        unit = UNITS[name] if known is None else known.unit
        return name, Quantity(scalars[name](value, where), unit, f"override {where}", "as given")
    if name in ACTIVATED[type(material)].values():
        return name, Quantity(_not_negative(value, where), UNITS[name], f"override {where}", "as given")
    if name == "rate_constant":
        return "exchange_current", Quantity(_positive(value, where), "m/s", f"override {where}", "as given")
    if name == "exchange_current_density":
        return "exchange_current", _exchange_current(value, where)
    if name == "open_circuit_potential":
        return name, _open_circuit_potential(value, where)
    return name, _number_or_table(value, name, where)


def _number_or_table(value: object, name: str, where: str) -> Quantity | Curve:
    """Return a property of x; all but dU/dT are positive."""
    signed = name == "entropy_coefficient"
    if not isinstance(value, list | tuple):
        number = (_number if signed else _positive)(value, where)
        return Quantity(number, UNITS[name], f"override {where}", "as given")
    curve = _table(value, UNITS[name], where)
    if not signed and min(curve.y) <= 0.0:
        raise InputError(where, min(curve.y), "positive numbers")
    return curve


def _open_circuit_potential(value: object, where: str) -> Curve:
    if not isinstance(value, list | tuple):
        return ConstantCurve(_not_negative(value, where), "V vs Li", f"override {where}")
    curve = _table(value, "V vs Li", where)
    check_open_circuit_potential(curve, where)
    return curve


def _exchange_current(value: object, where: str) -> Curve:
    if not isinstance(value, list | tuple):
        return ConstantCurve(_positive(value, where), "A/m2", f"override {where}")
    curve = _table(value, "A/m2", where)
    if min(curve.y) < 0.0:
        raise InputError(where, min(curve.y), "exchange current densities of zero or above")
    return curve


def _table(value: list[Any] | tuple[Any, ...], unit: str, where: str) -> TableCurve:
    """Return the curve of a table [[x, ...], [y, ...]]."""
    if len(value) != 2 or not all(isinstance(row, list | tuple) for row in value):
        raise InputError(where, "a list of another form", "a number or a table [[x, ...], [y, ...]]")
    x, y = (tuple(_number(entry, where) for entry in row) for row in value)
    try:
        curve = TableCurve(x=x, y=y, unit=unit, source=f"override {where}", valid="as given")
    except InputError as error:
        raise InputError(where, error.found, error.expected) from error
    if not 0.0 <= x[0] < x[-1] <= 1.0:
        raise InputError(where, f"x from {x[0]:g} to {x[-1]:g}", "x = c/c_max from 0 to 1")
    return curve
