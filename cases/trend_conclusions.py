"""What the trends of a study say: tests over seeds with Holm's correction, and a sentence for each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .plots_style import with_error
from .schema_trend import PrintedSection, TrendSection
from .trend_statistics import Estimate, difference, holm, slope
from .trends import TrendLine

DIRECTIONS = {1: "rising", -1: "falling", 0: "none"}


@dataclass(frozen=True)
class TrendTest:
    """One tested statement about one or two lines.

    ``kind`` is "slope", "series" (difference of two series at a position) or "peak" (value at the printed
    maximum less that at an end of the axis); ``corrected`` is the p-value for all tests of the diagram together.
    """

    label: str
    kind: str
    what: str
    route: str
    estimate: Estimate
    corrected: float
    significant: bool
    printed: str = ""  # direction in print
    lines: tuple[TrendLine, ...] = ()

    @property
    def direction(self) -> str:
        """Rising, falling or none: what is significant."""
        return DIRECTIONS[int(math.copysign(1, self.estimate.value)) if self.significant else 0]

    @property
    def verdict(self) -> str:
        """How the trend compares with the printed one."""
        if not self.printed:
            return ""
        if self.printed == self.direction == DIRECTIONS[0]:
            return "no trend is printed either"
        if self.direction == self.printed:
            return "as printed"
        if self.direction == "none":
            return f"not significant, printed {self.printed}"
        if self.printed == DIRECTIONS[0]:
            return "no trend is printed"
        return f"against the print ({self.printed})"


def trend_tests(section: TrendSection, lines: Sequence[TrendLine], confidence: float) -> list[TrendTest]:
    """Test every line for a slope and a printed peak, and series of one route against each other.

    Args:
        section: with the level of significance.
        lines: of all diagrams.
        confidence: level of the intervals.
    """
    found: list[TrendTest] = []
    for _, of_panel in itertools.groupby(lines, key=lambda line: line.panel):
        members = list(of_panel)
        tests = [test for line in members for test in _of_line(line, confidence)]
        tests += _between_series(members, section.label, confidence)
        corrected = holm([test.estimate.p_value for test in tests])
        found += [
            replace(t, corrected=p, significant=p < section.significance) for t, p in zip(tests, corrected, strict=True)
        ]
    return found


def _of_line(line: TrendLine, confidence: float) -> list[TrendTest]:
    """Return the slope over all seeds, and the printed peak against both ends of the axis."""
    tests = []
    estimate = slope(line.x, line.y, confidence)
    printed = next((entry.direction for entry in line.printed() if entry.direction), None)
    if estimate is not None and any(len(point.values) > 1 for point in line.points):
        tests.append(_test(line, "slope", "", estimate, printed or ""))
    for peak in [entry.peak for entry in line.printed() if entry.peak is not None]:
        top = line.at(peak)
        for end in (line.points[0], line.points[-1]):
            above = difference(top.values, end.values, confidence)
            if above is not None:
                tests.append(_test(line, "peak", f"{top.x:g} against {end.x:g}", above, "rising"))
    return tests


def _between_series(lines: Sequence[TrendLine], axis: str, confidence: float) -> list[TrendTest]:
    """Return the differences of two series at each position, routes apart."""
    tests = []
    for first, second in itertools.combinations(lines, 2):
        if first.route != second.route or first.series == second.series:
            continue
        others = {point.x: point for point in second.points}
        for point in first.points:
            estimate = difference(point.values, others[point.x].values, confidence) if point.x in others else None
            if estimate is not None:
                test = _test(first, "series", f"less {second.series} at {point.x:g}", estimate, "")
                tests.append(replace(test, lines=(first, second)))
    return tests


def _test(line: TrendLine, kind: str, what: str, estimate: Estimate, printed: str) -> TrendTest:
    name = f"{line.series} {what}".strip()
    return TrendTest(line.panel.label, kind, name, line.route, estimate, math.nan, False, printed, (line,))


def conclusions(section: TrendSection, lines: Sequence[TrendLine], tests: Sequence[TrendTest]) -> list[str]:
    """Return a sentence per test and one per printed range or value."""
    sentences = []
    for test in tests:
        estimate = test.estimate
        route = f" ({test.route})" if test.route else ""
        value = with_error(estimate.value, estimate.half_width)
        what = {
            "slope": f"{test.what} slope over {section.label} {value}",
            "peak": f"{test.what}: higher by {value}",
            "series": f"{test.what}: {value}",
        }[test.kind].strip()
        certain = "significant" if test.significant else "not significant"
        verdict = f"; {test.verdict}" if test.verdict else ""
        sentences.append(
            f"{test.label}{route}: {what}, p = {estimate.p_value:.2g}, corrected {test.corrected:.2g}, "
            f"{estimate.count} values: {certain}{verdict}"
        )
    return sentences + [text for line in lines for entry in line.printed() for text in _against_print(line, entry)]


def _against_print(line: TrendLine, entry: PrintedSection) -> list[str]:
    """Return how the means of a line lie to a printed range and to printed values."""
    name = f"{line.panel.label}{f' ({line.name})' if line.name else ''}"
    note = f" ({entry.note})" if entry.note else ""
    means = [point.statistics.mean for point in line.points]
    texts = []
    if entry.low is not None and entry.high is not None and means:
        inside = sum(entry.low <= mean <= entry.high for mean in means)
        span = f"{min(means):.4g} to {max(means):.4g}"
        texts.append(
            f"{name}: means {span}, {inside} of {len(means)} inside the printed {entry.low:g} to {entry.high:g}{note}"
        )
    for position, printed in entry.points.items():
        point = line.at(float(position))
        if point.x == float(position):
            half = point.statistics.half_width
            value = f"{point.statistics.mean:.4g}" if half is None else with_error(point.statistics.mean, half)
            texts.append(f"{name}: {value} at {point.x:g}, printed {printed:g}{note}")
    if entry.peak is not None and line.points:
        highest = max(line.points, key=lambda point: point.statistics.mean)
        texts.append(f"{name}: highest mean at {highest.x:g}, printed at {entry.peak:g}{note}")
    return texts
