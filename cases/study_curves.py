"""Curves of the points of a study: one line per set of values, with a voltage curve and a profile per seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .figure_units import key_unit
from .lithium_profile import LithiumProfile, lithium_profile
from .plots_files import RunFiles
from .schema_curves import CurvesSection
from .schema_study import StudySection
from .seed_statistics import SeedStatistics, seed_statistics
from .study_plan import StudyPlan
from .study_points import Values, value_text, varied_with
from .study_results import Combination, StudyRow, grouped
from .study_run import points_folder

FloatArray = npt.NDArray[np.float64]
POSITIONS = 201  # of the capacity, at which seeds are averaged
UNITS = {"mAh/g": "mAh/g", "Ah/m2": "Ah/m²", "utilisation": "utilisation"}


@dataclass(frozen=True)
class VoltageCurve:
    """Voltage of every accepted step of one run over the capacity in the unit of the study."""

    capacity: FloatArray  # (steps,) begins at 0
    voltage: FloatArray  # (steps,) [V]

    @property
    def monotone(self) -> bool:
        """Whether the capacity never turns, so that there is one voltage for each."""
        steps = np.diff(self.capacity)
        return bool((steps >= 0.0).all() or (steps <= 0.0).all())


@dataclass(frozen=True)
class MeanCurve:
    """Mean voltage of the seeds as far as the first of them comes, and the half width of its interval."""

    capacity: FloatArray  # (positions,)
    voltage: FloatArray  # (positions,) [V]
    half_width: FloatArray  # (positions,) [V]


@dataclass(frozen=True)
class MeanProfile:
    """Mean lithium of the seeds in each layer, and the half width of its interval (0 with one seed)."""

    height: FloatArray  # (layers,) middle of each layer above the separator, mean [m]
    stoichiometry: FloatArray  # (layers,)
    half_width: FloatArray  # (layers,)
    parts: FloatArray  # (5,) means of fifths of the electrode


@dataclass(frozen=True)
class CurveLine:
    """All finished runs with one set of values; ``position`` orders lines where the key is a number."""

    name: str
    position: float | None
    confidence: float
    curves: tuple[VoltageCurve, ...]
    profiles: tuple[LithiumProfile, ...]

    @cached_property
    def final_capacity(self) -> SeedStatistics:
        """Capacity at the end of the runs."""
        return seed_statistics([float(curve.capacity[-1]) for curve in self.curves], self.confidence)

    @cached_property
    def mean_curve(self) -> MeanCurve | None:
        """Mean over seeds; None with one seed, or where a capacity turns."""
        if len(self.curves) < 2 or not all(curve.monotone for curve in self.curves):
            return None
        end = min((float(curve.capacity[-1]) for curve in self.curves), key=abs)
        capacity = np.linspace(0.0, end, POSITIONS, dtype=np.float64)
        sign = -1.0 if end < 0.0 else 1.0  # charges count downwards
        voltages = [np.interp(sign * capacity, sign * curve.capacity, curve.voltage) for curve in self.curves]
        return MeanCurve(capacity, *_mean_and_half_width(voltages, self.confidence))

    @cached_property
    def mean_profile(self) -> MeanProfile | None:
        """Mean over seeds, layer by layer; None without fields."""
        if not self.profiles:
            return None
        layers = len(self.profiles[0].volume)
        thickness = float(np.mean([profile.thickness for profile in self.profiles]))
        mean, half = _mean_and_half_width([profile.stoichiometry for profile in self.profiles], self.confidence)
        parts = np.mean([profile.parts for profile in self.profiles], axis=0)
        return MeanProfile((np.arange(layers) + 0.5) * thickness / layers, mean, half, parts)


def curve_lines(plan: StudyPlan, rows: Sequence[StudyRow], out: Path) -> list[CurveLine]:
    """Return a line for each set of values besides the seed that a finished run has.

    Args:
        plan: the study.
        rows: its points.
        out: directory of the study.
    """
    section = plan.study.curves
    if section is None:
        return []
    lines = []
    for k, (combination, members) in enumerate(grouped(rows, (plan.study.seed_key,))):
        runs = [RunFiles(points_folder(out) / row.point.name) for row in members if row.figures]
        curves = [curve for run in runs if (curve := voltage_curve(run, section.capacity)) is not None]
        found = [lithium_profile(run, section.layers, section.utilisation) for run in runs]
        profiles = [profile for profile in found if profile is not None]
        if curves:
            name = section.names[k] if section.names else line_name(plan.study, section, combination)
            position = line_position(section, combination.values)
            lines.append(CurveLine(name, position, plan.study.confidence, tuple(curves), tuple(profiles)))
    return lines


def voltage_curve(run: RunFiles, unit: str) -> VoltageCurve | None:
    """Return the voltage over the capacity in a unit, None without a discharge."""
    curve, numbers = run.curve("discharge"), run.summary.get("discharge", {})
    if curve is None or not numbers:
        return None
    theoretical = numbers["theoretical_capacity_Ah_m2"]
    factor = {
        "Ah/m2": 1.0,
        "mAh/g": numbers["theoretical_capacity_mAh_g"] / theoretical,
        "utilisation": 1.0 / theoretical,
    }[unit]
    return VoltageCurve(factor * curve["capacity_Ah_m2"], curve["voltage_V"])


def legend_title(section: CurvesSection) -> str:
    """Return the title of the legend: what is swept, with its unit."""
    if section.label or not section.key:
        return section.label
    unit = key_unit(section.key)
    return section.key.split(".")[-1].replace("_", " ") + (f" [{unit}]" if unit else "")


def line_name(study: StudySection, section: CurvesSection, combination: Combination) -> str:
    """Return the value of the key in the unit of the legend, followed by those of the keys that vary without it."""
    position = line_position(section, combination.values)
    told = (section.key, *varied_with(study, section.key))
    others = Combination({key: value for key, value in combination.values.items() if key not in told}).label
    value = combination.values.get(section.key)
    own = f"{position:.4g}" if position is not None else "" if value is None else value_text(value)
    return ", ".join(part for part in (own, others) if part) or "all"


def line_position(section: CurvesSection, values: Values) -> float | None:
    """Return a numeric value of the key in the unit of the legend, None for any other."""
    value = values.get(section.key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return section.factor * float(value)


def _mean_and_half_width(values: Sequence[FloatArray], confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return mean and half width of its interval at every position; values that are not known count as absent."""
    found = []
    for column in np.transpose(values):
        known = [float(value) for value in column if np.isfinite(value)]
        found.append(seed_statistics(known or [np.nan], confidence))
    return np.array([s.mean for s in found]), np.array([s.half_width or 0.0 for s in found])
