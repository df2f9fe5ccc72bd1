"""Runs a case and kills its own process at a named moment: ``python3 -m tests.verification.killed_discharge``."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpi4py import MPI

from cases import discharge_recorder
from cases.runner import run_in_process
from solver import checkpoint_file


def die(*_: Any) -> None:
    """End this process as nothing can be caught."""
    os.kill(os.getpid(), signal.SIGKILL)


def after_row(count: int) -> None:
    """Die when so many rows of the curve are written, in the middle of the next one."""
    original = discharge_recorder.DischargeRecorder._write

    def write(self: Any, records: Any, anew: bool) -> None:
        """Write, or leave half a row and die."""
        if not anew and records[0].step == count:
            for table in self.tables:
                with table.path.open("a") as file:
                    file.write("7,3.14,0.0")
            die()
        original(self, records, anew)

    discharge_recorder.DischargeRecorder._write = write  # type: ignore[method-assign]


def in_checkpoint(count: int, moment: str) -> None:
    """Die in the checkpoint of a number: with half of it written, or complete but not yet renamed."""
    original: Callable[[int], None] = os.fsync
    calls = 0

    def fsync(descriptor: int) -> None:
        """Count the files that are brought to the disk; two per checkpoint."""
        nonlocal calls
        calls += 1
        if calls == 2 * count + 1:
            if moment == "half":
                os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
            die()
        original(descriptor)

    checkpoint_file.os.fsync = fsync  # type: ignore[attr-defined]


if __name__ == "__main__":
    case, out, what, number = sys.argv[1:]
    if what == "row":
        after_row(int(number))
    else:
        in_checkpoint(int(number), what)
    run_in_process(json.loads(Path(case).read_text()), Path(out), MPI.COMM_SELF)
