"""What the curves of a study say: a sentence about the capacities, and one about the lithium along z per line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .plots_style import with_error
from .schema_curves import CurvesSection
from .seed_statistics import SeedStatistics
from .study_curves import UNITS, CurveLine, legend_title

FloatArray = npt.NDArray[np.float64]
EQUAL_WITHIN = 1e-3  # relative difference of capacities that is no trend


def curve_sentences(section: CurvesSection, lines: Sequence[CurveLine]) -> list[str]:
    """Return a sentence about the capacities, and one about the lithium along z for each line that has fields."""
    title = legend_title(section)
    unit = UNITS[section.capacity]
    entries = "; ".join(f"{line.name}: {_value(line.final_capacity)}" for line in lines)
    over = f" over {title}" if title else ""
    sentences = [f"{_quantity(unit)} at the end{over}: {entries}{_verdict(lines)}"]
    for line in lines:
        profile = line.mean_profile
        if profile is not None:
            parts = ", ".join(f"{x:.3f}" if np.isfinite(x) else "-" for x in profile.parts)
            where = distribution(profile.parts, section.even_within)
            name = f"{title} {line.name}".strip()
            sentences.append(
                f"lithium x {instant(section)} in fifths from separator to collector, {name}: {parts}: {where}"
            )
    return sentences


def instant(section: CurvesSection) -> str:
    """Say when the lithium along z is shown."""
    return "at the end" if section.utilisation is None else f"at utilisation {section.utilisation:g}"


def distribution(parts: FloatArray, even_within: float) -> str:
    """Say where the lithium is: which ends of the electrode hold more than its inner part.

    Args:
        parts: means of x in fifths of the electrode, from separator to collector.
        even_within: smaller differences do not count.
    """
    near, far = float(parts[0]), float(parts[-1])
    if not np.isfinite(parts).all():
        return "a part holds no active material"
    if np.ptp(parts) <= even_within:
        return "even"
    lowest, highest = float(parts[1:-1].min()), float(parts[1:-1].max())
    if min(near, far) > lowest + even_within:
        return "most at both ends, least inside (sandwich-like)"
    if max(near, far) < highest - even_within:
        return "most inside"
    if abs(near - far) <= even_within:
        return "uneven, without a difference between the ends"
    return "most near the separator" if near > far else "most near the collector"


def _verdict(lines: Sequence[CurveLine]) -> str:
    """Return how the capacity changes along a numeric key, or where it is largest; nothing for a single line."""
    if len(lines) < 2:
        return ""
    means = [line.final_capacity.mean for line in lines]
    if np.ptp(means) <= EQUAL_WITHIN * max(abs(mean) for mean in means):
        return f"; equal within {EQUAL_WITHIN:.1%}"
    largest, smallest = lines[int(np.argmax(means))], lines[int(np.argmin(means))]
    positions = [line.position for line in lines]
    if all(p is not None for p in positions) and len(set(positions)) == len(lines):
        order = np.argsort(np.array(positions, dtype=np.float64))
        steps = np.diff(np.array(means)[order])
        if (steps > 0.0).all() or (steps < 0.0).all():
            return f"; {'rises' if steps[0] > 0.0 else 'falls'} throughout, by a factor of {_factor(means)}"
    return f"; largest for {largest.name}, smallest for {smallest.name}, a factor of {_factor(means)}"


def _factor(means: Sequence[float]) -> str:
    low, high = sorted((abs(min(means)), abs(max(means))))
    return f"{high / low:.3g}" if low > 0.0 else "infinity"


def _value(found: SeedStatistics) -> str:
    return f"{found.mean:.4g}" if found.half_width is None else with_error(found.mean, found.half_width)


def _quantity(unit: str) -> str:
    return unit if unit == UNITS["utilisation"] else f"capacity [{unit}]"
