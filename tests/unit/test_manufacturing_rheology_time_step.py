"""Limits of the time step by hand, and the inertia that light beads need."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from manufacturing.beads import BeadClass, BeadTable
from manufacturing.force_field import Attraction, Contact, ForceField
from manufacturing.phases import Phase
from manufacturing.shear import ShearTest
from manufacturing.time_step import DAMPED_SHARE, STIFF_ANGLE, TYPICAL_OVERLAP, smallest_mass, stability_limits

FIELD = ForceField(
    {Phase.CBD: Attraction(0.5, 0.97, 2.2), Phase.SE: Attraction(10.0, 0.99, 1.5)}, Contact(0.3, 20.0, 0.0)
)
BIG = BeadClass(Phase.CBD, 10, 3e-6, 8e-6, 1e-13, 2e-13)
SMALL = BeadClass(Phase.SE, 90, 1e-6, 1e-6, 8e-16, 8e-16)
SIZES = np.array([8e-6, 1e-6])


def test_limits_of_two_equal_beads_by_hand() -> None:
    """Curvature at the minimum r = 2^(1/6) sigma by differences, reduced mass m / 2, damping as defined."""
    limits = stability_limits(FIELD, BeadTable((BIG,)), np.array([8e-6]))
    epsilon, sigma = 0.5 * 8.0 * 1e-15, 0.97 * 8e-6  # [J], [m]
    minimum, step = 2.0 ** (1.0 / 6.0) * sigma, 1e-10

    def energy(r: float) -> float:
        """Return the Lennard-Jones energy [J]."""
        return 4.0 * epsilon * ((sigma / r) ** 12 - (sigma / r) ** 6)

    curvature = (energy(minimum + step) - 2.0 * energy(minimum) + energy(minimum - step)) / step**2
    assert limits.angular_frequency == pytest.approx(math.sqrt(2.0 * curvature / 2e-13), rel=1e-4)
    assert limits.damping_rate == pytest.approx(20.0e12 * TYPICAL_OVERLAP * 8e-6)


def test_time_step_and_inertial_scale_are_inverse() -> None:
    """The smallest scale for a time step has this time step as its largest; never below true masses."""
    limits = stability_limits(FIELD, BeadTable((BIG, SMALL)), SIZES)
    for step in (1e-7, 1e-6, 1e-4):
        assert limits.time_step(limits.inertial_scale(step)) == pytest.approx(step)
    assert limits.inertial_scale(1e-12) == 1.0
    assert limits.time_step(4.0) <= 2.0 * STIFF_ANGLE / limits.angular_frequency
    assert limits.time_step(4.0) <= 4.0 * DAMPED_SHARE / limits.damping_rate


def test_smallest_mass_is_just_enough() -> None:
    """With it the step is stable at the allowed scale, with 1 % less it is not; none where none is needed."""
    beads = BeadTable((BIG, SMALL))
    bare = stability_limits(FIELD, beads, SIZES)
    step, allowed = 2e-5, 0.2 * (2e-5 * bare.angular_frequency / STIFF_ANGLE) ** 2
    mass = smallest_mass(FIELD, beads, SIZES, step, allowed)
    assert SMALL.wet_mass < mass < BIG.wet_mass

    def stable(value: float) -> bool:
        """Return whether the step is stable at the allowed scale."""
        frequency = stability_limits(FIELD, beads, SIZES, value).angular_frequency
        return step * frequency <= STIFF_ANGLE * math.sqrt(allowed) * (1.0 + 1e-9)

    assert stable(mass)
    assert not stable(0.99 * mass)
    assert smallest_mass(FIELD, beads, SIZES, step, 10.0 * allowed) == 0.0


@pytest.mark.parametrize("rate", [0.1, 10.0, 1000.0])
def test_all_rates_cost_the_same(rate: float) -> None:
    """Steps per strain do not depend on the rate, nor do they exceed what was asked for."""
    plan = replace(ShearTest(), force_field=FIELD)._plan(BeadTable((BIG, SMALL)), rate)
    steps = 1.0 / (plan.time_step * rate)
    assert steps == pytest.approx(ShearTest().steps_per_strain)
    assert plan.interval * ShearTest().samples_per_strain == pytest.approx(steps)


def test_given_masses_shorten_the_step() -> None:
    """At true masses and a high rate the damping asks for more steps than wanted."""
    plan = replace(ShearTest(), force_field=FIELD, inertial_scale=1.0)._plan(BeadTable((BIG, SMALL)), 100.0)
    limits = stability_limits(FIELD, BeadTable((BIG, SMALL)), SIZES * np.array([1.0, 1.14]))
    assert plan.smallest_mass == 0.0
    assert plan.time_step <= limits.time_step(1.0) < 1.0 / (100.0 * 3000)
    assert plan.time_step * plan.interval * 100.0 * 25 == pytest.approx(1.0)
