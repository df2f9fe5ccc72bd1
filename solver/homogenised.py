"""The homogenised model of a composite electrode: one dimension across it, one along the radius of its particles.

The geometry enters through effective conductivities, the volume fraction of the active material and its reactive
area per volume only (Newman's porous electrode for a single-ion conductor, Eqs. H1-H4):

    d/dz(-sigma_i dphi_i/dz) =  a i        0 < z < L, I enters at z = 0
    d/dz(-sigma_e dphi_e/dz) = -a i        I leaves at z = L
    dx/dt = r^-2 d/dr(r^2 D dx/dr)         0 < r < R, at the surface -F c_max D dx/dr = i theta

theta = a R/(3 eps) is the share of the particles' surface that reacts; the current spreads over all of it.
Finite volumes in z (cells) and r (nodes), both of second order; the two-stage SDIRK method of the resolved solver.
Source: M. Doyle, T. F. Fuller, J. Newman, J. Electrochem. Soc. 140 (1993) 1526, the electrolyte a single-ion conductor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from manufacturing.errors import StageError

from .constants import FARADAY
from .event_location import Trial, locate
from .kinetics import InsertionReaction, InterfaceCurrent, MetalReaction
from .time_stepping import GAMMA, StepController

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MAXIMUM_ITERATIONS = 30
MAXIMUM_STEPS = 20000
LARGEST_CHANGE = 0.1  # [V] and stoichiometry, of one Newton step
SMALLEST_STEP = 1e-9  # of an hour at 1C
COUNTER_BRACKET = 5.0  # [V]


@dataclass(frozen=True)
class HomogenisedCell:
    """What is left of the geometry, and the materials."""

    thickness: float  # L [m]
    ionic_conductivity: float  # effective sigma_i [S/m]
    electronic_conductivity: float  # effective sigma_e [S/m]
    active_fraction: float  # eps, volume of the active material that takes part over that of the electrode
    specific_area: float  # a, reactive area over the volume of the electrode [1/m]
    particle_radius: float  # R [m]
    separator_resistance: float  # [Ohm m2]
    diffusivity: Callable[[FloatArray], FloatArray]  # D(x) [m2/s]
    maximum_concentration: float  # c_max [mol/m3]
    initial_stoichiometry: float
    reaction: InsertionReaction
    counter: MetalReaction | None  # None: phi_i = 0 behind the separator

    @property
    def covered_share(self) -> float:
        """Share of the particles' surface that reacts, a R/(3 eps)."""
        return self.specific_area * self.particle_radius / (3.0 * self.active_fraction)

    @property
    def capacity(self) -> float:
        """Charge per area that fills the lattice from empty, F c_max eps L [C/m2]."""
        return FARADAY * self.maximum_concentration * self.active_fraction * self.thickness


@dataclass(frozen=True)
class HomogenisedCurve:
    """A run at constant current; arrays of shape (steps + 1,) but for the profile."""

    time: FloatArray  # [s]
    capacity: FloatArray  # [C/m2], positive on discharge
    voltage: FloatArray  # [V]
    depth: FloatArray  # (layers,) z of the profile from the separator [m]
    profile: FloatArray  # (layers,) mean stoichiometry of the particles at the end


@dataclass(frozen=True)
class _State:
    ionic: FloatArray  # (layers,) [V]
    electronic: FloatArray  # (layers,) [V]
    lithium: FloatArray  # (layers, nodes) stoichiometry, the last at the surface


def homogenised_curve(
    cell: HomogenisedCell, current: float, cutoff: float, layers: int = 30, shells: int = 30, tolerance: float = 1e-4
) -> HomogenisedCurve:
    """Run the homogenised cell at a constant current to its cut-off.

    Args:
        cell: effective properties.
        current: I [A/m2], positive on discharge.
        cutoff: voltage at which the run ends [V].
        layers: finite volumes across the electrode.
        shells: intervals along the radius of the particles.
        tolerance: local error of the stoichiometry per time step.

    Raises:
        StageError: the cut-off is met at once, or a time step does not converge.
    """
    model = _Model(cell, current, layers, shells)
    hour = cell.capacity / abs(current)
    controller = StepController(tolerance, 1e-6 * hour, SMALLEST_STEP * hour, 0.02 * hour)
    rest = model.at_rest()
    state = model.solve(rest, rest.lithium, 0.0)
    heading = np.sign(current)

    def past(found: _State) -> float:
        return float(heading * (cutoff - model.voltage(found)))

    if past(state) >= 0.0:
        raise StageError(f"homogenised model: {model.voltage(state):.4f} V once the current flows, cut-off {cutoff} V")
    times, voltages, step = [0.0], [model.voltage(state)], controller.first_step
    for _ in range(MAXIMUM_STEPS):
        new, step, proposal = _accepted(model, state, step, controller, voltages[-1])
        if past(new) > 0.0:
            found = locate(past(state), Trial(step, past(new), new), lambda h: _trial(model, state, h, past))  # noqa: B023
            new, step = found.outcome, found.step
        times.append(times[-1] + step)
        voltages.append(model.voltage(new))
        if past(new) >= -1e-8:
            return model.curve(times, voltages, new)
        state, step = new, proposal
    raise StageError(f"homogenised model: {MAXIMUM_STEPS} time steps were not enough")


