"""Thresholds of continuum percolation: overlapping equal spheres and the voids around them.

Random points of number density n carry spheres of radius r; eta = n 4/3 pi r^3, covered fraction 1 - exp(-eta).
In each periodic cube the radius grows until the spheres first wrap around along an axis (shrinks, for the voids). At
the threshold a cluster wraps along a given axis with probability 0.2578 in large cubes, whatever the lattice or
continuum (J. Wang, Z. Zhou, W. Zhang, T. Garoni, Y. Deng, Phys. Rev. E 87 (2013) 052107), so this quantile of the
first wrapping estimates it, and depends on the size of the cube by corrections only. Spheres: 0.28955 (C. D. Lorenz,
R. M. Ziff, J. Chem. Phys. 114 (2001) 3659); voids: 0.0317 (M. D. Rintoul, Phys. Rev. E 62 (2000) 68).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cases.check_table import Check, at_most, reported, timed
from manufacturing.pairs import near_pairs
from manufacturing.power_diagram import power_diagram
from meshing.periodic_union import first_wrapping

FloatArray = npt.NDArray[np.float64]

SPHERES, VOIDS = 0.28955, 0.0317  # covered fraction, void fraction
SPHERE_SIZES = {2000: 240, 8000: 120, 32000: 40}  # spheres in a cube -> cubes
VOID_SIZES = {500: 120, 2000: 40, 6000: 16}
WRAPPING = 0.2578  # probability to wrap along one axis at the threshold
SPHERE_REACH, UNIT_BALL = 1.35, 4.0 / 3.0 * np.pi  # largest radius that is tried, over that of the threshold
SAMPLES = 400  # of the bootstrap


@dataclass(frozen=True)
class Threshold:
    """A threshold in eta with its standard error, and the estimates of each size that it is the mean of."""

    value: float
    error: float
    estimates: FloatArray  # (sizes,)
    errors: FloatArray  # (sizes,)
    spread_exponent: float  # -d ln(spread of single cubes)/d ln(edge), 1/nu = 1.141 in large cubes


def sphere_wrapping(points: FloatArray) -> FloatArray:
    """Return eta at which overlapping spheres in the unit cube first wrap along x, y and z, shape (3,)."""
    reach = SPHERE_REACH * (-np.log1p(-SPHERES) / (UNIT_BALL * len(points))) ** (1.0 / 3.0)
    pairs = near_pairs(points, np.full(len(points), reach), (np.zeros(3), np.ones(3)), (True, True, True))
    order = np.argsort(pairs.distance, kind="stable")
    found = first_wrapping(len(points), pairs.first[order], pairs.second[order], pairs.image[order])
    radius = np.where(found >= 0, 0.5 * pairs.distance[order][found], np.nan)
    return np.asarray(len(points) * UNIT_BALL * radius**3)


def void_wrapping(points: FloatArray) -> FloatArray:
    """Return eta above which the voids of spheres in the unit cube no longer wrap along x, y and z, shape (3,)."""
    diagram = power_diagram(points, np.full(len(points), 1e-9), np.zeros(3), np.ones(3))
    order = np.argsort(-diagram.edge_power, kind="stable")
    links = diagram.first[order], diagram.second[order], diagram.image[order]
    found = first_wrapping(len(diagram.corners), *links)
    radius = np.where(found >= 0, np.sqrt(np.maximum(diagram.edge_power[order][found], 0.0)), np.nan)
    return np.asarray(len(points) * UNIT_BALL * radius**3)


def threshold(
    wrapping: Callable[[FloatArray], FloatArray], sizes: dict[int, int], probability: float, seed: int
) -> Threshold:
    """Return the mean over sizes of the quantile of the first wrapping, weighted by the errors of a bootstrap."""
    rng = np.random.default_rng(seed)
    estimates, errors, spreads = [], [], []
    for count, cubes in sizes.items():
        found = np.array([wrapping(rng.random((count, 3))) for _ in range(cubes)])
        again = [np.quantile(found[rng.integers(0, cubes, cubes)], probability) for _ in range(SAMPLES)]
        estimates.append(np.quantile(found, probability))
        errors.append(np.std(again, ddof=1))
        spreads.append(found.std(ddof=1))
    value, error = np.array(estimates), np.array(errors)
    weight = 1.0 / error**2
    exponent = -3.0 * np.polyfit(np.log(list(sizes)), np.log(spreads), 1)[0]
    mean = float((weight * value).sum() / weight.sum())
    return Threshold(mean, float(weight.sum() ** -0.5), value, error, float(exponent))


def _checks(name: str, exact: float, tolerance: float, found: Threshold, fractions: FloatArray) -> list[Check]:
    """Return the rows of a threshold: fraction, standard error, the sizes, and 1/nu."""
    slope = np.exp(-found.value)
    return [
        Check(name, exact, float(fractions[0]), tolerance, False),
        at_most(f"{name}, standard error", float(slope * found.error), 0.5 * tolerance),
        *(reported(f"{name}, size {k + 1}", float(value), exact) for k, value in enumerate(fractions[1:])),
        reported(f"{name}, 1/nu from the spread", found.spread_exponent, 1.141),
    ]


def sphere_threshold() -> list[Check]:
    """Threshold of overlapping equal spheres: the fraction that they cover."""
    found, seconds = timed(lambda: threshold(sphere_wrapping, SPHERE_SIZES, WRAPPING, 20240301))
    covered = -np.expm1(-np.append(found.value, found.estimates))
    checks = _checks("overlapping spheres, covered fraction", SPHERES, 0.005, found, covered)
    return [replace(checks[0], seconds=seconds), *checks[1:]]


def void_threshold() -> list[Check]:
    """Threshold of the voids around overlapping equal spheres, by the Voronoi network: the fraction of void."""
    found, seconds = timed(lambda: threshold(void_wrapping, VOID_SIZES, 1.0 - WRAPPING, 20240302))
    free = np.exp(-np.append(found.value, found.estimates))
    checks = _checks("voids around spheres, void fraction", VOIDS, 0.003, found, free)
    return [replace(checks[0], seconds=seconds), *checks[1:]]


def thresholds() -> list[Check]:
    """Return both thresholds of continuum percolation as rows of a table."""
    return sphere_threshold() + void_threshold()
