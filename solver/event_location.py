"""Where inside a time step a signed distance crosses zero; knows numbers only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DISTANCE_TOLERANCE = 1e-9  # of the distance, which is of order one
STEP_TOLERANCE = 1e-7  # of the step, by the slope of the distance
BRACKET_TOLERANCE = 1e-8  # of the step
MAXIMUM_TRIALS = 60
BISECT_FROM = 4  # trials; a kink makes the secants crawl, halving every second bracket bounds their number


@dataclass(frozen=True)
class Trial(Generic[T]):
    """A step that was computed, and how far past the end it leads."""

    step: float  # [s]
    distance: float  # positive: past
    outcome: T


def locate(start: float, last: Trial[T], attempt: Callable[[float], Trial[T]]) -> Trial[T]:
    """Return a trial whose distance is zero, by regula falsi (Illinois variant).

    Args:
        start: distance at the start of the step, negative.
        last: a trial that leads past the end.
        attempt: computes the trial of a step [s].
    """
    low, high = 0.0, last.step
    f_low, f_high, side = start, last.distance, 0
    slope = (last.distance - start) / last.step
    for trial in range(MAXIMUM_TRIALS):
        close = abs(last.distance) <= min(DISTANCE_TOLERANCE, STEP_TOLERANCE * slope * last.step)
        if close or high - low < BRACKET_TOLERANCE * high:
            break
        margin = 0.01 * (high - low)
        step = min(max(high - f_high * (high - low) / (f_high - f_low), low + margin), high - margin)
        if trial >= BISECT_FROM and trial % 2 == 0:
            step = 0.5 * (low + high)
        previous, last = last, attempt(step)
        if last.step != previous.step:
            slope = max((last.distance - previous.distance) / (last.step - previous.step), 0.0)
        if last.distance < 0.0:
            low, f_low = step, last.distance
            f_high *= 0.5 if side == -1 else 1.0
            side = -1
        else:
            high, f_high = step, last.distance
            f_low *= 0.5 if side == 1 else 1.0
            side = 1
    return last
