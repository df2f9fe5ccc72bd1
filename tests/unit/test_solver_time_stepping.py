"""The two-stage implicit method on ordinary differential equations, its error estimate and step control."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from solver.time_stepping import GAMMA, SDIRK_ERROR, STAGE_WEIGHTS, StepController, milne_factor


def advance(rate: Callable[[float], float], u: float, step: float) -> float:
    """One step of u' = f(u) with the coefficients of the module."""

    def stage(base: float) -> float:
        return float(brentq(lambda v: v - GAMMA * step * rate(v) - base, u - 10.0, u + 10.0, xtol=1e-15, rtol=1e-15))

    rate_1 = (stage(u) - u) / (GAMMA * step)
    base = u + (1.0 - GAMMA) * step * rate_1
    rate_2 = (stage(base) - base) / (GAMMA * step)
    return u + step * (STAGE_WEIGHTS[0] * rate_1 + STAGE_WEIGHTS[1] * rate_2)


def test_second_order_on_a_nonlinear_equation() -> None:
    """u' = -u^2, u = 1/(1 + t)."""
    errors = []
    for count in (10, 20, 40, 80):
        u = 1.0
        for _ in range(count):
            u = advance(lambda v: -v * v, u, 1.0 / count)
        errors.append(abs(u - 0.5))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders == pytest.approx(2.0, abs=0.1)


def test_error_constant() -> None:
    """One step of u' = u misses SDIRK_ERROR dt^3."""
    step = 1e-2
    assert abs(advance(lambda v: v, 1.0, step) - math.exp(step)) / step**3 == pytest.approx(SDIRK_ERROR, rel=2e-2)


def test_stiff_modes_are_damped() -> None:
    """L-stability: one huge step takes u' = -u to zero."""
    assert abs(advance(lambda v: -v, 1.0, 1e7)) < 1e-6


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_milne_estimate(ratio: float) -> None:
    """The factor turns the difference from the Adams-Bashforth prediction into the local error of a step."""
    step, previous = 1e-2, 1e-2 * ratio
    u, u_previous = 1.0, math.exp(-previous)
    prediction = u + step * u + 0.5 * step**2 / previous * (u - u_previous)
    found = advance(lambda v: v, u, step)
    estimate = abs(milne_factor(step, previous) * (found - prediction))
    assert estimate == pytest.approx(abs(found - math.exp(step)), rel=5e-2)


def test_controller() -> None:
    control = StepController(tolerance=1e-3, first_step=1.0, smallest_step=1e-6, largest_step=100.0)
    assert control.accepts(1e-3)
    assert not control.accepts(1.001e-3)
    assert control.next_step(10.0, 1e-3) == pytest.approx(8.5)
    assert control.next_step(10.0, 8e-3) == pytest.approx(4.25), "error of third order"
    assert control.next_step(10.0, 1e-12) == pytest.approx(20.0), "growth is bounded"
    assert control.next_step(10.0, 1e9) == pytest.approx(2.0), "so is shrinkage"
    assert control.next_step(90.0, 1e-12) == 100.0
