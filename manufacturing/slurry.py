"""Slurry: wet beads are compressed from a dilute gas and come to rest at the ambient pressure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .assumption import Assumption
from .beads import BeadTable
from .configuration import Configuration
from .errors import InputError
from .force_field import SLURRY_FORCE_FIELD, ForceField
from .insertion import insert_randomly
from .lammps_engine import LammpsEngine
from .phases import Phase
from .porosity import volume_fractions
from .stage import Curves, StageResult, Workplace, come_to_rest, relative_speed, stationarity_report
from .stationarity import Sample, Stationarity, StationarityCriterion

FloatArray = npt.NDArray[np.float64]

STAGE = "slurry"
DILUTE_VOLUME_PER_BEAD = 716e-6 * 716e-6 * 1000e-6 / 5089  # [m3] paper 001
NARROWEST_BOX = 2.0  # largest bead diameters; below, a bead touches two images of another


@dataclass(frozen=True)
class SlurryStage:
    """Settings of the slurry stage.

    Args:
        pressure: that the barostat keeps [Pa].
        aspect_ratio: height of the box over its width; drying keeps the width.
        enlargement: factor on AM and SE diameters in the contact model.
        handover_density: up to which the dilute start is compressed affinely before the barostat
            takes over [kg/m3].
        compression_steps: number of steps of the affine compression.
        time_step: [s].
        inertial_scale: factor on the inertial masses.
        barostat_steps: relaxation time of the barostat in time steps.
        sampling_steps: steps between two samples.
        criterion: ends the stage.
        force_field: between beads.
    """

    pressure: float = 101325.0
    aspect_ratio: float = 2.15
    enlargement: float = 1.14
    handover_density: float = 1180.0
    compression_steps: int = 1500
    time_step: float = 0.08e-6
    inertial_scale: float = 100.0
    barostat_steps: int = 150
    sampling_steps: int = 100
    criterion: StationarityCriterion = field(default_factory=lambda: StationarityCriterion("density", 5e-4, 0.05))
    force_field: ForceField = field(default=SLURRY_FORCE_FIELD, repr=False)

    def __post_init__(self) -> None:
        for name in ("pressure", "aspect_ratio", "enlargement", "handover_density", "time_step", "inertial_scale"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"slurry.{name}", getattr(self, name), "a positive number")

    def contact_diameters(self, beads: BeadTable) -> FloatArray:
        """Return the diameter of each class in the contact model, shape (classes,) [m]."""
        dense = np.array([c.phase is not Phase.CBD for c in beads.classes])
        factor = np.where(dense, self.enlargement, 1.0)
        return np.asarray(factor * np.array([c.wet_diameter for c in beads.classes]))

    def run(self, beads: BeadTable, workplace: Workplace, seed: int) -> StageResult:
        """Return the slurry at rest.

        Raises:
            InputError: too few beads for the aspect ratio.
            StageError: LAMMPS failed or the slurry did not come to rest.
        """
        diameters = self.contact_diameters(beads)
        self._check_width(beads, diameters)
        start = insert_randomly(
            0.5 * diameters[beads.class_index], self._box(beads.total * DILUTE_VOLUME_PER_BEAD), seed
        )
        curves: Curves = {"time_s": [], "density_g_cm3": [], "pressure_Pa": []}
        with LammpsEngine(workplace.comm, STAGE, self.time_step, self.inertial_scale) as engine:
            self._set_up(engine, beads, start, diameters)
            self._compress(engine, beads, workplace)
            state = self._settle(engine, beads, diameters, workplace, curves)
            final = engine.configuration().wrapped((True, True, True))
        report = self._report(beads, final, workplace.voxel) | {"stationarity": stationarity_report(state)}
        report["pressure_Pa"] = curves["pressure_Pa"][-1]
        return StageResult(final, report, curves)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the numbers of this stage that no source prints for this use."""
        return (
            Assumption("slurry.aspect_ratio", self.aspect_ratio, "numerical", "height over width of the slurry box"),
            Assumption(
                "slurry.inertial_scale", self.inertial_scale, "numerical", "factor on masses; forces are unchanged"
            ),
            Assumption(
                "slurry.temperature",
                "none",
                "numerical",
                "300 K is printed; kT is a millionth of the attraction, so only the solvent's drag is kept",
            ),
            Assumption("slurry.sigma_CBD", 0.97, "assumed", "per diameter; Table S1 prints it without the factor d"),
        )

    def _box(self, volume: float) -> FloatArray:
        width = (volume / self.aspect_ratio) ** (1.0 / 3.0)
        return np.array([width, width, self.aspect_ratio * width])

    def _check_width(self, beads: BeadTable, diameters: FloatArray) -> None:
        # Near 1.9 g/cm3 the slurry is densest; only the order of magnitude matters here.
        width, needed = float(self._box(beads.wet_mass / 1900.0)[:2].min()), NARROWEST_BOX * float(diameters.max())
        if width < needed:
            found = f"{beads.total} beads, about {width:.3g} m wide at aspect ratio {self.aspect_ratio:g}"
            raise InputError("recipe.total_beads", found, f"a slurry at least {needed:.3g} m wide")

    def _set_up(self, engine: LammpsEngine, beads: BeadTable, start: Configuration, diameters: FloatArray) -> None:
        phases = [c.phase for c in beads.classes]
        engine.create(start, beads.class_index, "p p p")
        engine.set_beads(list(diameters), [c.wet_mass for c in beads.classes], beads.counts)
        engine.set_force_field(self.force_field, phases, list(diameters))

    def _compress(self, engine: LammpsEngine, beads: BeadTable, workplace: Workplace) -> None:
        """Shrink the box affinely; displacements per step are limited because beads are pushed into contact."""
        x, y, z = self._box(beads.wet_mass / self.handover_density) / 1e-6
        workplace.reporter.advance(STAGE, 0.0, f"compressing to {self.handover_density / 1000:.2f} g/cm3")
        engine.command(
            "fix move all nve/limit 0.1",
            f"fix drag all viscous {0.3 * self.inertial_scale:.6g}",
            f"fix squeeze all deform 10 x final 0 {x:.10g} y final 0 {y:.10g} z final 0 {z:.10g}",
        )
        engine.run(self.compression_steps)
        engine.command("unfix squeeze", "unfix move", "unfix drag")

    def _settle(
        self, engine: LammpsEngine, beads: BeadTable, diameters: FloatArray, workplace: Workplace, curves: Curves
    ) -> Stationarity:
        target = self.pressure / 1e3
        damping = self.barostat_steps * self.time_step / 1e-6
        engine.command(
            "fix move all nve/sphere",
            f"fix drag all viscous {0.02 * self.inertial_scale:.6g}",
            f"fix baro all press/berendsen iso {target:.8g} {target:.8g} {damping:.6g} modulus {3 * target:.8g}",
        )

        def advance() -> Sample:
            """Run on and return the density."""
            engine.run(self.sampling_steps)
            time = (len(curves["time_s"]) + 1) * self.sampling_steps * self.time_step
            density = beads.wet_mass / engine.volume()
            curves["time_s"].append(time)
            curves["density_g_cm3"].append(density / 1000.0)
            curves["pressure_Pa"].append(engine.pressure())
            return Sample(density, relative_speed(engine, diameters, beads.counts), time)

        return come_to_rest(STAGE, self.criterion, workplace.reporter, advance)

    def _report(self, beads: BeadTable, final: Configuration, voxel: float) -> dict[str, Any]:
        fractions = volume_fractions(
            final.centres, beads.wet_radii, beads.phases, (final.lower, final.upper), (True, True, True), voxel
        )
        return {
            "density_g_cm3": beads.wet_mass / final.volume / 1000.0,
            "packing_fraction": 1.0 - fractions.void,
            "true_volume_density_g_cm3": beads.wet_mass / beads.wet_volume / 1000.0,
            "solids_content": beads.solids_content,
            "box_um": (final.size / 1e-6).tolist(),
        }
