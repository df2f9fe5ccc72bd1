"""The end of a protocol step is found to 1e-6 of the time step, whatever the distance looks like."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from solver.event_location import Trial, locate

CURVES: dict[str, tuple[Callable[[float], float], float]] = {  # distance of a step, exact step
    "line": (lambda h: 3.0 * h - 1.2, 0.4),
    "flat line": (lambda h: 1e-7 * (h - 0.4), 0.4),
    "root of time": (lambda h: math.sqrt(h) - math.sqrt(0.01), 0.01),
    "steep end": (lambda h: math.exp(60.0 * (h - 1.0)) - math.exp(-60.0 * 0.02), 0.98),
    "first of two": (lambda h: max(h - 0.7, 2.0 * (h - 0.3)), 0.3),
    "kink": (lambda h: max(1e-2 * (h - 0.5), 5.0 * (h - 0.499)), 0.499),
    "at the very end": (lambda h: h - 0.9999999, 0.9999999),
}


@pytest.mark.parametrize("name", CURVES)
def test_the_root_is_found_to_a_millionth_of_the_step(name: str) -> None:
    distance, exact = CURVES[name]
    steps: list[float] = []

    def attempt(step: float) -> Trial[float]:
        steps.append(step)
        return Trial(step, distance(step), step)

    found = locate(distance(0.0), Trial(1.0, distance(1.0), 1.0), attempt)
    assert found.step == pytest.approx(exact, abs=1e-6 * exact)
    assert found.outcome == found.step
    assert len(steps) <= 45, f"{len(steps)} trials"
    print(name, len(steps))


def test_a_line_needs_one_trial() -> None:
    steps: list[float] = []

    def attempt(step: float) -> Trial[None]:
        steps.append(step)
        return Trial(step, step - 0.25, None)

    locate(-0.25, Trial(1.0, 0.75, None), attempt)
    assert steps == [0.25]
