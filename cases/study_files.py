"""Files of a study: tables, ``study.json``, manifest and plots."""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import study_error_bars
from .case_file import read_content
from .convergence_fit import MEANING
from .log import RunLog
from .run_directory import content_hash, versions, write_json
from .study_curve_files import write_curves
from .study_error_bars import error_bars_of_study
from .study_plan import StudyPlan
from .study_results import (
    FigureConvergence,
    FigureStatistics,
    StudyRow,
    convergences,
    figure_names,
    read_rows,
    statistics_over_seeds,
)
from .table_file import write_table
from .trend_files import write_trends

RESULTS, STATISTICS, CONVERGENCE = "results.csv", "statistics.csv", "convergence.csv"
ERROR_BARS = "error_bars.csv"


def collect(plan: StudyPlan, out: Path, overrides: tuple[str, ...], log: RunLog) -> list[StudyRow]:
    """Write every table, ``study.json``, ``manifest.json`` and the plots from the points as they stand.

    Args:
        plan: the study.
        out: directory of the study.
        overrides: given on the command line, for the manifest.
        log: takes a line per warning and figure.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".collect").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = read_rows(plan, out)
        statistics, found = statistics_over_seeds(plan, rows), convergences(plan, rows)
        _warn_of_missing(plan, rows, log)
        write_table(out / RESULTS, results_table(plan, rows))
        write_table(out / STATISTICS, statistics_table(plan, statistics))
        write_table(out / CONVERGENCE, convergence_table(plan, found))
        bars = error_bars_of_study(plan, rows)
        write_table(out / ERROR_BARS, study_error_bars.table(plan, bars))
        content = study_data(plan, rows, statistics, found) | {"error_bars": study_error_bars.data(bars)}
        write_json(out / "study.json", content)
        write_json(out / "manifest.json", _manifest(plan, rows, overrides))
        told = (*statistics_lines(plan, statistics), *convergence_lines(found), *study_error_bars.lines(bars))
        for line in told:
            log.line(line)
        from .plots_study import plot_study  # loads matplotlib

        for name in plot_study(plan, rows, statistics, found, bars, out / "plots"):
            log.line(f"report: plots/{name}")
        write_trends(plan, rows, out, log)
        write_curves(plan, rows, out, log)
    return rows


def results_table(plan: StudyPlan, rows: Sequence[StudyRow]) -> list[list[Any]]:
    """Return a header and one row per point."""
    keys, figures = plan.keys, figure_names(plan, rows)
    table: list[list[Any]] = [["point", "name", *keys, "status", "error", "seconds", *figures]]
    for row in rows:
        values = [row.point.values.get(key, "") for key in keys]
        state = [row.record.status, row.record.error, row.record.seconds]
        table.append([row.point.index, row.point.name, *values, *state, *(row.figures.get(f, "") for f in figures)])
    return table


def statistics_table(plan: StudyPlan, statistics: Sequence[FigureStatistics]) -> list[list[Any]]:
    """Return a header and one row per combination and figure; only the header without seeds."""
    keys = [key for key in plan.keys if key != plan.study.seed_key]
    header = ["count", "mean", "standard_deviation", "interval_lower", "interval_upper", "confidence"]
    table: list[list[Any]] = [[*keys, "figure", *header]]
    for entry in statistics:
        found = entry.statistics
        numbers = [found.count, found.mean, found.standard_deviation, *(found.interval or (None, None))]
        table.append([*_given(entry, keys), entry.figure, *numbers, plan.study.confidence])
    return table


def convergence_table(plan: StudyPlan, found: Sequence[FigureConvergence]) -> list[list[Any]]:
    """Return a header, one row per combination, figure and seed, and one for the mean over several seeds."""
    if plan.study.convergence is None:
        return []
    keys = [key for key in plan.keys if key not in (plan.study.seed_key, plan.study.convergence.key)]
    header = ["seed", "sizes", "extrapolated", "error", "interval_half_width", "finest", "order", "verdict"]
    table: list[list[Any]] = [[*keys, "figure", *header]]
    for entry in found:
        start = [*_given(entry, keys), entry.figure]
        for one in entry.series:
            fit = one.fit
            numbers: list[Any] = [None] * 4 if fit is None else [fit.value, fit.error, None, fit.finest]
            end: list[Any] = [None, "too few sizes"] if fit is None else [fit.order, fit.verdict]
            table.append([*start, one.seed, len(one.sizes), *numbers, *end])
        if entry.statistics is not None and len(entry.series) > 1:
            mean = [entry.statistics.mean, entry.error, entry.statistics.half_width]
            table.append([*start, "mean", None, *mean, None, None, "; ".join(entry.verdicts)])
    return table


def study_data(
    plan: StudyPlan,
    rows: Sequence[StudyRow],
    statistics: Sequence[FigureStatistics],
    found: Sequence[FigureConvergence],
) -> dict[str, Any]:
    """Return all results as plain data."""
    figures = figure_names(plan, rows)
    return {
        "title": plan.title,
        "keys": plan.keys,
        "counts": Counter(row.record.status for row in rows),
        "points": [
            {**asdict(row.point), **asdict(row.record), "figures": {f: row.figures.get(f) for f in figures}}
            for row in rows
        ],
        "statistics": [
            {"values": s.combination.values, "figure": s.figure, **asdict(s.statistics)} for s in statistics
        ],
        "convergence": [_convergence_data(entry) for entry in found],
    }


def _convergence_data(entry: FigureConvergence) -> dict[str, Any]:
    statistics = entry.statistics
    return {
        "values": entry.combination.values,
        "figure": entry.figure,
        "extrapolated": statistics.mean if statistics else None,
        "error": entry.error,
        "interval_half_width": statistics.half_width if statistics else None,
        "total_error": entry.total_error,
        "verdicts": {verdict: MEANING.get(verdict, "too few finished points") for verdict in entry.verdicts},
        "seeds": [asdict(one) for one in entry.series],
    }


def statistics_lines(plan: StudyPlan, statistics: Sequence[FigureStatistics]) -> Iterable[str]:
    """Yield a line about each chosen figure over seeds for the log."""
    for entry in statistics:
        if entry.figure in plan.study.figures:
            name = f"{entry.figure} ({entry.combination.label})" if entry.combination.values else entry.figure
            found = entry.statistics
            interval = "" if found.half_width is None else f" ± {found.half_width:.2g} ({plan.study.confidence:.0%})"
            yield f"seeds: {name}: {found.mean:.6g}{interval}, {found.count} seeds"


def convergence_lines(found: Sequence[FigureConvergence]) -> Iterable[str]:
    """Yield a line about each convergence for the log."""
    for entry in found:
        name = f"{entry.figure} ({entry.combination.label})" if entry.combination.values else entry.figure
        if entry.statistics is None:
            yield f"convergence: {name}: too few finished points"
            continue
        orders = [one.fit.order for one in entry.series if one.fit is not None and one.fit.order is not None]
        order = f", order {sum(orders) / len(orders):.3g}" if orders else ""
        verdict = "; ".join(MEANING.get(v, v) for v in entry.verdicts)
        seeds = entry.statistics.half_width
        interval = f" (sizes) ± {seeds:.2g} (seeds)" if seeds is not None else ""
        yield f"convergence: {name}: {entry.statistics.mean:.6g} ± {entry.error:.2g}{interval}{order}: {verdict}"


def _given(entry: FigureStatistics | FigureConvergence, keys: Sequence[str]) -> list[Any]:
    return [entry.combination.values.get(key, "") for key in keys]


def _manifest(plan: StudyPlan, rows: Sequence[StudyRow], overrides: tuple[str, ...]) -> dict[str, Any]:
    content = read_content(plan.path, overrides)
    return {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "case": content,
        "overrides": list(overrides),
        "input_hash": content_hash([planned.keys for planned in plan.points]),
        "versions": versions(),
        "points": {row.point.name: row.record.input_hash for row in rows if row.record.input_hash},
        "seconds": sum(row.record.seconds for row in rows),
    }


def _warn_of_missing(plan: StudyPlan, rows: Sequence[StudyRow], log: RunLog) -> None:
    """Say which chosen figures no finished point has; the tables can be built anew without running."""
    finished = [row for row in rows if row.record.status == "finished"]
    for figure in figure_names(plan, rows):
        if finished and not any(figure in row.figures for row in finished):
            log.line(f"warning: no finished point has a number {figure}")
