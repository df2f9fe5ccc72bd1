"""Curves made of other curves: a multiple, and a curve shifted by a multiple of another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .curve import Curve, FloatArray


@dataclass(frozen=True)
class CombinedCurve:
    """y(x) = factor * first(x) + weight * second(x), on the range that both share."""

    first: Curve
    factor: float
    note: str  # what the combination stands for, added to the validity
    second: Curve | None = None
    weight: float = 0.0

    @property
    def range(self) -> tuple[float, float]:
        """Return the stoichiometries that all parts know."""
        low, high = self.first.range
        if self.second is not None:
            low, high = max(low, self.second.range[0]), min(high, self.second.range[1])
        return low, high

    @property
    def unit(self) -> str:
        """Return the unit of the first part."""
        return self.first.unit

    @property
    def source(self) -> str:
        """Return the source of the first part."""
        return self.first.source

    @property
    def valid(self) -> str:
        """Return the conditions of the first part and the combination."""
        return f"{self.first.valid}; {self.note}"

    def value(self, x: npt.ArrayLike) -> FloatArray:
        """Return y(x), same shape as x."""
        return self._combined(self.first.value(x), self.second.value(x) if self.second is not None else 0.0)

    def slope(self, x: npt.ArrayLike) -> FloatArray:
        """Return dy/dx, same shape as x."""
        return self._combined(self.first.slope(x), self.second.slope(x) if self.second is not None else 0.0)

    def describe(self) -> dict[str, Any]:
        """Return the parts with their factors."""
        parts = {"first": self.first.describe(), "factor": self.factor, "note": self.note}
        if self.second is not None:
            parts |= {"second": self.second.describe(), "weight": self.weight}
        return {"kind": "combination", **parts, "unit": self.unit, "range": list(self.range), "source": self.source}

    def _combined(self, first: FloatArray, second: FloatArray | float) -> FloatArray:
        return np.asarray(self.factor * first + self.weight * second, dtype=np.float64)
