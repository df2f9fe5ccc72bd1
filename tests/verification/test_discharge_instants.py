"""Fields are kept exactly at the wanted instants: as in a run that ends there, and without an effect on the steps.

Seen to fail with: fields of the step's end, a state interpolated linearly in the step, a landing from the end of the
step instead of its start.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from mpi4py import MPI

from cases.lithium_profile import lithium_profile
from cases.plots_files import RunFiles
from cases.runner import run_in_process

from .shipped_cases import content, curve

FloatArray = npt.NDArray[np.float64]

UTILISATION, TIME, VOLTAGE = 0.2, 700.0, 3.9
END = {"maximum_time": 2000.0}


def planar(capacitance: float, snapshots: dict[str, Any], **drive: Any) -> dict[str, Any]:
    """The planar half cell at 1C in large steps, with and without double layer."""
    data = content("planar_half_cell", "geometry.layers.1.cells=12")
    data["discharge"] = {"c_rate": 1.0, "tolerance": 1e-3} | drive
    data.setdefault("interfaces", {}).setdefault("AM|SE", {})["double_layer_capacitance"] = capacitance
    data["output"] = {"fields": True, "plots": False, "snapshots": [], **snapshots}
    return data


@pytest.fixture(scope="module", params=[0.0, 50.0])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, Path]:
    """A run that keeps fields at a utilisation, a time and a voltage inside its steps."""
    wanted = {"snapshots": [UTILISATION], "snapshot_times": [TIME], "snapshot_voltages": [VOLTAGE]}
    out = tmp_path_factory.mktemp("kept")
    run_in_process(planar(request.param, wanted, **END), out, MPI.COMM_SELF)
    return request.param, out


def fields(out: Path, number: int) -> dict[str, FloatArray]:
    """What was kept at an instant."""
    with np.load(out / "fields" / "discharge_snapshots.npz") as data:
        return {name: values[number] for name, values in data.items()}


def instants(out: Path) -> dict[str, FloatArray]:
    """The table of the instants."""
    rows = np.genfromtxt(out / "curves" / "instants.csv", delimiter=",", names=True)
    return {name: np.atleast_1d(rows[name]) for name in rows.dtype.names or ()}


def stops(kind: str) -> dict[str, Any]:
    """The end of a run at the instant of a kind."""
    ends = {"time": {"maximum_time": TIME}, "voltage": {"cutoff_voltage": VOLTAGE}}
    return ends.get(kind, {"maximum_time": 3600.0 * UTILISATION})


EXACT: dict[str, Callable[[dict[str, FloatArray]], FloatArray]] = {
    "utilisation": lambda found: np.abs(found["utilisation"] - UTILISATION),
    "time": lambda found: np.abs(found["time_s"] - TIME) / TIME,
    "voltage": lambda found: np.abs(found["voltage_V"] - VOLTAGE),
}


@pytest.mark.parametrize("kind", EXACT)
def test_the_state_is_that_of_a_run_that_ends_there(kind: str, kept: tuple[float, Path], tmp_path: Path) -> None:
    capacitance, out = kept
    deviation = EXACT[kind](instants(out))
    number = int(deviation.argmin())
    assert deviation[number] < 1e-9
    run_in_process(planar(capacitance, {}, **stops(kind)), tmp_path, MPI.COMM_SELF)
    found, expected = fields(out, number), fields(tmp_path, -1)
    assert not np.isclose(curve(out)["time_s"], found["times"], rtol=1e-6).any(), "inside a step"
    within = {"times": 1e-6}  # [s]
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, abs=within.get(name, 1e-9), nan_ok=True), name


def test_the_steps_are_those_of_a_run_that_keeps_nothing(kept: tuple[float, Path], tmp_path: Path) -> None:
    capacitance, out = kept
    run_in_process(planar(capacitance, {}, **END), tmp_path, MPI.COMM_SELF)
    found, expected = curve(out), curve(tmp_path)
    assert found["step_s"] == pytest.approx(expected["step_s"], rel=1e-5)
    assert found["voltage_V"] == pytest.approx(expected["voltage_V"], abs=1e-8)


def test_a_profile_at_that_utilisation_is_found(kept: tuple[float, Path]) -> None:
    """Although the instant is located to rounding only; without, the profile would be that of the next instant."""
    run = RunFiles(kept[1])
    number = int(EXACT["utilisation"](instants(kept[1])).argmin())
    found = lithium_profile(run, 5, UTILISATION + 1e-9)
    assert run.discharge_fields is not None
    assert run.mesh is not None
    assert found is not None
    x = run.discharge_fields.stoichiometry[number]
    assert np.nanmin(found.stoichiometry) > np.nanmin(x) - 1e-12
    assert np.nanmax(found.stoichiometry) < np.nanmax(x) + 1e-12


def test_an_end_that_is_wanted_is_kept_once(tmp_path: Path) -> None:
    wanted = {"snapshot_times": [0.0, 500.0], "snapshots": [500.0 / 3600.0]}
    run_in_process(planar(0.0, wanted, maximum_time=500.0), tmp_path, MPI.COMM_SELF)
    assert instants(tmp_path)["time_s"].tolist() == [0.0, 500.0]
