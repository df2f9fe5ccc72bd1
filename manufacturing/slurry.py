"""Slurry: wet beads are compressed from a dilute gas and come to rest at the ambient pressure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .assumption import Assumption, kind_of
from .beads import BeadTable
from .configuration import Configuration
from .convergence import FEWEST_SAMPLES, extrapolate
from .errors import InputError
from .force_field import SLURRY_FORCE_FIELD, ForceField
from .force_field_assumptions import force_field_assumptions
from .insertion import insert_randomly
from .lammps_engine import TIME, LammpsEngine
from .parameter_sets import CALIBRATED, PRINTED, ParameterSet
from .porosity import volume_fractions
from .settling import barostat, check_positive, drag, inertial_masses, limited_motion, steps
from .stage import Curves, StageResult, Workplace, come_to_rest, relative_speed, stationarity_report
from .stationarity import ConvergenceCriterion, Sample, Stationarity, StationarityCriterion

FloatArray = npt.NDArray[np.float64]

STAGE = "slurry"
PRINTED_PRESSURE = 101325.0  # [Pa]
DILUTE_VOLUME_PER_BEAD = 716e-6 * 716e-6 * 1000e-6 / 5089  # [m3] paper 001
NOMINAL_FRACTION_AT_REST = 1.4  # volume of the wet beads, overlaps counted twice, over that of the box
NARROWEST_BOX = 2.0  # largest bead diameters; below, a bead touches two images of another
DRAG_SCALE = 10.0  # inertial scale at which drag_time holds; the drag's force does not change with the scale
TIMES = (
    "compression_time",
    "relaxation_time",
    "crossing_time",
    "time_step",
    "drag_time",
    "barostat_time",
    "sampling_time",
)
POSITIVE = (
    *("pressure", "aspect_ratio", "enlargement", "handover_fraction", "inertial_scale", "barostat_modulus"),
    *("smallest_inertial_mass", "settling_damping", *TIMES),
)


@dataclass(frozen=True)
class SlurryStage:
    r"""Settings of the slurry stage.

    All durations are physical times, so time step and inertial scale are free within stability. The packing
    at rest does not depend on masses, drag and contact damping: damping far smaller than while shearing lets
    the slurry reach rest sooner.

    Args:
        pressure: that the barostat keeps [Pa].
        aspect_ratio: height of the box over its width; drying keeps the width.
        enlargement: factor on AM and SE diameters in the contact model.
        handover_fraction: volume of the wet beads, overlaps counted twice, over that of the box, up to which the
            dilute start is compressed affinely before the barostat takes over.
        compression_time: duration of the affine compression [s].
        relaxation_time: for which the compressed beads relax at constant volume, their motion still limited [s].
        crossing_time: in which a bead moves by at most the smallest diameter meanwhile [s].
        time_step: [s].
        inertial_scale: factor on the inertial masses.
        smallest_inertial_mass: lighter beads move as if they had this mass [kg].
        settling_damping: contact damping gamma_n while the slurry comes to rest [1/(um us)], in place of that of
            the force field.
        drag_time: in which the solvent stops a bead of mean inertia at an inertial scale of 10 [s].
        barostat_modulus: pressure difference [Pa] that changes the volume e-fold in ``barostat_time``.
        barostat_time: [s].
        sampling_time: between two samples [s].
        criterion: ends the stage.
        force_field: between beads.
    """

    pressure: float = PRINTED_PRESSURE
    aspect_ratio: float = 2.15
    enlargement: float = 1.14
    handover_fraction: float = 0.9
    compression_time: float = 120e-6
    relaxation_time: float = 60e-6
    crossing_time: float = 2e-6
    time_step: float = 0.2e-6
    inertial_scale: float = 10.0
    smallest_inertial_mass: float = 250e-15
    settling_damping: float = 1.65
    drag_time: float = 30e-6
    barostat_modulus: float = 3.0 * PRINTED_PRESSURE
    barostat_time: float = 12e-6
    sampling_time: float = 10e-6
    criterion: StationarityCriterion = field(default_factory=lambda: ConvergenceCriterion("density", 1e-3, 0.05))
    force_field: ForceField = field(default=SLURRY_FORCE_FIELD, repr=False)

    def __post_init__(self) -> None:
        check_positive(STAGE, self, POSITIVE)

    @classmethod
    def from_parameters(cls, parameters: ParameterSet) -> SlurryStage:
        """Return the stage of a parameter set: its skeleton pressure sets the scale of energies and times."""
        scaled = cls().scaled(parameters.skeleton_pressure / PRINTED_PRESSURE)
        return replace(
            scaled,
            force_field=parameters.slurry,
            enlargement=parameters.slurry_enlargement,
            time_step=parameters.slurry_time_step,
            inertial_scale=parameters.inertial_scale,
        )

    def scaled(self, energy: float) -> SlurryStage:
        r"""Return the stage with all energies and pressures times a factor and the same path in scaled time.

        The equations of motion keep their form when energies, stiffness and pressures are multiplied by lambda,
        times by lambda^(-1/2) and damping rates by lambda^(1/2): steps, wall time and the packing stay the same.
        """
        faster = float(np.sqrt(energy))
        times: dict[str, Any] = {name: getattr(self, name) / faster for name in TIMES}
        return replace(
            self,
            pressure=energy * self.pressure,
            barostat_modulus=energy * self.barostat_modulus,
            settling_damping=faster * self.settling_damping,
            force_field=self.force_field.scaled(energy, damping=faster),
            **times,
        )

    def contact_diameters(self, beads: BeadTable) -> FloatArray:
        """Return the diameter of each class in the contact model, shape (classes,) [m]."""
        return beads.enlarged_diameters(self.enlargement)

    def check_width(self, beads: BeadTable) -> None:
        """Refuse a box in which a bead would touch two images of another.

        Raises:
            InputError: too few beads for the aspect ratio.
        """
        # At rest the beads overlap to about this nominal fraction; only the order of magnitude matters here.
        width = float(self._box(beads.wet_volume / NOMINAL_FRACTION_AT_REST)[:2].min())
        needed = NARROWEST_BOX * float(self.contact_diameters(beads).max())
        if width < needed:
            found = f"{beads.total} beads, about {width:.3g} m wide at aspect ratio {self.aspect_ratio:g}"
            raise InputError("recipe.total_beads", found, f"a slurry at least {needed:.3g} m wide")

    def run(self, beads: BeadTable, workplace: Workplace, seed: int) -> StageResult:
        """Return the slurry at rest.

        Raises:
            InputError: too few beads for the aspect ratio.
            StageError: LAMMPS failed or the slurry did not come to rest.
        """
        diameters = self.contact_diameters(beads)
        self.check_width(beads)
        start = insert_randomly(
            0.5 * diameters[beads.class_index], self._box(beads.total * DILUTE_VOLUME_PER_BEAD), seed
        )
        curves: Curves = {"time_s": [], "density_g_cm3": [], "pressure_Pa": []}
        with workplace.engine(STAGE, self.time_step, self.inertial_scale) as engine:
            self._set_up(engine, beads, start, diameters)
            self._compress(engine, beads, diameters, workplace)
            state = self._settle(engine, beads, diameters, workplace, curves)
            final = engine.configuration().wrapped((True, True, True))
        report = slurry_report(beads, final, workplace.voxel)
        if state.samples >= FEWEST_SAMPLES:
            report |= extrapolate(curves["time_s"], curves["density_g_cm3"]).as_dict("density", "g_cm3")
        report["pressure_Pa"] = float(np.mean(curves["pressure_Pa"][-self.criterion.window :]))
        return StageResult(final, report | {"stationarity": stationarity_report(state)}, curves)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the numbers of this stage that no source prints for this use, and how it comes to rest."""
        pressure = kind_of(self.pressure, PRINTED_PRESSURE, CALIBRATED.skeleton_pressure)
        enlargement = kind_of(self.enlargement, PRINTED.slurry_enlargement, CALIBRATED.slurry_enlargement)
        numerical = {
            "aspect_ratio": "height over width of the slurry box",
            "inertial_scale": "factor on masses; forces are unchanged",
            "smallest_inertial_mass": "kg; inertia only, lighter beads move as if they had this mass",
            "time_step": "s",
            "settling_damping": "1/(um us), gamma_n while coming to rest; the packing at rest does not depend on it",
            "drag_time": "s, in which the solvent stops a bead of mean inertia at scale 10; only the speed of it",
            "handover_fraction": "volume of beads over box, end of the affine compression",
            "compression_time": "s, duration of the affine compression",
            "relaxation_time": "s, of the compressed beads at constant volume before they move freely",
            "crossing_time": "s, in which a bead moves by at most the smallest diameter meanwhile",
            "barostat_modulus": "Pa; with barostat_time it sets how fast the volume follows the pressure",
            "barostat_time": "s",
            "sampling_time": "s, between two samples",
        }
        return (
            Assumption("slurry.pressure", self.pressure, pressure, f"Pa on the beads; printed {PRINTED_PRESSURE:g}"),
            Assumption("slurry.enlargement", self.enlargement, enlargement, "on AM and SE diameters in contact"),
            Assumption(
                "slurry.temperature",
                "none",
                "numerical",
                "300 K is printed; kT is a millionth of the printed attraction, about a thousandth of the calibrated "
                "one, so only the solvent's drag is kept",
            ),
            *force_field_assumptions(STAGE, self.force_field, SLURRY_FORCE_FIELD, CALIBRATED.slurry),
            *(Assumption(f"slurry.{name}", getattr(self, name), "numerical", n) for name, n in numerical.items()),
        )

    def _box(self, volume: float) -> FloatArray:
        width = (volume / self.aspect_ratio) ** (1.0 / 3.0)
        return np.array([width, width, self.aspect_ratio * width])

    def _masses(self, beads: BeadTable) -> list[float]:
        return inertial_masses([c.wet_mass for c in beads.classes], self.smallest_inertial_mass)

    def _set_up(self, engine: LammpsEngine, beads: BeadTable, start: Configuration, diameters: FloatArray) -> None:
        contact = replace(self.force_field.contact, damping=self.settling_damping)
        engine.create(start, beads.class_index, "p p p")
        engine.set_beads(list(diameters), self._masses(beads), beads.counts)
        engine.set_force_field(
            replace(self.force_field, contact=contact), [c.phase for c in beads.classes], list(diameters)
        )

    def _compress(self, engine: LammpsEngine, beads: BeadTable, diameters: FloatArray, workplace: Workplace) -> None:
        """Shrink the box affinely, then relax; displacements are limited because beads are pushed into contact."""
        count = steps(engine, self.compression_time)
        final = self._box(beads.wet_volume / self.handover_fraction)
        # A constant true rate: with a constant speed the last steps would strain the dense slurry most.
        rates = np.log(final / engine.size()) / (count * engine.time_step / TIME)
        deform = " ".join(f"{axis} trate {rate:.12g}" for axis, rate in zip("xyz", rates, strict=True))
        workplace.reporter.advance(STAGE, 0.0, f"compressing to a bead fraction of {self.handover_fraction:.2f}")
        engine.command(
            limited_motion(engine, list(diameters), self.crossing_time),
            drag(beads, self._masses(beads), self.drag_time, DRAG_SCALE),
            f"fix squeeze all deform 1 {deform}",
        )
        engine.run(count)
        engine.command("unfix squeeze")
        # Pairs driven into deep overlap would fly apart and explode if they were let go at once.
        engine.run(steps(engine, self.relaxation_time))
        engine.command("unfix move")

    def _settle(
        self, engine: LammpsEngine, beads: BeadTable, diameters: FloatArray, workplace: Workplace, curves: Curves
    ) -> Stationarity:
        engine.command(
            "fix move all nve/sphere",
            barostat("xyz", self.pressure, self.barostat_modulus, self.barostat_time),
        )

        def advance() -> Sample:
            """Run on and return the density."""
            engine.run(steps(engine, self.sampling_time))
            time = (len(curves["time_s"]) + 1) * self.sampling_time
            density = beads.wet_mass / engine.volume()
            curves["time_s"].append(time)
            curves["density_g_cm3"].append(density / 1000.0)
            curves["pressure_Pa"].append(engine.pressure())
            return Sample(density, relative_speed(engine, diameters, beads.counts), time)

        return come_to_rest(STAGE, self.criterion, workplace.reporter, advance)


def slurry_report(beads: BeadTable, final: Configuration, voxel: float) -> dict[str, Any]:
    """Return densities and packing fractions: beads of the printed sizes, overlaps counted once and twice."""
    fractions = volume_fractions(
        final.centres, beads.wet_radii, beads.phases, (final.lower, final.upper), (True, True, True), voxel
    )
    return {
        "density_g_cm3": beads.wet_mass / final.volume / 1000.0,
        "packing_fraction": 1.0 - fractions.void,
        "nominal_packing_fraction": beads.wet_volume / final.volume,
        "true_volume_density_g_cm3": beads.wet_mass / beads.wet_volume / 1000.0,
        "solids_content": beads.solids_content,
        "box_um": (final.size / 1e-6).tolist(),
    }
