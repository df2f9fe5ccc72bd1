"""Writes what a discharge leaves while it runs: a row of the curve per time step, fields at chosen utilisations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing.collective import run_on
from manufacturing.errors import StageError
from solver.discharge_records import DischargeRecord, Snapshot, SnapshotTaker

from .curve_table import CurveTable
from .log import RunLog
from .snapshot_instants import SnapshotInstants

FloatArray = npt.NDArray[np.float64]

NODAL = ("ionic_potential", "electronic_potential", "stoichiometry")


class DischargeRecorder:
    """Takes each accepted step of a discharge (collective); what it wrote stays when the run is killed.

    Args:
        log: takes progress.
        comm: all ranks; rank 0 writes.
        steps: number of protocol steps.
        tables: to which each row of the curve goes.
        write_fields: writes all kept fields, on rank 0; None where they are not wanted.
        instants: when the fields of a step are kept.
    """

    def __init__(
        self,
        log: RunLog,
        comm: MPI.Intracomm,
        steps: int,
        tables: tuple[CurveTable, ...],
        write_fields: Callable[[list[Snapshot]], None] | None,
        instants: SnapshotInstants,
    ) -> None:
        self.log, self.comm, self.steps, self.tables, self.write_fields = log, comm, steps, tables, write_fields
        self.instants = instants
        self.snapshots: list[Snapshot] = []  # on rank 0
        self._last: SnapshotTaker | None = None  # of the last step where its end is not kept yet
        self.begin(())

    def begin(self, records: Sequence[DischargeRecord]) -> None:
        """Begin the curve file with the rows of an earlier run (collective)."""
        run_on(self.comm, 1, lambda: self._write(records, anew=True))

    def __call__(self, record: DischargeRecord, utilisation: float, snapshot: SnapshotTaker) -> None:
        """Take an accepted step (collective)."""
        run_on(self.comm, 1, lambda: self._write((record,), anew=False))
        share = (record.protocol_step - 1) / self.steps if self.steps > 1 else min(abs(utilisation), 1.0)
        where = f"step {record.protocol_step} of {self.steps}, " if self.steps > 1 else ""
        self.log.progress(
            "discharge",
            share,
            f"{where}{record.time_s:.1f} s, {record.voltage_V:.4f} V, step {record.step_s:.3g} s, "
            f"{record.newton_iterations} Newton, {record.linear_iterations} Krylov",
        )
        self._last = snapshot
        found = self.instants.reached(abs(utilisation), record.time_s, record.voltage_V)
        if found:
            self._keep([snapshot(instant) for instant in found], record.time_s)

    def kept(self) -> tuple[dict[str, FloatArray], dict[str, Any]]:
        """Return the kept fields, and what is needed to go on keeping, for a checkpoint (rank 0)."""
        arrays = {f"kept_{name}_{k}": getattr(s, name) for k, s in enumerate(self.snapshots) for name in NODAL}
        instants = [(snapshot.time, snapshot.utilisation, snapshot.voltage) for snapshot in self.snapshots]
        return arrays, {"pending": self.instants.pending(), "instants": instants}

    def take(self, arrays: dict[str, FloatArray], header: dict[str, Any]) -> None:
        """Take up what :meth:`kept` returned in an earlier run."""
        self.instants.take(header["pending"])
        self.snapshots = [
            Snapshot(*instant, *(arrays[f"kept_{name}_{k}"] for name in NODAL))
            for k, instant in enumerate(header["instants"])
        ]

    def close(self) -> None:
        """Keep the fields of the last accepted step too (collective)."""
        if self._last is not None:
            self._keep([self._last()], -np.inf)

    def _write(self, records: Sequence[DischargeRecord], anew: bool) -> None:
        """Write rows of the curve; a row that cannot be written ends the run."""
        for table in self.tables:
            try:
                table.write(records, anew)
            except OSError as error:
                raise StageError(
                    f"discharge: {table.path} cannot be written ({error.strerror}); the last checkpoint is kept, "
                    "the same command goes on from there"
                ) from error

    def _keep(self, taken: list[Snapshot | None], end: float) -> None:
        """Keep fields and write all that are kept; those at the end of the step [s] need not be kept again."""

        def write() -> tuple[str, bool]:
            """Write on rank 0 in order of time; return why it failed, or nothing, and whether the end is among them."""
            new = {snapshot.time: snapshot for snapshot in taken if snapshot is not None}
            failures = [self._write_fields(new[time]) for time in sorted(new)]
            return next(filter(None, failures), ""), max(new, default=-np.inf) >= end

        failure, ended = run_on(self.comm, 1, write)
        if ended:
            self._last = None
        if failure:
            self.log.line(f"warning: discharge: fields cannot be written ({failure}); they are kept for the next time")

    def _write_fields(self, kept: Snapshot) -> str:
        """Write on rank 0; return why it failed, or nothing."""
        if self.write_fields is None:
            return ""
        self.snapshots.append(kept)
        try:
            self.write_fields(self.snapshots)
        except OSError as error:
            return str(error.strerror)
        return ""
