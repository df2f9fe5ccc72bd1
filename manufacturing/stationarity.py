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
    drift: float  # relative change between the last two windows
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
    """

    quantity: str
    maximum_drift: float
    maximum_travel: float
    window: int = 5
    maximum_samples: int = 400

    def __post_init__(self) -> None:
        for name in ("maximum_drift", "maximum_travel", "window", "maximum_samples"):
            if not getattr(self, name) > 0:
                raise InputError(f"stationarity.{name}", getattr(self, name), "a positive number")

    def judge(self, samples: Sequence[Sample]) -> Stationarity:
        """Return how far the samples, in order of time, are from rest."""
        drift, travel = np.inf, np.inf
        if len(samples) >= 2 * self.window:
            last = np.array([s.value for s in samples[-self.window :]])
            before = np.array([s.value for s in samples[-2 * self.window : -self.window]])
            scale = max(abs(last.mean()), np.finfo(float).tiny)
            drift = float((last.mean() - before.mean()) / scale)
            duration = samples[-1].time - samples[-1 - self.window].time
            travel = float(np.mean([s.speed for s in samples[-self.window :]]) * duration)
        return Stationarity(self.quantity, drift, travel, len(samples), self.maximum_drift, self.maximum_travel)


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
