"""Pictures of a study: figures over sizes with their extrapolation, and figures over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .convergence_fit import Convergence
from .figure_units import figure_label, key_unit, plotted_unit
from .plots_error_bars import plot_error_bars
from .plots_style import LINE_COLOURS, MICROMETRE, add_legend_below, new_figure, save_figure, with_error
from .schema_study import ConvergenceSection
from .study_error_bars import FigureErrorBars
from .study_plan import StudyPlan
from .study_results import FigureConvergence, FigureStatistics, SeedSeries, StudyRow, is_count, swept_size

NAMES = ("convergence_*.png", "seeds_*.png", "error_bars_*.png")
_CURVE_POINTS = 80
_ASIDE = 0.015  # error bars of several combinations stand side by side, in units of the largest size


def plot_study(
    plan: StudyPlan,
    rows: Sequence[StudyRow],
    statistics: Sequence[FigureStatistics],
    found: Sequence[FigureConvergence],
    bars: Sequence[FigureErrorBars],
    folder: Path,
) -> list[str]:
    """Write a picture per figure of the convergence and per chosen figure over seeds; return their names."""
    for old in [path for pattern in NAMES for path in folder.glob(pattern)]:
        old.unlink()
    figures: dict[str, Figure] = {}
    for name in dict.fromkeys(entry.figure for entry in found if entry.statistics is not None):
        chosen = [entry for entry in found if entry.figure == name]
        figures[f"convergence_{_file_name(name)}"] = plot_convergence(plan, rows, chosen)
    for name in plan.study.figures if plan.study.convergence is None else ():
        entries = [entry for entry in statistics if entry.figure == name]
        if entries:
            figures[f"seeds_{_file_name(name)}"] = plot_seeds(plan, rows, entries)
    for name in dict.fromkeys(entry.figure for entry in bars):
        figures[f"error_bars_{_file_name(name)}"] = plot_error_bars([e for e in bars if e.figure == name])
    if figures:
        folder.mkdir(exist_ok=True)
    for name, figure in figures.items():
        figure.suptitle(plan.title, fontsize=11)
        save_figure(figure, folder / f"{name}.png")
    return [f"{name}.png" for name in figures]


def plot_convergence(plan: StudyPlan, rows: Sequence[StudyRow], entries: Sequence[FigureConvergence]) -> Figure:
    """Draw a figure over the swept size or element order, with the extrapolated value and its error bar."""
    section = plan.study.convergence
    assert section is not None
    figure = new_figure(4.6)
    axes = figure.subplots()
    counted = is_count([size for entry in entries for one in entry.series for size in one.sizes])
    unit, factor = _unit_and_factor(section.key)
    for k, entry in enumerate(entries):
        colour = LINE_COLOURS[k % len(LINE_COLOURS)]
        for one in entry.series:
            _draw_series(axes, one, colour, counted, (factor, plotted_unit(entry.figure)[1]))
        _draw_limit(axes, entry, colour, None if counted else k * _ASIDE * factor * _largest(entries))
    axes.set_xlabel(_key_label(section.key, unit))
    axes.set_ylabel(figure_label(entries[0].figure))
    axes.grid(alpha=0.3)
    _label_effort(axes, section, rows, factor, counted)
    add_legend_below(axes)
    return figure


def plot_seeds(plan: StudyPlan, rows: Sequence[StudyRow], entries: Sequence[FigureStatistics]) -> Figure:
    """Draw the values of all seeds with the mean and its confidence interval, per combination of the other keys."""
    figure = new_figure(4.2)
    axes = figure.subplots()
    if entries[0].combination.values:
        _draw_combinations(axes, plan, rows, entries)
    else:
        _draw_seeds(axes, plan, rows, entries[0])
    axes.set_ylabel(figure_label(entries[0].figure))
    axes.grid(alpha=0.3)
    add_legend_below(axes)
    return figure


def _draw_seeds(axes: Axes, plan: StudyPlan, rows: Sequence[StudyRow], entry: FigureStatistics) -> None:
    """Draw a figure over the seeds, with the mean as a line and its interval as a band."""
    key, figure, scale = plan.study.seed_key, entry.figure, plotted_unit(entry.figure)[1]
    found = {str(row.point.values[key]): scale * row.figures[figure] for row in rows if figure in row.figures}
    axes.plot(list(found), list(found.values()), "o", color=LINE_COLOURS[0])
    interval = entry.statistics.interval
    if interval is not None:
        axes.axhspan(*(scale * end for end in interval), color=LINE_COLOURS[1], alpha=0.2, linewidth=0)
    axes.axhline(scale * entry.statistics.mean, color=LINE_COLOURS[1], linestyle="--", label=_mean_label(plan, entry))
    axes.set_xlabel("seed")


def _draw_combinations(
    axes: Axes, plan: StudyPlan, rows: Sequence[StudyRow], entries: Sequence[FigureStatistics]
) -> None:
    """Draw the seeds of each combination side by side, or at the value of a single numeric key."""
    seed_key, figure, scale = plan.study.seed_key, entries[0].figure, plotted_unit(entries[0].figure)[1]
    positions, numbered = _positions(entries)
    for entry, x in zip(entries, positions, strict=True):
        values = [
            scale * row.figures[figure]
            for row in rows
            if figure in row.figures and _belongs(row.point.values, entry.combination.values, seed_key)
        ]
        axes.plot([x] * len(values), values, "o", color=LINE_COLOURS[0], markersize=4)
        mean, half = scale * entry.statistics.mean, scale * (entry.statistics.half_width or 0.0)
        colour = LINE_COLOURS[1:][entries.index(entry) % (len(LINE_COLOURS) - 1)]
        label = f"{f'{x:g}: ' if numbered else ''}{entry.combination.label}: {_mean_label(plan, entry)}"
        axes.errorbar(x + _shift(positions), mean, half, fmt="s", capsize=5, color=colour, label=label)
    if numbered:
        axes.set_xticks(positions)
        axes.set_xlim(min(positions) - 0.7, max(positions) + 0.7)
        return
    key = next(iter(entries[0].combination.values))
    unit, factor = _unit_and_factor(key)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x * factor:.4g}")
    axes.set_xlabel(_key_label(key, unit))


def _mean_label(plan: StudyPlan, entry: FigureStatistics) -> str:
    found, scale = entry.statistics, plotted_unit(entry.figure)[1]
    if found.half_width is None:
        return f"{scale * found.mean:.4g} (one seed)"
    mean = with_error(scale * found.mean, scale * found.half_width)
    return f"{mean} ({plan.study.confidence:.0%} interval, {found.count} seeds)"


def _key_label(key: str, unit: str) -> str:
    name = key.split(".")[-1].replace("_", " ")
    return ("element order" if name == "order" else name) + (f" [{unit}]" if unit else "")


def _draw_series(axes: Axes, one: SeedSeries, colour: str, counted: bool, factors: tuple[float, float]) -> None:
    """Draw the values of a seed and the fitted curve f_0 + C h^p down to size 0, or to the highest order."""
    fit, (factor, scale) = one.fit, factors
    x, y = np.multiply(one.sizes, factor), np.multiply(one.values, scale)
    axes.plot(x, y, "o", color=colour, markersize=4, alpha=0.7)
    if fit is None or fit.coefficient == 0.0:
        axes.plot(x, y, "-", color=colour, linewidth=0.8, alpha=0.7)
        return
    low = min(one.sizes) if counted else 0.0
    x = np.linspace(low, max(one.sizes), _CURVE_POINTS)
    h = 1.0 / x if counted else x
    y = scale * (fit.value + fit.coefficient * h**fit.used_order)
    axes.plot(x * factor, y, "-", color=colour, linewidth=0.8, alpha=0.7)


def _draw_limit(axes: Axes, entry: FigureConvergence, colour: str, where: float | None) -> None:
    """Draw the extrapolated value with its error bar near size 0, or as a band without a place."""
    if entry.statistics is None or entry.total_error is None:
        return
    scale = plotted_unit(entry.figure)[1]
    mean, error, seeds = scale * entry.statistics.mean, scale * entry.total_error, entry.statistics.half_width
    parts = "" if seeds is None else f" ({scale * (entry.error or 0.0):.2g} sizes, {scale * seeds:.2g} seeds)"
    label = f"{entry.combination.label or 'extrapolated'}: {with_error(mean, error)}{parts}{_orders(entry)}"
    if where is None:
        axes.axhspan(mean - error, mean + error, color=colour, alpha=0.15, linewidth=0)
        axes.axhline(mean, color=colour, linestyle="--", linewidth=1.0, label=label)
    else:
        axes.errorbar(where, mean, error, fmt="s", capsize=5, color=colour, label=label, clip_on=False, zorder=4)


def _largest(entries: Sequence[FigureConvergence]) -> float:
    return max(size for entry in entries for one in entry.series for size in one.sizes)


def _orders(entry: FigureConvergence) -> str:
    """Return the observed orders and, where not all seeds converge, why."""
    fits: list[Convergence] = [one.fit for one in entry.series if one.fit is not None]
    orders = [fit.order for fit in fits if fit.order is not None]
    text = ""
    if orders:
        low, high = min(orders), max(orders)
        text = f", order {low:.2g}" + (f" to {high:.2g}" if f"{low:.2g}" != f"{high:.2g}" else "")
    doubts = [verdict for verdict in entry.verdicts if verdict != "converging"]
    return text + (f" ({', '.join(doubts)})" if doubts else "")


def _label_effort(
    axes: Axes, section: ConvergenceSection, rows: Sequence[StudyRow], factor: float, counted: bool
) -> None:
    """Write cells, or unknowns where an element order is swept, on the upper axis."""
    parts = section.key.split(".")
    of_order = parts[0] == "conduction" and parts[-1] == "order"
    figure, name = (f"conduction.{parts[1]}.unknowns", "unknowns") if of_order else ("meshing.cells", "cells")
    found: dict[float, list[tuple[float, float]]] = {}
    for row in rows:
        if section.key in row.point.values and figure in row.figures:
            found.setdefault(row.point.values[section.key], []).append(
                (swept_size(row, section.key), row.figures[figure])
            )
    if found:
        sizes = [float(np.mean([size for size, _ in pairs])) for pairs in found.values()]
        upper = axes.secondary_xaxis("top")
        texts = [_short([number for _, number in pairs]) for pairs in found.values()]
        upper.set_xticks([size * factor for size in sizes], texts, fontsize=8)
        if counted:
            axes.set_xticks(sizes)
        upper.set_xlabel(f"{name} (mean)" if any(len(n) > 1 for n in found.values()) else name, fontsize=9)


def _short(numbers: Sequence[float]) -> str:
    """Return the mean in thousands or millions where it is large."""
    mean = float(np.mean(numbers))
    divisor, suffix = next(((d, s) for d, s in ((1e6, " M"), (1e3, " k")) if mean >= d), (1.0, ""))
    return f"{mean / divisor:.3g}{suffix}"


def _unit_and_factor(key: str) -> tuple[str, float]:
    """Return the unit of a key for an axis and the factor to it; lengths are shown in micrometres."""
    unit = key_unit(key)
    return ("µm", 1.0 / MICROMETRE) if unit == "m" else (unit, 1.0)


def _positions(entries: Sequence[FigureStatistics]) -> tuple[list[float], bool]:
    """Return where combinations are drawn, at the value of a single numeric key or numbered, and which of both."""
    values = [list(entry.combination.values.values()) for entry in entries]
    if all(len(v) == 1 and isinstance(v[0], int | float) and not isinstance(v[0], bool) for v in values):
        return [float(v[0]) for v in values], False
    return [float(k) for k in range(1, len(entries) + 1)], True


def _shift(positions: Sequence[float]) -> float:
    """Return how far the mean is drawn beside the values."""
    return 0.02 * (max(positions) - min(positions)) if len(positions) > 1 else 0.1


def _belongs(values: Mapping[str, Any], combination: Mapping[str, Any], seed_key: str) -> bool:
    return {key: value for key, value in values.items() if key != seed_key} == dict(combination)


def _file_name(figure: str) -> str:
    return "".join(c if c.isalnum() or c in "_.-" else "_" for c in figure)
