"""Steady shear of a slurry: the stress at one shear rate, in its contact and attractive parts."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .beads import BeadTable
from .configuration import Configuration
from .errors import InputError, StageError
from .force_field import ForceField
from .lammps_engine import PRESSURE, TIME, LammpsEngine
from .parameter_sets import CALIBRATED
from .stage import Workplace
from .steady_state import SteadyState, steady_state
from .time_step import smallest_mass, stability_limits

FloatArray = npt.NDArray[np.float64]
Series = dict[str, list[float]]

STAGE = "shear"
LARGEST_VOLUME_CHANGE = 2e-3  # per sample, under pressure control
VOLUME_RESPONSE = 0.02  # relative volume change per sample for a pressure that is off by itself
LARGEST_DAMPING_STRAIN = 0.02  # strain during which contacts damp the motion of a bead

# Pressure tensor of LAMMPS: xx yy zz xy xz yz. The shear stress is minus its xy component.
READINGS = {
    "stress": "-c_virial[4]",
    "contact": "-c_contact[4]",
    "attraction": "-c_attraction[4]",
    "kinetic": "-c_kinetic[4]",
    "normal": "c_virial[2]",
    "pressure": "(c_virial[1]+c_virial[2]+c_virial[3])/3",
}


@dataclass(frozen=True)
class ShearPoint:
    """Steady shear at one rate; stresses are means over the steady part.

    ``stress`` = ``contact`` + ``attraction``; ``kinetic`` grows with the inertial scale and is left out.
    """

    rate: float  # [1/s]
    stress: float  # [Pa]
    stress_error: float  # standard error [Pa]
    contact: float  # part of the granular contacts, viscous and elastic [Pa]
    attraction: float  # part of the Lennard-Jones forces [Pa]
    kinetic: float  # momentum carried by the beads' motion about the flow [Pa]
    normal_stress: float  # on the planes that slide, positive under compression [Pa]
    density: float  # [kg/m3]
    strain: float  # reached
    discarded_strain: float  # start-up that was left out
    drift: float  # second half minus first half of the steady part, over the mean
    inertial_share: float  # rho d^2 rate^2 over the stress: how much inertia matters
    damping_strain: float  # strain during which contacts damp a motion; energy would pile up above about 0.1
    inertial_scale: float
    smallest_inertial_mass: float  # [kg] before scaling; 0: true masses of all beads in proportion
    time_step: float  # [s]
    steps: int
    converged: bool

    @property
    def viscosity(self) -> float:
        """Stress over rate [Pa s]."""
        return self.stress / self.rate

    @property
    def viscosity_error(self) -> float:
        """Standard error of the viscosity [Pa s]."""
        return self.stress_error / self.rate

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary."""
        return asdict(self)


@dataclass(frozen=True)
class ShearResult:
    """What a shear test leaves."""

    point: ShearPoint
    curves: Series  # strain and every reading [Pa] per sample
    configuration: Configuration  # beads at the end; the box is sheared by ``tilt``
    tilt: float  # displacement of the upper face along x [m]


@dataclass(frozen=True)
class _Plan:
    """Masses and steps of a test at one rate."""

    rate: float  # [1/s]
    inertial_scale: float
    smallest_mass: float  # lighter beads get this inertia [kg]
    damping_strain: float
    time_step: float  # [s]
    every: int  # steps between two readings
    interval: int  # steps per sample


