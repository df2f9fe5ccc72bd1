"""What the benchmark of the discharge reads off its runs."""

from __future__ import annotations

import cProfile
import pstats
from pathlib import Path

import pytest
from mpi4py import MPI

from cases.bench_discharge import Sample, curve_of, voltage_difference
from cases.case_file import validate_case
from cases.measured_discharge import measure, seconds_in
from cases.runner import run_in_process


def test_difference_of_curves_where_both_are() -> None:
    """The reference ends earlier: its last time counts, what is beyond does not."""
    reference = {"times": [0.0, 1.0, 2.0, 3.0], "voltages": [4.0, 3.9, 3.8, 3.7]}
    run = {"times": [0.0, 0.5, 2.5, 3.0, 3.5], "voltages": [4.0, 3.95, 3.751, 3.698, 2.0]}
    assert voltage_difference(run, reference) == pytest.approx(2e-3, rel=1e-6)


def test_case_of_the_benchmark_is_the_demo() -> None:
    """Everything but the mesh and what is asked for stays as it ships; the tolerance is the default."""
    case = validate_case(Sample(2e-6).case(largest_step=50.0))
    assert case.mesh.cell_size == 2e-6
    assert case.discharge is not None
    assert case.discharge.largest_step == 50.0
    assert case.discharge.c_rate == 1.0
    assert case.discharge.tolerance == type(case.discharge).model_fields["tolerance"].default


def test_parts_of_a_run_add_up(tmp_path: Path) -> None:
    """Every part of the profile has run; output and solve are not nothing and all are the whole."""
    layers = [{"phase": "separator", "thickness": 5e-6, "cells": 2}, {"phase": "AM", "thickness": 2e-6, "cells": 4}]
    case = {
        "geometry": {"source": "layers", "layers": layers},
        "materials": {"AM": "NMC622", "separator": "Li6PS5Cl", "counter": "lithium metal"},
        "conduction": {},
        "discharge": {"c_rate": 1.0, "cutoff_voltage": 2.8, "maximum_time": 1.0},
        "output": {"plots": False},
    }
    meshed = {key: value for key, value in case.items() if key != "discharge"}
    run_in_process(meshed | {"output": {"until": "meshing", "plots": False}}, tmp_path, MPI.COMM_SELF)
    wanted = {"case": case, "mesh": str(tmp_path / "mesh.h5"), "out": str(tmp_path / "run")}
    figures = measure(wanted, MPI.COMM_SELF)
    assert sum(figures["parts"].values()) == pytest.approx(figures["seconds"])
    assert all(seconds >= 0.0 for seconds in figures["parts"].values())
    assert figures["parts"]["solve"] > 0.0 < figures["parts"]["output"]
    times, voltages = curve_of(tmp_path / "run" / "curves" / "discharge.csv")
    assert times[-1] == pytest.approx(1.0)
    assert len(voltages) == figures["steps"] + 1


def test_a_part_that_did_not_run_is_an_error() -> None:
    """A function that was renamed must not count as no time."""
    profile = cProfile.Profile()
    profile.runcall(lambda: None)
    with pytest.raises(KeyError):
        seconds_in(pstats.Stats(profile), (("newton.py", "no_such_function"),), ())
