"""Figures of a study over one swept key: a line per series and per set of the other keys, with all its seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .schema_trend import PrintedSection, TrendPanelSection, TrendSection
from .seed_statistics import SeedStatistics, seed_statistics
from .study_plan import StudyPlan
from .study_points import value_text, varied_with
from .study_results import Combination, StudyRow, grouped


@dataclass(frozen=True)
class TrendPoint:
    """All values of a line at one position."""

    x: float
    values: tuple[float, ...]
    statistics: SeedStatistics


@dataclass(frozen=True)
class TrendLine:
    """A figure over the axis; ``route`` names the figure of several and the values of the other swept keys."""

    panel: TrendPanelSection
    figure: str
    series: str
    route: str
    points: tuple[TrendPoint, ...]

    @property
    def name(self) -> str:
        """Name for legends."""
        return ", ".join(part for part in (self.series, self.route) if part)

    @cached_property
    def x(self) -> tuple[float, ...]:
        """Position of every single value."""
        return tuple(point.x for point in self.points for _ in point.values)

    @cached_property
    def y(self) -> tuple[float, ...]:
        """Every single value, in the order of ``x``."""
        return tuple(value for point in self.points for value in point.values)

    def at(self, x: float) -> TrendPoint:
        """Return the point nearest to a position."""
        return min(self.points, key=lambda point: abs(point.x - x))

    def printed(self) -> list[PrintedSection]:
        """Return what is printed about this line."""
        return [entry for entry in self.panel.printed if entry.series in ("", self.series)]


def trend_lines(plan: StudyPlan, rows: Sequence[StudyRow]) -> list[TrendLine]:
    """Return every line of every diagram; one that repeats another (a figure that the routes share) only once."""
    section = plan.study.trend
    if section is None:
        return []
    lines: list[TrendLine] = []
    for panel in section.panels:
        of_panel: list[TrendLine] = []
        along = (plan.study.seed_key, section.key, *varied_with(plan.study, section.key))
        for combination, members in grouped(rows, along):
            for (series, positions), (name, figure) in itertools.product(
                series_positions(section, members).items(), panel.figures.items()
            ):
                route = ", ".join(part for part in (name, _route(section, combination)) if part)
                line = TrendLine(panel, figure, series, route, _points(plan, panel, figure, members, positions))
                if line.points and all(line.points != o.points for o in of_panel if o.series == series):
                    of_panel.append(line)
        lines += of_panel
    return lines


def series_positions(section: TrendSection, rows: Sequence[StudyRow]) -> dict[str, dict[str, float]]:
    """Return the positions of the values of the swept key by series; numbers stand for themselves."""
    if section.series:
        return {series.name: dict(series.positions) for series in section.series}
    values = [row.point.values[section.key] for row in rows if section.key in row.point.values]
    return {"": {value_text(value): section.factor * float(value) for value in values}}


def _route(section: TrendSection, combination: Combination) -> str:
    """Return the names of the other keys' values; those without a name only where none has one."""
    names = [section.labels[text] for v in combination.values.values() if (text := value_text(v)) in section.labels]
    return ", ".join(names) or combination.label


def _points(
    plan: StudyPlan,
    panel: TrendPanelSection,
    figure: str,
    rows: Sequence[StudyRow],
    positions: Mapping[str, float],
) -> tuple[TrendPoint, ...]:
    """Return the values of a figure by position, in the order of the axis."""
    section = plan.study.trend
    assert section is not None
    found: dict[float, list[float]] = {}
    for row in rows:
        x = positions.get(value_text(row.point.values.get(section.key, "")))
        value = panel.factor * row.figures.get(figure, math.nan)
        if x is not None and math.isfinite(value):
            found.setdefault(round(x, 9), []).append(value)
    largest = max((float(np.mean(values)) for values in found.values()), default=1.0) if panel.normalise else 1.0
    points = []
    for x, values in sorted(found.items()):
        scaled = tuple(value / largest for value in values)
        points.append(TrendPoint(x, scaled, seed_statistics(scaled, plan.study.confidence)))
    return tuple(points)