@dataclass(frozen=True)
class ShearTest:
    r"""Settings of a shear test: flow along x, gradient along y, at constant volume or normal stress.

    The box is sheared at the rate (Lees-Edwards), the flow is started at its mean profile. One unit of
    strain takes ``steps_per_strain`` steps at any rate, so all rates cost the same; the inertial masses
    are multiplied by the smallest factor, at least 1, for which this time step is stable. Viscous, elastic
    and attractive forces keep their values, so the stress is unchanged as long as
    ``ShearPoint.inertial_share`` is small. At low rates the lightest beads alone would ask for masses so
    large that motion is no longer damped within a small strain; there they get more inertia than the
    others (``ShearPoint.smallest_inertial_mass``), which also raises their viscous forces. These are a
    negligible part of the stress at such rates.

    Args:
        force_field: between the wet beads.
        enlargement: factor on AM and SE diameters in the contact model.
        density: to which the slurry is brought affinely before the test [kg/m3]; None: as it is.
        normal_stress: that the volume follows slowly [Pa]; None: constant volume.
        steps_per_strain: time steps per unit of strain; fewer are not taken, more where the masses are given.
        samples_per_strain: averages per unit of strain.
        readings_per_sample: instantaneous stresses in each average.
        minimum_strain: of every test.
        maximum_strain: at which a test ends although it is not steady; it is then marked.
        relative_error: of the stress, at which a steady test ends.
        inertial_scale: factor on the inertial masses; None: the smallest stable one.
    """

    force_field: ForceField = field(default=CALIBRATED.slurry, repr=False)
    enlargement: float = CALIBRATED.slurry_enlargement
    density: float | None = None
    normal_stress: float | None = None
    steps_per_strain: int = 3000
    samples_per_strain: int = 25
    readings_per_sample: int = 12
    minimum_strain: float = 2.0
    maximum_strain: float = 8.0
    relative_error: float = 0.03
    inertial_scale: float | None = None

    def __post_init__(self) -> None:
        for name in ("enlargement", "steps_per_strain", "samples_per_strain", "minimum_strain", "relative_error"):
            if not getattr(self, name) > 0:
                raise InputError(f"shear.{name}", getattr(self, name), "a positive number")
        for name in ("density", "normal_stress", "inertial_scale"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise InputError(f"shear.{name}", value, "a positive number or nothing")
        if self.maximum_strain < self.minimum_strain:
            raise InputError("shear.maximum_strain", self.maximum_strain, f"at least {self.minimum_strain}")
        if self.steps_per_strain < self.samples_per_strain * self.readings_per_sample:
            found = f"{self.steps_per_strain} for {self.samples_per_strain} x {self.readings_per_sample} readings"
            raise InputError("shear.steps_per_strain", found, "at least one step per reading")

    def run(self, beads: BeadTable, slurry: Configuration, workplace: Workplace, rate: float) -> ShearResult:
        """Shear a slurry until its stress is known.

        Args:
            beads: of the slurry.
            slurry: periodic and not sheared.
            workplace: where to run and report.
            rate: shear rate [1/s].

        Raises:
            InputError: the rate is not positive.
            StageError: LAMMPS failed.
        """
        if not (math.isfinite(rate) and rate > 0.0):
            raise InputError("shear.rate", rate, "a positive number [1/s]")
        start = slurry if self.density is None else _at_density(slurry, beads.wet_mass / self.density)
        plan = self._plan(beads, rate)
        series: Series = {"strain": [], "density": [], **{name: [] for name in READINGS}}
        with workplace.engine(f"{STAGE}_{rate:g}", plan.time_step, plan.inertial_scale) as engine:
            self._set_up(engine, beads, start, plan)
            state = self._shear(engine, beads, plan, workplace, series)
            final, tilt = engine.configuration(), engine.value("tilt") * 1e-6
        return ShearResult(self._point(beads, plan, state, series), series, final, tilt)

    def contact_diameters(self, beads: BeadTable) -> FloatArray:
        """Return the diameter of each class in the contact model, shape (classes,) [m]."""
        return beads.enlarged_diameters(self.enlargement)

    def _plan(self, beads: BeadTable, rate: float) -> _Plan:
        """Return steps and masses; given masses may need smaller steps than asked for."""
        diameters = self.contact_diameters(beads)
        wanted = 1.0 / (rate * self.steps_per_strain)
        limits = stability_limits(self.force_field, beads, diameters)
        lightest, scale = 0.0, self.inertial_scale
        if scale is None:
            allowed = LARGEST_DAMPING_STRAIN * limits.damping_rate / rate
            lightest = smallest_mass(self.force_field, beads, diameters, wanted, allowed)
            limits = stability_limits(self.force_field, beads, diameters, lightest)
            scale = limits.inertial_scale(wanted)
        longest = min(wanted, limits.time_step(scale))
        sample = 1.0 / (rate * self.samples_per_strain)
        every = max(1, math.ceil(sample / (longest * self.readings_per_sample) - 1e-9))
        interval = every * self.readings_per_sample
        return _Plan(rate, scale, lightest, scale * rate / limits.damping_rate, sample / interval, every, interval)

    def _set_up(self, engine: LammpsEngine, beads: BeadTable, start: Configuration, plan: _Plan) -> None:
        diameters = self.contact_diameters(beads)
        engine.create(start, beads.class_index, "p p p", triclinic=True)
        engine.set_beads(list(diameters), [max(c.wet_mass, plan.smallest_mass) for c in beads.classes], beads.counts)
        engine.set_force_field(self.force_field, [c.phase for c in beads.classes], list(diameters))
        rate = plan.rate * TIME
        low, high = start.lower[1] * 1e6, start.upper[1] * 1e6
        speed = 0.5 * rate * (high - low)
        engine.command(
            f"velocity all ramp vx {-speed:.12g} {speed:.12g} y {low:.12g} {high:.12g} units box",
            "fix move all nve/sphere",
            f"fix shear all deform 1 xy erate {rate:.12g} remap v",
        )
        engine.command(*stress_commands(plan.every, self.readings_per_sample))

    def _shear(
        self, engine: LammpsEngine, beads: BeadTable, plan: _Plan, workplace: Workplace, series: Series
    ) -> SteadyState:
        """Run sample by sample; judge once per half unit of strain."""
        most = round(self.maximum_strain * self.samples_per_strain)
        least = round(self.minimum_strain * self.samples_per_strain)
        often = max(1, self.samples_per_strain // 2)
        for count in range(1, most + 1):
            engine.run(plan.interval)
            _record(engine, beads, count / self.samples_per_strain, series)
            self._control_volume(engine, series["normal"][-1])
            workplace.reporter.advance(STAGE, count / most, f"{plan.rate:g} 1/s, stress {series['stress'][-1]:.4g} Pa")
            if count >= least and count % often == 0:
                state = steady_state(series["stress"])
                if state.reached and state.error <= self.relative_error * abs(state.mean):
                    return state
        return steady_state(series["stress"])

    def _control_volume(self, engine: LammpsEngine, normal: float) -> None:
        if self.normal_stress is None:
            return
        change = VOLUME_RESPONSE * (normal / self.normal_stress - 1.0)
        factor = (1.0 + min(max(change, -LARGEST_VOLUME_CHANGE), LARGEST_VOLUME_CHANGE)) ** (1.0 / 3.0)
        engine.command(f"change_box all x scale {factor:.12g} y scale {factor:.12g} z scale {factor:.12g} remap")

    def _point(self, beads: BeadTable, plan: _Plan, state: SteadyState, series: Series) -> ShearPoint:
        mean = {name: float(np.mean(values[state.start :])) for name, values in series.items()}
        size = float(np.average(self.contact_diameters(beads), weights=beads.counts))
        inertia = plan.inertial_scale * mean["density"] * (size * plan.rate) ** 2
        return ShearPoint(
            rate=plan.rate,
            stress=state.mean,
            stress_error=state.error,
            contact=mean["contact"],
            attraction=mean["attraction"],
            kinetic=mean["kinetic"],
            normal_stress=mean["normal"],
            density=mean["density"],
            strain=series["strain"][-1],
            discarded_strain=state.start / self.samples_per_strain,
            drift=state.drift,
            inertial_share=inertia / max(abs(state.mean), np.finfo(float).tiny),
            damping_strain=plan.damping_strain,
            inertial_scale=plan.inertial_scale,
            smallest_inertial_mass=plan.smallest_mass,
            time_step=plan.time_step,
            steps=len(series["stress"]) * plan.interval,
            converged=state.reached,
        )


def require_steady(result: ShearResult) -> ShearResult:
    """Return the result.

    Raises:
        StageError: it is not steady; the message says how far it came.
    """
    point = result.point
    if not point.converged:
        raise StageError(
            f"{STAGE}: not steady at {point.rate:g} 1/s after a strain of {point.strain:.3g}: stress "
            f"{point.stress:.4g} +- {point.stress_error:.2g} Pa, drift {point.drift:+.1%}; raise the maximum strain"
        )
    return result


def stress_commands(every: int, readings: int) -> list[str]:
    """Return the commands that define and average the stresses of READINGS as LAMMPS variables ``mean_*``.

    Args:
        every: steps between two readings.
        readings: readings per average; averages end at multiples of every x readings.
    """
    averaged = " ".join(f"v_{name}" for name in READINGS)
    return [
        "compute flow all temp/deform",
        "compute virial all pressure NULL virial",
        "compute contact all pressure NULL pair/hybrid gran/hertz/history",
        "compute attraction all pressure NULL pair/hybrid lj/cut",
        "compute kinetic all pressure flow ke",
        *(f"variable {name} equal {formula}" for name, formula in READINGS.items()),
        f"fix average all ave/time {every} {readings} {every * readings} {averaged}",
        *(f"variable mean_{name} equal f_average[{i}]" for i, name in enumerate(READINGS, start=1)),
        "variable tilt equal xy",
    ]


def _record(engine: LammpsEngine, beads: BeadTable, strain: float, series: Series) -> None:
    series["strain"].append(strain)
    series["density"].append(beads.wet_mass / engine.volume())
    for name in READINGS:
        series[name].append(engine.value(f"mean_{name}") * PRESSURE)


def _at_density(slurry: Configuration, volume: float) -> Configuration:
    """Return the slurry scaled affinely to a volume [m3]."""
    factor = (volume / slurry.volume) ** (1.0 / 3.0)
    return Configuration(slurry.centres * factor, slurry.lower * factor, slurry.upper * factor)
