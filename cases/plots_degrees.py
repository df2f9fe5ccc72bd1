"""Degrees of calendering for plots: which to show, and what the curve says about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .plots_files import RunFiles

FloatArray = npt.NDArray[np.float64]
_SAME_DEGREE = 1e-6


@dataclass(frozen=True)
class CalenderingCurve:
    """The columns of ``curves/calendering.csv``, under load and after the plate went back up."""

    load: dict[str, FloatArray]
    released: dict[str, float] | None  # the film at rest after the release, None without one

    @property
    def last_degree(self) -> float:
        """Largest degree under load, 0-1."""
        return float(self.load["degree"][-1])

    def at(self, degree: float) -> dict[str, float]:
        """Return the last row under load at a degree (0-1), where the film has settled; empty without one."""
        rows = np.flatnonzero(np.abs(self.load["degree"] - degree) < _SAME_DEGREE)
        return {name: float(column[rows[-1]]) for name, column in self.load.items()} if len(rows) else {}


def calendering_curve(run: RunFiles) -> CalenderingCurve | None:
    """Return the curve of calendering, None without; degrees fall only where the film is released."""
    columns = run.curve("calendering")
    if columns is None or "degree" not in columns:
        return None
    degree = columns["degree"]
    end = int(np.flatnonzero(degree == degree.max())[-1]) + 1
    released = {name: float(column[-1]) for name, column in columns.items()} if end < len(degree) else None
    return CalenderingCurve({name: column[:end] for name, column in columns.items()}, released)


def pressed_degree(calendered: dict[str, Any]) -> float | None:
    """Return the degree under load from the figures of the calendered film, None where they have none."""
    degree = calendered.get("under_load", calendered).get("degree")
    return None if degree is None else float(degree)


def kept_degrees(run: RunFiles, most: int) -> list[float]:
    """Return at most ``most`` degrees [%] whose film was kept, evenly spread up to the largest.

    Degree 0 is the dried film between plates, and the film of the last degree is the calendered one unless it was
    released: neither is shown twice.
    """
    calendered = run.manufacturing.get("calendered", {})
    final = None if "under_load" in calendered else pressed_degree(calendered)
    shown = [d for d in run.calendered_degrees if d > 0.0]
    if final is not None:
        shown = [d for d in shown if abs(d - 100.0 * final) > 100.0 * _SAME_DEGREE]
    return spread(shown, most)


def spread(values: Sequence[float], most: int) -> list[float]:
    """Return at most ``most`` of the values, evenly spread, the last among them."""
    count = len(values)
    if count <= most:
        return list(values)
    return [values[math.ceil(count * (k + 1) / most) - 1] for k in range(most)]
