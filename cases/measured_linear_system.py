"""One linear system of a discharge by us or by MUMPS: ``python -m cases.measured_linear_system SPECIFICATION.json``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc

from meshing.labelled_mesh import load_mesh
from solver.block_solver import BlockSolver, LinearTolerance
from solver.discharge import Discharge
from solver.half_cell import create_vector
from solver.jacobian import Jacobian

from .case_file import validate_case
from .physics import CaseMaterials, build_cell_model, stoichiometry_window
from .process_memory import peak_memory
from .protocol import protocol_steps, stepping_settings

REDUCTION = 1e-8  # of the residual; MUMPS goes as far as it goes


def main(path: Path) -> None:
    """Solve the last system of a short discharge and write the figures.

    The file holds ``case``, ``mesh`` (path), ``direct`` (bool) and ``result`` (path).
    """
    wanted, comm = json.loads(path.read_text()), MPI.COMM_WORLD
    jacobian = last_jacobian(wanted, comm)
    before = peak_memory()
    solve = directly if wanted["direct"] else by_blocks
    start, processor = time.perf_counter(), time.process_time()
    figures = solve(jacobian)
    figures |= {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
        "unknowns": jacobian.cell.unknowns,
        "peak_gigabytes": peak_memory(),
        "gigabytes_before": before,
    }
    Path(wanted["result"]).write_text(json.dumps(figures))


def last_jacobian(wanted: dict[str, Any], comm: MPI.Intracomm) -> Jacobian:
    """Return the Jacobian of the last Newton iteration of a discharge."""
    case = validate_case(wanted["case"])
    materials = CaseMaterials(case)
    model, window = build_cell_model(case, materials), stoichiometry_window(materials)
    mesh = load_mesh(Path(wanted["mesh"]))
    run = Discharge(mesh, model, window, protocol_steps(case), stepping_settings(case), comm)
    run.run()
    return run.solver.jacobian


def right_hand_side(jacobian: Jacobian) -> PETSc.Vec:
    """Return a random right hand side."""
    right = create_vector(jacobian.cell)
    right.array[:] = np.random.default_rng(1).standard_normal(right.getLocalSize())
    return right


def by_blocks(jacobian: Jacobian) -> dict[str, Any]:
    """Set our preconditioner up and solve."""
    right, solution = right_hand_side(jacobian), create_vector(jacobian.cell)
    solver = BlockSolver(jacobian, 0.0)
    result = solver.solve(right, solution, LinearTolerance(REDUCTION, 0.0, 500))
    return {"iterations": result.iterations, "reduction": reduction(jacobian.matrix, right, solution)}


def directly(jacobian: Jacobian) -> dict[str, Any]:
    """Factorise by MUMPS and solve."""
    matrix = jacobian.matrix.convert("aij", PETSc.Mat())
    right, solution = right_hand_side(jacobian), create_vector(jacobian.cell)
    solver = PETSc.KSP().create(matrix.comm)
    solver.setType("preonly")
    solver.setOperators(matrix)
    solver.getPC().setType("lu")
    solver.getPC().setFactorSolverType("mumps")
    solver.solve(right, solution)
    return {"iterations": 1, "reduction": reduction(matrix, right, solution)}


def reduction(matrix: PETSc.Mat, right: PETSc.Vec, solution: PETSc.Vec) -> float:
    """Return |b - A x| / |b|."""
    product = matrix * solution
    product.axpy(-1.0, right)
    return float(product.norm() / right.norm())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
