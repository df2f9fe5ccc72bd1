"""One time step of the half cell: two implicit stages, error estimate, charge and lithium passed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .controls import Control
from .double_layer import SWITCHING_TIME, LayerStages
from .half_cell import LITHIUM_FIELD, CellCurrents, HalfCell, ImplicitStage, layer_voltages
from .layer_error import layer_error
from .newton import NewtonSolver
from .range_guard import LeftRangeError, RangeGuard
from .reduction import global_sums
from .time_stepping import GAMMA, STAGE_WEIGHTS, milne_factor

FloatArray = npt.NDArray[np.float64]

LAYER_SCALE = 1.0  # [V] a volt over a double layer counts as much as a stoichiometry of one, by which U changes so


@dataclass(frozen=True)
class CellPoint:
    """The cell at one instant and what the next step needs to know of the last one."""

    time: float  # [s]
    state: FloatArray
    currents: CellCurrents
    rate: FloatArray | None = None  # dx/dt at this instant [1/s]
    previous_rate: FloatArray | None = None
    previous_state: FloatArray | None = None
    previous_step: float = 0.0  # [s]
    layers: LayerStages | None = None  # of the double layers, with which the currents were evaluated


@dataclass(frozen=True)
class StepResult:
    """A computed step, accepted or not."""

    point: CellPoint
    step: float  # [s]
    error: float  # estimated local error of the stoichiometry, or of the voltage of double layers over a volt
    charge_passed: FloatArray  # (surfaces,) [C] out of each active material, integrator's quadrature
    lithium_passed: FloatArray  # (surfaces,) [C] the part of it that took lithium along
    energy_passed: FloatArray  # (surfaces,) [J] the same charges times the cell voltage at the stages
    newton_iterations: int
    linear_iterations: int


class CellIntegrator:
    """Advances the half cell by the two-stage method of :mod:`solver.time_stepping`."""

    def __init__(self, cell: HalfCell, solver: NewtonSolver) -> None:
        self.cell, self.solver = cell, solver
        self.guard = RangeGuard(cell)

    def switch_on(self, point: CellPoint, control: Control) -> CellPoint:
        """Return the potentials right after a control is switched on, stoichiometry and double layers unchanged.

        Raises:
            NotConvergedError: no potentials carry the current.
        """
        self.solver.forget()
        layers = self.cell.layers(point.currents, SWITCHING_TIME, point.layers)
        stage = ImplicitStage(0.0, point.state[self.cell.slices[LITHIUM_FIELD]], layers)
        result = self.solver.solve((point.state,), stage, control)
        return CellPoint(point.time, result.state, result.currents, layers=layers)

    def advance(self, point: CellPoint, step: float, control: Control, longer: StepResult | None = None) -> StepResult:
        """Compute one step of length ``step`` [s].

        Args:
            point: the cell at the start.
            step: length [s].
            control: what the terminals do.
            longer: a computed longer step from the same start; the guess is interpolated from it.

        Raises:
            NotConvergedError: a stage did not converge, or a surface left its range.
        """
        lithium = self.cell.slices[LITHIUM_FIELD]
        x = point.state[lithium]
        # Where U(x) falls steeply an extrapolated stoichiometry can be worse than none: offer both starts.
        starts = (self._predict(point, GAMMA * step, longer), point.state)
        layers = opening = self.cell.layers(point.currents, GAMMA * step, point.layers)
        first = self.solver.solve(starts, ImplicitStage(GAMMA * step, x, layers), control)
        rate_1 = np.asarray((first.state[lithium] - x) / (GAMMA * step))
        base = x + (1.0 - GAMMA) * step * rate_1
        guess = self._guess_second(point, first.state) if longer is None else self._predict(point, step, longer)
        if layers is not None:
            layers = layers.next((1.0 - GAMMA) / GAMMA, layer_voltages(first.currents))
        second = self.solver.solve((guess, first.state), ImplicitStage(GAMMA * step, base, layers), control)
        rate_2 = np.asarray((second.state[lithium] - base) / (GAMMA * step))
        left = self.guard.left(second.state, point.state)
        if left:
            raise LeftRangeError(left)
        flows = [self.cell.interface_flows(stage.currents) for stage in (first, second)]
        powers = [self.cell.voltage(stage.state) * flow for stage, flow in zip((first, second), flows, strict=True)]
        lithium_flows = [self.cell.lithium_flows(stage.currents) for stage in (first, second)]
        error = self._error(point, second.state[lithium], rate_1, rate_2, step)
        if point.layers is not None and opening is not None and layers is not None:
            ends = (point.currents, point.layers), (first.currents, opening), (second.currents, layers)
            error = max(error, layer_error(self.cell, *ends, step) / LAYER_SCALE)
        new = CellPoint(point.time + step, second.state, second.currents, rate_2, point.rate, point.state, step, layers)
        return StepResult(
            new,
            step,
            error,
            step * _weighted(flows),
            step * _weighted(lithium_flows),
            step * _weighted(powers),
            first.iterations + second.iterations,
            first.linear_iterations + second.linear_iterations,
        )

    def _predict(self, point: CellPoint, step: float, longer: StepResult | None = None) -> FloatArray:
        """Extrapolate: potentials linearly, stoichiometry by its rates, kept in range."""
        if longer is not None:
            return np.asarray(point.state + (step / longer.step) * (longer.point.state - point.state))
        guess = point.state.copy()
        if point.previous_state is not None:
            guess += (step / point.previous_step) * (point.state - point.previous_state)
        lithium = self.cell.slices[LITHIUM_FIELD]
        guess[lithium] = self.guard.inside(self._extrapolate(point, step), point.state[lithium])
        return guess

    def _guess_second(self, point: CellPoint, first: FloatArray) -> FloatArray:
        """Continue the line from the start of the step through the first stage."""
        guess = point.state + (first - point.state) / GAMMA if point.rate is not None else first.copy()
        lithium = self.cell.slices[LITHIUM_FIELD]
        guess[lithium] = self.guard.inside(guess[lithium], first[lithium])
        return guess

    def _extrapolate(self, point: CellPoint, step: float) -> FloatArray:
        """Two-step Adams-Bashforth: x + dt x' + dt^2/2 (x' - x'_prev)/dt_prev."""
        prediction = point.state[self.cell.slices[LITHIUM_FIELD]].copy()
        if point.rate is not None:
            prediction += step * point.rate
            if point.previous_rate is not None:
                prediction += 0.5 * step**2 / point.previous_step * (point.rate - point.previous_rate)
        return prediction

    def _error(self, point: CellPoint, x: FloatArray, rate_1: FloatArray, rate_2: FloatArray, step: float) -> float:
        """Estimate the local error: Milne's device with two known rates, else the embedded first-order method."""
        if point.previous_rate is None:
            difference = GAMMA * step * (rate_2 - rate_1)
        else:
            difference = milne_factor(step, point.previous_step) * (x - self._extrapolate(point, step))
        return self._norm(difference)

    def _norm(self, difference: FloatArray) -> float:
        """Return the larger of the root mean squares over the active volume and over its surface."""
        mass = self.cell.mass
        sums = [float(mass @ difference**2), float(mass.sum()), 0.0, 0.0]
        for points in self.cell.points:
            sums[2] += float(points.weights @ points.values(LITHIUM_FIELD, difference) ** 2)
            sums[3] += float(points.weights.sum())
        volume, total, surface, area = global_sums(self.cell.comm, np.array(sums))
        return float(np.sqrt(max(volume / total, surface / area)))


def _weighted(stages: list[FloatArray]) -> FloatArray:
    """Return the mean of a quantity over a step by its values at the two stages."""
    return np.asarray(STAGE_WEIGHTS[0] * stages[0] + STAGE_WEIGHTS[1] * stages[1])
