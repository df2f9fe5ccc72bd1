"""Order, limit and error bar of series made from f_0 + C h^p, and of series that tell nothing.

Seen to fail with: the ratio of the first two sizes used for both steps, sizes taken in the order given, the order not
limited, the safety factor 1.25 always, the coarsest value in the error bar, least squares on the three finest only.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from cases.convergence_fit import DOUBTFUL_SAFETY, SAFETY, fit_convergence

SIZES = {
    "equal ratios": (4.0, 2.0, 1.0),
    "unequal ratios": (1.25e-6, 0.83e-6, 0.7e-6),
    "any order": (0.7, 1.9, 1.0),
    "four": (2.0, 1.5, 1.1, 0.6),
    "six": (2.0, 1.7, 1.3, 1.1, 0.8, 0.5),
}


def series(sizes: tuple[float, ...], limit: float, share: float, order: float) -> list[float]:
    """f_0 (1 + share (h/h_max)^p)."""
    return [limit * (1.0 + share * (h / max(sizes)) ** order) for h in sizes]


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 2.9])
@pytest.mark.parametrize("share", [0.2, -0.05])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_exact_series(sizes: tuple[float, ...], share: float, order: float) -> None:
    limit = 3e-10
    found = fit_convergence(sizes, series(sizes, limit, share, order), (0.5, 3.0))
    assert found.order == pytest.approx(order, abs=1e-5)
    assert found.value == pytest.approx(limit, rel=1e-6, abs=0.0)
    coarse = share * limit / max(sizes) ** order
    assert found.coefficient == pytest.approx(coarse, rel=1e-3, abs=0.0)
    reach, spanned = (min(sizes) / max(sizes)) ** order, 1.0 - (min(sizes) / max(sizes)) ** order
    safety = DOUBTFUL_SAFETY if reach > spanned else SAFETY
    assert found.verdict == ("range too small" if reach > spanned else "converging")
    assert found.error == pytest.approx(safety * abs(share) * limit * reach, rel=1e-4, abs=0.0)


def test_orders_outside_are_limited_and_the_error_bar_is_tripled() -> None:
    sizes = (4.0, 2.0, 1.0)
    steep = fit_convergence(sizes, series(sizes, 1.0, 0.3, 5.0), (0.5, 3.0))
    assert (steep.verdict, steep.safety) == ("order outside", 3.0)
    assert steep.order == pytest.approx(5.0, abs=1e-6)
    f = series(sizes, 1.0, 0.3, 5.0)
    limit = f[2] + (f[2] - f[1]) / (2.0**3 - 1.0)
    assert steep.value == pytest.approx(limit, rel=1e-12)
    assert steep.error == pytest.approx(3.0 * abs(limit - f[2]), rel=1e-9)
    flat = fit_convergence(sizes, [3.0, 2.0, 0.9])
    assert flat.verdict == "order outside", "steps that grow do not converge"
    assert flat.value == pytest.approx(0.9 - 1.1 / (2.0**0.5 - 1.0), rel=1e-12)
    assert fit_convergence(sizes, series(sizes, 1.0, 0.3, 5.0), (0.5, 6.0)).verdict == "converging"


def test_series_that_is_not_monotone() -> None:
    found = fit_convergence((8.0, 4.0, 2.0, 1.0), [9.0, 1.0, 1.4, 1.1])
    assert (found.verdict, found.order, found.value) == ("not monotone", None, 1.1)
    assert found.error == pytest.approx(3.0 * 0.4)


def test_constant_series_is_exact() -> None:
    found = fit_convergence((3.0, 2.0, 1.0), [0.7, 0.7, 0.7 * (1.0 + 1e-15)])
    assert (found.verdict, found.value) == ("constant", pytest.approx(0.7))
    assert found.error < 1e-14


def test_noise_enters_the_error_bar_and_the_limit_lies_inside_it() -> None:
    """Least squares over many sizes: the true limit is inside the error bar in nearly all cases."""
    random = np.random.default_rng(3)
    sizes = tuple(np.geomspace(1.0, 0.3, 7))
    inside, total = 0, 0
    for _ in range(100):
        values = np.array(series(sizes, 1.0, 0.5, 2.0)) + 0.002 * random.standard_normal(7)
        found = fit_convergence(sizes, values)
        if found.verdict == "converging":
            total += 1
            inside += abs(found.value - 1.0) <= found.error
            assert found.error > SAFETY * abs(found.value - found.finest)
    assert total > 80
    assert inside / total > 0.95


def test_more_sizes_are_fitted_by_least_squares_over_all() -> None:
    """Limit, coefficient and order are those of a general nonlinear fit."""
    sizes = np.geomspace(1.0, 0.25, 6)
    values = 2.0 + 0.6 * sizes**1.6 + 0.01 * np.array([1.0, -1.0, 1.0, -1.0, 0.5, -0.5])
    fit = least_squares(lambda x: x[0] + x[1] * sizes ** x[2] - values, (2.0, 0.5, 1.5), xtol=1e-14, ftol=1e-14)
    found = fit_convergence(tuple(sizes), tuple(values))
    assert (found.value, found.coefficient, found.order) == pytest.approx(tuple(fit.x), rel=1e-4)
    deviation = np.sqrt(2.0 * fit.cost / 3.0)
    assert found.error == pytest.approx(SAFETY * abs(fit.x[0] - values[-1]) + deviation, rel=1e-3)


@pytest.mark.parametrize(
    ("sizes", "values"), [((2.0, 1.0), (1.0, 2.0)), ((2.0, 1.0, 1.0), (1.0, 2.0, 3.0)), ((3.0, 2.0, 1.0), (1.0, 2.0))]
)
def test_too_few_sizes_are_refused(sizes: tuple[float, ...], values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="at least three"):
        fit_convergence(sizes, values)
