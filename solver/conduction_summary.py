"""What a conduction solve reports: conductivities, tortuosities and bounds under their own names (Eqs. 2-5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.errors import StageError
from manufacturing.phases import Phase

from .conduction_bounds import BOUND_TOLERANCE, hashin_shtrikman_bounds
from .conduction_problem import ConductionProblem, is_conducting
from .conduction_solution import ConductionSolution
from .current_statistics import CurrentDistribution
from .lower_bound import LowerBound

FloatArray = npt.NDArray[np.float64]

AXES = "xyz"


def unit_suffix(unit: str) -> str:
    """Return a unit as the end of a key: ``S_m`` for S/m, ``W_m_K`` for W/(m K)."""
    return re.sub(r"\W+", "_", unit).strip("_")


@dataclass(frozen=True)
class ConductionTask:
    """What was asked for."""

    name: str
    quantity: str  # what is conducted
    unit: str  # of the conductivity
    order: int

    @property
    def suffix(self) -> str:
        """The unit as the end of a key."""
        return unit_suffix(self.unit)


@dataclass(frozen=True)
class DirectionResult:
    """What was found along one axis."""

    problem: ConductionProblem
    solution: ConductionSolution | None
    which: int  # position of the axis among those of the problem
    wiener: tuple[float, float]  # lower and upper bound
    lower_bounds: list[LowerBound] | None = None  # by axis of the problem, from divergence-free fluxes
    distribution: CurrentDistribution | None = None  # where the current goes

    @property
    def axis(self) -> int:
        """The axis along which current is driven."""
        return self.problem.axes[self.which]

    @property
    def percolates(self) -> bool:
        """Whether some cells carry current along this axis."""
        return self.solution is not None and self.connected_fraction > 0.0

    @property
    def connected_fraction(self) -> float:
        """Volume that carries current along this axis / conducting volume."""
        return float(self.problem.connected_fraction[self.which])

    @property
    def by_energy(self) -> float:
        """Effective conductivity by dissipated power."""
        return self._entry("by_energy")

    @property
    def by_flux(self) -> float:
        """Effective conductivity by consistent nodal flux."""
        return self._entry("by_flux")

    def _entry(self, name: str) -> float:
        if self.solution is None or not self.percolates:
            return 0.0
        return float(getattr(self.solution, name)[self.which, self.which])


def summarise(task: ConductionTask, results: list[DirectionResult]) -> dict[str, Any]:
    """Return the summary: figures of the main direction (z, else the first) on top, all in ``by_direction``."""
    main = next((r for r in results if AXES[r.axis] == "z"), results[0])
    fractions = conducting_fractions(main.problem)
    by_direction = {AXES[r.axis]: _figures(task, r, fractions) for r in sorted(results, key=lambda r: r.axis)}
    return {
        "quantity": task.quantity,
        "unit": task.unit,
        "order": task.order,
        "direction": AXES[main.axis],
        **by_direction[AXES[main.axis]],
        "volume_fraction": {phase.name: fraction for phase, fraction in fractions.items()},
        f"tensor_{task.suffix}": _tensor(results, "by_energy"),
        f"tensor_by_flux_{task.suffix}": _tensor(results, "by_flux"),
        "composite_bounds": _bounds(main),
        "by_direction": by_direction,
    }


def conducting_fractions(problem: ConductionProblem) -> dict[Phase, float]:
    """Return the volume of each phase with conducting cells / volume of the electrode."""
    present = np.unique(problem.mesh.phases[is_conducting(problem.conductivity)])
    volumes = problem.phase_volumes
    return {Phase(int(p)): float(volumes[p] / volumes.sum()) for p in present}


def _figures(task: ConductionTask, result: DirectionResult, fractions: dict[Phase, float]) -> dict[str, Any]:
    value, solution = result.by_energy, result.solution
    upper = result.wiener[1]
    figures: dict[str, Any] = {
        f"effective_conductivity_{task.suffix}": value,
        f"effective_conductivity_by_flux_{task.suffix}": result.by_flux,
        "relative_to_wiener_upper_bound": value / upper if upper > 0.0 else None,
        "tortuosity_factor": None,
        "geometric_tortuosity": None,
        "formation_factor": None,
        "percolates": result.percolates,
        "connected_fraction": result.connected_fraction,
        "unknowns": solution.unknowns if solution else 0,
        "iterations": solution.iterations[result.which] if solution else 0,
    }
    if result.percolates and len(fractions) == 1 and _is_uniform(result.problem):
        factor = upper / value
        bulk = upper / next(iter(fractions.values()))
        figures |= {
            "tortuosity_factor": factor,
            "geometric_tortuosity": float(np.sqrt(factor)),
            "formation_factor": bulk / value,
        }
    if result.distribution is not None:
        figures |= {
            "share_of_power": result.distribution.power_share,
            "share_of_current": result.distribution.current_share,
            "current_density": result.distribution.statistics,
        }
    return figures | _mesh_bounds(task, result, figures)


def _mesh_bounds(task: ConductionTask, result: DirectionResult, figures: dict[str, Any]) -> dict[str, Any]:
    """Return what encloses the exact result on the given mesh; nothing where no bound was asked for.

    Raises:
        StageError: the lower bound exceeds the upper one by more than rounding.
    """
    if result.lower_bounds is None or not result.percolates:
        return {}
    bound, upper, factor = result.lower_bounds[result.which], result.by_energy, figures["tortuosity_factor"]
    lower = bound.conductivity
    if lower > upper * (1.0 + BOUND_TOLERANCE):
        raise StageError(f"the lower bound {lower:.12e} exceeds the upper bound {upper:.12e} {task.unit}")
    bounds = {
        f"effective_conductivity_{task.suffix}": {"lower": lower, "upper": upper},
        "tortuosity_factor": None if factor is None else {"lower": factor, "upper": factor * upper / lower},
        "relative_width": upper / lower - 1.0,
        "flux_order": bound.order,
        "unknowns": bound.unknowns,
        "iterations": bound.iterations,
        f"algebraic_error_{task.suffix}": bound.algebraic_error,
        "seconds": round(bound.seconds, 3),
    }
    return {"bounds": bounds}


def _is_uniform(problem: ConductionProblem) -> bool:
    """Return whether all conducting cells have the same conductivity, so that one sigma_0 stands for them."""
    values = problem.conductivity[is_conducting(problem.conductivity)]
    return bool((values == values[0]).all())


def _tensor(results: list[DirectionResult], name: str) -> list[list[float | None]]:
    """Return sigma_ij in a 3 x 3 table; None where no solve gives the entry."""
    tensor: list[list[float | None]] = [[None] * 3 for _ in range(3)]
    for row in results:
        for column in results:
            if row.problem is column.problem:
                entry = 0.0
                if row.solution is not None and row.percolates and column.percolates:
                    entry = float(getattr(row.solution, name)[row.which, column.which])
                tensor[row.axis][column.axis] = entry
    return tensor


def _bounds(main: DirectionResult) -> dict[str, Any]:
    """Return the Wiener bounds, which hold, and those of Hashin and Shtrikman with whether the result keeps them.

    The latter know nothing of tensors, of conductivities that differ inside a phase, of resistances and of contacts
    that cover a part of a plane; and they hold for isotropic packings only.
    """
    bounds: dict[str, Any] = {"wiener": list(main.wiener), "hashin_shtrikman": None, "within_hashin_shtrikman": None}
    fractions, values = _phase_table(main.problem)
    if (
        main.problem.resistances
        or len(values) != len(fractions)
        or not main.problem.drive.whole_planes(main.problem.mesh)
    ):
        return bounds
    lower, upper = hashin_shtrikman_bounds(fractions, values)
    inside = lower * (1.0 - BOUND_TOLERANCE) <= main.by_energy <= upper * (1.0 + BOUND_TOLERANCE)
    return bounds | {"hashin_shtrikman": [lower, upper], "within_hashin_shtrikman": bool(inside)}


def _phase_table(problem: ConductionProblem) -> tuple[FloatArray, FloatArray]:
    """Return volume fraction and conductivity of each phase of the electrode; no conductivities where one varies."""
    mesh, sigma = problem.mesh, problem.conductivity
    phases = np.flatnonzero(problem.phase_volumes)
    fractions = problem.phase_volumes[phases] / problem.phase_volumes.sum()
    if sigma.ndim > 1 or any(np.ptp(sigma[mesh.phases == p]) > 0.0 for p in phases):
        return fractions, np.empty(0)
    return fractions, np.array([sigma[mesh.phases == p][0] for p in phases])
