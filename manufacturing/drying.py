"""Drying: the solvent leaves, the carbon-binder beads shrink and the film settles at constant width."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .assumption import Assumption
from .beads import BeadTable
from .configuration import Configuration
from .errors import InputError
from .force_field import DRIED_FORCE_FIELD, ForceField
from .lammps_engine import LammpsEngine
from .stage import Curves, StageResult, Workplace, come_to_rest, dry_fractions, relative_speed, stationarity_report
from .stationarity import Sample, Stationarity, StationarityCriterion

FloatArray = npt.NDArray[np.float64]

STAGE = "drying"
PRINTED_PRESSURE = 101325.0  # [Pa] paper 001; leaves a porosity of 0.30 where the paper has 0.50
CALIBRATED_PRESSURE = 4000.0  # [Pa] leaves the printed porosity


@dataclass(frozen=True)
class DryingStage:
    """Settings of the drying stage.

    Args:
        pressure: that the barostat keeps along z [Pa]; the width of the film stays.
        relaxation_steps: steps at constant volume after the beads shrank.
        time_step: [s].
        inertial_scale: factor on the inertial masses.
        smallest_inertial_mass: lighter beads move as if they had this mass [kg].
        barostat_steps: relaxation time of the barostat in time steps.
        sampling_steps: steps between two samples.
        criterion: ends the stage.
        force_field: between beads.
    """

    pressure: float = CALIBRATED_PRESSURE
    relaxation_steps: int = 1000
    time_step: float = 0.1e-6
    inertial_scale: float = 100.0
    smallest_inertial_mass: float = 25e-15
    barostat_steps: int = 300
    sampling_steps: int = 100
    criterion: StationarityCriterion = field(default_factory=lambda: StationarityCriterion("density", 5e-4, 0.1))
    force_field: ForceField = field(default=DRIED_FORCE_FIELD, repr=False)

    def __post_init__(self) -> None:
        for name in ("pressure", "time_step", "inertial_scale"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"drying.{name}", getattr(self, name), "a positive number")

    def run(self, beads: BeadTable, slurry: Configuration, workplace: Workplace) -> StageResult:
        """Return the dried film at rest, periodic along all axes.

        Raises:
            StageError: LAMMPS failed or the film did not come to rest.
        """
        curves: Curves = {"time_s": [], "density_g_cm3": [], "pressure_z_Pa": [], "thickness_um": []}
        with LammpsEngine(workplace.comm, STAGE, self.time_step, self.inertial_scale) as engine:
            set_up_dry_beads(engine, beads, slurry, self.force_field, self.smallest_inertial_mass, "p p p")
            self._shrink(engine, workplace)
            state = self._settle(engine, beads, workplace, curves)
            final = engine.configuration().wrapped((True, True, True))
        fractions = dry_fractions(beads, final, plates=False, voxel=workplace.voxel)
        report: dict[str, Any] = {
            "porosity": fractions.porosity(),
            "porosity_without_nanopores": fractions.porosity_without_nanopores,
            "density_g_cm3": beads.dry_mass / final.volume / 1000.0,
            "thickness_um": float(final.size[2]) / 1e-6,
            "pressure_z_Pa": curves["pressure_z_Pa"][-1],
            "box_um": (final.size / 1e-6).tolist(),
            "stationarity": stationarity_report(state),
        }
        return StageResult(final, report, curves)

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the numbers of this stage that no source prints for this use."""
        printed = self.pressure == PRINTED_PRESSURE
        note = "Pa along z; 4000 is fitted to the printed porosity of about 0.5, the printed 101325 leaves 0.30"
        return (
            Assumption("drying.pressure", self.pressure, "printed" if printed else "calibrated", note),
            Assumption("drying.inertial_scale", self.inertial_scale, "numerical", "factor on masses"),
            Assumption("drying.smallest_inertial_mass", self.smallest_inertial_mass, "numerical", "kg; inertia only"),
            Assumption("drying.sigma_CBD", 0.89, "assumed", "per diameter; Table S1 prints it without the factor d"),
            Assumption("drying.evaporation", "one step", "assumed", "homogeneous, all solvent at once"),
        )

    def _shrink(self, engine: LammpsEngine, workplace: Workplace) -> None:
        """Relax at constant volume; displacements are limited because the new forces start out of balance."""
        workplace.reporter.advance(STAGE, 0.0, "relaxing after the beads shrank")
        engine.command("fix move all nve/limit 0.05", f"fix drag all viscous {0.3 * self.inertial_scale:.6g}")
        engine.run(self.relaxation_steps)
        engine.command("unfix move", "unfix drag")

    def _settle(self, engine: LammpsEngine, beads: BeadTable, workplace: Workplace, curves: Curves) -> Stationarity:
        target = self.pressure / 1e3
        damping = self.barostat_steps * self.time_step / 1e-6
        diameters = np.array([c.dry_diameter for c in beads.classes])
        engine.command(
            "fix move all nve/sphere",
            f"fix drag all viscous {0.02 * self.inertial_scale:.6g}",
            f"fix baro all press/berendsen z {target:.8g} {target:.8g} {damping:.6g} modulus {3 * target:.8g}",
        )

        def advance() -> Sample:
            """Run on and return the density."""
            engine.run(self.sampling_steps)
            time = (len(curves["time_s"]) + 1) * self.sampling_steps * self.time_step
            density = beads.dry_mass / engine.volume()
            curves["time_s"].append(time)
            curves["density_g_cm3"].append(density / 1000.0)
            curves["pressure_z_Pa"].append(engine.pressure("pzz"))
            curves["thickness_um"].append(float(engine.configuration().size[2]) / 1e-6)
            return Sample(density, relative_speed(engine, diameters, beads.counts), time)

        return come_to_rest(STAGE, self.criterion, workplace.reporter, advance)


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
    masses = [max(c.dry_mass, smallest_mass) for c in beads.classes]
    engine.create(configuration, beads.class_index, boundary)
    engine.set_beads(diameters, masses, beads.counts)
    engine.set_force_field(force_field, [c.phase for c in beads.classes], diameters)
