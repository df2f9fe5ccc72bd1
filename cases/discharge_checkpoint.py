"""Checkpoints of a running discharge: at intervals of time, at the end of each protocol step, at a failure."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from mpi4py import MPI

from manufacturing.collective import run_on
from solver.checkpoint import fits, pack, unpack
from solver.checkpoint_file import Content, read_checkpoint, write_checkpoint
from solver.discharge import Discharge
from solver.progress import Progress

from .discharge_recorder import DischargeRecorder
from .log import RunLog
from .stage_files import CHECKPOINTS

# 1 knew no double layers, 2 no shares, 3 no reversible heat, 4 no jumps, 5 no voltage of kept fields; 6 kept the
# potential of the electrolyte against the counter electrode.
FORMAT = 7
FILE = f"{CHECKPOINTS}/discharge.npz"


class DischargeCheckpoint:
    """Keeps the progress of one run and finds it again; every method is collective.

    Args:
        out: directory of the run.
        key: hash of all inputs; a checkpoint of other inputs is not used.
        interval: between two checkpoints inside a protocol step [s] of wall time.
        run: the run.
        recorder: of the same run; its kept fields go into the checkpoint.
        comm: all ranks.
        log: takes lines.
    """

    def __init__(
        self,
        out: Path,
        key: str,
        interval: float,
        run: Discharge,
        recorder: DischargeRecorder,
        comm: MPI.Intracomm,
        log: RunLog,
    ) -> None:
        self.path, self.key, self.interval = out / FILE, key, interval
        self.run, self.recorder, self.comm, self.log = run, recorder, comm, log
        self._written = time.monotonic()

    def __call__(self, progress: Progress, ended: bool) -> None:
        """Keep the progress where a protocol step ended or the last checkpoint is old enough."""
        if not self.comm.bcast(ended or time.monotonic() - self._written >= self.interval):
            return
        # The run that goes on and the one that is resumed continue with the same preconditioner.
        self.run.solver.forget()
        content = pack(self.run.cell, progress)
        failure = run_on(self.comm, 1, lambda: self._write(content))
        self._written = time.monotonic()
        if failure:
            kept = "the one before is kept" if self.path.exists() else "there is none before"
            self.log.line(f"warning: discharge: no checkpoint at {progress.point.time:.6g} s ({failure}); {kept}")

    def found(self) -> Progress | None:
        """Return where an earlier run with the same inputs had come to; its curve and fields are taken up."""
        content: Content | None = run_on(self.comm, 1, self._read)
        if content is None:
            return None
        arrays, header = content
        progress = unpack(self.run.cell, arrays, header)
        self.recorder.begin(progress.records)
        self.recorder.take(arrays, header)
        where = f"{progress.point.time:.6g} s, protocol step {progress.number + 1}"
        self.log.line(f"discharge: goes on from the checkpoint at {where}")
        return progress

    def _write(self, content: Content | None) -> str:
        """Write on rank 0; return why it failed, or nothing."""
        assert content is not None
        arrays, header = content
        kept, pending = self.recorder.kept()
        try:
            write_checkpoint(self.path, arrays | kept, header | pending | {"key": self.key, "format": FORMAT})
        except OSError as error:
            return str(error.strerror)
        return ""

    def _read(self) -> Content | None:
        content = read_checkpoint(self.path)
        if content is None or content[1].get("key") != self.key:
            return None
        return content if content[1].get("format") == FORMAT and fits(self.run.cell, content[0]) else None


def remove_checkpoint(out: Path) -> None:
    """Remove the checkpoint of a discharge that is finished (on one rank)."""
    with contextlib.suppress(OSError):
        (out / FILE).unlink()
