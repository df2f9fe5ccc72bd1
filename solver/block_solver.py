"""Krylov solver of the half cell's linear systems: one field after the other, multigrid on each potential.

The stoichiometry is eliminated at the points before the potentials are solved for, so that quick charge
transfer costs no iterations. The multigrid hierarchies depend on the stiffness and weakly on the slopes of
the reactions: they are kept over Newton iterations and time steps until the iterations that their age costs
exceed a new set-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from petsc4py import PETSc

from .eliminated_potentials import EliminatedPotentials
from .field_sweep import FieldSweep
from .jacobian import Jacobian
from .linear_solver import set_options

PREFIX = "granode_discharge_"
RESTART = 60


@dataclass(frozen=True)
class LinearTolerance:
    """When the linear iteration may end."""

    relative: float  # to the right hand side
    absolute: float
    maximum_iterations: int


@dataclass(frozen=True)
class LinearResult:
    """How a linear solve ended."""

    iterations: int
    reason: int  # PETSc's, positive where converged

    @property
    def converged(self) -> bool:
        """Whether the tolerance was met."""
        return self.reason > 0


class BlockSolver:
    """FGMRES, preconditioned by a sweep over the fields.

    Args:
        jacobian: whose entries change in place.
        patience: Krylov iterations beyond those of a new preconditioner, in all, before it is set up anew.
    """

    def __init__(self, jacobian: Jacobian, patience: float) -> None:
        self.jacobian, self.patience = jacobian, patience
        self._eliminated = EliminatedPotentials(jacobian)
        self._sweep = FieldSweep(jacobian, self._eliminated, PREFIX)
        self._fresh_rate = 0.0  # iterations per decade right after a set-up
        self._excess = 0.0
        self._stale = True
        self._frozen = False  # whether it was set up with the stoichiometry fixed

    def forget(self) -> None:
        """Set the preconditioner up anew at the next solve, so that what follows does not depend on what was."""
        self._stale = True

    def solve(self, right: PETSc.Vec, solution: PETSc.Vec, tolerance: LinearTolerance) -> LinearResult:
        """Solve from zero; where an old preconditioner fails a new one is tried."""
        solver = self._krylov
        solver.setTolerances(rtol=tolerance.relative, atol=tolerance.absolute, max_it=tolerance.maximum_iterations)
        result = LinearResult(0, 0)
        for _ in range(2):
            fresh = self._prepare()
            solver.solve(right, solution)
            used = solver.getIterationNumber()
            result = LinearResult(result.iterations + used, solver.getConvergedReason())
            self._judge(used, right.norm(), solver.getResidualNorm(), fresh)
            if result.converged or fresh:
                break
            self._stale = True
        return result

    def _prepare(self) -> bool:
        """Keep the preconditioner or set it up, and return whether it is new."""
        if not self._stale and self._frozen == self.jacobian.frozen:
            return False
        self._eliminated.refresh()
        self._sweep.set_up()
        self._stale, self._frozen = False, self.jacobian.frozen
        return True

    def _judge(self, used: int, start: float, end: float, fresh: bool) -> None:
        """Add up the iterations beyond those of a new preconditioner."""
        decades = max(float(np.log10(start / end)), 1e-3) if start > end > 0.0 else 1e-3
        if fresh:
            self._fresh_rate, self._excess = used / decades, 0.0
            return
        self._excess += max(used - self._fresh_rate * decades, 0.0)
        self._stale = self._excess > self.patience

    @cached_property
    def _krylov(self) -> PETSc.KSP:
        """The solver, made when the first system is solved."""
        solver = PETSc.KSP().create(self.jacobian.cell.comm)
        solver.setOptionsPrefix(PREFIX)
        solver.setOperators(self.jacobian.matrix)
        set_options(PREFIX, {"ksp_type": "fgmres", "ksp_gmres_restart": str(RESTART), "pc_type": "python"})
        solver.setFromOptions()
        solver.getPC().setPythonContext(self._sweep)
        return solver
