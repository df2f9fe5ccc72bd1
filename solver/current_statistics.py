"""Where the current goes: shares of phases and interfaces, statistics of |j|, profile along z (Eqs. 5c-5e)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing.collective import run_on
from manufacturing.phases import Phase

from .conduction_problem import ConductionProblem, is_conducting
from .conduction_solution import ConductionSolution
from .current_density import CurrentDensity
from .electrode import electrode_cells
from .reduction import gather_all, global_sums
from .slices import slice_sums
from .weighted_quantiles import weighted_quantiles

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SLICES = 20  # of the profile
PERCENTILES = (5, 25, 50, 75, 95, 99)
Profile = dict[str, list[float | None]]  # columns


@dataclass(frozen=True)
class CurrentDistribution:
    """Where the current of one direction goes."""

    power_share: dict[str, float]  # by phase and by resistive interface, of the dissipated power
    current_share: dict[str, float]  # by phase, of the current through the cross-sections
    statistics: dict[str, Any]  # of |j| over the mean current density through the cross-section
    profile: Profile  # along z; empty for other directions
    cell_current: FloatArray | None  # (cells, 3) mean of j in each cell [A/m2], NaN elsewhere; rank 0 only


def distribute(solution: ConductionSolution, which: int, comm: MPI.Intracomm) -> CurrentDistribution:
    """Evaluate the distribution of current and power of one axis, given by its position (collective)."""
    problem = solution.problem
    density = CurrentDensity.of(solution, which)
    through = float(solution.by_energy[which, which] / problem.edges[problem.axes[which]])
    phases = problem.mesh.phases[density.cells]
    count = max(Phase) + 1
    power, current = (
        global_sums(comm, np.bincount(phases, (density.weights * values).sum(axis=1), count).astype(np.float64))
        for values in (density.power, density.along)
    )
    interfaces = _interface_power(solution, which, comm)
    total = power.sum() + sum(interfaces.values())
    present = [p for p in Phase if power[p] > 0.0]
    return CurrentDistribution(
        {p.name: float(power[p] / total) for p in present} | {n: p / total for n, p in interfaces.items()},
        {p.name: float(current[p] / current.sum()) for p in present},
        _statistics(density, phases, through, comm),
        _profile(solution, which, density, through, comm) if problem.axes[which] == 2 else {},
        _cell_current(problem, density, comm),
    )


def _interface_power(solution: ConductionSolution, which: int, comm: MPI.Intracomm) -> dict[str, float]:
    """Return the power that each resistive interface dissipates [W]."""
    resistive = solution.problem.resistive
    if solution.interface is None:
        return {}
    index = resistive.name_index[solution.interface.facets]
    powers = np.bincount(index, solution.interface_power[which], len(resistive.names))
    sums = global_sums(comm, powers.astype(np.float64))
    return {name: float(value) for name, value in zip(resistive.names, sums, strict=True)}


def _statistics(density: CurrentDensity, phases: IntArray, through: float, comm: MPI.Intracomm) -> dict[str, Any]:
    """Return mean, deviation and percentiles of |j|/through, weighted with volume, of all cells and by phase."""
    columns = (density.size / through, density.weights, np.broadcast_to(phases[:, None], density.size.shape))
    gathered = [comm.gather(column.ravel()) for column in columns]

    def compute() -> dict[str, Any]:
        """Weigh the values, on rank 0."""
        size, weight, phase = (np.concatenate(column or []) for column in gathered)
        by_phase = {p.name: _figures(size[phase == p], weight[phase == p]) for p in Phase if (phase == p).any()}
        return {"through": through, **_figures(size, weight), "by_phase": by_phase}

    return run_on(comm, 1, compute)


def _figures(values: FloatArray, weights: FloatArray) -> dict[str, Any]:
    mean = float(weights @ values / weights.sum())
    deviation = float(np.sqrt(weights @ (values - mean) ** 2 / weights.sum()))
    found = weighted_quantiles(values, weights, np.array(PERCENTILES) / 100.0)
    percentiles = {f"p{p}": float(v) for p, v in zip(PERCENTILES, found, strict=True)}
    return {"mean": mean, "deviation": deviation, "largest": float(values.max()), **percentiles}


def _profile(
    solution: ConductionSolution, which: int, density: CurrentDensity, through: float, comm: MPI.Intracomm
) -> Profile:
    """Return the profile along z: local conductivity, its tortuosity factor, shares of the phases.

    With the power P_k of slice k and the current I = J A, sigma_k = J^2 A dz/P_k: slices in series,
    sum(dz/sigma_k) = L/sigma_eff. kappa_k = eps_k sigma_0/sigma_k >= 1 by the Cauchy-Schwarz inequality, up to the
    error of the elements; it is the factor of S. J. Cooper et al., SoftwareX 5 (2016) 203, on a slice.
    """
    problem, mesh = solution.problem, solution.problem.mesh
    edges = np.linspace(mesh.electrode_bottom, mesh.upper[2], SLICES + 1)
    volume = problem.edges[0] * problem.edges[1] * np.diff(edges)
    phases = mesh.phases[density.cells]
    columns = [(density.weights * density.power).sum(axis=1)]
    columns += [np.where(phases == p, (density.weights * density.along).sum(axis=1), 0.0) for p in Phase]
    corners = mesh.vertices[mesh.cells[density.cells], 2]
    power, *currents = global_sums(comm, slice_sums(edges, corners, np.column_stack(columns))).T
    power = power + _interface_slices(solution, which, edges, comm)
    fractions = run_on(comm, 1, lambda: _conducting_volume(problem, edges) / volume)
    local = through**2 * volume / np.maximum(power, np.finfo(float).tiny)
    return {
        "z_m": [float(z) for z in 0.5 * (edges[1:] + edges[:-1]) - mesh.lower[2]],
        "conducting_fraction": fractions.tolist(),
        "local_conductivity": local.tolist(),
        "local_tortuosity_factor": _local_factors(problem, fractions, local),
    } | {
        f"current_share_{phase.name}": (current / (through * volume)).tolist()
        for phase, current in zip(Phase, currents, strict=True)
        if current.any()
    }


def _interface_slices(solution: ConductionSolution, which: int, edges: FloatArray, comm: MPI.Intracomm) -> FloatArray:
    """Return the power of resistive facets in each slice, by their centroids; on an edge half goes to either side."""
    interface, problem = solution.interface, solution.problem
    if interface is None:
        return np.zeros(len(edges) - 1)
    heights = problem.mesh.vertices[problem.resistive.first[interface.facets], 2].mean(axis=1)
    shift, count = 1e-6 * (edges[1] - edges[0]), len(edges) - 1
    index = [np.searchsorted(edges, heights + s).clip(1, count) - 1 for s in (-shift, shift)]
    halves = np.tile(0.5 * solution.interface_power[which], 2)
    return global_sums(comm, np.bincount(np.concatenate(index), halves, count).astype(np.float64))


def _conducting_volume(problem: ConductionProblem, edges: FloatArray) -> FloatArray:
    """Return the volume of all conducting cells in each slice [m3], whether they carry current or not."""
    mesh = problem.mesh
    cells = np.flatnonzero(is_conducting(problem.conductivity) & electrode_cells(mesh))
    return slice_sums(edges, mesh.vertices[mesh.cells[cells], 2], problem.volumes[cells][:, None])[:, 0]


def _local_factors(problem: ConductionProblem, fractions: FloatArray, local: FloatArray) -> list[float | None]:
    """Return the local tortuosity factor of the slices where one conductivity stands for all conducting cells."""
    values = problem.conductivity[is_conducting(problem.conductivity)]
    if not (values == values[0]).all():
        return [None] * len(local)
    bulk = values[0] if values.ndim == 1 else values[0, 2, 2]
    return [float(f * bulk / s) for f, s in zip(fractions, local, strict=True)]


def _cell_current(problem: ConductionProblem, density: CurrentDensity, comm: MPI.Intracomm) -> FloatArray | None:
    """Collect the mean current density of the cells on rank 0."""
    cells, mean = gather_all(comm, density.cells), gather_all(comm, density.mean)
    if comm.rank != 0:
        return None
    field = np.full((len(problem.mesh.cells), 3), np.nan)
    field[cells] = mean
    return field