def _trial(model: _Model, state: _State, step: float, past: Callable[[_State], float]) -> Trial[_State]:
    new, _ = model.advance(state, step)
    return Trial(step, past(new), new)


def _accepted(
    model: _Model, state: _State, step: float, controller: StepController, voltage: float
) -> tuple[_State, float, float]:
    """Return the next state, the step that led there and the proposal for the following one."""
    while step >= controller.smallest_step:
        try:
            new, error = model.advance(state, step)
        except ArithmeticError:
            step *= 0.25
            continue
        proposal = controller.next_step(step, error)
        if controller.accepts(error):
            return new, step, proposal
        step = min(proposal, 0.5 * step)
    raise StageError(f"homogenised model: no time step converges at {voltage:.4f} V")


def _solution(matrix: coo_matrix, right: FloatArray) -> FloatArray:
    """Return the solution of a linear system.

    Raises:
        ArithmeticError: singular, as where an iterate leaves the range and the reaction closes.
    """
    try:
        return np.asarray(splu(matrix).solve(right))
    except RuntimeError as error:
        raise ArithmeticError(str(error)) from error


class _Model:
    """Discrete equations; the unknowns of one layer stand together: phi_i, phi_e, x from the centre outwards."""

    def __init__(self, cell: HomogenisedCell, current: float, layers: int, shells: int) -> None:
        self.cell, self.current, self.layers, self.nodes = cell, current, layers, shells + 1
        self.width = cell.thickness / layers
        radius = cell.particle_radius
        r = np.linspace(0.0, radius, self.nodes)
        faces = 0.5 * (r[1:] + r[:-1])
        edges = np.concatenate([[0.0], faces, [radius]])
        self.volumes = np.diff(edges**3) / radius**3  # of each node over that of the particle
        # area of a face over the volume of the particle and the distance of its nodes
        self.conductances = 3.0 * faces**2 / radius**3 / (radius / shells)
        self.ends = (cell.ionic_conductivity / self.width, cell.electronic_conductivity / self.width)
        self.boundary = self._boundary_potential()
        place = np.arange(layers * (self.nodes + 2)).reshape(layers, -1)
        self.at_ionic, self.at_electronic, self.at_lithium = place[:, 0], place[:, 1], place[:, 2:]

    def _boundary_potential(self) -> float:
        """Return phi_i where the separator meets the electrode [V], the counter electrode at 0 V."""
        counter, drop = self.cell.counter, 0.0
        if counter is not None:
            rest = counter.equilibrium_potential

            def excess(value: float) -> float:
                return float(counter(np.array([value]))[0][0]) - self.current

            drop = float(brentq(excess, rest - COUNTER_BRACKET, rest + COUNTER_BRACKET, xtol=1e-14))
        return -drop - self.current * self.cell.separator_resistance

    def at_rest(self) -> _State:
        """Return the state before the current flows."""
        x = np.full((self.layers, self.nodes), self.cell.initial_stoichiometry)
        potential = self.cell.reaction.open_circuit_potential.value(x[:, -1])
        return _State(np.full(self.layers, self.boundary), self.boundary + potential, x)

    def voltage(self, state: _State) -> float:
        """Return phi_e at the collector [V]."""
        return float(state.electronic[-1] - 0.5 * self.current / self.ends[1])

    def curve(self, times: list[float], voltages: list[float], last: _State) -> HomogenisedCurve:
        """Return the arrays of a run that is over."""
        time = np.array(times)
        depth = self.width * (np.arange(self.layers) + 0.5)
        return HomogenisedCurve(time, self.current * time, np.array(voltages), depth, last.lithium @ self.volumes)

    def advance(self, state: _State, step: float) -> tuple[_State, float]:
        """Return the state after a step [s] and the local error of its first-order companion.

        Raises:
            ArithmeticError: Newton's method does not converge.
        """
        first = self.solve(state, state.lithium, GAMMA * step)
        rate = (first.lithium - state.lithium) / (GAMMA * step)
        base = state.lithium + (1.0 - GAMMA) * step * rate
        second = self.solve(first, base, GAMMA * step)
        difference = GAMMA * step * ((second.lithium - base) / (GAMMA * step) - rate)
        error = float(np.sqrt(np.mean(difference**2 @ self.volumes) + np.mean(difference[:, -1] ** 2)))
        return second, error

    def solve(self, start: _State, base: FloatArray, duration: float) -> _State:
        """Solve one implicit stage x - duration x' = base; duration 0 s keeps x and finds the potentials.

        Raises:
            ArithmeticError: not converged.
        """
        state = start
        for _ in range(MAXIMUM_ITERATIONS):
            interface = self.cell.reaction(state.electronic - state.ionic, state.lithium[:, -1])
            residual = self._residual(state, interface, base, duration)
            if not np.isfinite(residual).all():
                break
            change = -_solution(self._jacobian(state, interface, duration), residual)
            change *= min(1.0, LARGEST_CHANGE / max(np.abs(change).max(), 1e-300))
            state = _State(
                state.ionic + change[self.at_ionic],
                state.electronic + change[self.at_electronic],
                state.lithium + change[self.at_lithium],
            )
            if np.abs(change).max() < 1e-11:
                return state
        raise ArithmeticError("Newton's method does not converge")

    def _fluxes(self, state: _State) -> tuple[FloatArray, FloatArray]:
        """Return ionic and electronic current density at the faces of the layers, (layers + 1,) each [A/m2]."""
        ionic, electronic = np.zeros(self.layers + 1), np.zeros(self.layers + 1)
        ionic[1:-1] = -self.ends[0] * np.diff(state.ionic)
        ionic[0] = -2.0 * self.ends[0] * (state.ionic[0] - self.boundary)
        electronic[1:-1] = -self.ends[1] * np.diff(state.electronic)
        electronic[-1] = self.current
        return ionic, electronic

    def _residual(self, state: _State, interface: InterfaceCurrent, base: FloatArray, duration: float) -> FloatArray:
        """Return the residual in the order of the unknowns; potentials in A/m2, lithium in stoichiometry."""
        source = self.cell.specific_area * self.width * interface.current
        ionic, electronic = self._fluxes(state)
        residual = np.empty(self.layers * (self.nodes + 2))
        residual[self.at_ionic] = np.diff(ionic) - source
        residual[self.at_electronic] = np.diff(electronic) + source
        x = state.lithium
        flow = self.conductances * self.cell.diffusivity(0.5 * (x[:, 1:] + x[:, :-1])) * np.diff(x, axis=1)
        gain = np.zeros_like(x)
        gain[:, :-1] += flow
        gain[:, 1:] -= flow
        gain[:, -1] -= interface.current * self._surface_rate
        residual[self.at_lithium] = x - base - duration * gain / self.volumes
        return residual

    @property
    def _surface_rate(self) -> float:
        """Rate of the mean stoichiometry of a particle per current density, a/(eps F c_max) [m2/(A s)]."""
        return self.cell.specific_area / (self.cell.active_fraction * FARADAY * self.cell.maximum_concentration)

    def _jacobian(self, state: _State, interface: InterfaceCurrent, duration: float) -> coo_matrix:
        """Return the derivative; that of D(x) is left out, which only costs iterations."""
        entries: list[tuple[IntArray, IntArray, FloatArray]] = []

        def add(row: IntArray, column: IntArray, value: FloatArray | float) -> None:
            entries.append((row.ravel(), column.ravel(), np.broadcast_to(value, row.shape).ravel()))

        for at, conductance in zip((self.at_ionic, self.at_electronic), self.ends, strict=True):
            for one, other in ((at[1:], at[:-1]), (at[:-1], at[1:])):
                add(one, one, conductance)
                add(one, other, -conductance)
        add(self.at_ionic[:1], self.at_ionic[:1], 2.0 * self.ends[0])
        surface = self.at_lithium[:, -1]
        scale = self.cell.specific_area * self.width
        rate = duration * self._surface_rate / self.volumes[-1]
        for row, factor in ((self.at_ionic, -scale), (self.at_electronic, scale), (surface, rate)):
            add(row, self.at_electronic, factor * interface.by_drop)
            add(row, self.at_ionic, -factor * interface.by_drop)
            add(row, surface, factor * interface.by_stoichiometry)
        x = state.lithium
        add(self.at_lithium, self.at_lithium, 1.0)
        flow = duration * self.conductances * self.cell.diffusivity(0.5 * (x[:, 1:] + x[:, :-1]))
        for one, other, volume in (
            (self.at_lithium[:, :-1], self.at_lithium[:, 1:], self.volumes[:-1]),
            (self.at_lithium[:, 1:], self.at_lithium[:, :-1], self.volumes[1:]),
        ):
            add(one, one, flow / volume)
            add(one, other, -flow / volume)
        rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
        size = self.layers * (self.nodes + 2)
        return coo_matrix((values, (rows, columns)), shape=(size, size)).tocsc()
