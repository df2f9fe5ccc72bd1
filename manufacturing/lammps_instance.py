"""One LAMMPS in memory, in its own units: commands, readings, restart files, and what its errors mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from .errors import StageError
from .restart_file import read_restart, write_restart

FloatArray = npt.NDArray[np.float64]

# What LAMMPS says when beads or box fly apart.
EXPLOSIONS = ("Fix halt condition", "Too many neighbor bins", "Non-numeric", "Out of range atoms", "out of range atoms")


class LammpsError(StageError):
    """An error that LAMMPS reported; after it nothing can be asked from this instance any more.

    Args:
        reason: what happened.
        alone: whether the other ranks may not know of it.
    """

    def __init__(self, reason: str, alone: bool = False) -> None:
        self.alone = alone
        super().__init__(reason)


class LammpsInstance:
    """A LAMMPS without output.

    Args:
        comm: communicator of the ranks that run together.

    Raises:
        LammpsError: LAMMPS cannot be loaded.
    """

    def __init__(self, comm: MPI.Intracomm) -> None:
        self.comm = comm
        # Imported here so that recipes and packings can be used without LAMMPS.
        try:
            from lammps import lammps

            self._lammps: Any = lammps(cmdargs=["-log", "none", "-screen", "none"], comm=comm)
        except (ImportError, OSError) as error:
            raise LammpsError(f"LAMMPS cannot be loaded ({error})") from error

    def command(self, line: str) -> None:
        """Carry out a command.

        Raises:
            LammpsError: LAMMPS reports an error.
        """
        self._ask(line, lambda: self._lammps.command(line))

    def thermo(self, name: str) -> float:
        """Return a thermodynamic value."""
        return float(self._ask(name, lambda: self._lammps.get_thermo(name)))

    def variable(self, name: str) -> float:
        """Return the value of an equal-style variable."""
        return float(self._ask(name, lambda: self._lammps.extract_variable(name)))

    def gather(self, name: str) -> FloatArray:
        """Return a vector of every bead on all ranks, in order of the ids, shape (n, 3)."""
        gathered = self._ask(name, lambda: self._lammps.gather_atoms(name, 1, 3))
        return np.array(gathered, dtype=np.float64).reshape(-1, 3)

    def box(self) -> list[FloatArray]:
        """Return the lower and the upper corner of the box."""
        return [np.array(corner, dtype=np.float64) for corner in self._lammps.extract_box()[:2]]

    def save(self, path: Path) -> None:
        """Write a restart file.

        Raises:
            LammpsError: the file cannot be written; the simulation itself is unharmed.
        """
        try:
            write_restart(self._lammps, path)
        except Exception as error:
            reason = f"the restart file {path} cannot be written, the one before it is kept: {error}"
            raise LammpsError(reason, self._alone(error)) from error

    def restore(self, path: Path, commands: Iterable[str]) -> None:
        """Read a restart file and give the commands that are in force besides the state.

        Raises:
            StageError: the file cannot be read.
        """
        given = list(commands)
        try:
            read_restart(self._lammps, self.comm, path, given)
        except StageError:
            raise
        except Exception as error:
            raise LammpsError(f"the restart file {path} cannot be read: {error}", self._alone(error)) from error

    def close(self) -> None:
        """End LAMMPS."""
        self._lammps.close()

    def _ask(self, what: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            raise LammpsError(_reason(what, str(error)), self._alone(error)) from error

    def _alone(self, error: Exception) -> bool:
        """Tell whether LAMMPS found an error on this rank only."""
        return type(error).__name__ == "MPIAbortException" and self.comm.size > 1


def lammps_version() -> int:
    """Return the version of LAMMPS as a date, such as 20250204; 0 when there is none."""
    try:
        import lammps
    except (ImportError, OSError):
        return 0
    return int(lammps.__version__)


def _reason(line: str, message: str) -> str:
    if any(sign in message for sign in EXPLOSIONS):
        return (
            f"the simulation is exploding, beads move too far per time step or fly apart (LAMMPS at `{line}`: "
            f"{message}); take a smaller time step or a larger inertial scale"
        )
    return f"LAMMPS stopped at `{line}`: {message}"
