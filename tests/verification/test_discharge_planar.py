"""The planar half cell against an independent one-dimensional solution, with measured orders in h and dt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from .half_cell_1d import capacity_to_cutoff, voltage
from .shipped_cases import content, curve, middle, planar_reference, run

NAME = "planar_half_cell"
SLAB = "geometry.layers.1.cells"


def compare(out: Path, *overrides: str) -> tuple[float, float]:
    """Largest difference of the voltages at equal charge [V], 1 % to 99 %, and relative error of the capacity."""
    data = content(NAME, *overrides)
    rows = curve(out)
    charge, found = 3600.0 * rows["capacity_Ah_m2"], rows["voltage_V"]
    exact = planar_reference(data)
    inside = middle(rows)
    assert inside.sum() > 10
    difference = np.abs(found - voltage(exact, charge))[inside].max()
    return float(difference), float(charge[-1] / capacity_to_cutoff(exact, data["discharge"]["cutoff_voltage"]) - 1.0)


def check_run(summary: dict[str, Any]) -> None:
    """What every discharge must show."""
    assert summary["end_reason"] == "voltage"
    assert summary["charge_balance_error"] < 1e-8
    assert summary["lithium_balance_error"] < 1e-8


@pytest.mark.mpi
def test_discharge_agrees_with_the_reference(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """0.1 mV at equal charge, capacity to 0.01 %, Butler-Volmer with alpha_a = 0.6, film and counter electrode."""
    found = run(NAME, shared_tmp_path, comm)["discharge"]
    check_run(found)
    assert found["final_voltage_V"] == pytest.approx(3.5, abs=1e-8)
    difference, capacity = compare(shared_tmp_path)
    print(f"largest difference {1e3 * difference:.4f} mV, capacity {capacity:.2e}, {found['steps']} steps")
    assert difference < 1e-4
    assert abs(capacity) < 1e-4


def test_swapped_transfer_coefficients_would_show(tmp_path: Path) -> None:
    """The comparison itself fails when the solver is given alpha_a = 0.4 and the reference 0.6."""
    coarse = (f"{SLAB}=30", "discharge.tolerance=1e-4")
    run(NAME, tmp_path, MPI.COMM_SELF, *coarse, "materials.AM.transfer_coefficient_anodic=0.4")
    assert compare(tmp_path, *coarse)[0] > 1e-3


def test_error_falls_with_the_square_of_the_cell_size(tmp_path: Path) -> None:
    """Capacity to the cut-off on three meshes of constant grading, time error far below."""
    sizes = np.array([15, 30, 60])
    errors = []
    for cells in sizes:
        overrides = (f"{SLAB}={cells}", "discharge.tolerance=1e-6")
        check_run(run(NAME, tmp_path / str(cells), MPI.COMM_SELF, *overrides)["discharge"])
        errors.append(abs(compare(tmp_path / str(cells), *overrides)[1]))
    order = -np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    print(f"errors {errors}, order {order:.2f}")
    assert 1.8 < order < 2.3


def test_error_falls_with_the_square_of_the_time_step(tmp_path: Path) -> None:
    """Equal steps to 3000 s; differences of successive halvings fall by four."""
    counts = [20, 40, 80, 160]
    final = []
    for steps in counts:
        step = 3000.0 / steps
        overrides = (f"{SLAB}=30", "discharge.tolerance=1e9", f"discharge.first_step={step}")
        limits = (f"discharge.largest_step={step}", "discharge.maximum_time=3000.0", "discharge.cutoff_voltage=0.5")
        found = run(NAME, tmp_path / str(steps), MPI.COMM_SELF, *overrides, *limits)["discharge"]
        assert found["steps"] == steps
        assert found["lithium_balance_error"] < 1e-8
        final.append(found["final_voltage_V"])
    differences = np.abs(np.diff(final))
    orders = np.log2(differences[:-1] / differences[1:])
    print(f"differences {differences}, orders {orders}")
    assert np.all(orders > 1.75)
    assert np.all(orders < 2.3)


def test_tighter_tolerance_follows_the_curve_closer(tmp_path: Path) -> None:
    """The error in time is controlled: 1e-2, 1e-3 and 1e-4 give falling differences on one mesh."""
    differences = []
    for tolerance in ("1e-2", "1e-3", "1e-4"):
        overrides = (f"{SLAB}=60", f"discharge.tolerance={tolerance}")
        run(NAME, tmp_path / tolerance, MPI.COMM_SELF, *overrides)
        differences.append(compare(tmp_path / tolerance, *overrides)[0])
    print(f"differences {differences} V")
    assert differences[0] > 2.0 * differences[1] > 4.0 * differences[2]
