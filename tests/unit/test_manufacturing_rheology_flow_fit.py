"""Laws of flow recovered from synthetic curves with noise."""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.errors import InputError
from manufacturing.flow_fit import fit_herschel_bulkley, fit_power_law

RATES = np.logspace(-1.0, 3.0, 9)
YIELD, CONSISTENCY, EXPONENT = 3.0, 0.6, 0.75
NOISE = 0.03


def test_exact_curves_are_recovered() -> None:
    """Without noise the parameters come back to five digits, and the fitted law is the curve."""
    stress = YIELD + CONSISTENCY * RATES**EXPONENT
    fit = fit_herschel_bulkley(RATES, stress, NOISE * stress)
    assert (fit.yield_stress, fit.consistency, fit.exponent) == pytest.approx((YIELD, CONSISTENCY, EXPONENT), rel=1e-5)
    assert fit.viscosity(10.0) == pytest.approx(stress[4] / 10.0, rel=1e-5)
    power = fit_power_law(RATES, CONSISTENCY * RATES**EXPONENT, 0.1 * stress)
    assert (power.yield_stress, power.consistency, power.exponent) == pytest.approx((0.0, CONSISTENCY, EXPONENT))


def test_parameter_errors_cover_the_truth() -> None:
    """With 3 % noise the true value lies within one error in 55-85 % and within three in 97 % of 200 fits."""
    truth = np.array([YIELD, CONSISTENCY, EXPONENT])
    clean = YIELD + CONSISTENCY * RATES**EXPONENT
    pulls = []
    for seed in range(200):
        stress = clean * (1.0 + NOISE * np.random.default_rng(seed).normal(size=len(RATES)))
        fit = fit_herschel_bulkley(RATES, stress, NOISE * clean)
        pulls.append((np.array([fit.yield_stress, fit.consistency, fit.exponent]) - truth) / np.array(fit.errors))
    size = np.abs(pulls)
    assert np.all((size < 1.0).mean(axis=0) > 0.55)
    assert np.all((size < 1.0).mean(axis=0) < 0.85)
    assert np.all((size < 3.0).mean(axis=0) > 0.97)


def test_weights_count() -> None:
    """A point that is off by a factor of two but has a large error bar hardly moves the fit."""
    stress = CONSISTENCY * RATES**EXPONENT
    errors = 0.01 * stress
    wrong = stress.copy()
    wrong[3] *= 2.0
    errors[3] = 5.0 * stress[3]
    assert fit_power_law(RATES, wrong, errors).exponent == pytest.approx(EXPONENT, abs=1e-3)


def test_no_yield_stress_is_found_where_there_is_none() -> None:
    """A power law fitted with a yield stress leaves one below 1 % of the smallest stress."""
    stress = CONSISTENCY * RATES**EXPONENT
    assert fit_herschel_bulkley(RATES, stress, 0.01 * stress).yield_stress < 0.01 * stress[0]


def test_bad_curves_are_refused() -> None:
    """Too few points, lengths that differ, and a stress that is not positive."""
    with pytest.raises(InputError, match="flow curve"):
        fit_herschel_bulkley(RATES[:3], RATES[:3], RATES[:3])
    with pytest.raises(InputError, match="flow curve"):
        fit_power_law(RATES, RATES[:-1], RATES)
    with pytest.raises(InputError, match="stresses"):
        fit_power_law(RATES[:3], [1.0, -1.0, 2.0], [0.1, 0.1, 0.1])
