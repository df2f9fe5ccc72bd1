"""The electrochemical stage of a case: its protocol on its mesh, with curve, fields and log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mpi4py import MPI

from manufacturing.collective import run_on
from manufacturing.errors import GranodeError
from meshing.labelled_mesh import LabelledMesh
from solver.connectivity import CellGraph
from solver.discharge import Discharge
from solver.discharge_records import DischargeRecord, Snapshot

from .curve_table import curve_tables
from .discharge_checkpoint import DischargeCheckpoint
from .discharge_fields import DischargeFieldFiles
from .discharge_recorder import DischargeRecorder
from .discharge_units import discharge_units
from .distribution_files import DistributionFiles
from .initial_stoichiometry import moved_starts
from .log import RunLog
from .physics import CaseMaterials, build_cell_model, stoichiometry_window
from .protocol import protocol_steps, stepping_settings
from .schema import Case
from .snapshot_instants import SnapshotInstants


class DischargeStage:
    """Runs the protocol of a case; every method is collective.

    Args:
        case: validated case.
        materials: its materials.
        out: directory of the run.
        key: hash of all inputs, by which a checkpoint is known.
        comm: all ranks.
        log: takes lines and progress.
    """

    def __init__(
        self, case: Case, materials: CaseMaterials, out: Path, key: str, comm: MPI.Intracomm, log: RunLog
    ) -> None:
        self.case, self.materials, self.out, self.key = case, materials, out, key
        self.comm, self.log = comm, log

    def run(self, mesh: LabelledMesh, graph: CellGraph) -> dict[str, Any]:
        """Run the protocol, from a checkpoint where there is one, and return its figures."""
        for text in self.materials.lines():
            self.log.line(f"discharge: {text}")
        mesh, graph = self._walls(mesh, graph)
        steps = protocol_steps(self.case)
        model, window = build_cell_model(self.case, self.materials), stoichiometry_window(self.materials)
        for text in moved_starts(self.case, self.materials.actives(), model):
            self.log.line(f"discharge: {text}")
        run = Discharge(mesh, model, window, steps, stepping_settings(self.case), self.comm, graph)
        fractions = {name: round(value, 4) for name, value in run.network.active_fraction.items()}
        self.log.line(f"discharge: {run.cell.unknowns} unknowns, active fractions {fractions}")
        output = self.case.output
        instants = SnapshotInstants(output.snapshots, output.snapshot_times, output.snapshot_voltages)
        files = DistributionFiles(self.out, mesh, run.network)
        tables = curve_tables(self.out / "curves", run.scales)
        recorder = DischargeRecorder(self.log, self.comm, len(steps), tables, self._writer(mesh, files), instants)
        interval = self.case.output.checkpoint_interval
        checkpoint = DischargeCheckpoint(self.out, self.key, interval, run, recorder, self.comm, self.log)
        resumed = checkpoint.found()
        if resumed is None:
            run_on(self.comm, 1, files.clear)
        try:
            result = run.run(recorder, checkpoint, resumed, lambda text: self.log.line(f"discharge: {text}"))
        except GranodeError:  # raised on every rank, so that gathering the last fields is safe
            recorder.close()
            raise
        recorder.close()
        density, theoretical = self.materials.get("AM").density.value, result.summary["theoretical_capacity_Ah_m2"]
        summary = discharge_units(mesh, density, theoretical).of_run(result.summary)
        summary |= run_on(self.comm, 1, lambda: files.figures(recorder.snapshots[-1]) if recorder.snapshots else {})
        self._tell_end(summary, run, result.curve)
        return summary

    def _walls(self, mesh: LabelledMesh, graph: CellGraph) -> tuple[LabelledMesh, CellGraph]:
        """Return mesh and neighbours with the lateral walls that the case wants."""
        if self.case.cell.lateral != "insulated":
            return mesh, graph
        walls = (False, False)
        return replace(mesh, periodic=(*walls, mesh.periodic[2])), graph.with_walls(walls)

    def _tell_end(self, summary: dict[str, Any], run: Discharge, curve: tuple[DischargeRecord, ...]) -> None:
        """Say in the log how the run ended, and what limits a cell that ends early."""
        self.log.line(
            f"discharge: ended on {summary['end_reason']} at {summary['final_voltage_V']:.4f} V, "
            f"{summary['capacity_mAh_g']:.1f} mAh/g, utilisation {summary['utilisation']:.3f}"
        )
        if len(run.protocol) == 1 and abs(summary["utilisation"]) < 0.2 and summary["end_reason"] == "voltage":
            self.log.line(f"discharge: utilisation below 0.2; {starving(run, curve)}")

    def _writer(self, mesh: LabelledMesh, files: DistributionFiles) -> Callable[[list[Snapshot]], None] | None:
        """Return what writes tables and fields of the kept instants; on rank 0 only."""
        if self.comm.rank != 0:
            return None
        fields = DischargeFieldFiles(self.out / "fields", mesh, files.network) if self.case.output.fields else None

        def write(snapshots: list[Snapshot]) -> None:
            """Write tables, facets and fields."""
            files.write(snapshots)
            if fields is not None:
                files.write_facets(snapshots)
                fields.write(snapshots)

        return write


def starving(run: Discharge, curve: tuple[DischargeRecord, ...]) -> str:
    """Say what limits a cell that ends early."""
    active = run.network.active_fraction
    if min(active.values()) < 0.5:
        fractions = {name: round(value, 4) for name, value in active.items()}
        return f"only part of the phases takes part: {fractions}"
    change = curve[-1].voltage_V - curve[0].voltage_V
    if curve[-1].largest_surface_stoichiometry > 0.95 * max(
        r.open_circuit_potential.range[1] for r in run.cell.reactions
    ):
        return "particle surfaces are full: diffusion in the active material"
    if change > 0.0:
        return f"on charge the voltage rose by {change:.3f} V: surfaces are empty, or conduction or kinetics limit"
    return f"the voltage fell by {-change:.3f} V while surfaces were not full: conduction or kinetics"
