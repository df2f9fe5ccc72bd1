"""When a stage has come to rest: the criterion, and running until it is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .errors import InputError


@dataclass(frozen=True)
class Sample:
    """State of a stage at one instant."""

    value: float  # the observed quantity
    speed: float  # root mean square speed of the beads, over their diameter [1/s]
    time: float  # [s]


@dataclass(frozen=True)
class Stationarity:
    """How far a stage was from rest when it ended."""

    quantity: str
    drift: float  # relative change between the two windows that the criterion compares
    travel: float  # path of a bead within a window, in mean diameters
    samples: int
    maximum_drift: float
    maximum_travel: float

    @property
    def met(self) -> bool:
        """Whether both limits are kept."""
        return abs(self.drift) <= self.maximum_drift and self.travel <= self.maximum_travel

    @property
    def progress(self) -> float:
        """How near rest is, 0-1, for progress displays only: the root of the worse ratio of limit to value."""
        worse = max(abs(self.drift) / self.maximum_drift, self.travel / self.maximum_travel, 1.0)
        return float(worse**-0.5)

    def line(self) -> str:
        """Return the criterion as a line for the log."""
        verdict = "stationary" if self.met else "not stationary"
        return (
            f"{verdict}: {self.quantity} drift {self.drift:+.2e} (limit {self.maximum_drift:.0e}), "
            f"bead travel {self.travel:.1e} diameters (limit {self.maximum_travel:.0e}) "
            f"per window, {self.samples} samples"
        )


@dataclass(frozen=True)
class StationarityCriterion:
    r"""Ends a stage once the observed quantity stops changing and the beads stop moving.

    With the means m_1, m_2 of the last two windows, |m_2 - m_1| / |m_2| <= maximum_drift, and the path
    of a bead during the last window, rms speed times duration, is at most maximum_travel diameters.

    Args:
        quantity: name of the observed quantity.
        maximum_drift: largest relative change from window to window.
        maximum_travel: longest path in mean bead diameters.
        window: samples per window.
        maximum_samples: the stage fails when it has not come to rest by then.
        scale: changes are relative to the quantity or to this, whichever is larger; for quantities that may be zero.
    """

    quantity: str
    maximum_drift: float
    maximum_travel: float
    window: int = 5
    maximum_samples: int = 400
    scale: float = 0.0

    def __post_init__(self) -> None:
        for name in ("maximum_drift", "maximum_travel", "window", "maximum_samples"):
            if not getattr(self, name) > 0:
                raise InputError(f"stationarity.{name}", getattr(self, name), "a positive number")

    def judge(self, samples: Sequence[Sample]) -> Stationarity:
        """Return how far the samples, in order of time, are from rest."""
        drift, travel = np.inf, np.inf
        if len(samples) >= 2 * self.window:
            drift = _change(samples[-2 * self.window : -self.window], samples[-self.window :], self.scale)
            travel = _travel(samples, self.window)
        return Stationarity(self.quantity, drift, travel, len(samples), self.maximum_drift, self.maximum_travel)


@dataclass(frozen=True)
class ConvergenceCriterion(StationarityCriterion):
    r"""Ends a stage once running twice as long changed the observed quantity by less than a limit.

    With the mean m(t) of the last window and that of the window around half the time, m(t/2), the drift is
    (m(t) - m(t/2)) / m(t). Unlike the drift from window to window it also sees a quantity that creeps with the
    logarithm of time. Everything else, the path of a bead included, is as in :class:`StationarityCriterion`.
    """

    def judge(self, samples: Sequence[Sample]) -> Stationarity:
        """Return how far the samples, in order of time and equally spaced, are from rest."""
        drift, travel = np.inf, np.inf
        if len(samples) >= 4 * self.window:
            end = (len(samples) + self.window) // 2
            drift = _change(samples[end - self.window : end], samples[-self.window :], self.scale)
            travel = _travel(samples, self.window)
        return Stationarity(self.quantity, drift, travel, len(samples), self.maximum_drift, self.maximum_travel)


def _change(before: Sequence[Sample], last: Sequence[Sample], scale: float) -> float:
    """Return the change of the mean value relative to it or to the scale."""
    now = float(np.mean([s.value for s in last]))
    then = float(np.mean([s.value for s in before]))
    return (now - then) / max(abs(now), scale, float(np.finfo(float).tiny))


def _travel(samples: Sequence[Sample], window: int) -> float:
    """Return the path of a bead within the last window, in mean diameters."""
    duration = samples[-1].time - samples[-1 - window].time
    return float(np.mean([s.speed for s in samples[-window:]]) * duration)


def run_until_stationary(
    criterion: StationarityCriterion,
    advance: Callable[[], Sample],
    show: Callable[[Stationarity, Sample], None],
) -> Stationarity:
    """Advance sample by sample until the criterion is met or the maximum number of samples is used up.

    Args:
        criterion: when to stop.
        advance: runs the simulation for one sampling interval and returns its state.
        show: told of every sample, for progress displays.

    Returns:
        The last state; ``met`` tells which of the two ended the run.
    """
    samples: list[Sample] = []
    state = criterion.judge(samples)
    while not state.met and len(samples) < criterion.maximum_samples:
        samples.append(advance())
        state = criterion.judge(samples)
        show(state, samples[-1])
    return state
