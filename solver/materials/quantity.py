"""A number with its unit, its source and its range of validity."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Quantity:
    """A material constant that never travels without its origin."""

    value: float  # in SI
    unit: str
    source: str  # publication, or how it was derived
    valid: str  # conditions under which the number holds

    def describe(self) -> dict[str, Any]:
        """Return the four entries, ready for JSON."""
        return asdict(self)
