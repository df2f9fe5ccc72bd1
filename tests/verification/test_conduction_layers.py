"""Conduction where the answer is exact on any mesh: layers, slabs, and networks that do not percolate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

import solver.conduction_solution
from cases.runner import run_in_process
from manufacturing.errors import StageError

from .shipped_cases import run

EXACT = 1e-9  # relative; linear fields lie in every element space, what is left is the solver's tolerance


def layered(*phases: str, **solves: Any) -> dict[str, Any]:
    """A stack of equal slabs along z."""
    slabs = [{"phase": phase, "thickness": 1e-6, "cells": 2} for phase in phases]
    geometry = {"source": "layers", "layers": slabs, "cells_across": 2}
    return {"geometry": geometry, "conduction": solves, "output": {"fields": False}}


@pytest.mark.mpi
@pytest.mark.parametrize(("name", "expected"), [("layers_in_series", 1.25), ("layers_in_parallel", 1.4)])
def test_layers_are_exact_at_every_order(
    name: str, expected: float, shared_tmp_path: Path, comm: MPI.Intracomm
) -> None:
    """5/(3/1 + 2/2) = 1.25 S/m in series, (3 * 1 + 2 * 2)/5 = 1.4 S/m in parallel, by energy and by flux."""
    found = run(name, shared_tmp_path, comm)["conduction"]
    for order in (1, 2, 3):
        solve = found[f"order_{order}"]
        assert solve["effective_conductivity_S_m"] == pytest.approx(expected, rel=EXACT)
        assert solve["effective_conductivity_by_flux_S_m"] == pytest.approx(expected, rel=EXACT)
        assert solve["tortuosity_factor"] is None, "two conductors have no tortuosity"
    assert found["order_1"]["unknowns"] < found["order_2"]["unknowns"] < found["order_3"]["unknowns"]


@pytest.mark.mpi
def test_a_straight_slab_has_no_tortuosity(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    slab = run("layers_in_parallel", shared_tmp_path, comm)["conduction"]["slab"]
    assert slab["tortuosity_factor"] == pytest.approx(1.0, rel=EXACT)
    assert slab["geometric_tortuosity"] == pytest.approx(1.0, rel=EXACT)
    assert slab["effective_conductivity_S_m"] == pytest.approx(0.6 * 0.125, rel=EXACT)
    assert slab["connected_fraction"] == 1.0


@pytest.mark.mpi
def test_a_gap_is_an_answer(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """SE | void | SE: nothing percolates, half the SE hangs on either plane."""
    case = layered("SE", "void", "SE", ionic={"conductivity": {"SE": 0.125}})
    found = run_in_process(case, shared_tmp_path, comm)["conduction"]["ionic"]
    assert found["percolates"] is False
    assert found["effective_conductivity_S_m"] == 0.0
    assert found["connected_fraction"] == 0.0
    assert found["tortuosity_factor"] is None
    assert found["geometric_tortuosity"] is None


@pytest.mark.mpi
def test_the_separator_is_not_part_of_the_electrode(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    case = layered("separator", "SE", ionic={"conductivity": {"SE": 0.125}})
    found = run_in_process(case, shared_tmp_path, comm)["conduction"]["ionic"]
    assert found["effective_conductivity_S_m"] == pytest.approx(0.125, rel=EXACT)


def test_a_result_beyond_the_wiener_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stiffness that is 0.1 % too large lifts a slab above its upper bound."""
    assemble = solver.conduction_solution.stiffness_matrix

    def too_large(*arguments: Any) -> Any:
        matrix = assemble(*arguments)
        matrix.scale(1.001)
        return matrix

    monkeypatch.setattr(solver.conduction_solution, "stiffness_matrix", too_large)
    with pytest.raises(StageError, match="Wiener"):
        run("layers_in_parallel", tmp_path, MPI.COMM_SELF)
