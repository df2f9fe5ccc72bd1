"""The beads of a stage in LAMMPS: metres and kilograms on this side, its micro units on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from .configuration import Configuration
from .errors import GranodeError, StageError
from .force_field import ForceField, force_field_commands, pair_coefficients
from .input_script import UNITS, write_data_file
from .journal import JournalMismatchError
from .lammps_instance import LammpsError
from .phases import Phase
from .recorded_lammps import RecordedLammps
from .stage_record import StageRecord

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# LAMMPS `units micro`: um, pg, us; pressure pg/(um us2).
LENGTH = 1e-6
MASS = 1e-15
TIME = 1e-6
PRESSURE = 1e3
SPEED = LENGTH / TIME

NEIGHBOUR_SKIN = 1.0  # [um]
# A bead that moves by its diameter in a step jumps through others. Sound stages stay below half a radius, also
# while they let go of an affine compression.
LARGEST_STEP = 2.0  # [radii per time step]
WATCH_INTERVAL = 10  # [steps]
# Bins of half the shortest cut-off are fast where beads are dense, but a dilute box of many small beads would
# fill the memory with empty ones.
MOST_BINS = 2e7


@dataclass(frozen=True)
class _Start:
    """Beads that wait for their diameters and masses."""

    configuration: Configuration
    class_index: IntArray
    triclinic: bool


class LammpsEngine:
    """A LAMMPS instance that holds the beads of one stage.

    Use it as a context manager: LAMMPS is closed at the end. With a record, the commands are written to a
    script that plain ``lmp`` runs again, and runs and readings to a journal. A stage that is started again
    with the same record goes through the same calls: they are answered from the journal up to its last
    restart file, from which LAMMPS goes on. So a stage must read the state through the methods of this
    class only, and decide by nothing else than what it read.

    Args:
        comm: communicator of the ranks that run together.
        stage: name used in error messages and file names.
        time_step: [s].
        inertial_scale: factor on the masses in the equations of motion. Contact, attractive and viscous
            forces keep their values, so slow processes keep their path at a larger time step.
        record: where script and journal are kept; None: nowhere.
    """

    def __init__(
        self,
        comm: MPI.Intracomm,
        stage: str,
        time_step: float,
        inertial_scale: float = 1.0,
        record: StageRecord | None = None,
    ) -> None:
        self.stage = stage
        self.time_step = time_step
        self.inertial_scale = inertial_scale
        self._comm = comm
        self._record = StageRecord() if record is None else record
        self._inertial_mass = 0.0
        self._start: _Start | None = None
        self._explained = False
        self._shortest_cutoff = 0.0  # [um]
        self._dilute = False
        name = self._record.file_name(stage)
        self._lammps = RecordedLammps(comm, name, time_step / TIME, self._header(name), self._record)

    def __enter__(self) -> LammpsEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if value is None:
                self._lammps.finish()
            elif isinstance(value, GranodeError) and not isinstance(value, JournalMismatchError):
                self._abort_if_alone(value, str(value))
                self._keep_state(str(value))
                if isinstance(value, StageError) and not self._explained:
                    raise StageError(self._explain(str(value))) from value
        finally:
            self._lammps.close()

    def command(self, *lines: str) -> None:
        """Run LAMMPS commands in order.

        Raises:
            StageError: LAMMPS reports an error, such as lost atoms; the last thermo lines are quoted.
        """
        for line in lines:
            try:
                self._lammps.command(line)
            except LammpsError as error:
                self._fail(str(error), error)

    def create(
        self, configuration: Configuration, class_index: IntArray, boundary: str, triclinic: bool = False
    ) -> None:
        """Set up the box; the beads are put into it as soon as they have diameters and masses.

        Args:
            configuration: where the beads are, in order of their ids 1..n.
            class_index: class of each bead from 0, shape (n,).
            boundary: LAMMPS boundary flags such as ``p p f``.
            triclinic: whether the box can be sheared.

        Raises:
            StageError: a bead lies outside the box.
        """
        open_axes = np.array([flag != "p" for flag in boundary.split()])
        centres = configuration.centres
        outside = ((centres < configuration.lower) | (centres > configuration.upper)) & open_axes
        if outside.any():
            self._fail(f"{int(outside.any(axis=1).sum())} of {len(centres)} beads lie outside the box")
        self.command("units micro", "dimension 3", f"boundary {boundary}", "atom_style sphere", "newton on")
        self._start = _Start(configuration, class_index, triclinic)

    def set_beads(self, diameters: Sequence[float], masses: Sequence[float], counts: IntArray) -> None:
        """Give every class its diameter [m] and inertial mass [kg], before scaling; shapes (classes,)."""
        scaled = [mass * self.inertial_scale for mass in masses]
        self._inertial_mass = float((np.asarray(scaled) * counts).sum())
        if self._start is not None:
            self._put_in(self._start, diameters, scaled)
            self._start = None
            return
        for number, (diameter, mass) in enumerate(zip(diameters, scaled, strict=True), start=1):
            self.command(
                f"set type {number} diameter {diameter / LENGTH:.17g}", f"set type {number} mass {mass / MASS:.17g}"
            )

    def set_force_field(self, force_field: ForceField, phases: Sequence[Phase], diameters: Sequence[float]) -> None:
        """Set all interactions for classes of the given phase and diameter [m]; shapes (classes,)."""
        sizes = [diameter / LENGTH for diameter in diameters]
        self.command(*force_field_commands(force_field, phases, sizes, self.inertial_scale))
        self._shortest_cutoff = min(pair.cutoff for pair in pair_coefficients(force_field, phases, sizes))
        self._choose_bins()
        self.command(
            "neigh_modify delay 0 every 1 check yes one 10000 page 200000",
            f"timestep {self.time_step / TIME:.10g}",
            "thermo 1000000000",
            "thermo_style custom step ke pe press pxx pyy pzz vol",
            "thermo_modify lost error",
            "velocity all set 0 0 0",
            "set group all omega 0 0 0",
        )
        if not self.has_fix("watch"):
            self._watch()

    def run(self, steps: int) -> None:
        """Advance by a number of time steps.

        Raises:
            StageError: beads were lost, move too far per step, or the forces are no longer finite.
        """
        try:
            self._lammps.run(steps)
        except JournalMismatchError:
            raise
        except StageError as error:
            self._fail(str(error), error)
        if self._dilute:
            self._choose_bins()

    def has_fix(self, name: str) -> bool:
        """Return whether a fix of this name exists."""
        return self._lammps.has("fix", name)

    def pressure(self, component: str = "press") -> float:
        """Return the mean (``press``) or a component (``pxx``, ``pzz``, ``pxy``) of the pressure [Pa]."""
        return self._lammps.thermo(component) * PRESSURE

    def speed(self) -> float:
        """Return the root mean square speed of the beads, weighted by inertial mass [m/s]."""
        energy = self._lammps.thermo("ke") * MASS * SPEED**2
        return float(np.sqrt(2.0 * energy / self._inertial_mass))

    def volume(self) -> float:
        """Return the volume of the box [m3]."""
        return self._lammps.thermo("vol") * LENGTH**3

    def size(self) -> FloatArray:
        """Return the edge lengths of the box, shape (3,) [m]."""
        low, high = self._lammps.box()
        return np.asarray((high - low) * LENGTH)

    def value(self, name: str) -> float:
        """Return the value of the equal-style LAMMPS variable of this name, in LAMMPS units."""
        return self._lammps.variable(name)

    def configuration(self) -> Configuration:
        """Return the centres on all ranks, in order of the ids, and the box."""
        centres, low, high = self._lammps.places()
        return Configuration(centres * LENGTH, low * LENGTH, high * LENGTH)

    def forces(self) -> FloatArray:
        """Return the force on every bead, in order of the ids, shape (n, 3) [N]."""
        return self._lammps.forces() * (MASS * LENGTH / TIME**2)

    def _header(self, name: str) -> list[str]:
        ranks = self._comm.size
        return [
            f"Stage {self.stage} of a particle simulation, exactly as LAMMPS ran it on {ranks} rank(s).",
            f"Run it again in this folder: {'lmp' if ranks == 1 else f'mpirun -n {ranks} lmp'} -in {name}.in",
            UNITS,
            f"time step {self.time_step:g} s, masses scaled by {self.inertial_scale:g} (forces are not)",
            *self._record.header,
        ]

    def _put_in(self, start: _Start, diameters: Sequence[float], masses: Sequence[float]) -> None:
        write = partial(
            write_data_file,
            configuration=start.configuration,
            class_index=start.class_index,
            diameters=diameters,
            masses=masses,
        )
        try:
            self._lammps.read_data(write)
        except LammpsError as error:
            self._fail(str(error), error)
        self.command("comm_modify vel yes")
        if start.triclinic:
            self.command("change_box all triclinic")

    def _choose_bins(self) -> None:
        """Search neighbours in bins that suit each class, or all alike while the box is too large for that."""
        bin_volume = (0.5 * (self._shortest_cutoff + NEIGHBOUR_SKIN) * LENGTH) ** 3
        self._dilute = float(np.prod(self.size())) > MOST_BINS * bin_volume
        search, mode = ("bin", "single") if self._dilute else ("multi", "multi")
        self.command(f"neighbor {NEIGHBOUR_SKIN} {search}", f"comm_modify mode {mode} vel yes")

    def _watch(self) -> None:
        """Let LAMMPS stop as soon as a bead moves further per time step than any stable simulation does."""
        self.command(
            'variable watch_step atom "sqrt(vx^2+vy^2+vz^2)*dt/radius"',
            "compute watch_step all reduce max v_watch_step",
            "variable watch_largest equal c_watch_step",
            f"fix watch all halt {WATCH_INTERVAL} v_watch_largest > {LARGEST_STEP} error hard message no",
        )

    def _keep_state(self, reason: str) -> None:
        """After a failure: keep the beads where they are, or where they were in the last restart file."""
        try:
            places = None if self._start is not None else self._lammps.last_places()
        except LammpsError as error:
            self._abort_if_alone(error, reason)
            raise
        if places is not None:
            centres, low, high = (values * LENGTH for values in places)
            self._record.reached = Configuration(centres, low, high)

    def _explain(self, reason: str) -> str:
        """Return a message with the time and the last thermo lines."""
        named = reason if reason.startswith(self.stage) else f"{self.stage}: {reason}"
        return f"{named}\n{self._lammps.state_text()}"

    def _fail(self, reason: str, cause: Exception | None = None) -> None:
        message = self._explain(reason)
        self._explained = True
        self._abort_if_alone(cause, message)
        raise StageError(message) from cause

    def _abort_if_alone(self, error: Exception | None, message: str) -> None:
        """End all ranks when only this one knows of an error: the others would wait for ever."""
        if isinstance(error, LammpsError) and error.alone:
            print(message, flush=True)
            self._comm.Abort(1)
