"""What a run through a protocol leaves: a row per time step, a figure set per protocol step and per cycle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from .cell_currents import CellCurrentDensities
from .heat import Heat
from .lithiation import SurfaceState
from .overpotential_shares import OverpotentialShares

if TYPE_CHECKING:
    from .landing import Instant

FloatArray = npt.NDArray[np.float64]

SKIPPED = "skipped: "


@dataclass(frozen=True)
class DischargeRecord:
    """One accepted step, or the instant at which a protocol step begins; a row of the curve."""

    step: int
    time_s: float
    capacity_Ah_m2: float  # noqa: N815 - unit
    voltage_V: float  # noqa: N815 - unit
    current_A: float  # noqa: N815 - unit
    mean_stoichiometry: float
    smallest_surface_stoichiometry: float
    largest_surface_stoichiometry: float
    charge_balance_error: float
    lithium_balance_error: float
    newton_iterations: int
    linear_iterations: int
    step_s: float
    error_estimate: float
    energy_Wh_m2: float  # noqa: N815 - unit
    protocol_step: int
    cycle: int
    protocol_time_s: float  # since the protocol step began
    protocol_capacity_Ah_m2: float  # noqa: N815 - unit, since the protocol step began
    name: str
    shares: OverpotentialShares
    heat: Heat

    def values(self) -> dict[str, Any]:
        """Return all values by name, those of shares and heat in dictionaries of their own."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> DischargeRecord:
        """Return the record of which :meth:`values` are given."""
        nested = {"shares": OverpotentialShares(**values["shares"]), "heat": Heat(**values["heat"])}
        return cls(**values | nested)


@dataclass(frozen=True)
class StepOutcome:
    """One protocol step that was run, or skipped."""

    number: int  # of the step in the protocol, from 1; repeated groups count each time
    name: str
    cycle: int
    drive: str
    value: float
    end_reason: str
    time_steps: int = 0
    duration_s: float = 0.0
    capacity_Ah_m2: float = 0.0  # noqa: N815 - unit, positive on discharge
    energy_Wh_m2: float = 0.0  # noqa: N815 - unit, positive where delivered
    initial_voltage_V: float = np.nan  # noqa: N815 - unit
    final_voltage_V: float = np.nan  # noqa: N815 - unit
    final_stoichiometry: float = np.nan

    @property
    def skipped(self) -> bool:
        """Whether an end was met from the start."""
        return self.end_reason.startswith(SKIPPED)

    def figures(self) -> dict[str, Any]:
        """Return the figures by name; none but the reason for a step that was skipped."""
        figures = asdict(self)
        return {k: v for k, v in figures.items() if not (isinstance(v, float) and np.isnan(v))}


@dataclass(frozen=True)
class Snapshot:
    """Fields at one instant on rank 0, at their nodes: the labelled vertices, then the copies beside what splits them.

    NaN where a field does not live.
    """

    time: float  # [s]
    utilisation: float
    voltage: float  # [V]
    ionic_potential: FloatArray  # (nodes of the field,) [V]
    electronic_potential: FloatArray  # [V]
    stoichiometry: FloatArray
    surface: SurfaceState | None = None  # of the working electrode; None where it was not kept
    currents: CellCurrentDensities | None = None  # likewise


class SnapshotTaker(Protocol):
    """Collects the fields at the end of a time step, or at an instant inside it (collective)."""

    def __call__(self, instant: Instant | None = None) -> Snapshot | None:
        """Return the fields on rank 0, None on the others."""


StepListener = Callable[[DischargeRecord, float, SnapshotTaker], None]


@dataclass(frozen=True)
class DischargeResult:
    """Figures of the whole run and the curve."""

    summary: dict[str, Any]
    curve: tuple[DischargeRecord, ...]


def cycle_figures(outcomes: Sequence[StepOutcome]) -> list[dict[str, Any]]:
    """Return capacity and energy of charge and discharge of each cycle, and the ratios discharge/charge."""
    cycles = []
    for cycle in sorted({outcome.cycle for outcome in outcomes} - {0}):
        members = [outcome for outcome in outcomes if outcome.cycle == cycle]
        figures: dict[str, Any] = {"cycle": cycle}
        for quantity, unit, ratio in (("capacity", "Ah_m2", "coulombic"), ("energy", "Wh_m2", "energy")):
            values = [getattr(outcome, f"{quantity}_{unit}") for outcome in members]
            charge = -sum((value for value in values if value < 0.0), start=0.0)
            discharge = sum((value for value in values if value > 0.0), start=0.0)
            figures[f"charge_{quantity}_{unit}"] = charge
            figures[f"discharge_{quantity}_{unit}"] = discharge
            figures[f"{ratio}_efficiency"] = discharge / charge if charge > 0.0 < discharge else None
        cycles.append(figures)
    return cycles
