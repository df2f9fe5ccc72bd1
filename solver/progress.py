"""Where a run through a protocol is: all that the next time step depends on."""

from __future__ import annotations

from dataclasses import dataclass

from .discharge_records import DischargeRecord, StepOutcome
from .integrator import CellPoint
from .ledger import Ledger
from .protocol import Reading


@dataclass(frozen=True)
class StepStart:
    """The instant at which a protocol step began, its control switched on."""

    time: float  # [s]
    passed: float  # [C]
    energy: float  # [J]
    records: int  # rows of the curve before it
    reading: Reading


@dataclass(frozen=True)
class Progress:
    """The cell, what has passed, the position in the protocol and the curve so far."""

    number: int  # protocol steps that are over
    point: CellPoint
    next_step: float  # [s]
    ledger: Ledger
    start: StepStart | None = None  # of the step that is running; None between steps
    records: tuple[DischargeRecord, ...] = ()
    outcomes: tuple[StepOutcome, ...] = ()
