"""Extrapolation of settling series whose limit is known."""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.convergence import extrapolate
from manufacturing.errors import InputError

TIMES = [10.0 * n for n in range(1, 61)]


def test_the_limit_of_an_exponential_is_found() -> None:
    """1.9 - 0.1 exp(-t/150): the last value is still 0.002 below the limit."""
    values = [1.9 - 0.1 * float(np.exp(-t / 150.0)) for t in TIMES]
    found = extrapolate(TIMES, values)
    assert found.exponential == pytest.approx(1.9, abs=1e-5)
    assert abs(values[-1] - 1.9) > 1e-3
    assert abs(found.value - 1.9) < 2.0 * found.uncertainty


def test_the_limit_of_a_power_law_is_found() -> None:
    """1.9 - 1.5/t ends 0.0025 below the limit; the exponential alone stops short of it."""
    values = [1.9 - 1.5 / t for t in TIMES]
    found = extrapolate(TIMES, values)
    assert found.power_law == pytest.approx(1.9, abs=1e-5)
    assert values[-1] < found.exponential < 1.8995
    assert found.value - found.uncertainty <= 1.9 <= found.value + 2.0 * found.uncertainty


def test_noise_widens_the_uncertainty() -> None:
    """Noise of 1e-3 on a constant: the limit is the constant within a few uncertainties."""
    noise = np.random.default_rng(3).normal(0.0, 1e-3, len(TIMES))
    found = extrapolate(TIMES, list(1.9 + noise))
    assert found.uncertainty > 1e-4
    assert abs(found.value - 1.9) < 4.0 * found.uncertainty


def test_a_constant_is_its_own_limit() -> None:
    """No spread, no uncertainty."""
    found = extrapolate(TIMES, [1.9] * len(TIMES))
    assert (found.value, found.uncertainty) == (1.9, 0.0)


def test_keys_carry_name_and_unit() -> None:
    """The summary's keys end with the unit."""
    keys = extrapolate(TIMES, [1.0] * len(TIMES)).as_dict("density", "g_cm3")
    assert set(keys) >= {"density_converged_g_cm3", "density_converged_uncertainty_g_cm3"}


def test_short_series_are_refused() -> None:
    """Nine samples are too few, and every value needs a time."""
    with pytest.raises(InputError, match="9 samples"):
        extrapolate(TIMES[:9], [1.0] * 9)
    with pytest.raises(InputError, match="60 samples"):
        extrapolate(TIMES[:59], [1.0] * 60)
