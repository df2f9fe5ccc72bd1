"""Charge and discharge of the resolved cell through a protocol of steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing.collective import run_on
from manufacturing.errors import InputError, StageError
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

from .active_network import ActiveNetwork, find_active_network
from .cell_contacts import CellJoints
from .cell_currents import current_densities
from .cell_stiffness import typical_values
from .connectivity import CellGraph
from .constants import FARADAY
from .discharge_figures import CellFigures, discharge_summary
from .discharge_records import (
    SKIPPED,
    DischargeResult,
    Snapshot,
    StepListener,
    StepOutcome,
)
from .half_cell import LITHIUM_FIELD, CellModel, HalfCell
from .integrator import CellIntegrator, CellPoint, StepResult
from .landing import Instant, Landing
from .ledger import Ledger
from .lithiation import SurfaceState
from .march import Advance, March, SmallestStepError
from .newton import NewtonSettings, NewtonSolver, NotConvergedError
from .progress import Progress, StepStart
from .protocol import CellScales, End, ProtocolStep, Reading, watch
from .time_stepping import StepController

FloatArray = npt.NDArray[np.float64]

Keeper = Callable[[Progress, bool], None]  # the second is true at the end of a protocol step


@dataclass(frozen=True)
class SteppingSettings:
    """Numerical settings that all steps of a protocol share."""

    tolerance: float = 5e-5  # local error of the stoichiometry per step
    first_step: float = 1e-2  # [s] of each protocol step
    smallest_step: float = 1e-6  # [s]
    largest_step: float = 600.0  # [s]
    maximum_steps: int = 20000  # in each protocol step
    newton: NewtonSettings = field(default_factory=NewtonSettings)

    @property
    def controller(self) -> StepController:
        """Choice of the time steps."""
        return StepController(self.tolerance, self.first_step, self.smallest_step, self.largest_step)


def theoretical_capacity(mesh: LabelledMesh, model: CellModel, window: tuple[float, float]) -> float:
    """Return Q_th (Eq. 13) = F c_max |x_0 - x_100| V_AM over all active material of the cell [C]."""
    volume = float(mesh.volumes()[mesh.phases == Phase.AM].sum())
    return FARADAY * model.maximum_concentration[Phase.AM] * abs(window[1] - window[0]) * volume


class Discharge:
    """A run through the steps of a protocol.

    Args:
        mesh: labelled mesh, the same on every rank.
        model: properties and reactions.
        window: stoichiometry of the active material at 100 % and 0 % charge.
        protocol: the steps, in order.
        settings: numerical settings.
        comm: communicator.
        graph: neighbours of the cells, when already known.
    """

    def __init__(
        self,
        mesh: LabelledMesh,
        model: CellModel,
        window: tuple[float, float],
        protocol: tuple[ProtocolStep, ...],
        settings: SteppingSettings,
        comm: MPI.Intracomm,
        graph: CellGraph | None = None,
    ) -> None:
        self.protocol, self.settings, self.comm = protocol, settings, comm
        self.network: ActiveNetwork = run_on(comm, 1, lambda: _network(mesh, model, graph or CellGraph(mesh)))
        self.cell = HalfCell(mesh, self.network, model, comm)
        self.scales = CellScales(theoretical_capacity(mesh, model, window), mesh.cross_section)
        self.solver = NewtonSolver(self.cell, settings.newton, self.scales.one_c / 100.0)
        self.integrator = CellIntegrator(self.cell, self.solver)
        self.figures = CellFigures(self.cell, self.scales)

    def run(
        self,
        listener: StepListener | None = None,
        keeper: Keeper | None = None,
        resumed: Progress | None = None,
        note: Callable[[str], None] | None = None,
    ) -> DischargeResult:
        """Run to the end of the protocol.

        Args:
            listener: takes each accepted time step.
            keeper: takes the progress after each, to keep it or not.
            resumed: where an earlier run of the same protocol had come to.
            note: takes lines about protocol steps.

        Raises:
            InputError: every step is over before it begins, or the cell cannot carry a current.
            StageError: no step of the smallest size converges, or a balance is violated; the state is kept.
        """
        progress = resumed or self.beginning()
        keep = keeper or (lambda progress, ended: None)
        tell = note or (lambda text: None)
        while progress.number < len(self.protocol):
            progress = self._run_step(progress, listener, keep)
            keep(progress, True)
            tell(_outcome_line(progress.outcomes[-1]))
        return DischargeResult(discharge_summary(self.figures, progress), progress.records)

    def beginning(self) -> Progress:
        """Return the cell at rest before the first step."""
        state = self.cell.initial_state()
        point = CellPoint(0.0, state, self.cell.currents(state))
        return Progress(0, point, self.settings.first_step, Ledger(np.zeros(len(self.network.surfaces))))

    def _run_step(self, progress: Progress, listener: StepListener | None, keep: Keeper) -> Progress:
        """Run one protocol step from its start, or from the middle of it, to its end."""
        step = self.protocol[progress.number]
        control = step.control(self.scales)
        if progress.start is None:
            opened = self._switch_on(progress, step)
            watched = watch(step, opened.start.reading, self.scales)  # type: ignore[union-attr]
            distance, end = watched.nearest(opened.start.reading)  # type: ignore[union-attr]
            if distance >= 0.0:
                return self._skip(progress, step, end, opened)
            progress = self._recorded(opened, None, listener)
        assert progress.start is not None
        march = March(
            self.integrator, self.settings.controller, control, watch(step, progress.start.reading, self.scales)
        )
        for _ in range(self.settings.maximum_steps):
            advance = self._advance(march, progress, keep)
            landing = Landing(
                self.integrator, control, progress, advance.result, self.figures.working, self.scales.capacity
            )
            progress = self._recorded(self._accept(progress, advance), landing, listener)
            if advance.reached is not None:
                return self._closed(progress, step, advance.reached)
            keep(progress, False)
        raise StageError(
            f"discharge: {self.settings.maximum_steps} steps were not enough, time {progress.point.time:.6g} s"
        )

    def _switch_on(self, progress: Progress, step: ProtocolStep) -> Progress:
        """Return the instant right after a protocol step began."""
        try:
            point = self.integrator.switch_on(progress.point, step.control(self.scales))
        except NotConvergedError as error:
            raise InputError(
                f"{step.key}.{step.drive}",
                f"{step.value:g}, at which no potentials were found at {progress.point.time:.6g} s ({error})",
                "what the cell can carry",
            ) from error
        reading = self.figures.reading(point)
        start = StepStart(point.time, progress.ledger.passed, progress.ledger.energy, len(progress.records), reading)
        return replace(progress, point=point, start=start, next_step=self.settings.first_step)

    def _skip(self, progress: Progress, step: ProtocolStep, end: End, opened: Progress) -> Progress:
        """Leave out a step that is over before it begins; the cell stays as it was."""
        last = progress.number == len(self.protocol) - 1
        if last and all(outcome.skipped for outcome in progress.outcomes):
            found = f"{end.value:g} with {self.figures.cell.voltage(opened.point.state):.4f} V once the current flows"
            raise InputError(end.key, found, "an end that is reached during the run (or a smaller current)")
        outcome = StepOutcome(progress.number + 1, step.name, step.cycle, step.drive, step.value, SKIPPED + end.reason)
        return replace(progress, number=progress.number + 1, outcomes=(*progress.outcomes, outcome))

    def _advance(self, march: March, progress: Progress, keep: Keeper) -> Advance:
        start = progress.start
        assert start is not None

        def read(result: StepResult) -> Reading:
            return self.figures.reading(result.point, start, progress.ledger.after(result, self.figures.working, 0))

        now = self.figures.reading(progress.point, start, progress.ledger)
        try:
            return march.advance(progress.point, now, progress.next_step, read)
        except SmallestStepError as error:
            keep(progress, True)
            raise StageError(
                f"discharge: step {len(progress.records)} at {progress.point.time:.6g} s and "
                f"{now.voltage:.4f} V {error}; the state and the curve so far are kept"
            ) from error

    def _accept(self, progress: Progress, advance: Advance) -> Progress:
        ledger = progress.ledger.after(advance.result, self.figures.working, advance.rejected)
        return replace(progress, point=advance.result.point, next_step=advance.proposal, ledger=ledger)

    def _recorded(self, progress: Progress, landing: Landing | None, listener: StepListener | None) -> Progress:
        """Add a row to the curve, after a time step or, without one, where a protocol step begins.

        Raises:
            StageError: a balance is violated, or a surface left the range of its curves.
        """
        record = self.figures.record(progress, self.protocol[progress.number], landing.step if landing else None)
        progress = replace(progress, records=(*progress.records, record))
        if listener is not None:

            def take(instant: Instant | None = None) -> Snapshot | None:
                """Collect the fields at the end of the step, or at an instant inside it."""
                return self.snapshot(landing.at(instant) if landing and instant else progress)

            listener(record, progress.ledger.passed / self.scales.capacity, take)
        self.figures.check(progress.point, record)
        return progress

    def _closed(self, progress: Progress, step: ProtocolStep, end: End) -> Progress:
        outcome = self.figures.outcome(progress, step, end)
        return replace(progress, number=progress.number + 1, start=None, outcomes=(*progress.outcomes, outcome))

    def snapshot(self, progress: Progress) -> Snapshot | None:
        """Collect the nodal fields on rank 0 (collective)."""
        point, utilisation = progress.point, progress.ledger.passed / self.scales.capacity
        fields = [f.at_nodes(self.cell.values(k, point.state)) for k, f in enumerate(self.cell.fields)]
        surface, currents = self._surface(point), current_densities(self.cell, point.state)
        voltage = self.cell.voltage(point.state)
        if fields[0] is None or fields[1] is None or fields[2] is None:
            return None
        return Snapshot(point.time, utilisation, voltage, fields[0], fields[1], fields[2], surface, currents)

    def _surface(self, point: CellPoint) -> SurfaceState | None:
        """Collect what the reaction of the working electrode does on rank 0 (collective)."""
        points, found = self.cell.points[self.figures.working], point.currents.surfaces[self.figures.working]
        x = points.values(LITHIUM_FIELD, point.state[self.cell.slices[LITHIUM_FIELD]])
        parts = [points.at_facets(values, self.comm) for values in (found.current, found.overpotential, x)]
        if parts[0] is None or parts[1] is None or parts[2] is None:
            return None
        return SurfaceState(parts[0], parts[1], parts[2])


def _network(mesh: LabelledMesh, model: CellModel, graph: CellGraph) -> ActiveNetwork:
    """Find what takes part with the resistances of the model, on one rank."""
    electronic = mesh.per_cell(typical_values(model.electronic_conductivity))
    conductivities = mesh.per_cell(model.ionic_conductivity), electronic
    return find_active_network(mesh, graph, CellJoints.of(graph, model.contacts, *conductivities))


def _outcome_line(outcome: StepOutcome) -> str:
    """Say how a protocol step ended."""
    title = f"protocol step {outcome.number}" + (f" ({outcome.name})" if outcome.name else "")
    title += f", cycle {outcome.cycle}" if outcome.cycle else ""
    if outcome.skipped:
        return f"{title}: {outcome.end_reason} end met at its start"
    return (
        f"{title}: ended on {outcome.end_reason} after {outcome.duration_s:.6g} s at {outcome.final_voltage_V:.4f} V, "
        f"{outcome.capacity_Ah_m2:.6g} Ah/m2, {outcome.energy_Wh_m2:.6g} Wh/m2"
    )
