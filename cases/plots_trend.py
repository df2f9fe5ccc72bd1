"""Pictures of trends: figures over a swept key beside the print, and volume fractions along z."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from manufacturing.phases import PARTICLE_PHASES, Phase

from .plots_style import LINE_COLOURS, MICROMETRE, PHASE_LABELS, PHASE_LINES, WIDE, new_figure
from .study_plan import StudyPlan
from .trend_profiles import MeanProfile
from .trends import TrendLine

_COLUMNS = 3
_HEIGHT = 3.4  # [inch] of a diagram
_STYLES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D")
_ASIDE = 0.012  # lines stand side by side, in units of the width of the axis
_PRINT = "#888888"


def plot_trends(plan: StudyPlan, lines: Sequence[TrendLine]) -> Figure:
    """Draw one diagram per panel: means with intervals over seeds, single values, printed ranges, values and peaks."""
    section = plan.study.trend
    assert section is not None
    rows = math.ceil(len(section.panels) / _COLUMNS)
    columns = min(_COLUMNS, len(section.panels))
    figure = new_figure(_HEIGHT * rows + 0.9, WIDE)
    every = figure.subplots(rows, columns, squeeze=False).ravel()
    names = list(dict.fromkeys(line.series for line in lines))
    routes = list(dict.fromkeys(line.route for line in lines))
    handles: dict[str, Any] = {}
    for axes, panel in zip(every, section.panels, strict=False):
        of_panel = [line for line in lines if line.panel is panel]
        axes.set_visible(bool(of_panel))  # figures of a stage that was left out
        for k, line in enumerate(of_panel):
            style = (names.index(line.series), routes.index(line.route))
            _draw_line(axes, line, style, (k - 0.5 * (len(of_panel) - 1)) * _ASIDE)
        _draw_print(axes, of_panel, names)
        axes.set_xlabel(section.label)
        axes.set_ylabel(panel.label, fontsize=9)
        axes.grid(alpha=0.3)
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    for axes in every[len(section.panels) :]:
        axes.set_visible(False)
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.suptitle(f"{plan.title}; bars: {plan.study.confidence:.0%} interval of the mean over seeds", fontsize=10)
    return figure


def _draw_line(axes: Axes, line: TrendLine, style: tuple[int, int], aside: float) -> None:
    """Draw means with intervals, joined, and the single values behind them."""
    if not line.points:
        return
    colour = LINE_COLOURS[style[0] % len(LINE_COLOURS)]
    width = max(line.x) - min(line.x) or 1.0
    x = np.array([point.x for point in line.points]) + aside * width
    means = [point.statistics.mean for point in line.points]
    halves = [point.statistics.half_width or 0.0 for point in line.points]
    axes.plot(np.array(line.x) + aside * width, line.y, ".", color=colour, markersize=3, alpha=0.4)
    look: dict[str, Any] = {"color": colour, "linestyle": _STYLES[style[1] % 4], "marker": _MARKERS[style[1] % 4]}
    axes.errorbar(x, means, halves, capsize=3, markersize=5, linewidth=1.2, label=line.name or "ours", **look)


def _draw_print(axes: Axes, lines: Sequence[TrendLine], names: Sequence[str]) -> None:
    """Shade printed ranges, star printed values, mark maxima; print about a series has the colour of its lines."""
    for entry in lines[0].panel.printed if lines else ():
        colour = LINE_COLOURS[names.index(entry.series) % len(LINE_COLOURS)] if entry.series else _PRINT
        of_series = f", {entry.series}" if entry.series else ""
        if entry.low is not None and entry.high is not None:
            label = f"printed range{of_series}"
            axes.axhspan(entry.low, entry.high, color=colour, alpha=0.18, linewidth=0, label=label)
        if entry.points:
            x, y = [float(text) for text in entry.points], list(entry.points.values())
            axes.plot(x, y, "*", color=colour, markersize=11, markeredgecolor="black", label=f"printed{of_series}")
        if entry.peak is not None:
            axes.axvline(entry.peak, color=colour, linestyle="-.", linewidth=1.0, label=f"printed maximum{of_series}")


def plot_profiles_over_key(plan: StudyPlan, profiles: Sequence[MeanProfile]) -> Figure:
    """Draw the porosity along z at every position of the axis, and all phases at the first and the last one."""
    section = plan.study.trend
    assert section is not None
    chosen = sorted((p for p in profiles if p.series == profiles[0].series), key=lambda p: p.x)
    figure = new_figure(5.0, WIDE)
    over, first, last = figure.subplots(1, 3)
    shades = np.linspace(0.1, 0.85, len(chosen))
    for profile, shade in zip(chosen, shades, strict=True):
        colour = colormaps["viridis"](shade)
        over.plot(profile.height / MICROMETRE, profile.shares["porosity"], color=colour, label=f"{profile.x:g}")
    over.set_title("porosity with nanopores of the CBD", fontsize=10)
    over.legend(title=section.label, fontsize=8, title_fontsize=8)
    for axes, profile in ((first, chosen[0]), (last, chosen[-1])):
        _draw_phases(axes, profile)
        axes.set_title(f"{section.label}: {profile.x:g}", fontsize=10)
    for axes in (over, first, last):
        axes.set_xlabel("z above the lower plane [µm]")
        axes.set_ylabel("volume fraction")
        axes.set_ylim(0.0, None)
        axes.set_xlim(left=0.0)
        axes.grid(alpha=0.3)
    first.legend(fontsize=8)
    packings = min(profile.count for profile in chosen)
    sample = "one packing" if packings == 1 else f"means of {packings} packings"
    figure.suptitle(f"{plan.title}; {sample} each", fontsize=10)
    return figure


def _draw_phases(axes: Axes, profile: MeanProfile) -> None:
    shown = {Phase[name]: profile.shares[name] for name in (*(p.name for p in PARTICLE_PHASES), Phase.void.name)}
    for phase, share in shown.items():
        label = "void between the beads" if phase is Phase.void else PHASE_LABELS[phase]
        style = "--" if phase is Phase.void else "-"
        axes.plot(profile.height / MICROMETRE, share, style, color=PHASE_LINES[phase], label=label)
