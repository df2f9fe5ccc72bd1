"""Pictures of the discharges of a study: voltage over capacity, and lithium along z, one colour per line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .curve_conclusions import instant
from .plots_style import LINE_COLOURS, MICROMETRE, new_figure
from .schema_curves import CurvesSection
from .study_curves import UNITS, CurveLine, legend_title
from .study_plan import StudyPlan

_HEIGHT = 4.6  # [inch]
_BAND = 0.18  # opacity of the interval over seeds
_SHADES = (0.0, 0.88)  # of the colour map, whose end is too light for lines
_DASHES = ("-", "--", ":", "-.")


def plot_study_voltage(plan: StudyPlan, section: CurvesSection, lines: Sequence[CurveLine]) -> Figure:
    """Draw the voltage of every run over its capacity: thin lines are single seeds, thick ones their means."""
    figure = new_figure(_HEIGHT)
    axes = figure.subplots()
    for line, colour, dashes in zip(lines, line_colours(lines), line_dashes(lines), strict=True):
        _draw_voltage(axes, line, colour, dashes)
    unit = UNITS[section.capacity]
    axes.set_xlabel(unit if section.capacity == "utilisation" else f"capacity [{unit}]")
    axes.set_ylabel("voltage [V]")
    _finish(figure, axes, plan, section, lines)
    return figure


def plot_study_lithium(plan: StudyPlan, section: CurvesSection, lines: Sequence[CurveLine]) -> Figure:
    """Draw the mean lithium of the active material along z at one instant of the runs."""
    figure = new_figure(_HEIGHT)
    axes = figure.subplots()
    for line, colour, dashes in zip(lines, line_colours(lines), line_dashes(lines), strict=True):
        profile = line.mean_profile
        if profile is None:
            continue
        z = profile.height / MICROMETRE
        axes.plot(z, profile.stoichiometry, marker=".", linestyle=dashes, color=colour, markersize=5, label=line.name)
        if len(line.profiles) > 1:
            low, high = profile.stoichiometry - profile.half_width, profile.stoichiometry + profile.half_width
            axes.fill_between(z, low, high, color=colour, alpha=_BAND, linewidth=0)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("z from the separator to the collector [µm]")
    axes.set_ylabel(rf"lithium $x = c/c_\mathrm{{max}}$ {instant(section)}")
    _finish(figure, axes, plan, section, lines)
    return figure


def line_colours(lines: Sequence[CurveLine]) -> list[tuple[float, ...] | str]:
    """Return shades in the order of a numeric key, else colours that any eye can tell apart."""
    if not _ordered(lines):
        return [LINE_COLOURS[k % len(LINE_COLOURS)] for k in range(len(lines))]
    known = [line.position for line in lines if line.position is not None]
    ranks = np.argsort(np.argsort(known))
    shades = np.linspace(*_SHADES, len(lines)) if len(lines) > 1 else np.array(_SHADES[:1])
    return [tuple(colormaps["viridis"](shades[rank])) for rank in ranks]


def line_dashes(lines: Sequence[CurveLine]) -> list[str]:
    """Return solid lines, and others where the colours that any eye can tell apart come round again."""
    if _ordered(lines):
        return [_DASHES[0]] * len(lines)
    return [_DASHES[k // len(LINE_COLOURS) % len(_DASHES)] for k in range(len(lines))]


def _ordered(lines: Sequence[CurveLine]) -> bool:
    """Return whether every line has its own place on a numeric key."""
    known = {line.position for line in lines if line.position is not None}
    return len(known) == len(lines)


def _draw_voltage(axes: Axes, line: CurveLine, colour: tuple[float, ...] | str, dashes: str) -> None:
    mean = line.mean_curve
    thin = len(line.curves) > 1
    for k, curve in enumerate(line.curves):
        label = line.name if mean is None and k == 0 else None
        width = 0.6 if thin else 1.5
        axes.plot(curve.capacity, curve.voltage, dashes, color=colour, linewidth=width, label=label, clip_on=False)
    if mean is not None:
        low, high = mean.voltage - mean.half_width, mean.voltage + mean.half_width
        axes.fill_between(mean.capacity, low, high, color=colour, alpha=_BAND, linewidth=0)
        axes.plot(mean.capacity, mean.voltage, dashes, color=colour, linewidth=1.8, label=line.name)


def _finish(figure: Figure, axes: Axes, plan: StudyPlan, section: CurvesSection, lines: Sequence[CurveLine]) -> None:
    """Add grid, title and a legend beside the diagram, where it covers no curve; the title says what bands are."""
    axes.grid(alpha=0.3)
    title = legend_title(section) or None
    figure.legend(title=title, loc="outside right upper", fontsize=8, title_fontsize=8, frameon=False)
    seeds = max(len(line.curves) for line in lines)
    bands = f"; means of {seeds} seeds, bands: {plan.study.confidence:.0%} interval" if seeds > 1 else ""
    figure.suptitle(f"{plan.title}{bands}", fontsize=10)
