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


def kind_of(value: float, printed: float, calibrated: float) -> str:
    """Return the kind of a number that has a printed and a calibrated value; any other value is `assumed`."""
    if math.isclose(value, printed, rel_tol=1e-9):
        return "printed"
    return "calibrated" if math.isclose(value, calibrated, rel_tol=1e-9) else "assumed"


def sourced(
    name: str,
    value: float | str,
    note: str,
    printed: float | str | None = None,
    calibrated: float | str | None = None,
) -> Assumption:
    """Return a value with the kind that follows from what is printed and calibrated; else it was given by the user.

    Args:
        name: what the value is, as `stage.quantity`.
        value: that is used.
        note: unit and reason; the printed value is added where another one is used.
        printed: in a paper; None: nothing is.
        calibrated: by this project; None: nothing is.
    """
    if printed is not None and _same(value, printed):
        return Assumption(name, value, "printed", note)
    kind = "calibrated" if calibrated is not None and _same(value, calibrated) else "given"
    shown = "" if printed is None else f"; printed {printed if isinstance(printed, str) else f'{printed:g}'}"
    return Assumption(name, value, kind, note + shown)


def _same(value: float | str, other: float | str) -> bool:
    if isinstance(value, str) or isinstance(other, str):
        return value == other
    return math.isclose(value, other, rel_tol=1e-9, abs_tol=0.0)
