"""Figures of a study that are made of others, such as the ratio of two."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .schema_trend import DerivedFigureSection

DERIVED = "derived"  # first word of their names


def derived_figures(sections: Mapping[str, DerivedFigureSection], figures: Mapping[str, float]) -> dict[str, float]:
    """Return the figures that are made of others; one whose parts are missing or whose divisor is 0 is left out."""
    found = {}
    for name, section in sections.items():
        parts = [figures.get(figure) for figure in section.product]
        divisors = [figures.get(figure) for figure in section.over]
        if None not in parts and all(divisors):
            quotient = math.prod(p for p in parts if p is not None) / math.prod(d for d in divisors if d)
            found[f"{DERIVED}.{name}"] = section.offset + section.factor * quotient
    return found
