"""A number that no source prints for this use, with the reason why it was taken."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Assumption:
    """A value that was assumed, calibrated or chosen; it travels with every result that used it.

    Args:
        name: what the value is, as `stage.quantity`.
        value: the value in the unit that the note states.
        kind: `printed`, `assumed` (no source), `calibrated` (fitted to a printed result), `given` (by the user, in
            place of one of these) or `numerical`.
        note: unit, reason and, where there is one, the printed alternative.
    """

    name: str
    value: float | str
    kind: str
    note: str

    def as_dict(self) -> dict[str, float | str]:
        """Return the assumption as a plain dictionary for JSON files."""
        return asdict(self)


def kind_of(value: float | str, printed: float | str, calibrated: float | str) -> str:
    """Return the kind of a value that has a printed and a calibrated form; any other was `given` by the user."""
    if _same(value, printed):
        return "printed"
    return "calibrated" if _same(value, calibrated) else "given"


def _same(value: float | str, other: float | str) -> bool:
    if isinstance(value, str) or isinstance(other, str):
        return value == other
    return math.isclose(value, other, rel_tol=1e-9, abs_tol=0.0)
