"""A number that no source prints for this use, with the reason why it was taken."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Assumption:
    """A value that was assumed, calibrated or chosen; it travels with every result that used it.

    Args:
        name: what the value is, as `stage.quantity`.
        value: the value in the unit that the note states.
        kind: `printed`, `assumed` (no source), `calibrated` (fitted to a printed result) or `numerical`.
        note: unit, reason and, where there is one, the printed alternative.
    """

    name: str
    value: float | str
    kind: str
    note: str

    def as_dict(self) -> dict[str, float | str]:
        """Return the assumption as a plain dictionary for JSON files."""
        return asdict(self)
