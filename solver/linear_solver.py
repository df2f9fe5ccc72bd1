"""Krylov solvers with algebraic multigrid, every option under a prefix of its own."""

from __future__ import annotations

import numpy as np
from petsc4py import PETSc

from manufacturing.errors import StageError

BOOMERAMG = {
    "pc_type": "hypre",
    "pc_hypre_type": "boomeramg",
    "pc_hypre_boomeramg_coarsen_type": "HMIS",
    "pc_hypre_boomeramg_interp_type": "ext+i",
    "pc_hypre_boomeramg_strong_threshold": "0.5",
    "pc_hypre_boomeramg_P_max": "4",
    "pc_hypre_boomeramg_agg_nl": "1",
}
# Higher orders: two Chebyshev steps on all unknowns, the first-order problem on the vertices by multigrid.
TWO_LEVELS = {
    "pc_type": "mg",
    "pc_mg_galerkin": "both",
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_ksp_max_it": "2",
    "mg_levels_pc_type": "jacobi",
    "mg_coarse_ksp_type": "preonly",
    **{f"mg_coarse_{key}": value for key, value in BOOMERAMG.items()},
    "mg_coarse_pc_hypre_boomeramg_agg_nl": "0",
}


LANCZOS_STEPS = 20
CHEBYSHEV_RANGE = (0.1, 1.1)  # of the estimated largest eigenvalue


def set_options(prefix: str, options: dict[str, str]) -> None:
    """Enter options in PETSc's data base under a prefix; options already given by the user win."""
    database = PETSc.Options()
    for key, value in options.items():
        if not database.hasName(prefix + key):
            database[prefix + key] = value


def conjugate_gradient(
    matrix: PETSc.Mat, prefix: str, relative_tolerance: float = 1e-10, interpolation: PETSc.Mat | None = None
) -> PETSc.KSP:
    """Return a CG solver with algebraic multigrid for a symmetric positive definite matrix.

    Args:
        matrix: of the system.
        prefix: of its options in PETSc's data base.
        relative_tolerance: of the preconditioned residual.
        interpolation: from first-order unknowns, from :func:`first_order_interpolation`; None: BoomerAMG on all.
    """
    solver = PETSc.KSP().create(matrix.comm)
    solver.setOptionsPrefix(prefix)
    solver.setOperators(matrix)
    solver.setTolerances(rtol=relative_tolerance, atol=0.0, max_it=500)
    set_options(prefix, {"ksp_type": "cg", "ksp_norm_type": "preconditioned"})
    set_options(prefix, BOOMERAMG if interpolation is None else TWO_LEVELS)
    if interpolation is None:
        solver.setFromOptions()
    else:
        _set_up_levels(solver, interpolation)
    return solver


def _set_up_levels(solver: PETSc.KSP, interpolation: PETSc.Mat) -> None:
    """Make both levels; Chebyshev's interval is our own, because PETSc's misses the better of two conductors."""
    levels, matrix = solver.getPC(), solver.getOperators()[0]
    levels.setType("mg")
    levels.setMGLevels(2)
    levels.setMGInterpolation(1, interpolation)
    key, database = f"{solver.getOptionsPrefix()}mg_levels_ksp_chebyshev_eigenvalues", PETSc.Options()
    ours = not database.hasName(key)
    if ours:
        largest = largest_eigenvalue(matrix)
        database[key] = ",".join(str(factor * largest) for factor in CHEBYSHEV_RANGE)
    solver.setFromOptions()
    solver.setUp()  # reads the interval, which belongs to this matrix alone
    if ours:
        database.delValue(key)


def largest_eigenvalue(matrix: PETSc.Mat, steps: int = LANCZOS_STEPS) -> float:
    """Estimate the largest eigenvalue of D^-1 A from below, D the diagonal of A, by Lanczos on D^-1/2 A D^-1/2.

    The start is random in the scaled unknowns, so that it weighs conductors alike whatever their contrast.
    """
    scale = matrix.getDiagonal()
    scale.sqrtabs()
    scale.reciprocal()
    vector, before, work = scale.duplicate(), scale.duplicate(), scale.duplicate()
    vector.array[:] = np.random.default_rng(matrix.comm.rank).standard_normal(vector.getLocalSize())
    vector.normalize()
    before.zeroEntries()
    diagonal, beside = [], [0.0]
    for _ in range(min(steps, matrix.getSize()[0])):
        work.pointwiseMult(scale, vector)
        product = matrix * work
        product.pointwiseMult(scale, product)
        product.axpy(-beside[-1], before)
        diagonal.append(product.dot(vector))
        product.axpy(-diagonal[-1], vector)
        beside.append(product.norm())
        if beside[-1] < 1e-12:
            break
        before, vector = vector, product / beside[-1]
    off = np.array(beside[1 : len(diagonal)])
    return float(np.linalg.eigvalsh(np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1))[-1])


def solve(solver: PETSc.KSP, right_hand_side: PETSc.Vec, what: str) -> PETSc.Vec:
    """Solve and return the solution.

    Raises:
        StageError: the solver did not converge; names PETSc's reason and the iterations.
    """
    solution = right_hand_side.duplicate()
    solution.zeroEntries()
    solver.solve(right_hand_side, solution)
    reason = solver.getConvergedReason()
    if reason <= 0:
        name = {v: k for k, v in vars(PETSc.KSP.ConvergedReason).items() if isinstance(v, int)}.get(reason, str(reason))
        raise StageError(
            f"{what}: the linear solver did not converge ({name}) after {solver.getIterationNumber()} iterations, "
            f"residual {solver.getResidualNorm():.3e}"
        )
    return solution
