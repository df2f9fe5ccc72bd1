"""What a study found: a row per point, statistics over seeds, convergence over sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .convergence_fit import DOUBTFUL_SAFETY, SMALLEST_COUNT, Convergence, fit_convergence
from .derived_figures import derived_figures
from .schema_study import ConvergenceSection
from .seed_statistics import SeedStatistics, seed_statistics
from .study_plan import StudyPlan
from .study_points import StudyPoint, Values, value_text
from .study_pools import add_pools
from .study_run import PointRecord, summaries

MEASURED = {"mesh.cell_size": ("meshing.cell_size_um", 1e-6)}  # figure that tells a size as it became, and its unit
NOT_FIGURES = ("assumptions", "provenance")  # tables of sources, not results


@dataclass(frozen=True)
class StudyRow:
    """One point with all its numeric figures; there are none where it is not finished."""

    point: StudyPoint
    record: PointRecord
    figures: dict[str, float]


@dataclass(frozen=True)
class Combination:
    """Values of the keys that stay while a seed or a size varies."""

    values: Values

    @property
    def label(self) -> str:
        """The values as a text, empty without keys."""
        return ", ".join(f"{key.split('.')[-1]} = {value_text(value)}" for key, value in self.values.items())


@dataclass(frozen=True)
class FigureStatistics:
    """A figure of a combination over seeds."""

    combination: Combination
    figure: str
    statistics: SeedStatistics


@dataclass(frozen=True)
class SeedSeries:
    """A figure over sizes for one seed; ``fit`` is None where too few points are finished."""

    seed: Any  # None: the study has no seeds
    sizes: tuple[float, ...]
    values: tuple[float, ...]
    fit: Convergence | None


@dataclass(frozen=True)
class FigureConvergence:
    """A figure of a combination over sizes: each seed, and the statistics of their extrapolated values.

    ``error`` is the mean of the error bars of the seeds; ``total_error`` adds the interval over seeds.
    """

    combination: Combination
    figure: str
    series: tuple[SeedSeries, ...]
    statistics: SeedStatistics | None
    error: float | None

    @property
    def total_error(self) -> float | None:
        """Error bar of the sizes plus half width of the interval over seeds."""
        if self.error is None or self.statistics is None:
            return None
        return self.error + (self.statistics.half_width or 0.0)

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdicts of all seeds, each once."""
        return tuple(dict.fromkeys(s.fit.verdict if s.fit else "too few sizes" for s in self.series))


def numeric_figures(summary: Mapping[str, Any]) -> dict[str, float]:
    """Return every number of a summary by its dotted name; true and false become 1 and 0."""
    found: dict[str, float] = {}
    for key, value in summary.items():
        if isinstance(value, bool | int | float):
            found[key] = float(value) if isinstance(value, float) else int(value)
        elif isinstance(value, Mapping | list) and key not in NOT_FIGURES:
            entries = value if isinstance(value, Mapping) else {str(k): entry for k, entry in enumerate(value)}
            found |= {f"{key}.{name}": number for name, number in numeric_figures(entries).items()}
    return found


def read_rows(plan: StudyPlan, out: Path) -> list[StudyRow]:
    """Return every point as it stands on disk."""
    rows = []
    for planned, record, summary in summaries(out, plan):
        figures = add_pools(plan.study, numeric_figures(summary))
        rows.append(StudyRow(planned.point, record, figures | derived_figures(plan.study.derived, figures)))
    return rows


def figure_names(plan: StudyPlan, rows: Sequence[StudyRow]) -> list[str]:
    """Return the figures of the tables: those that the study names, or all."""
    named = list(plan.study.figures)
    if named and plan.study.convergence is not None:
        named += plan.study.convergence.figures
    if named and plan.study.trend is not None:
        named += [figure for panel in plan.study.trend.panels for figure in panel.figures.values()]
    return list(dict.fromkeys(named or [name for row in rows for name in row.figures]))


