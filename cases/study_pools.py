"""Figures that are averaged at every point before anything else, such as the three directions of one packing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .schema_study import StudySection

PREFIX = "pool"
ENDS = ("lower", "upper")


def add_pools(study: StudySection, figures: dict[str, float]) -> dict[str, float]:
    """Return the figures of a point with the mean of each pool, ``pool.NAME``, its deviation and its bounds.

    Directions of one packing are not independent samples of the recipe: their mean is one sample.
    """
    found = dict(figures)
    for name, members in study.pool.items():
        values = [figures[m] for m in members if m in figures]
        if len(values) < len(members):
            continue
        found[f"{PREFIX}.{name}"] = float(np.mean(values))
        found[f"{PREFIX}.deviation.{name}"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        for end in ENDS:
            bounds = [figures.get(_bound(member, end)) for member in members]
            known = [bound for bound in bounds if bound is not None]
            if len(known) == len(members):
                found[f"{PREFIX}.bounds.{name}.{end}"] = float(np.mean(known))
    return found


def pooled_values(study: StudySection, figures: Mapping[str, float], name: str) -> list[float]:
    """Return the values behind ``pool.NAME`` at a point; none for other figures."""
    prefix, _, pool = name.partition(".")
    members = study.pool.get(pool, ()) if prefix == PREFIX else ()
    return [figures[m] for m in members if m in figures]


def _bound(figure: str, end: str) -> str:
    start, _, last = figure.rpartition(".")
    return f"{start}.bounds.{last}.{end}"
