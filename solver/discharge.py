"""Constant-current discharge or charge of the resolved cell down to a cut-off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing.collective import run_on
from manufacturing.errors import InputError, StageError
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

from .active_network import ActiveNetwork, find_active_network
from .connectivity import CellGraph
from .constants import FARADAY
from .half_cell import CellModel, Control, Galvanostatic, HalfCell, Potentiostatic
from .integrator import CellIntegrator, CellPoint, StepResult
from .newton import NewtonSettings, NewtonSolver, NotConvergedError
from .time_stepping import StepController

FloatArray = npt.NDArray[np.float64]

BALANCE_LIMIT = 1e-8
EVENT_VOLTAGE_TOLERANCE = 1e-9  # [V]
EVENT_STEP_TOLERANCE = 1e-9  # of the step
EVENT_ITERATIONS = 60


@dataclass(frozen=True)
class DischargeSettings:
    """What is done to the cell; give one of ``c_rate``, ``current_density`` and ``hold_voltage``."""

    c_rate: float | None = 1.0  # [1/h] positive on discharge; 1C delivers the theoretical capacity in one hour
    current_density: float | None = None  # [A/m2] of electrode area, positive on discharge
    hold_voltage: float | None = None  # [V]
    cutoff_voltage: float | None = 2.8  # [V]
    maximum_time: float = 36000.0  # [s]
    maximum_steps: int = 20000
    tolerance: float = 1e-3  # local error of the stoichiometry per step
    first_step: float = 1e-2  # [s]
    smallest_step: float = 1e-6  # [s]
    largest_step: float = 600.0  # [s]
    newton: NewtonSettings = field(default_factory=NewtonSettings)

    @property
    def control_key(self) -> str:
        """Name of the setting that drives the cell."""
        if self.hold_voltage is not None:
            return "hold_voltage"
        return "c_rate" if self.current_density is None else "current_density"


@dataclass(frozen=True)
class DischargeRecord:
    """One accepted step; a row of the curve."""

    step: int
    time_s: float
    capacity_Ah_m2: float  # noqa: N815 - unit
    voltage_V: float  # noqa: N815 - unit
    current_A: float  # noqa: N815 - unit
    mean_stoichiometry: float
    smallest_surface_stoichiometry: float
    largest_surface_stoichiometry: float
    charge_balance_error: float
    lithium_balance_error: float
    newton_iterations: int
    linear_iterations: int
    step_s: float
    error_estimate: float


@dataclass(frozen=True)
class Snapshot:
    """Nodal fields at one instant, on rank 0 (NaN where a field does not live)."""

    time: float  # [s]
    utilisation: float
    ionic_potential: FloatArray  # (labelled vertices,) [V]
    electronic_potential: FloatArray  # [V]
    stoichiometry: FloatArray


StepListener = Callable[[DischargeRecord, float, Callable[[], Snapshot | None]], None]


@dataclass(frozen=True)
class DischargeResult:
    """Figures of the whole run and the curve."""

    summary: dict[str, Any]
    curve: tuple[DischargeRecord, ...]


def theoretical_capacity(mesh: LabelledMesh, model: CellModel, window: tuple[float, float]) -> float:
    """Return Q_th (Eq. 13) = F c_max |x_0 - x_100| V_AM over all active material of the cell [C]."""
    volume = float(mesh.volumes()[mesh.phases == Phase.AM].sum())
    return FARADAY * model.maximum_concentration[Phase.AM] * abs(window[1] - window[0]) * volume


class Discharge:
    """A run of one constant-current (or constant-voltage) step.

    Args:
        mesh: labelled mesh, the same on every rank.
        model: properties and reactions.
        window: stoichiometry of the active material at 100 % and 0 % charge.
        settings: protocol and numerical settings.
        comm: communicator.
        graph: neighbours of the cells, when already known.
    """

    def __init__(
        self,
        mesh: LabelledMesh,
        model: CellModel,
        window: tuple[float, float],
        settings: DischargeSettings,
        comm: MPI.Intracomm,
        graph: CellGraph | None = None,
    ) -> None:
        self.settings, self.comm = settings, comm
        self.network: ActiveNetwork = run_on(comm, 1, lambda: find_active_network(mesh, graph))
        self.cell = HalfCell(mesh, self.network, model, comm)
        self.capacity = theoretical_capacity(mesh, model, window)
        self.control = self._control()
        self.solver = NewtonSolver(self.cell, settings.newton, self.capacity / 3600.0 / 100.0)
        self.integrator = CellIntegrator(self.cell, self.solver)
        self._passed = 0.0  # [C] through the cell, positive on discharge
        self._working = [s.material for s in self.network.surfaces].index(Phase.AM)  # surface of the electrode
        self._exchanged = np.zeros(len(self.network.surfaces))  # [C] out of each active material, same quadrature
        self._records: list[DischargeRecord] = []
        self._totals = np.zeros(2, dtype=np.int64)
        self._rejected = 0

    def _control(self) -> Control:
        settings, area = self.settings, self.cell.mesh.cross_section
        if settings.hold_voltage is not None:
            return Potentiostatic(settings.hold_voltage)
        if settings.current_density is not None:
            return Galvanostatic(settings.current_density * area)
        assert settings.c_rate is not None
        return Galvanostatic(settings.c_rate * self.capacity / 3600.0)

    def run(self, listener: StepListener | None = None) -> DischargeResult:
        """Step to the end of the protocol.

        Raises:
            InputError: the cut-off lies beyond the voltage at rest, or the cell cannot carry the current.
            StageError: no step of the smallest size converges, or a balance is violated.
        """
        start = self.cell.initial_state()
        self._check_cutoff(self.cell.voltage(start), "at rest")
        point = self._switch_on(start)
        self._initial_inventory = self.cell.inventory(start)
        voltage = self.cell.voltage(point.state)
        self._check_cutoff(voltage, "once the current flows")
        self._record(point, None, listener)
        reason = self._march(point, voltage, listener)
        return DischargeResult(self._summary(reason), tuple(self._records))

    def _switch_on(self, start: FloatArray) -> CellPoint:
        try:
            return self.integrator.switch_on(start, self.control)
        except NotConvergedError as error:
            raise InputError(
                f"discharge.{self.settings.control_key}",
                f"{getattr(self.settings, self.settings.control_key):g}, at which no potentials were found ({error})",
                "a current that the cell can carry",
            ) from error

    def _beyond(self, voltage: float) -> float:
        """Return how far a voltage is past the cut-off (positive: past) [V]."""
        if self.settings.cutoff_voltage is None or isinstance(self.control, Potentiostatic):
            return -np.inf
        sign = 1.0 if self.control.current >= 0.0 else -1.0
        return sign * (self.settings.cutoff_voltage - voltage)

    def _check_cutoff(self, voltage: float, when: str) -> None:
        if self._beyond(voltage) >= 0.0:
            raise InputError(
                "discharge.cutoff_voltage",
                f"{self.settings.cutoff_voltage} V with {voltage:.4f} V {when}",
                "a cut-off that is reached during the run (or a smaller current)",
            )

    def _march(self, point: CellPoint, voltage: float, listener: StepListener | None) -> str:
        settings = self.settings
        controller = StepController(
            settings.tolerance, settings.first_step, settings.smallest_step, settings.largest_step
        )
        step = controller.first_step
        for _ in range(settings.maximum_steps):
            remaining = settings.maximum_time - point.time
            if remaining <= 1e-9 * settings.maximum_time:
                return "time"
            result, proposal = self._attempt(point, min(step, remaining), controller)
            new_voltage = self.cell.voltage(result.point.state)
            ended = self._beyond(new_voltage) >= 0.0
            if ended:
                located = self._locate_cutoff(point, voltage, result, new_voltage)
                if located is None:  # too far away: approach the cut-off in shorter steps
                    step = self._shorter(0.25 * result.step, controller, point, "the cut-off was not located")
                    continue
                result = located
            self._accept(result)
            point, voltage, step = result.point, self.cell.voltage(result.point.state), proposal
            self._record(point, result, listener)
            if ended:
                return "voltage"
        raise StageError(f"discharge: {settings.maximum_steps} steps were not enough, time {point.time:.6g} s")

    def _attempt(self, point: CellPoint, step: float, controller: StepController) -> tuple[StepResult, float]:
        """Repeat a step with smaller sizes until it converges and meets the tolerance."""
        while True:
            reason = "the error estimate is above the tolerance"
            proposal = controller.shrink * step
            try:
                result = self.integrator.advance(point, step, self.control)
                proposal = controller.next_step(step, result.error)
                if controller.accepts(result.error):
                    return result, proposal
            except NotConvergedError as error:
                reason = str(error)
            step = self._shorter(min(proposal, 0.5 * step), controller, point, reason)

    def _shorter(self, step: float, controller: StepController, point: CellPoint, reason: str) -> float:
        """Count a rejected step and return the next one; raise StageError when it is too small."""
        self._rejected += 1
        if step < controller.smallest_step:
            raise StageError(
                f"discharge: step {len(self._records)} at {point.time:.6g} s and "
                f"{self.cell.voltage(point.state):.4f} V failed with the smallest step "
                f"{controller.smallest_step:g} s: {reason}; the curve so far is kept"
            )
        return step

    def _locate_cutoff(self, point: CellPoint, voltage: float, result: StepResult, found: float) -> StepResult | None:
        """Find the step that ends on the cut-off voltage (regula falsi, Illinois variant); None if one fails."""
        low, high = 0.0, result.step
        f_low, f_high = self._beyond(voltage), self._beyond(found)
        side, longest = 0, result
        for _ in range(EVENT_ITERATIONS):
            if abs(self._beyond(self.cell.voltage(result.point.state))) < EVENT_VOLTAGE_TOLERANCE:
                break
            if high - low < EVENT_STEP_TOLERANCE * high:
                break
            step = min(
                max(high - f_high * (high - low) / (f_high - f_low), low + 0.01 * (high - low)),
                high - 0.01 * (high - low),
            )
            try:
                result = self.integrator.advance(point, step, self.control, longest)
            except NotConvergedError:
                return None
            value = self._beyond(self.cell.voltage(result.point.state))
            if value < 0.0:
                low, f_low = step, value
                f_high *= 0.5 if side == -1 else 1.0
                side = -1
            else:
                high, f_high = step, value
                f_low *= 0.5 if side == 1 else 1.0
                side = 1
        return result

    def _accept(self, result: StepResult) -> None:
        self._exchanged += result.charge_passed
        self._passed = -float(self._exchanged[self._working])
        self._totals += (result.newton_iterations, result.linear_iterations)

    def _balances(self, point: CellPoint) -> tuple[float, float, float]:
        """Return the cell current [A] and the relative errors of charge and lithium."""
        collector, counter = self.cell.terminal_currents(point.state, point.currents)
        flows = self.cell.interface_flows(point.currents)
        interface = -float(flows[self._working])
        currents = np.array([collector, counter, interface])
        reference = self.capacity / 3600.0 / 100.0
        charge = float(np.ptp(currents) / max(np.abs(currents).max(), reference))
        change = self.cell.inventory(point.state) - self._initial_inventory
        lithium = float(np.abs(change + self._exchanged).max()) / max(abs(self._passed), 1e-3 * self.capacity)
        return collector, charge, lithium

    def _record(self, point: CellPoint, result: StepResult | None, listener: StepListener | None) -> None:
        current, charge, lithium = self._balances(point)
        ranges = self.cell.surface_ranges(point.state)
        utilisation = self._passed / self.capacity
        record = DischargeRecord(
            len(self._records),
            point.time,
            self._passed / 3600.0 / self.cell.mesh.cross_section,
            self.cell.voltage(point.state),
            current,
            float(self.cell.mean_stoichiometry(point.state)[self._working]),
            *ranges[self._working],
            charge,
            lithium,
            result.newton_iterations if result else 0,
            result.linear_iterations if result else 0,
            result.step if result else 0.0,
            result.error if result else 0.0,
        )
        self._records.append(record)
        if listener is not None:
            listener(record, utilisation, lambda: self.snapshot(point))
        self._check_ranges(ranges, record)
        if max(charge, lithium) > BALANCE_LIMIT:
            raise StageError(
                f"discharge: step {record.step} at {point.time:.6g} s violates a balance: charge {charge:.2e}, "
                f"lithium {lithium:.2e}, limit {BALANCE_LIMIT:g}"
            )

    def _check_ranges(self, ranges: list[tuple[float, float]], record: DischargeRecord) -> None:
        """Raise StageError when a surface left the stoichiometries for which its curves are known."""
        for surface, reaction, found in zip(self.network.surfaces, self.cell.reactions, ranges, strict=True):
            known = reaction.known_range
            if found[0] < known[0] or found[1] > known[1]:
                raise StageError(
                    f"discharge: step {record.step} at {record.time_s:.6g} s: surface stoichiometry of "
                    f"{surface.material.name} {found[0]:.6g} to {found[1]:.6g} leaves the range {known[0]:g} to "
                    f"{known[1]:g} of its curves; the discharge so far is kept"
                )

    def snapshot(self, point: CellPoint) -> Snapshot | None:
        """Collect the nodal fields on rank 0 (collective)."""
        fields = [f.at_vertices(self.cell.values(k, point.state)) for k, f in enumerate(self.cell.fields)]
        if fields[0] is None or fields[1] is None or fields[2] is None:
            return None
        return Snapshot(point.time, self._passed / self.capacity, fields[0], fields[1], fields[2])

    def _summary(self, reason: str) -> dict[str, Any]:
        last = self._records[-1]
        area = self.cell.mesh.cross_section
        return {
            "unknowns": self.cell.unknowns,
            "steps": len(self._records) - 1,
            "rejected_steps": self._rejected,
            "newton_iterations": int(self._totals[0]),
            "linear_iterations": int(self._totals[1]),
            "active_fraction": self.network.active_fraction,
            "active_area_m2": {s.material.name: s.area for s in self.network.surfaces},
            "current_density_A_m2": last.current_A / area,
            "theoretical_capacity_Ah_m2": self.capacity / 3600.0 / area,
            "capacity_Ah_m2": last.capacity_Ah_m2,
            "utilisation": self._passed / self.capacity,
            "initial_voltage_V": self._records[0].voltage_V,
            "final_voltage_V": last.voltage_V,
            "final_time_s": last.time_s,
            "end_reason": reason,
            "charge_balance_error": max(r.charge_balance_error for r in self._records),
            "lithium_balance_error": max(r.lithium_balance_error for r in self._records),
        }
