"""A balance that cannot fail says nothing: each wrong bookkeeping ends the run with the balance that it breaks.

On hold, because at constant current both stages of a time step pass the same and any weights of sum 1 are right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

from manufacturing.errors import StageError
from solver import integrator
from solver.half_cell import HalfCell

from .shipped_cases import run

HELD = (
    "geometry.layers.1.cells=15",
    "discharge.tolerance=1e-3",
    "discharge.maximum_time=200.0",
    "discharge.current_density=",
    "discharge.cutoff_voltage=",
    "discharge.hold_voltage=3.9",
)
SLIP = 1.0 + 1e-6


def slipped(method: Callable[..., Any]) -> Callable[..., Any]:
    """A figure of the cell that is wrong in the sixth digit."""
    return lambda *arguments: method(*arguments) * SLIP


def test_the_balances_hold(tmp_path: Path) -> None:
    found = run("planar_half_cell", tmp_path, MPI.COMM_SELF, *HELD)["discharge"]
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-9


@pytest.mark.parametrize(
    ("owner", "name", "wrong", "balance"),
    [
        (integrator, "STAGE_WEIGHTS", (0.5, 0.5), "lithium"),
        (HalfCell, "lithium_flows", slipped(HalfCell.lithium_flows), "lithium"),
        (HalfCell, "inventory", slipped(HalfCell.inventory), "lithium"),
        (HalfCell, "interface_flows", slipped(HalfCell.interface_flows), "charge"),
    ],
    ids=["quadrature", "flow of lithium", "inventory", "interface current"],
)
def test_wrong_bookkeeping_ends_the_run(
    owner: Any, name: str, wrong: Any, balance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(StageError, match="violates a balance") as raised:
        run("planar_half_cell", tmp_path, MPI.COMM_SELF, *HELD)
    found = re.search(rf"{balance} ([0-9.e+-]+),", str(raised.value))
    assert found is not None
    assert float(found[1]) > 1e-8
