"""Error bars of the figures of a study: bounds of the finest meshes, extrapolation over sizes, interval over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .error_bars import ErrorBars, error_bars, is_property, shape_and_sample
from .seed_statistics import SeedStatistics, seed_statistics
from .study_plan import StudyPlan
from .study_pools import pooled_values
from .study_results import (
    Combination,
    FigureConvergence,
    FigureStatistics,
    StudyRow,
    convergences,
    grouped,
    statistics_over_seeds,
    swept_size,
)

SHAPE_KEYS = ("mesh.", "geometry.cells")  # sweeps of these change the shape that is meshed


@dataclass(frozen=True)
class FigureErrorBars:
    """The error bars of a figure for one combination of the keys that are neither seed nor size."""

    combination: Combination
    figure: str
    bars: ErrorBars


def error_bars_of_study(plan: StudyPlan, rows: Sequence[StudyRow]) -> list[FigureErrorBars]:
    """Return the error bars of every effective property among the figures of a study."""
    section = plan.study.convergence
    finest = section.key if section is not None else None
    without = (plan.study.seed_key,) if finest is None else (plan.study.seed_key, finest)
    limits = {(c.combination.label, c.figure): c for c in convergences(plan, rows)}
    means = {(s.combination.label, s.figure): s for s in statistics_over_seeds(plan, rows)}
    found = []
    for combination, members in grouped(rows, without):
        for name in _properties(plan, members):
            kept = _finest(members, finest, name)
            if kept:
                key = (combination.label, name)
                bars = _bars(plan, kept, name, limits.get(key), means.get(key))
                found.append(FigureErrorBars(combination, name, bars))
    return found


def table(plan: StudyPlan, found: Sequence[FigureErrorBars]) -> list[list[Any]]:
    """Return a header and a row per figure and combination."""
    section = plan.study.convergence
    keys = [k for k in plan.keys if k != plan.study.seed_key and (section is None or k != section.key)]
    header = ["value", "lower", "upper", "elements_below", "elements_above", "geometry", "statistics", "not_known"]
    rows: list[list[Any]] = [[*keys, "figure", *header]]
    for entry in found:
        bars = entry.bars
        given = [entry.combination.values.get(key, "") for key in keys]
        parts = [*(bars.discretisation or (None, None)), bars.geometry, bars.statistics]
        reasons = "; ".join(f"{part}: {reason}" for part, reason in bars.missing.items())
        rows.append([*given, entry.figure, bars.value, *bars.interval, *parts, reasons])
    return rows


def lines(found: Sequence[FigureErrorBars]) -> list[str]:
    """Return a line about each figure for the log."""
    named = [(f"{e.figure} ({e.combination.label})" if e.combination.values else e.figure, e.bars) for e in found]
    return [f"error bars: {name}: {bars}" for name, bars in named]


def data(found: Sequence[FigureErrorBars]) -> list[dict[str, Any]]:
    """Return all of it as plain data."""
    return [{"values": e.combination.values, "figure": e.figure, **e.bars.as_dict()} for e in found]


def _properties(plan: StudyPlan, rows: Sequence[StudyRow]) -> list[str]:
    """Return the effective properties that the study names; all of them where it names no figures."""
    study = plan.study
    named = [*study.figures, *(study.convergence.figures if study.convergence else ())]
    candidates = named or [name for row in rows for name in row.figures if name.count(".") == 2]
    pools = [f"pool.{name}" for name in study.pool]
    properties = [name for name in candidates if is_property(name.rpartition(".")[2])]
    return list(dict.fromkeys([*properties, *pools]))


def _finest(rows: Sequence[StudyRow], key: str | None, name: str) -> list[StudyRow]:
    """Return the finished rows of the smallest size (all without a sweep of sizes)."""
    finished = [row for row in rows if name in row.figures and (key is None or key in row.point.values)]
    if key is None or not finished:
        return finished
    sizes = [swept_size(row, key) for row in finished]
    values = [row.point.values[key] for row in finished]
    # Meshed sizes differ a little between seeds; the wanted ones do not.
    wanted = values[int(np.argmax(sizes) if isinstance(values[0], int) else np.argmin(sizes))]
    return [row for row in finished if row.point.values[key] == wanted]


def _bars(
    plan: StudyPlan,
    rows: Sequence[StudyRow],
    name: str,
    limit: FigureConvergence | None,
    mean: FigureStatistics | None,
) -> ErrorBars:
    computed = float(np.mean([row.figures[name] for row in rows]))
    over_seeds: SeedStatistics | None = mean.statistics if mean else None
    reasons: dict[str, str] = {}
    flat, random = shape_and_sample(plan.points[0].case)
    value, geometry = computed, 0.0 if flat else None
    section = plan.study.convergence
    if limit is not None and limit.statistics is not None:
        over_seeds, value = limit.statistics, limit.statistics.mean
        if section is not None and section.key.startswith(SHAPE_KEYS):
            geometry = limit.error
        elif section is not None and not flat:
            reasons["geometry"] = f"{section.key} does not change the shape of the mesh"
    half, sample = _statistics(plan, rows, name, over_seeds) if random else (0.0, "no random choice")
    return error_bars(value, _mean_bounds(rows, name), geometry, half, reasons, computed, sample)


def _statistics(
    plan: StudyPlan, rows: Sequence[StudyRow], name: str, over_seeds: SeedStatistics | None
) -> tuple[float | None, str]:
    """Return the half width over seeds, or over the directions of a single packing, and what it is over."""
    if over_seeds is not None and over_seeds.half_width is not None:
        return over_seeds.half_width, f"{over_seeds.count} seeds"
    directions = _over_directions(plan, rows, name)
    if directions is not None:
        return directions.half_width, f"{directions.count} directions of one packing"
    return None, ""


def _over_directions(plan: StudyPlan, rows: Sequence[StudyRow], name: str) -> SeedStatistics | None:
    """Return the statistics over the pooled figures of a single packing."""
    values = pooled_values(plan.study, rows[0].figures, name) if len(rows) == 1 else []
    return seed_statistics(values, plan.study.confidence) if len(values) > 1 else None


def _mean_bounds(rows: Sequence[StudyRow], name: str) -> tuple[float, float] | None:
    """Return the bounds of the exact result on each mesh, averaged over seeds; None where one is missing."""
    start, _, last = name.rpartition(".")
    found = [[row.figures.get(f"{start}.bounds.{last}.{end}") for end in ("lower", "upper")] for row in rows]
    known = [(low, high) for low, high in found if low is not None and high is not None]
    if len(known) < len(rows):
        return None
    lower, upper = np.mean(np.array(known), axis=0)
    return float(lower), float(upper)
