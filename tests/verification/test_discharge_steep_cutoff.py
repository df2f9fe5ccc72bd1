"""A cut-off on the steep end of U(x): NMC811 falls by half a volt in the last thousandth of x."""

from __future__ import annotations

from pathlib import Path

import pytest
from mpi4py import MPI

from cases.runner import run_in_process

CASE = {
    "geometry": {
        "source": "spheres",
        "box": [8e-6, 8e-6, 10e-6],
        "matrix": "SE",
        "spheres": [{"phase": "AM", "centre": [4e-6, 4e-6, 7e-6], "radius": 3.2e-6}],
    },
    "mesh": {"cell_size": 1e-6},
    "cell": {"separator_thickness": 4e-6},
    "materials": {"AM": "NMC811", "SE": "Li6PS5Cl", "counter": "lithium-indium"},
    "conduction": {},
    "discharge": {"c_rate": 1.0, "cutoff_voltage": 2.4},
    "output": {"fields": False, "plots": False},
}


def test_the_cutoff_is_reached_in_shorter_steps(tmp_path: Path) -> None:
    """The first trial steps towards the cut-off do not converge; the run must not end there."""
    found = run_in_process(CASE, tmp_path, MPI.COMM_SELF)["discharge"]
    assert found["end_reason"] == "voltage"
    assert found["final_voltage_V"] == pytest.approx(2.4, abs=1e-8)
    assert 0.9 < found["utilisation"] < 1.0
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
