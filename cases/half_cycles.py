"""Half cycles of a curve: stretches in which the current keeps its direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

AT_REST = 1e-3  # of the largest current


@dataclass(frozen=True)
class HalfCycle:
    """Rows of one charge or discharge, holds included, rests not."""

    rows: IntArray
    capacity: FloatArray  # since its start, in either direction [Ah/m2]
    cycle: int
    discharge: bool


def half_cycles(curve: dict[str, FloatArray]) -> list[HalfCycle]:
    """Divide the rows of a curve; a rest inside ends nothing while the direction stays the same.

    Args:
        curve: columns of ``curves/discharge.csv``.
    """
    current = curve["current_A"]
    flowing = np.flatnonzero(np.abs(current) > AT_REST * np.abs(current).max(initial=0.0))
    if len(flowing) == 0:
        return []
    sign, cycle = np.sign(current[flowing]), curve["cycle"][flowing]
    breaks = np.flatnonzero((np.diff(sign) != 0.0) | (np.diff(cycle) != 0.0)) + 1
    parts = np.split(flowing, breaks)
    return [
        HalfCycle(
            rows,
            np.abs(curve["capacity_Ah_m2"][rows] - curve["capacity_Ah_m2"][rows[0]]),
            int(curve["cycle"][rows[0]]),
            bool(current[rows[0]] > 0.0),
        )
        for rows in parts
    ]
