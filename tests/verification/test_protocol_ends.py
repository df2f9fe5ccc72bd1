"""Every kind of end is met to 1e-6 of the time step, the first of several wins, steps that are over are left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

from cases.runner import run_in_process
from manufacturing.errors import InputError, StageError
from solver.protocol import REASONS

from .shipped_cases import curve
from .test_protocol_reference import planar, rows_of

DRIVEN = {"c_rate": 1.0}
HELD = {"hold_voltage": 3.75}
ENDS: dict[str, tuple[dict[str, float], dict[str, float], str, float]] = {  # step, end, column, its value there
    "voltage on discharge": (DRIVEN, {"voltage": 3.7}, "voltage_V", 3.7),
    "voltage on charge": ({"c_rate": -1.0}, {"voltage": 4.0}, "voltage_V", 4.0),
    "voltage at constant power": ({"power_density": 15.0}, {"voltage": 3.7}, "voltage_V", 3.7),
    "time": (DRIVEN, {"time": 123.0}, "protocol_time_s", 123.0),
    "capacity": (DRIVEN, {"capacity": 0.3}, "protocol_capacity_Ah_m2", 0.3),
    "capacity on hold": (HELD, {"capacity": 0.1}, "protocol_capacity_Ah_m2", 0.1),
    "share of the capacity": (DRIVEN, {"capacity_share": 0.1}, "protocol_capacity_Ah_m2", 0.1 * 4.35524068597),
    "C-rate of a hold": (HELD, {"c_rate": 0.3}, "current_A", 0.3 * 4.35524068597e-12),
    "current density of a hold": (HELD, {"current_density": 1.5}, "current_A", 1.5e-12),
    "stoichiometry on discharge": (DRIVEN, {"stoichiometry": 0.65}, "mean_stoichiometry", 0.65),
    "stoichiometry on charge": ({"c_rate": -1.0}, {"stoichiometry": 0.55}, "mean_stoichiometry", 0.55),
    "stoichiometry on hold": (HELD, {"stoichiometry": 0.62}, "mean_stoichiometry", 0.62),
}
COARSE: dict[str, Any] = {"tolerance": 1e-3, "cells": 12}


@pytest.mark.parametrize("name", ENDS)
def test_end_is_located_to_a_millionth_of_the_step(name: str, tmp_path: Path) -> None:
    drive, end, column, value = ENDS[name]
    found = run_in_process(planar([drive | {"until": end}], **COARSE), tmp_path, MPI.COMM_SELF)["discharge"]
    values = curve(tmp_path)[column]
    assert len(values) > 3
    assert abs(values[-1] - value) < 1e-6 * abs(values[-1] - values[-2])
    (outcome,) = found["protocol"]
    (kind,) = end
    assert outcome["end_reason"] == REASONS.get(kind, kind)


@pytest.mark.mpi
@pytest.mark.parametrize("order", [1, -1])
def test_the_first_of_several_ends_wins(order: int, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """All three lie within one long time step; the order in the case file does not matter."""
    until = dict([("voltage", 3.5), ("capacity", 0.9), ("stoichiometry", 0.72)][::order])
    data = planar([DRIVEN | {"until": until}], tolerance=1e3, cells=12)
    data["protocol"]["first_step"] = 600.0
    found = run_in_process(data, shared_tmp_path, comm)["discharge"]
    assert found["end_reason"] == "stoichiometry"
    assert found["protocol"][0]["final_stoichiometry"] == pytest.approx(0.72, abs=1e-8)
    assert found["steps"] <= 2


def test_a_step_that_is_over_at_its_start_is_left_out(tmp_path: Path) -> None:
    """5C ends at once below the voltage at which 0.5C ended; the cell rests on as it was."""
    steps = [
        {"c_rate": 0.5, "until": {"voltage": 3.7}},
        {"name": "fast", "c_rate": 5.0, "until": {"voltage": 3.69}},
        {"rest": 10.0},
    ]
    found = run_in_process(planar(steps, **COARSE), tmp_path, MPI.COMM_SELF)["discharge"]
    first, fast, rest = found["protocol"]
    assert fast["end_reason"] == "skipped: voltage"
    assert fast["capacity_Ah_m2"] == 0.0
    assert "final_voltage_V" not in fast
    assert rest["duration_s"] == pytest.approx(10.0)
    assert found["capacity_Ah_m2"] == pytest.approx(first["capacity_Ah_m2"], rel=1e-9)
    assert rows_of(tmp_path, 3)["time_s"][0] == pytest.approx(first["duration_s"])
    assert len(rows_of(tmp_path, 2)["time_s"]) == 0
    assert "step 2 (fast): skipped: voltage end met at its start" in (tmp_path / "log.txt").read_text()


def test_a_lower_current_goes_on_from_the_same_cutoff(tmp_path: Path) -> None:
    """The voltage recovers when the current falls, so the same cut-off is no reason to leave the step out."""
    steps = [{"c_rate": rate, "until": {"voltage": 3.7}} for rate in (2.0, 0.5)]
    found = run_in_process(planar(steps, **COARSE), tmp_path, MPI.COMM_SELF)["discharge"]
    fast, slow = found["protocol"]
    assert slow["end_reason"] == "voltage"
    assert slow["capacity_Ah_m2"] > 0.1 * fast["capacity_Ah_m2"]
    assert slow["initial_voltage_V"] > 3.71


def test_nothing_but_steps_that_are_over_is_an_error(tmp_path: Path) -> None:
    steps = [{"c_rate": -0.5, "until": {"voltage": 3.5}}]
    with pytest.raises(InputError, match=r"protocol\.steps\[0\]\.until\.voltage.*once the current flows"):
        run_in_process(planar(steps, **COARSE), tmp_path, MPI.COMM_SELF)


def test_a_power_that_the_cell_cannot_carry_is_an_error(tmp_path: Path) -> None:
    """P_max = (U - eta)^2/(4 R) is some 3.4 kW/m2; beyond there is no solution."""
    steps = [{"power_density": 1e5, "until": {"time": 10.0}}]
    with pytest.raises(InputError, match=r"protocol\.steps\[0\]\.power_density.*no potentials"):
        run_in_process(planar(steps, **COARSE), tmp_path, MPI.COMM_SELF)


def test_the_smallest_step_keeps_curve_and_state(tmp_path: Path) -> None:
    """Without a cut-off the surface fills up: the steps shrink to the smallest and the run ends with an error."""
    steps = [{"rest": 5.0}, {"c_rate": 3.0, "until": {"time": 1e5}}]
    with pytest.raises(StageError, match=r"discharge: step \d+ at .* s and .* V failed with the smallest step|range"):
        run_in_process(planar(steps, **COARSE), tmp_path, MPI.COMM_SELF)
    rows = curve(tmp_path)
    assert rows["protocol_step"][-1] == 2
    assert rows["largest_surface_stoichiometry"][-1] > 0.9
