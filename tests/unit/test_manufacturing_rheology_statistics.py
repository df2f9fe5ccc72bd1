"""Error bars of correlated series and the end of the start-up, against exact statistics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from manufacturing.block_average import block_average
from manufacturing.steady_state import start_up, steady_state

FloatArray = npt.NDArray[np.float64]

MEMORY = 0.9  # correlation of neighbours
SAMPLES = 4096


def correlated(seed: int, samples: int, memory: float) -> FloatArray:
    """Return a stationary first-order autoregressive series of mean 0 and variance 1."""
    generator = np.random.default_rng(seed)
    series = np.empty(samples)
    series[0] = generator.normal()
    kicks = generator.normal(scale=np.sqrt(1.0 - memory**2), size=samples)
    for i in range(1, samples):
        series[i] = memory * series[i - 1] + kicks[i]
    return series


def exact_error(samples: int, memory: float) -> float:
    """Return the standard error of the mean of such a series."""
    ratio = (1.0 + memory) / (1.0 - memory)
    ratio -= 2.0 * memory * (1.0 - memory**samples) / (samples * (1.0 - memory) ** 2)
    return float(np.sqrt(ratio / samples))


@pytest.mark.parametrize("memory", [0.0, 0.5, MEMORY])
def test_block_error_of_correlated_noise_is_the_exact_one(memory: float) -> None:
    """Mean of the squared error over 40 seeds within 15 %; the naive error would be off by up to 4.4."""
    averages = [block_average(correlated(seed, SAMPLES, memory)) for seed in range(40)]
    assert all(average.reliable for average in averages)
    measured = np.sqrt(np.mean([average.error**2 for average in averages]))
    assert measured == pytest.approx(exact_error(SAMPLES, memory), rel=0.15)


def test_series_shorter_than_its_memory_is_marked() -> None:
    """Thirty samples with a memory of a hundred say nothing about their error."""
    marked = [not block_average(correlated(seed, 30, 0.99)).reliable for seed in range(40)]
    assert np.mean(marked) > 0.9


def test_block_average_of_a_constant_and_of_too_little() -> None:
    """A constant has no error; one sample has none that could be known."""
    average = block_average([2.0] * 16)
    assert (average.mean, average.error, average.reliable) == (2.0, 0.0, True)
    with pytest.raises(ValueError, match="two samples"):
        block_average([1.0])


def test_steady_noise_is_steady_and_its_error_is_right() -> None:
    """Nine in ten series are recognised; the true mean lies within two errors nearly as often as it should."""
    states = [steady_state(10.0 + correlated(seed, 400, 0.7)) for seed in range(60)]
    assert np.mean([state.reached for state in states]) >= 0.85
    inside = [abs(state.mean - 10.0) <= 2.0 * state.error for state in states]
    assert np.mean(inside) >= 0.80


def test_start_up_is_discarded() -> None:
    """An overshoot that decays within 40 samples biases the plain mean by 0.9 but not the steady one."""
    decay = 20.0 * np.exp(-np.arange(400) / 18.0)
    states = [steady_state(10.0 + decay + correlated(seed, 400, 0.5)) for seed in range(20)]
    assert np.mean([10.0 + decay.mean() - 10.0]) > 0.8
    assert abs(np.mean([state.mean for state in states]) - 10.0) < 0.1
    assert all(30 <= state.start <= 150 for state in states)


@pytest.mark.parametrize("trend", [np.linspace(0.0, 10.0, 400), np.where(np.arange(400) < 300, 0.0, 5.0)])
def test_drift_and_jumps_are_not_steady(trend: FloatArray) -> None:
    """A series that still rises, and one that jumps near its end, are never called steady."""
    states = [steady_state(10.0 + trend + correlated(seed, 400, 0.5)) for seed in range(20)]
    assert not any(state.reached for state in states)


def test_slow_drift_below_the_noise_is_not_steady() -> None:
    """A rise by 16 % under noise of 10 %: no start-up is cut, only comparing the halves shows it."""
    states = [steady_state(10.0 + np.linspace(0.0, 1.6, 400) + correlated(seed, 400, 0.0)) for seed in range(40)]
    assert np.mean([state.reached for state in states]) < 0.1


def test_fluctuations_as_long_as_the_series_are_not_steady() -> None:
    """Sixty samples with a memory of twenty and 20 % fluctuations: the error is not known, whatever the drift."""
    states = [steady_state(10.0 + 2.0 * correlated(seed, 60, 0.95)) for seed in range(60)]
    assert np.mean([state.reached for state in states]) < 0.15


def test_too_few_samples_are_not_steady() -> None:
    """Nineteen equal samples prove nothing."""
    assert not steady_state(np.ones(19)).reached
    assert steady_state(np.ones(20)).reached


def test_marginal_standard_error_rule_by_hand() -> None:
    """Three outliers in front of a constant: exactly they are cut."""
    assert start_up(np.array([9.0, 8.0, 7.0] + [1.0, 1.1] * 10)) == 3
