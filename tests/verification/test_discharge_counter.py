"""A counter electrode with a potential of its own shifts the cell, at rest and under current."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

from cases.runner import run_in_process
from solver.materials import ActiveMaterial, material


def charge(out: Path, comm: MPI.Intracomm, cutoff: float) -> dict[str, Any]:
    """A slow charge of a planar cell against lithium-indium, from the discharged end."""
    layers = [{"phase": "separator", "thickness": 5e-6, "cells": 2}, {"phase": "AM", "thickness": 2e-6, "cells": 8}]
    case = {
        "geometry": {"source": "layers", "layers": layers},
        "materials": {"AM": "NMC622", "separator": "Li6PS5Cl", "counter": "lithium-indium"},
        "conduction": {},
        "discharge": {"c_rate": -0.01, "cutoff_voltage": cutoff, "maximum_time": 60.0},
        "output": {"fields": False, "plots": False},
    }
    found: dict[str, Any] = run_in_process(case, out, comm)["discharge"]
    return found


@pytest.mark.mpi
def test_a_charge_starts_at_the_difference_of_the_two_potentials(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """U(x_0) - U(Li-In) at rest; a cut-off between it and U(x_0) is a legitimate end of a charge."""
    active = material("NMC622")
    assert isinstance(active, ActiveMaterial)
    against_lithium = float(active.open_circuit_potential.value(active.stoichiometry_discharged.value))
    rest = against_lithium - 0.62
    found = charge(shared_tmp_path / "out", comm, cutoff=0.5 * (rest + against_lithium))
    assert rest < found["initial_voltage_V"] < rest + 0.02  # 0.01C: overpotentials of a few millivolt
    assert found["utilisation"] < 0.0
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
