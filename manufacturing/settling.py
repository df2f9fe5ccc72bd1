"""LAMMPS fixes that bring beads to rest, from physical times: the same protocol holds for any time step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .beads import BeadTable
from .errors import InputError
from .lammps_engine import LENGTH, MASS, PRESSURE, TIME, LammpsEngine

# What a barostat moves: the height, all edges by one factor, or width and height each by its own.
BAROSTAT_AXES = ("z", "xyz", "xy z")


def steps(engine: LammpsEngine, duration: float) -> int:
    """Return the number of time steps nearest to a duration [s], at least 1."""
    return max(1, round(duration / engine.time_step))


def inertial_masses(masses: Sequence[float], smallest: float) -> list[float]:
    """Return the masses in the equations of motion before scaling [kg]: none below ``smallest``."""
    return [max(mass, smallest) for mass in masses]


def drag(beads: BeadTable, masses: Sequence[float], time: float, scale: float) -> str:
    """Return the fix with one drag coefficient for all beads that stops one of mean inertia in a time [s].

    Args:
        beads: their numbers.
        masses: in the equations of motion before scaling, of each class [kg].
        time: in which the bead stops [s].
        scale: inertial scale at which it does; the force stays when beads are simulated with another one.
    """
    mean = float(np.average(masses, weights=beads.counts))
    return f"fix drag all viscous {scale * mean / MASS / (time / TIME):.8g}"


def limited_motion(engine: LammpsEngine, diameters: Sequence[float], time: float) -> str:
    """Return the integrator in which no bead crosses the smallest diameter [m] in less than a time [s]."""
    reach = min(diameters) * engine.time_step / time
    return f"fix move all nve/limit {reach / LENGTH:.8g}"


def barostat(axes: str, pressure: float, modulus: float, time: float) -> str:
    r"""Return a barostat with volume rate (P - pressure) / (modulus time).

    Args:
        axes: `z`, `xyz` (all by one factor) or `xy z` (x and y by one factor, z by another).
        pressure: target [Pa].
        modulus: scale of pressure differences [Pa].
        time: in which a difference of one modulus changes the volume e-fold [s].
    """
    target = f"{pressure / PRESSURE:.8g} {pressure / PRESSURE:.8g} {time / TIME:.8g}"
    along = {"z": f"z {target}", "xyz": f"iso {target}", "xy z": f"x {target} y {target} z {target} couple xy"}
    return f"fix baro all press/berendsen {along[axes]} modulus {modulus / PRESSURE:.8g}"


def check_axes(field: str, axes: str) -> None:
    """Raise an InputError unless a barostat knows the axes."""
    if axes not in BAROSTAT_AXES:
        raise InputError(field, axes, f"one of {list(BAROSTAT_AXES)}")


def check_positive(stage: str, settings: object, names: Sequence[str]) -> None:
    """Raise an InputError for the first of the named settings that is not a positive number."""
    for name in names:
        value = getattr(settings, name)
        if not (np.isfinite(value) and value > 0.0):
            raise InputError(f"{stage}.{name}", value, "a positive number")
