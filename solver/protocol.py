"""What is done to the cell as data: an ordered list of steps, each with what drives it and what ends it.

An end is a function of what is read off the cell with a signed distance, negative before the end and
zero where it is reached; the first distance to become zero ends the step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .controls import ConstantPower, Control, Galvanostatic, Potentiostatic

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class CellScales:
    """What turns C-rates and densities into ampere and coulomb."""

    capacity: float  # theoretical capacity Q_th [C]
    area: float  # of the electrode [m2]

    @property
    def one_c(self) -> float:
        """Current that delivers the theoretical capacity in one hour [A]."""
        return self.capacity / SECONDS_PER_HOUR


@dataclass(frozen=True)
class Reading:
    """What the ends of a step look at."""

    time: float  # since the step began [s]
    charge: float  # since the step began, positive on discharge [C]
    voltage: float  # [V]
    current: float  # positive on discharge [A]
    stoichiometry: float  # mean over the active material of the working electrode


Drive = Callable[[float, CellScales], Control]
DRIVES: dict[str, Drive] = {
    "current": lambda value, scales: Galvanostatic(value),  # [A]
    "current_density": lambda value, scales: Galvanostatic(value * scales.area),  # [A/m2]
    "c_rate": lambda value, scales: Galvanostatic(value * scales.one_c),  # [1/h]
    "rest": lambda value, scales: Galvanostatic(0.0),
    "hold_voltage": lambda value, scales: Potentiostatic(value),  # [V]
    "power": lambda value, scales: ConstantPower(value),  # [W]
    "power_density": lambda value, scales: ConstantPower(value * scales.area),  # [W/m2]
}


@dataclass(frozen=True)
class End:
    """A condition that ends a step."""

    kind: str  # key of DISTANCES
    value: float  # in the unit of the kind
    key: str = ""  # where the case file gives it

    @property
    def reason(self) -> str:
        """What the step ended on, in one word."""
        return REASONS.get(self.kind, self.kind)


@dataclass(frozen=True)
class ProtocolStep:
    """One step: what drives the cell, and its ends."""

    drive: str  # key of DRIVES
    value: float  # in the unit of the drive; positive on discharge
    ends: tuple[End, ...]
    name: str = ""
    cycle: int = 0  # 0: outside all repeated groups
    key: str = ""  # where the case file gives it

    def control(self, scales: CellScales) -> Control:
        """Return what is done to the terminals of a cell of this size."""
        return DRIVES[self.drive](self.value, scales)


def _voltage(value: float, now: Reading, heading: float, scales: CellScales) -> float:
    return heading * (value - now.voltage)


def _time(value: float, now: Reading, heading: float, scales: CellScales) -> float:
    return now.time / value - 1.0


def _capacity(value: float, now: Reading, heading: float, scales: CellScales) -> float:
    return abs(now.charge) / scales.capacity - value * SECONDS_PER_HOUR * scales.area / scales.capacity


def _capacity_share(value: float, now: Reading, heading: float, scales: CellScales) -> float:
    return abs(now.charge) / scales.capacity - value


def _c_rate(value: float, now: Reading, heading: float, scales: CellScales) -> float:
    return value - abs(now.current) / scales.one_c


def _current_density(value: float, now: Reading, heading: float, scales: CellScales) -> float:
    return (value * scales.area - abs(now.current)) / scales.one_c


def _stoichiometry(value: float, now: Reading, heading: float, scales: CellScales) -> float:
    return heading * (now.stoichiometry - value)


Distance = Callable[[float, Reading, float, CellScales], float]
DISTANCES: dict[str, Distance] = {
    "voltage": _voltage,  # [V]
    "time": _time,  # [s] since the step began
    "capacity": _capacity,  # [Ah/m2] since the step began, in either direction
    "capacity_share": _capacity_share,  # of the theoretical capacity
    "c_rate": _c_rate,  # [1/h] below which the magnitude of the current falls
    "current_density": _current_density,  # [A/m2] below which it falls
    "stoichiometry": _stoichiometry,  # mean of the working electrode
}
REASONS = {"capacity_share": "capacity", "c_rate": "current", "current_density": "current"}


@dataclass(frozen=True)
class Watch:
    """The ends of a step, each with the side from which it is approached.

    Args:
        ends: the ends.
        headings: 1 where the voltage falls or the stoichiometry rises towards the end, -1 the other way.
        scales: of the cell.
    """

    ends: tuple[End, ...]
    headings: tuple[float, ...]
    scales: CellScales

    def distances(self, now: Reading) -> list[float]:
        """Return the signed distance to each end."""
        pairs = zip(self.ends, self.headings, strict=True)
        return [DISTANCES[end.kind](end.value, now, heading, self.scales) for end, heading in pairs]

    def nearest(self, now: Reading) -> tuple[float, End]:
        """Return the largest distance with its end."""
        found = self.distances(now)
        index = int(np.argmax(found))
        return found[index], self.ends[index]

    def horizon(self, now: Reading, control: Control) -> float:
        """Return for how long the step can go on by the ends whose instant is known in advance [s]."""
        left = [end.value - now.time for end in self.ends if end.kind == "time"]
        if isinstance(control, Galvanostatic) and control.current != 0.0:
            for distance, end in zip(self.distances(now), self.ends, strict=True):
                if end.reason == "capacity":
                    left.append(-distance * self.scales.capacity / abs(control.current))
        return min(left, default=np.inf)


def watch(step: ProtocolStep, first: Reading, scales: CellScales) -> Watch:
    """Return the ends of a step that starts with a reading.

    Under a current or a power the sign tells from which side a voltage or a stoichiometry is approached,
    so that an end may be met from the start; at rest and on hold it is the side on which the step starts.
    """
    driven = step.control(scales).heading
    headings = []
    for end in step.ends:
        below = first.voltage <= end.value if end.kind == "voltage" else first.stoichiometry > end.value
        headings.append(driven or (-1.0 if below else 1.0))
    return Watch(step.ends, tuple(headings), scales)
