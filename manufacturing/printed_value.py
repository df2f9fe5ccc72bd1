"""A number that a paper prints and that the balance of its recipe is held against."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import InputError


@dataclass(frozen=True)
class PrintedValue:
    """A printed number or range and where its counterpart is found.

    Args:
        name: what the number is, with its unit.
        low: the printed number, or the lower end of the printed range.
        quantity: dotted path into `Balance.as_dict()`, e.g. `powders.CBD.wet_diameter_um`; or the value itself,
            for numbers that no single balance holds.
        high: upper end of the range; None: a single number.
        note: why they differ, where they do.
    """

    name: str
    low: float
    quantity: str | float
    high: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.high is not None and not self.high >= self.low:
            raise InputError(f"printed.{self.name}", f"{self.low:g} to {self.high:g}", "low to high")

    @property
    def text(self) -> str:
        """The number as printed."""
        return f"{self.low:g}" if self.high is None else f"{self.low:g}-{self.high:g}"

    def deviation(self, value: float) -> float:
        """Return how far ``value`` lies outside the range, relative to the nearer end; 0 inside."""
        nearest = min(max(value, self.low), self.low if self.high is None else self.high)
        return value / nearest - 1.0 if nearest else math.inf
