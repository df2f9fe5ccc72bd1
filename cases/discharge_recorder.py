"""Writes what a discharge leaves while it runs: a row of the curve per time step, fields at chosen utilisations."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from mpi4py import MPI

from manufacturing.collective import run_on
from manufacturing.errors import StageError
from solver.discharge_records import DischargeRecord, Snapshot

from .log import RunLog


class DischargeRecorder:
    """Takes each accepted step of a discharge (collective); what it wrote stays when the run is killed.

    Args:
        out: directory of the run.
        log: takes progress.
        comm: all ranks; rank 0 writes.
        steps: number of protocol steps.
        write_fields: writes all kept fields, on rank 0; None where they are not wanted.
        utilisations: from which on the fields of the next step are kept.
    """

    def __init__(
        self,
        out: Path,
        log: RunLog,
        comm: MPI.Intracomm,
        steps: int,
        write_fields: Callable[[list[Snapshot]], None] | None,
        utilisations: tuple[float, ...],
    ) -> None:
        self.path = out / "curves" / "discharge.csv"
        self.log, self.comm, self.steps, self.write_fields = log, comm, steps, write_fields
        self.pending = sorted(utilisations)
        self.snapshots: list[Snapshot] = []  # on rank 0
        self._last: Callable[[], Snapshot | None] | None = None
        self.begin(())

    def begin(self, records: Sequence[DischargeRecord]) -> None:
        """Begin the curve file with the rows of an earlier run (collective)."""
        run_on(self.comm, 1, lambda: self._write(records, anew=True))

    def __call__(self, record: DischargeRecord, utilisation: float, snapshot: Callable[[], Snapshot | None]) -> None:
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
        if self.pending and abs(utilisation) >= self.pending[0]:
            self.pending = [u for u in self.pending if abs(utilisation) < u]
            self._keep()

    def close(self) -> None:
        """Keep the fields of the last accepted step too (collective)."""
        if self._last is not None:
            self._keep()

    def _write(self, records: Sequence[DischargeRecord], anew: bool) -> None:
        """Write rows of the curve; a row that cannot be written ends the run."""
        try:
            with self.path.open("w" if anew else "a", newline="") as file:
                writer = csv.writer(file)
                if anew:
                    writer.writerow([field.name for field in fields(DischargeRecord)])
                writer.writerows(asdict(record).values() for record in records)
        except OSError as error:
            raise StageError(f"discharge: {self.path} cannot be written ({error.strerror})") from error

    def _keep(self) -> None:
        """Gather the fields on rank 0 and write all that are kept."""
        assert self._last is not None
        kept = self._last()
        self._last = None
        if kept is not None and self.write_fields is not None:
            self.snapshots.append(kept)
            self.write_fields(self.snapshots)
