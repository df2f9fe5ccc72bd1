"""Units of figures and keys, for the axes of plots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from .schema import Case

# Endings of the names in summary.json, longest first.
ENDINGS = {
    "mg_cm2": "mg/cm²",
    "mAh_cm2": "mAh/cm²",
    "mWh_cm2": "mWh/cm²",
    "mAh_g": "mAh/g",
    "mWh_g": "mWh/g",
    "Wh_m2": "Wh/m²",
    "J_m2": "J/m²",
    "W_m2": "W/m²",
    "Ah_m2": "Ah/m²",
    "g_cm3": "g/cm³",
    "A_m2": "A/m²",
    "S_m": "S/m",
    "um2": "µm²",
    "deg": "°",
    "m2": "m²",
    "um": "µm",
    "kg": "kg",
    "Pa": "Pa",
    "V": "V",
    "m": "m",
    "s": "s",
}
PLOTTED = {"m": ("µm", 1e6), "m²": ("µm²", 1e12)}  # microstructures are small
_UNIT = re.compile(r"\[([^\]]+)\]")
Schema = dict[str, Any]


def figure_unit(figure: str) -> str:
    """Return the unit of a dotted figure by the ending of its name, empty for a plain number."""
    if figure.endswith("seconds"):
        return "s"
    for part in reversed(figure.split(".")):
        for ending, unit in ENDINGS.items():
            if part.endswith(f"_{ending}"):
                return unit
    return ""


def plotted_unit(figure: str) -> tuple[str, float]:
    """Return the unit in which a figure is drawn and the factor to it from that of the summary."""
    unit = figure_unit(figure)
    return PLOTTED.get(unit, (unit, 1.0))


def figure_label(figure: str) -> str:
    """Return a label for an axis: the last words of a figure and the unit in which it is drawn."""
    unit, _ = plotted_unit(figure)
    words = []
    for part in figure.split(".")[1:]:
        ending = next((e for e in ENDINGS if part.endswith(f"_{e}")), "")
        words.append(part.removesuffix(f"_{ending}") if ending else part)
    return " ".join(words).replace("_", " ") + (f" [{unit}]" if unit else "")


def key_unit(key: str) -> str:
    """Return the unit that the case file states for a dotted key, empty without."""
    schema = _case_schema()
    fields: list[Schema] = [schema]
    for part in key.replace('"', "").split("."):
        fields = [inner for field in fields for inner in _inside(field, part, schema["$defs"])]
    units = (match[1] for field in fields if (match := _UNIT.search(field.get("description", ""))))
    return next(units, "")


@cache
def _case_schema() -> Schema:
    return Case.model_json_schema()


def _inside(field: Schema, part: str, models: dict[str, Schema]) -> Iterator[Schema]:
    """Yield what a part of a dotted key may lead to."""
    if "$ref" in field:
        yield from _inside(models[field["$ref"].rsplit("/", 1)[1]], part, models)
    for kind in ("anyOf", "oneOf", "allOf"):
        for option in field.get(kind, ()):
            yield from _inside(option, part, models)
    if part in field.get("properties", {}):
        yield field["properties"][part]
    elif isinstance(field.get("additionalProperties"), dict):
        yield field["additionalProperties"]
    elif part.isdigit() and isinstance(field.get("items"), dict):
        yield field["items"]
