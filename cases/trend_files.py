"""Files of the trends of a study: means with intervals, tests, sentences, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .conclusion_files import clear_conclusions, write_conclusions
from .log import RunLog
from .plots_trend import plot_profiles_over_key, plot_trends
from .schema_trend import TrendSection
from .study_plan import StudyPlan
from .study_results import StudyRow
from .trend_conclusions import TrendTest, conclusions, trend_tests
from .trend_profiles import mean_profiles, profile_table
from .trends import TrendLine, trend_lines

KIND, TREND, TESTS, PROFILES = "trend", "trend.csv", "trend_tests.csv", "profiles.csv"
PICTURES = ("trend.png", "trend_profiles.png")


def write_trends(plan: StudyPlan, rows: Sequence[StudyRow], out: Path, log: RunLog) -> list[str]:
    """Write the tables and pictures of the trends that a study asks for; return the sentences about them.

    Args:
        plan: the study.
        rows: its points as they stand.
        out: directory of the study.
        log: takes a line per sentence and picture.
    """
    section = plan.study.trend
    clear_conclusions(out, KIND, (TREND, TESTS, PROFILES), PICTURES)
    lines = trend_lines(plan, rows)
    if section is None or not lines:
        return []
    tests = trend_tests(section, lines, plan.study.confidence)
    sentences = conclusions(section, lines, tests)
    tables = {TREND: trend_table(section, lines), TESTS: tests_table(tests)}
    figures = {PICTURES[0]: plot_trends(plan, lines)}
    profiles = mean_profiles(plan, rows, out) if section.profiles else []
    if profiles:
        tables[PROFILES] = profile_table(profiles)
        figures[PICTURES[1]] = plot_profiles_over_key(plan, profiles)
    write_conclusions(out, KIND, sentences, tables, figures, log)
    return sentences


def trend_table(section: TrendSection, lines: Sequence[TrendLine]) -> list[list[Any]]:
    """Return a header and one row per position of each line."""
    table: list[list[Any]] = [
        ["figure", "label", "series", "route", section.label, "count", "mean", "standard_deviation"]
        + ["interval_lower", "interval_upper"]
    ]
    for line in lines:
        for point in line.points:
            found = point.statistics
            numbers = [found.count, found.mean, found.standard_deviation, *(found.interval or (None, None))]
            table.append([line.figure, line.panel.label, line.series, line.route, point.x, *numbers])
    return table


def tests_table(tests: Sequence[TrendTest]) -> list[list[Any]]:
    """Return a header and one row per test."""
    header = ["label", "test", "what", "route", "estimate", "half_width", "count", "p_value", "p_holm"]
    table: list[list[Any]] = [[*header, "significant", "direction", "printed", "verdict"]]
    for test in tests:
        found = test.estimate
        numbers = [found.value, found.half_width, found.count, found.p_value, test.corrected]
        what = [test.label, test.kind, test.what, test.route]
        table.append([*what, *numbers, test.significant, test.direction, test.printed, test.verdict])
    return table