def statistics_over_seeds(plan: StudyPlan, rows: Sequence[StudyRow]) -> list[FigureStatistics]:
    """Return the statistics of each figure and combination of the other keys; nothing without seeds."""
    seed_key = plan.study.seed_key
    if seed_key not in plan.keys:
        return []
    found = []
    for combination, members in grouped(rows, (seed_key,)):
        for figure in figure_names(plan, rows):
            values = _finite([row.figures.get(figure) for row in members])
            if values:
                found.append(FigureStatistics(combination, figure, seed_statistics(values, plan.study.confidence)))
    return found


def convergences(plan: StudyPlan, rows: Sequence[StudyRow]) -> list[FigureConvergence]:
    """Return the convergence of each figure that the study names; nothing where it asks for none."""
    section = plan.study.convergence
    if section is None:
        return []
    seed_key = plan.study.seed_key
    return [
        _convergence(plan, section, figure, combination, members)
        for figure in section.figures
        for combination, members in grouped(rows, (seed_key, section.key))
    ]


def is_count(sizes: Sequence[Any]) -> bool:
    """Return whether swept values count something (cells, element order), so that their inverse is a size."""
    return all(isinstance(size, int) for size in sizes)


def swept_size(row: StudyRow, key: str) -> Any:
    """Return the value of the swept size, as meshed where the summary tells: a lattice fits a whole number of cells."""
    figure, unit = MEASURED.get(key, ("", 1.0))
    return row.figures[figure] * unit if figure in row.figures else row.point.values[key]


def _convergence(
    plan: StudyPlan, section: ConvergenceSection, figure: str, combination: Combination, rows: Sequence[StudyRow]
) -> FigureConvergence:
    seed_key = plan.study.seed_key
    by_seed: dict[Any, list[StudyRow]] = {}
    for row in rows:
        by_seed.setdefault(row.point.values.get(seed_key), []).append(row)
    series = tuple(_series(section, figure, seed, members) for seed, members in by_seed.items())
    fits = [one.fit for one in series if one.fit is not None]
    statistics = seed_statistics([fit.value for fit in fits], plan.study.confidence) if fits else None
    error = sum(fit.error for fit in fits) / len(fits) if fits else None
    return FigureConvergence(combination, figure, series, statistics, error)


def _series(section: ConvergenceSection, figure: str, seed: Any, rows: Sequence[StudyRow]) -> SeedSeries:
    found = {
        swept_size(row, section.key): row.figures[figure]
        for row in rows
        if section.key in row.point.values and math.isfinite(row.figures.get(figure, math.nan))
    }
    swept, values = tuple(found), tuple(found.values())
    count = is_count(swept)
    sizes = [1.0 / size for size in swept] if count else list(swept)
    fit = None
    if len(swept) >= SMALLEST_COUNT:
        fit = fit_convergence(sizes, values, section.plausible_order)
    elif len(swept) == 2 and count:
        fit = _two_counts(swept, values)
    return SeedSeries(seed, swept, values, fit)


def _two_counts(counts: Sequence[float], values: Sequence[float]) -> Convergence:
    """Return the value of the higher of two element orders; three times the difference is the error bar."""
    finest = values[0] if counts[0] > counts[1] else values[1]
    error = DOUBTFUL_SAFETY * abs(values[1] - values[0])
    return Convergence(finest, error, finest, None, 1.0, 0.0, DOUBTFUL_SAFETY, "two only")


def grouped(rows: Sequence[StudyRow], without: tuple[str, ...]) -> list[tuple[Combination, list[StudyRow]]]:
    """Return the rows by their values of all keys but some."""
    groups: dict[str, tuple[Combination, list[StudyRow]]] = {}
    for row in rows:
        values = {key: value for key, value in row.point.values.items() if key not in without}
        groups.setdefault(repr(sorted(values.items(), key=lambda i: i[0])), (Combination(values), []))[1].append(row)
    return list(groups.values())


def _finite(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
