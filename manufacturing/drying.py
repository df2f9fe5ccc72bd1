"""Drying: the solvent leaves, the carbon-binder beads shrink and the film settles."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .assumption import Assumption, kind_of
from .beads import BeadTable
from .configuration import Configuration
from .evaporation import Evaporation, diameters_with, masses_with
from .force_field import DRIED_FORCE_FIELD, SLURRY_FORCE_FIELD, ForceField
from .force_field_assumptions import force_field_assumptions
from .lammps_engine import LammpsEngine
from .parameter_sets import CALIBRATED, PRINTED, ParameterSet
from .settling import barostat, check_axes, check_positive, drag, inertial_masses, limited_motion, steps
from .stage import Curves, StageResult, Workplace, come_to_rest, dry_fractions, relative_speed, stationarity_report
from .stationarity import Sample, Stationarity, StationarityCriterion

FloatArray = npt.NDArray[np.float64]

STAGE = "drying"
PRINTED_PRESSURE = 101325.0  # [Pa] paper 001; leaves a porosity of 0.30 where the paper has 0.50
CALIBRATED_PRESSURE = 7000.0  # [Pa] leaves the printed porosity
SLURRY_ENLARGEMENT = 1.14  # of AM and SE diameters in the slurry's contact model
REFERENCE_SCALE = 10.0  # inertial scale at which damping and all times but the time step hold
POSITIVE = (
    *("pressure", "relaxation_time", "crossing_time", "time_step", "inertial_scale", "smallest_inertial_mass"),
    *("drag_time", "barostat_modulus", "barostat_time", "sampling_time", "slurry_pressure"),
)


@dataclass(frozen=True)
class DryingStage:
    r"""Settings of the drying stage.

    The film shrinks at a rate (pressure - P_zz) / (barostat_modulus barostat_time) that does not depend on time
    step or inertial scale. The modulus is that of the cohesion, not of the pressure: a barostat scaled by a pressure
    far below the cohesion would pull the film together faster than the beads can rearrange.

    How loose a film becomes depends on how quickly its beads lose the energy that attraction gives them. So every
    dissipative term is tied to inertia by a number without dimension that keeps its value when masses are scaled
    (S over the reference scale of 10): contact and drag coefficients grow with sqrt(S) (share of critical damping,
    restitution), all times with sqrt(S) (inertial number). The equations of motion then keep their form, and so does
    the path of the beads in scaled time; only the time step is given as it is.

    Args:
        pressure: that the barostat keeps [Pa].
        axes: along which: `z` (the width stays), `xyz` (all by one factor) or `xy z` (width and height apart).
        evaporation: how the solvent leaves.
        relaxation_time: at constant volume after the last solvent left [s]; at an inertial scale of 10, like all
            other times except the time step.
        crossing_time: in which a bead moves by at most the smallest diameter while forces are out of balance [s].
        time_step: [s].
        inertial_scale: factor on the inertial masses.
        smallest_inertial_mass: lighter beads move as if they had this mass [kg].
        drag_time: in which drag stops a bead of the smallest inertia [s].
        barostat_modulus: pressure difference [Pa] that changes the volume e-fold in ``barostat_time``.
        barostat_time: [s].
        sampling_time: between two samples [s].
        criterion: ends the stage.
        force_field: between dry beads.
        slurry_force_field: between wet beads; like the next, it matters for several evaporation stages only.
        slurry_pressure: load of the wet beads [Pa]; from there it goes to ``pressure`` as the forces change.
    """

    pressure: float = CALIBRATED_PRESSURE
    axes: str = "z"
    evaporation: Evaporation = field(default_factory=Evaporation)
    relaxation_time: float = 100e-6
    crossing_time: float = 2e-6
    time_step: float = 0.1e-6
    inertial_scale: float = 10.0
    smallest_inertial_mass: float = 250e-15
    drag_time: float = 50e-6
    barostat_modulus: float = 50e3
    barostat_time: float = 30e-6
    sampling_time: float = 10e-6
    criterion: StationarityCriterion = field(default_factory=lambda: StationarityCriterion("density", 3e-4, 0.1))
    force_field: ForceField = field(default=DRIED_FORCE_FIELD, repr=False)
    slurry_force_field: ForceField = field(default=SLURRY_FORCE_FIELD, repr=False)
    slurry_pressure: float = PRINTED_PRESSURE

    def __post_init__(self) -> None:
        check_axes("drying.axes", self.axes)
        check_positive(STAGE, self, POSITIVE)

    @classmethod
    def from_parameters(cls, parameters: ParameterSet) -> DryingStage:
        """Return the stage of a parameter set."""
        return cls(
            pressure=parameters.drying_pressure,
            axes=parameters.drying_axes,
            force_field=parameters.dried,
            slurry_force_field=parameters.slurry,
            slurry_pressure=parameters.skeleton_pressure,
            time_step=parameters.drying_time_step,
            inertial_scale=parameters.inertial_scale,
        )

    def run(self, beads: BeadTable, slurry: Configuration, workplace: Workplace) -> StageResult:
        """Return the dried film at rest, periodic along all axes.

        Raises:
            StageError: LAMMPS failed or the film did not come to rest.
        """
        curves: Curves = {"time_s": [], "density_g_cm3": [], "pressure_z_Pa": [], "thickness_um": [], "width_um": []}
        with workplace.engine(STAGE, self.time_step, self.inertial_scale) as engine:
            engine.create(slurry, beads.class_index, "p p p")
            self._evaporate(engine, beads, workplace)
            state = self._settle(engine, beads, workplace, curves)
            final = engine.configuration().wrapped((True, True, True))
        fractions = dry_fractions(beads, final, plates=False, voxel=workplace.voxel)
        report: dict[str, Any] = {
            "porosity": fractions.porosity(),
            "porosity_without_nanopores": fractions.porosity_without_nanopores,
            "nominal_porosity": nominal_porosity(beads, final),
            "density_g_cm3": beads.dry_mass / final.volume / 1000.0,
            "thickness_um": float(final.size[2]) / 1e-6,
            "pressure_z_Pa": float(np.mean(curves["pressure_z_Pa"][-self.criterion.window :])),
            "box_um": (final.size / 1e-6).tolist(),
            "stationarity": stationarity_report(state),
        }
        return StageResult(final, report, curves)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the numbers of this stage that no source prints for this use."""
        kind = kind_of(self.pressure, PRINTED_PRESSURE, CALIBRATED_PRESSURE)
        note = f"Pa; {CALIBRATED_PRESSURE:g} is fitted to the printed porosity of about 0.5, at the printed "
        portions = f"{self.evaporation.stages} portions, {self.evaporation.rate:g} of all per s"
        at_scale = f"at an inertial scale of {REFERENCE_SCALE:g}, with its root at others"
        numerical = {
            "inertial_scale": "factor on masses; damping ratios and inertial numbers are kept, 3.2 times their value "
            "leaves 0.025 more porosity",
            "smallest_inertial_mass": "kg; inertia only",
            "time_step": "s",
            "drag_time": f"s, in which drag stops a bead of the smallest inertia, {at_scale}",
            "relaxation_time": f"s, at constant volume after the beads shrank, {at_scale}",
            "crossing_time": f"s, in which a bead moves by at most the smallest diameter while it relaxes, {at_scale}",
            "barostat_modulus": "Pa; with barostat_time it sets how fast the film shrinks",
            "barostat_time": f"s, {at_scale}",
            "sampling_time": f"s, between two samples, {at_scale}",
        }
        return (
            Assumption("drying.pressure", self.pressure, kind, f"{note}{PRINTED_PRESSURE:g} it is 0.30"),
            Assumption(
                "drying.axes",
                self.axes,
                kind_of(self.axes, PRINTED.drying_axes, CALIBRATED.drying_axes),
                f"that the barostat moves; a coated film keeps its width; printed {PRINTED.drying_axes}",
            ),
            *force_field_assumptions(STAGE, self.force_field, DRIED_FORCE_FIELD, CALIBRATED.dried),
            Assumption(
                "drying.evaporation",
                "one step" if self.evaporation.stages == 1 else portions,
                "printed" if self.evaporation.stages == 1 else "assumed",
                "homogeneous; the papers shrink all carbon-binder beads at once",
            ),
            *(Assumption(f"drying.{name}", getattr(self, name), "numerical", n) for name, n in numerical.items()),
        )

    def _evaporate(self, engine: LammpsEngine, beads: BeadTable, workplace: Workplace) -> None:
        """Take the solvent out portion by portion; the film follows under pressure but rests after the last."""
        stages = self.evaporation.solvent_left()
        for number, solvent in enumerate(stages):
            self._set_beads(engine, beads, float(solvent))
            workplace.reporter.advance(STAGE, 0.1 * number / len(stages), f"solvent left {solvent:.2f}")
            last = number == len(stages) - 1
            if not last:
                engine.command(
                    self._barostat(self.evaporation.pressure(self.slurry_pressure, self.pressure, float(solvent)))
                )
            engine.run(self._steps(engine, self.relaxation_time if last else self.evaporation.interval))
            engine.command("unfix move", "unfix drag", *(() if last else ("unfix baro",)))

    def _set_beads(self, engine: LammpsEngine, beads: BeadTable, solvent: float) -> None:
        """Give the beads the state of a share of solvent; moves are limited: new forces are out of balance."""
        diameters = diameters_with(beads, solvent, SLURRY_ENLARGEMENT)
        force_field = self.evaporation.force_field(self.slurry_force_field, self.force_field, solvent)
        engine.set_beads(
            diameters, inertial_masses(masses_with(beads, solvent), self.smallest_inertial_mass), beads.counts
        )
        damped = force_field.scaled(damping=self._slowness)
        engine.set_force_field(damped, [c.phase for c in beads.classes], diameters)
        engine.command(limited_motion(engine, diameters, self.crossing_time * self._slowness), self._drag(beads))

    @property
    def _slowness(self) -> float:
        """By how much longer anything takes than with the reference scale of the masses."""
        return math.sqrt(self.inertial_scale / REFERENCE_SCALE)

    def _steps(self, engine: LammpsEngine, duration: float) -> int:
        return steps(engine, duration * self._slowness)

    def _drag(self, beads: BeadTable) -> str:
        masses = [self.smallest_inertial_mass] * len(beads.classes)
        return drag(beads, masses, self.drag_time * self._slowness, self.inertial_scale)

    def _barostat(self, pressure: float) -> str:
        return barostat(self.axes, pressure, self.barostat_modulus, self.barostat_time * self._slowness)

    def _settle(self, engine: LammpsEngine, beads: BeadTable, workplace: Workplace, curves: Curves) -> Stationarity:
        diameters = np.array([c.dry_diameter for c in beads.classes])
        engine.command("fix move all nve/sphere", self._drag(beads), self._barostat(self.pressure))

        def advance() -> Sample:
            """Run on and return the density."""
            engine.run(self._steps(engine, self.sampling_time))
            time = (len(curves["time_s"]) + 1) * self.sampling_time * self._slowness
            density, size = beads.dry_mass / engine.volume(), engine.size()
            values = (time, density / 1000.0, engine.pressure("pzz"), size[2] / 1e-6, size[0] / 1e-6)
            for column, value in zip(curves.values(), values, strict=True):
                column.append(float(value))
            return Sample(density, relative_speed(engine, diameters, beads.counts), time)

        return come_to_rest(STAGE, self.criterion, workplace.reporter, advance, 0.1)


def nominal_porosity(beads: BeadTable, film: Configuration) -> float:
    """Return 1 - bead volume / film volume: overlaps count twice, so it is too small and may be negative."""
    return 1.0 - float((4.0 / 3.0 * np.pi * beads.dry_radii**3).sum()) / film.volume


def set_up_dry_beads(
    engine: LammpsEngine,
    beads: BeadTable,
    configuration: Configuration,
    force_field: ForceField,
    smallest_mass: float,
    boundary: str,
) -> None:
    """Fill an engine with dry beads at rest; beads lighter than ``smallest_mass`` [kg] get that inertia."""
    diameters = [c.dry_diameter for c in beads.classes]
    engine.create(configuration, beads.class_index, boundary)
    engine.set_beads(diameters, inertial_masses([c.dry_mass for c in beads.classes], smallest_mass), beads.counts)
    engine.set_force_field(force_field, [c.phase for c in beads.classes], diameters)
