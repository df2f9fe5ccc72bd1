"""What a trend over a swept key needs, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence

from manufacturing.errors import InputError

from .schema_trend import TrendSection
from .study_points import StudyPoint, value_text


def check_trend(section: TrendSection, points: Sequence[StudyPoint]) -> None:
    """Refuse a key that is not swept, values without a position and print about a series that does not exist.

    Raises:
        InputError: names the key of the case file.
    """
    values = [point.values[section.key] for point in points if section.key in point.values]
    if not values:
        raise InputError("study.trend.key", f"{section.key}, which is not swept", "a key of the sweep")
    if not section.series and any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        raise InputError(
            "study.trend.series", "none", f"positions of the values of {section.key}, which are no numbers"
        )
    placed = {value for series in section.series for value in series.positions}
    lost = [text for v in values if (text := value_text(v)) not in placed]
    if section.series and lost:
        raise InputError("study.trend.series", f"no position of {lost[0]}", f"every swept value of {section.key}")
    names = {series.name for series in section.series} | {""}
    for k, panel in enumerate(section.panels):
        for entry in panel.printed:
            if entry.series not in names:
                raise InputError(f"study.trend.panels[{k}].printed.series", entry.series, f"one of {sorted(names)}")
            check_positions(f"study.trend.panels[{k}].printed.points", list(entry.points))


def check_positions(field: str, texts: Sequence[str]) -> None:
    """Refuse positions on the axis that are no numbers; keys of TOML tables are texts.

    Raises:
        InputError: names the first one.
    """
    for text in texts:
        try:
            float(text)
        except ValueError:
            raise InputError(field, text, "a number as text, the position on the axis") from None
