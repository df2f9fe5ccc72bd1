"""LAMMPS with a memory: all it was told goes to a script, all it answered to a journal from which it can go on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from .collective import run_on
from .errors import GranodeError, StageError
from .input_script import final_commands
from .journal import Journal, JournalMismatchError
from .lammps_instance import LammpsError, LammpsInstance
from .line_file import LineFile
from .live_commands import LiveCommands
from .stage_record import StageRecord
from .thermo_table import THERMO, ThermoTable

FloatArray = npt.NDArray[np.float64]

CHECKPOINT_STEPS = 1000  # [steps] at least, between two restart files


class RecordedLammps:
    """Carries out commands, runs and readings, or answers them from the record; units of LAMMPS.

    While the journal of an interrupted stage lasts, LAMMPS stays empty: commands are only collected, runs
    and readings are answered from the journal. At its end LAMMPS reads the restart file, is given the
    collected commands that are in force, and goes on.

    Args:
        comm: communicator of the ranks that run together.
        name: of the files.
        time_step: [us].
        header: lines for the comment at the top of the script.
        record: where the files are kept.
    """

    def __init__(
        self, comm: MPI.Intracomm, name: str, time_step: float, header: Sequence[str], record: StageRecord
    ) -> None:
        self.steps = 0
        self._comm = comm
        self._name = name
        self._time_step = time_step
        self._record = record
        self._restart_steps = 0
        self._broken = False
        self._live = LiveCommands()
        self._open_files(header)
        self._dormant = self._journal.restart_file is not None
        self._lammps = LammpsInstance(comm)

    def has(self, kind: str, name: str) -> bool:
        """Return whether an object such as a fix of this name is defined."""
        return self._live.has(kind, name)

    def read_data(self, write: Callable[[Path], None]) -> None:
        """Read beads from a data file that ``write`` makes on rank 0."""
        run_on(self._comm, 1, lambda: write(self._data_file))
        self._command(f'read_data "{self._data_file}"', f"read_data {self._data_file.name}")

    def command(self, line: str) -> None:
        """Carry out a command.

        Raises:
            LammpsError: LAMMPS reports an error.
        """
        self._command(line, line)

    def run(self, steps: int) -> None:
        """Advance by a number of time steps.

        Raises:
            StageError: LAMMPS reports an error, values are not finite or a file cannot be written.
        """
        self._check_files()
        setup = self._live.peek_sum()
        request = f"run {steps} after {setup}"
        self._script.write(f"run {steps}")
        if self._replays():
            values = self._journal.recall(request)
        else:
            self._checkpoint_when_due(setup)
            self._execute(f"run {steps}")
            values = [self._lammps.thermo(name) for name in THERMO]
            self._journal.keep(request, values)
        self._live.take_sum()
        self.steps += steps
        self._thermo.add([self.steps, self.steps * self._time_step, *values])
        if not np.all(np.isfinite(values)):
            self._broken = True
            raise StageError("the simulation blew up: forces or energies are not finite")

    def thermo(self, name: str) -> float:
        """Return a thermodynamic value."""
        return float(self._read(f"thermo {name}", lambda: self._lammps.thermo(name)))

    def variable(self, name: str) -> float:
        """Return the value of an equal-style variable."""
        return float(self._read(f"variable {name}", lambda: self._lammps.variable(name)))

    def box(self) -> list[FloatArray]:
        """Return the lower and the upper corner of the box."""
        corners: list[FloatArray] = self._read("box", lambda: self._lammps.box())
        return corners

    def places(self) -> list[FloatArray]:
        """Return the centres of all beads in order of their ids, and the corners of the box."""
        found: list[FloatArray] = self._read("configuration", self._places)
        return found

    def forces(self) -> FloatArray:
        """Return the forces on all beads in order of their ids, shape (n, 3)."""
        return np.asarray(self._read("forces", lambda: self._lammps.gather("f")))

    def state_text(self) -> str:
        """Return how far the simulation is, and the last thermo lines as a table."""
        return f"after {self.steps} steps, {self.steps * self._time_step:.6g} us:\n{self._thermo.text()}"

    def finish(self) -> None:
        """Complete the script."""
        self._script.write(*final_commands(self._name))

    def last_places(self) -> list[FloatArray] | None:
        """After a failure: make sure that the state is kept, and return places as in :meth:`places`.

        Returns:
            Places now, or in the last restart file when LAMMPS is broken; None when nothing is kept.
        """
        if not self._journal.recording:
            return None
        try:
            if not self._broken and not self._dormant:
                if self.steps > self._restart_steps:
                    self._checkpoint(self._live.peek_sum())
                return self._places()
            if self._journal.restart_file is not None:
                self._lammps.close()
                self._lammps = LammpsInstance(self._comm)
                self._lammps.restore(self._journal.restart_file, ())
                return self._places()
        except GranodeError as error:
            if isinstance(error, LammpsError) and error.alone:
                raise
            # The error that ended the stage is the one to tell.
            return None
        return None

    def close(self) -> None:
        """End LAMMPS and close all files."""
        self._record.steps += self.steps
        self._lammps.close()
        self._journal.close()
        self._script.close()
        self._table.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _open_files(self, header: Sequence[str]) -> None:
        """Open script, table and journal; without a folder to keep them in, the data file is temporary."""
        folder, first = self._record.folder, self._comm.rank == 0
        self._temporary = tempfile.TemporaryDirectory() if first and folder is None else None
        temporary = self._comm.bcast(self._temporary.name if self._temporary is not None else "", root=0)
        self._data_file = (folder or Path(temporary)) / f"{self._name}.data"
        kept = self._data_file if first and folder is not None else None
        self._journal = Journal(
            self._comm, None if folder is None else self._data_file.with_suffix(".journal"), self._record.key
        )
        self._script = LineFile(None if kept is None else kept.with_suffix(".in"))
        self._script.write(*(f"# {line}".rstrip() for line in header))
        self._table = LineFile(None if kept is None else kept.with_suffix(".thermo.csv"))
        self._thermo = ThermoTable(self._table)

    def _check_files(self) -> None:
        """Raise on all ranks what rank 0 could not write."""
        failure = self._comm.bcast(self._script.failure or self._table.failure, root=0)
        if failure:
            raise StageError(failure)

    def _command(self, line: str, written: str) -> None:
        """Carry out a command that the script has with a path relative to itself."""
        self._wake_when_ready()
        self._script.write(written)
        self._live.note(written)
        if not self._dormant:
            self._execute(line)

    def _execute(self, line: str) -> None:
        try:
            self._lammps.command(line)
        except LammpsError:
            self._broken = True
            raise

    def _read(self, request: str, measure: Callable[[], Any]) -> Any:
        """Return a reading, from the record or from LAMMPS."""
        if self._replays():
            return self._journal.recall(request)
        answer = measure()
        self._journal.keep(request, answer)
        return answer

    def _replays(self) -> bool:
        self._wake_when_ready()
        if self._dormant and not self._journal.replaying:
            raise JournalMismatchError("the commands differ from those before the restart file")
        return self._dormant

    def _wake_when_ready(self) -> None:
        """Go on from the restart file once the record and the commands after it have passed."""
        restart = self._journal.restart_file
        if not self._dormant or self._journal.replaying or self._live.peek_sum() != self._journal.setup:
            return
        assert restart is not None
        self._dormant = False
        # A restart file written before the next run would lack the contact history.
        self._restart_steps = self.steps
        self._restore(restart)
        if self._comm.rank == 0:
            self._record.log(f"{self._name}: goes on after {self.steps} recorded steps")

    def _restore(self, restart: Path) -> None:
        """Read the restart file; one that cannot be read is no reason to fail, for the stage can start afresh."""
        try:
            self._lammps.restore(restart, self._live)
        except StageError as error:
            if isinstance(error, LammpsError) and error.alone:
                raise
            raise JournalMismatchError(str(error)) from error

    def _checkpoint_when_due(self, setup: str) -> None:
        due = self._journal.recording and self.steps - self._restart_steps >= CHECKPOINT_STEPS
        if due and not self._live.unknown:
            self._checkpoint(setup)

    def _checkpoint(self, setup: str) -> None:
        self._journal.checkpoint(setup, self._lammps.save)
        self._restart_steps = self.steps

    def _places(self) -> list[FloatArray]:
        return [self._lammps.gather("x"), *self._lammps.box()]
