"""The stationarity criterion on series whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from manufacturing.errors import InputError
from manufacturing.stationarity import ConvergenceCriterion, Sample, StationarityCriterion, run_until_stationary

CRITERION = StationarityCriterion("density", maximum_drift=1e-3, maximum_travel=0.1, window=5, maximum_samples=100)


def series(values: list[float], speed: float = 0.0) -> list[Sample]:
    """Return samples one second apart."""
    return [Sample(value, speed, float(time)) for time, value in enumerate(values)]


def test_a_constant_at_rest_is_stationary() -> None:
    """Ten equal values fill two windows."""
    state = CRITERION.judge(series([2.0] * 10))
    assert state.met
    assert state.drift == 0.0


def test_too_few_samples_are_never_stationary() -> None:
    """Nine values do not fill two windows of five."""
    assert not CRITERION.judge(series([2.0] * 9)).met


def test_drift_of_a_ramp_is_slope_times_window_over_the_mean() -> None:
    """Values 1..10: the means of the windows are 3 and 8, the drift is 5/8."""
    state = CRITERION.judge(series([float(i) for i in range(1, 11)]))
    assert state.drift == pytest.approx(5.0 / 8.0)
    assert not state.met


def test_a_falling_series_drifts_as_well() -> None:
    """The sign is kept, the limit applies to the amount."""
    state = CRITERION.judge(series([float(i) for i in range(10, 0, -1)]))
    assert state.drift == pytest.approx(-5.0 / 3.0)
    assert not state.met


def test_moving_beads_are_not_at_rest() -> None:
    """At 0.03 diameters per second a window of 5 s is a path of 0.15 diameters: above 0.1."""
    state = CRITERION.judge(series([2.0] * 10, speed=0.03))
    assert state.travel == pytest.approx(0.15)
    assert not state.met


def test_an_oscillation_within_the_window_averages_out() -> None:
    """The period equals the window, so the means of both windows agree."""
    values = [2.0 + 0.5 * math.sin(2.0 * math.pi * i / 5.0) for i in range(20)]
    assert CRITERION.judge(series(values)).met


def relaxation(rate: float) -> Iterator[Sample]:
    """Yield 1 - exp(-rate t)."""
    time = 0
    while True:
        yield Sample(1.0 - math.exp(-rate * time), 0.0, float(time))
        time += 1


def test_a_relaxation_ends_when_its_drift_reaches_the_limit() -> None:
    """For 1 - exp(-a t) the first time with drift <= 1e-3 follows from the geometric sums."""
    rate, source = 0.2, relaxation(0.2)

    def drift(last: int) -> float:
        tail = sum(math.exp(-rate * t) for t in range(last - 4, last + 1))
        return tail * (math.exp(5.0 * rate) - 1.0) / (5.0 - tail)

    expected = next(last for last in range(9, 100) if drift(last) <= 1e-3)
    state = run_until_stationary(CRITERION, lambda: next(source), lambda state, sample: None)
    assert state.met
    assert state.samples == expected + 1


def test_an_endless_drift_ends_unmet_at_the_maximum() -> None:
    """The caller learns that the maximum was reached."""
    source = relaxation(1e-4)
    state = run_until_stationary(CRITERION, lambda: next(source), lambda state, sample: None)
    assert not state.met
    assert state.samples == 100
    assert state.line().startswith("not stationary")


def test_limits_must_be_positive() -> None:
    """The message names the limit."""
    with pytest.raises(InputError, match="maximum_drift"):
        StationarityCriterion("density", 0.0, 0.1)


def creep(count: int, rate: float = 0.01) -> list[Sample]:
    """Return 2 + rate ln t at t = 1, 2, ... s."""
    return series_from([2.0 + rate * math.log(time) for time in range(1, count + 1)])


def series_from(values: list[float]) -> list[Sample]:
    """Return samples at rest from one second on."""
    return [Sample(value, 0.0, 1.0 + number) for number, value in enumerate(values)]


def test_running_twice_as_long_shows_a_logarithmic_creep() -> None:
    """2 + 0.01 ln t changes by 0.01 ln 2 when the time doubles; from window to window it looks at rest."""
    samples = creep(400)
    patient = ConvergenceCriterion("density", 1e-3, 0.1)
    assert patient.judge(samples).drift == pytest.approx(0.01 * math.log(2.0) / samples[-1].value, rel=0.02)
    assert not patient.judge(samples).met
    assert StationarityCriterion("density", 1e-3, 0.1).judge(samples).met


def test_convergence_needs_four_windows_and_rest() -> None:
    """19 equal samples do not fill four windows of five; moving beads are not at rest."""
    patient = ConvergenceCriterion("density", 1e-3, 0.1)
    assert not patient.judge(series([2.0] * 19)).met
    assert patient.judge(series([2.0] * 20)).met
    assert not patient.judge(series([2.0] * 20, speed=0.03)).met
