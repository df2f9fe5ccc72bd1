"""The rheology of a case: flow curve of its slurry, and the fit of the force field to a measured curve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from manufacturing.beads import BeadTable
from manufacturing.calibration import Calibration, CalibrationResult, Target
from manufacturing.collective import run_on_group
from manufacturing.configuration import Configuration
from manufacturing.errors import InputError
from manufacturing.flow_curve import FlowCurve, FlowCurveTest
from manufacturing.packing import load_packing
from manufacturing.reporter import Reporter
from manufacturing.settings_key import content_key, settings_lines
from manufacturing.shear import ShearTest
from manufacturing.stage import Workplace
from manufacturing.stage_record import StageRecord

from .log import RunLog
from .manufacture import manufacturing_settings, named_as_in_case
from .schema_manufacturing import FlowCalibrationSection, ManufacturedGeometry, RheologySection

FLOW_CURVE = "curves/flow_curve.csv"
CALIBRATED = "calibrated.toml"


@dataclass(frozen=True)
class Rheometer:
    """The slurry of a run directory, ready to be sheared; its methods are collective.

    Args:
        geometry: the manufactured geometry of the case.
        section: what to measure.
        folder: where paths in the case are relative to.
        out: directory of the run, which holds the packing of the slurry.
        comm: all ranks; ``geometry.ranks`` of them work.
        log: takes lines and progress.
    """

    geometry: ManufacturedGeometry
    section: RheologySection
    folder: Path
    out: Path
    comm: MPI.Intracomm
    log: RunLog

    def check(self) -> None:
        """Refuse settings that cannot be used, before anything runs.

        Raises:
            InputError: names the key.
        """
        with named_as_in_case():
            FlowCurveTest(self.shear(), self.section.rates)
        slurry = self.geometry.slurry
        if self.section.calibration is not None and (slurry.attraction or slurry.contact):
            found = "changes of attraction or contact in geometry.slurry, which the fitted factors would not reach"
            raise InputError("rheology.calibration", found, "energy_scale, damping_scale and friction_scale instead")

    def run(self) -> dict[str, Any]:
        """Measure the curve and, where asked for, fit the force field; return the figures for the summary."""
        with named_as_in_case():
            curve = self._flow_curve()
            for text in curve.table().splitlines():
                self.log.line(f"rheology: {text}")
            report = curve.as_dict()
            if self.section.calibration is not None:
                report["calibration"] = self._calibrate(self.section.calibration)
            return report

    def _flow_curve(self) -> FlowCurve:
        """Shear at every rate; rates that the CSV file holds for the same slurry are not repeated."""
        test = FlowCurveTest(self.shear(), self.section.rates)
        beads, slurry = self._slurry()
        path = self.out / FLOW_CURVE
        return run_on_group(self.comm, self.geometry.ranks, lambda c: test.run(beads, slurry, self._place(c), path))

    def _calibrate(self, section: FlowCalibrationSection) -> dict[str, Any]:
        """Fit the force field and leave the factors as a table for the case file."""
        beads, slurry = self._slurry()
        density = section.density or beads.wet_mass / slurry.volume
        target = Target(dict(zip(section.rates, section.viscosities, strict=True)), density)
        shear = self.shear()
        start: dict[str, float] = dict.fromkeys(map(str, section.parameters), 1.0)
        fit = Calibration(target, start, shear.force_field, shear, maximum_steps=section.maximum_steps)
        path = self.out / "stages" / "calibration.jsonl"
        # Its many short tests leave no LAMMPS input; every evaluation is kept in the file.
        result = run_on_group(
            self.comm, self.geometry.ranks, lambda c: fit.run(beads, slurry, replace(self._place(c), record=None), path)
        )
        if self.comm.rank == 0:
            (self.out / CALIBRATED).write_text(self._table(result))
        self.log.line(f"rheology: {result.best.line()}; {CALIBRATED} holds the keys for the case file")
        return {
            "factors": result.best.parameters,
            "viscosities_Pa_s": result.best.viscosities,
            "objective": result.best.objective,
            "evaluations": len(result.path),
            "converged": result.converged,
        }

    def _table(self, result: CalibrationResult) -> str:
        """Return the fitted factors, times those that the case has already, as TOML."""
        slurry = self.geometry.slurry
        before = {"energy": slurry.energy_scale, "damping": slurry.damping_scale, "friction": slurry.friction_scale}
        lines = [f"{k}_scale = {before[k] * factor:.6g}" for k, factor in result.best.parameters.items()]
        return f"# {result.best.line()}\n[geometry.slurry]\n" + "\n".join(lines) + "\n"

    def shear(self) -> ShearTest:
        """Return the settings of the shear tests; the force field is that of the case's slurry."""
        slurry = manufacturing_settings(self.geometry, self.folder).slurry
        values = self.section.model_dump(exclude={"rates", "calibration"})
        return ShearTest(force_field=slurry.force_field, enlargement=slurry.enlargement, **values)

    def _slurry(self) -> tuple[BeadTable, Configuration]:
        """Return the beads and where they are, in order of their ids."""
        packing = load_packing(self.out / "stages" / "packing_slurry.h5")
        order = np.argsort(packing.particle_ids)
        beads = manufacturing_settings(self.geometry, self.folder).recipe.bead_table()
        return beads, Configuration(packing.centres[order], packing.lower, packing.upper)

    def _place(self, comm: MPI.Intracomm) -> Workplace:
        reporter = Reporter(comm.rank, self.log.line, self.log.progress)
        header = tuple(settings_lines("rheology", self.shear()))
        record = StageRecord(self.out / "stages" / "lammps", content_key(self.shear()), header, self.log.line)
        return Workplace(comm, reporter, self.geometry.voxel, record)
