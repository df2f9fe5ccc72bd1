"""Files of the curves of a study: tables of mean curves and profiles, sentences, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .conclusion_files import clear_conclusions, write_conclusions
from .curve_conclusions import curve_sentences
from .log import RunLog
from .plots_study_curves import plot_study_lithium, plot_study_voltage
from .plots_style import MICROMETRE
from .study_curves import CurveLine, curve_lines
from .study_plan import StudyPlan
from .study_results import StudyRow

KIND, CURVES, LITHIUM = "curves", "curves.csv", "lithium.csv"
VOLTAGE_PICTURE, LITHIUM_PICTURE = "study_voltage.png", "study_lithium.png"


def write_curves(plan: StudyPlan, rows: Sequence[StudyRow], out: Path, log: RunLog) -> list[str]:
    """Write tables, sentences and pictures of the curves that a study asks for; return the sentences.

    Args:
        plan: the study.
        rows: its points as they stand.
        out: directory of the study.
        log: takes a line per sentence and picture.
    """
    section = plan.study.curves
    clear_conclusions(out, KIND, (CURVES, LITHIUM), (VOLTAGE_PICTURE, LITHIUM_PICTURE))
    lines = curve_lines(plan, rows, out)
    if section is None or not lines:
        return []
    sentences = curve_sentences(section, lines)
    figures = {VOLTAGE_PICTURE: plot_study_voltage(plan, section, lines)}
    if any(line.profiles for line in lines):
        figures[LITHIUM_PICTURE] = plot_study_lithium(plan, section, lines)
    tables = {CURVES: curves_table(section.capacity, lines), LITHIUM: lithium_table(lines)}
    write_conclusions(out, KIND, sentences, tables, figures, log)
    return sentences


def curves_table(capacity: str, lines: Sequence[CurveLine]) -> list[list[Any]]:
    """Return a header and the rows of every line: its mean over seeds, or its single curve."""
    table: list[list[Any]] = [["line", "seeds", f"capacity [{capacity}]", "voltage_V", "interval_half_width_V"]]
    for line in lines:
        mean = line.mean_curve
        if mean is not None:
            columns = zip(mean.capacity, mean.voltage, mean.half_width, strict=True)
            table += [[line.name, len(line.curves), *map(float, row)] for row in columns]
            continue
        for curve in line.curves:
            rows = zip(curve.capacity, curve.voltage, strict=True)
            table += [[line.name, 1, float(q), float(v), None] for q, v in rows]
    return table


def lithium_table(lines: Sequence[CurveLine]) -> list[list[Any]]:
    """Return a header and one row per layer of every line."""
    table: list[list[Any]] = [["line", "seeds", "z_um", "stoichiometry", "interval_half_width"]]
    for line in lines:
        profile = line.mean_profile
        if profile is not None:
            rows = zip(profile.height / MICROMETRE, profile.stoichiometry, profile.half_width, strict=True)
            table += [[line.name, len(line.profiles), *map(float, row)] for row in rows]
    return table
