"""CC-CV, relaxation and constant power of the planar half cell against an independent one-dimensional solution."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from mpi4py import MPI

from cases.runner import run_in_process

from .half_cell_1d import HalfCell1D
from .protocol_1d import Reference, Segment, cell_voltage, constant_current, held, powered
from .shipped_cases import content, curve, planar_reference

FloatArray = npt.NDArray[np.float64]
START = 0.6
AGREEMENT = 1e-4  # [V]


def run_protocol(out: Path, comm: MPI.Intracomm, steps: list[dict[str, Any]], *overrides: str) -> dict[str, Any]:
    """Figures of the planar half cell after some protocol steps."""
    data = planar(steps, *overrides)
    found: dict[str, Any] = run_in_process(data, out, comm)["discharge"]
    assert max(found["charge_balance_error"], found["lithium_balance_error"]) < 1e-8
    return found


def planar(steps: list[dict[str, Any]], *overrides: str, tolerance: float = 1e-5, cells: int = 60) -> dict[str, Any]:
    """The planar half cell with a protocol in place of its discharge."""
    data = content("planar_half_cell", f"geometry.layers.1.cells={cells}", *overrides)
    del data["discharge"]
    return data | {"protocol": {"initial_stoichiometry": START, "tolerance": tolerance, "steps": steps}}


def reference_cell() -> HalfCell1D:
    """The same half cell in one dimension."""
    return replace(planar_reference(content("planar_half_cell")), initial_stoichiometry=START)


def rows_of(out: Path, step: int) -> dict[str, FloatArray]:
    """The rows of one protocol step."""
    rows = curve(out)
    mine = rows["protocol_step"] == step
    return {name: values[mine] for name, values in rows.items()}


def largest_difference(rows: dict[str, FloatArray], segment: Segment, column: str, expected: str) -> float:
    """Largest difference of a column from the reference where a step has lasted for a second."""
    times = rows["protocol_time_s"]
    inside = (times > 1.0) & (times < 0.999 * times[-1])
    assert inside.sum() > 10
    return float(np.abs(rows[column][inside] - getattr(segment, expected)(times[inside])).max())


def test_charge_hold_and_relaxation(tmp_path: Path) -> None:
    """Voltage to 0.1 mV, current of the hold to 0.2 % of the charging current, durations to 0.1 %."""
    steps = [
        {"name": "charge", "current_density": -4.0, "until": {"voltage": 4.1}},
        {"name": "hold", "hold_voltage": 4.1, "until": {"current_density": 0.4}},
        {"name": "rest", "rest": 3000.0},
    ]
    found = run_protocol(tmp_path, MPI.COMM_SELF, steps)["protocol"]
    cell = reference_cell()
    reference = Reference(cell)
    charge = reference.run(constant_current(-4.0), 1e5, lambda x: 4.1 - cell_voltage(cell, x, -4.0))
    law = held(cell, 4.1)
    hold = reference.run(law, 1e5, lambda x: -law(x) - 0.4)
    rest = reference.run(constant_current(0.0), 3000.0)
    assert largest_difference(rows_of(tmp_path, 1), charge, "voltage_V", "voltage") < AGREEMENT
    in_hold = rows_of(tmp_path, 2)
    in_hold["current_density"] = in_hold["current_A"] / 1e-12
    assert largest_difference(in_hold, hold, "current_density", "current_density") < 2e-3 * 4.0
    assert largest_difference(rows_of(tmp_path, 3), rest, "voltage_V", "voltage") < AGREEMENT
    for outcome, segment in zip(found, (charge, hold, rest), strict=True):
        assert outcome["duration_s"] == pytest.approx(segment.times[-1], rel=1e-3), outcome["name"]


def test_pulses_and_relaxation(tmp_path: Path) -> None:
    """Two GITT pulses: every voltage to 0.1 mV, the start of each rest included."""
    pulses = {"repeat": 2, "steps": [{"current_density": 6.0, "until": {"time": 200.0}}, {"rest": 400.0}]}
    found = run_protocol(tmp_path, MPI.COMM_SELF, [pulses])
    reference = Reference(reference_cell())
    for step in (1, 2, 3, 4):
        current = 6.0 if step % 2 else 0.0
        segment = reference.run(constant_current(current), 200.0 if step % 2 else 400.0)
        rows = rows_of(tmp_path, step)
        assert largest_difference(rows, segment, "voltage_V", "voltage") < AGREEMENT, step
        if step % 2 == 0:  # ohmic and kinetic drops vanish at once
            assert rows["voltage_V"][0] == pytest.approx(float(segment.voltage(0.0)[0]), abs=AGREEMENT)
    assert [outcome["cycle"] for outcome in found["protocol"]] == [1, 1, 2, 2]


@pytest.mark.mpi
def test_constant_power(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """I V = P in every row, energy P t, and the voltage of the reference."""
    power = 12.0  # [W/m2]
    steps = [{"power_density": power, "until": {"voltage": 3.6}}]
    found = run_protocol(shared_tmp_path, comm, steps)
    rows = curve(shared_tmp_path)
    assert rows["current_A"] * rows["voltage_V"] == pytest.approx(np.full(len(rows["time_s"]), power * 1e-12), rel=2e-9)
    assert found["energy_Wh_m2"] == pytest.approx(power * found["final_time_s"] / 3600.0, rel=2e-9)
    assert np.all(np.diff(rows["current_A"]) > 0.0)
    cell = reference_cell()
    law = powered(cell, power)
    segment = Reference(cell).run(law, 1e5, lambda x: cell_voltage(cell, x, law(x)) - 3.6)
    assert largest_difference(rows_of(shared_tmp_path, 1), segment, "voltage_V", "voltage") < AGREEMENT
    assert found["final_time_s"] == pytest.approx(segment.times[-1], rel=1e-3)


def test_a_power_in_watt_is_one_per_area(tmp_path: Path) -> None:
    """30 W/m2 on 1e-12 m2 are 30 pW, and a charge takes up energy."""
    found = []
    for key, factor in (("power", 1e-12), ("power_density", 1.0)):
        steps = [{key: -30.0 * factor, "until": {"time": 50.0}}]
        found.append(run_protocol(tmp_path / key, MPI.COMM_SELF, steps, "geometry.layers.1.cells=15"))
    assert found[0]["final_voltage_V"] == pytest.approx(found[1]["final_voltage_V"], rel=1e-9)
    assert found[0]["energy_Wh_m2"] == pytest.approx(-30.0 * 50.0 / 3600.0, rel=1e-9)


def test_charge_and_discharge_return_the_lithium(tmp_path: Path) -> None:
    """Equal charges: the mean stoichiometry comes back, efficiencies are 1 and below 1."""
    both = [{"c_rate": -1.0, "until": {"capacity": 0.6}}, {"c_rate": 1.0, "until": {"capacity": 0.6}}]
    steps = [{"repeat": 2, "steps": [*both, {"rest": 3e4}]}]
    found = run_protocol(tmp_path, MPI.COMM_SELF, steps, "geometry.layers.1.cells=20")
    assert curve(tmp_path)["mean_stoichiometry"][-1] == pytest.approx(START, abs=1e-9)
    for cycle in found["cycles"]:
        assert cycle["charge_capacity_Ah_m2"] == pytest.approx(0.6, rel=1e-8)
        assert cycle["coulombic_efficiency"] == pytest.approx(1.0, abs=1e-8)
        assert 0.9 < cycle["energy_efficiency"] < 0.999
    open_circuit = float(reference_cell().open_circuit_potential(np.array([START]))[0])
    assert found["final_voltage_V"] == pytest.approx(open_circuit, abs=1e-5)


def test_order_in_time_across_steps(tmp_path: Path) -> None:
    """Charge, hold and power in equal time steps: differences of successive halvings fall by four."""
    steps = [
        {"current_density": -4.0, "until": {"time": 600.0}},
        {"hold_voltage": 4.05, "until": {"time": 600.0}},
        {"power_density": 20.0, "until": {"time": 600.0}},
    ]
    final = []
    for count in (10, 20, 40, 80):
        step = 600.0 / count
        data = planar(steps, tolerance=1e9, cells=20)
        data["protocol"] |= {"first_step": step, "largest_step": step}
        found = run_in_process(data, tmp_path / str(count), MPI.COMM_SELF)["discharge"]
        assert found["steps"] == 3 * count
        hold = rows_of(tmp_path / str(count), 2)["current_A"]
        charge, _, power = (outcome["final_voltage_V"] for outcome in found["protocol"])
        final.append([charge, hold[-1] * 1e12, power])
    differences = np.abs(np.diff(np.array(final), axis=0))
    orders = np.log2(differences[:-1] / differences[1:])
    print(f"differences {differences}, orders {orders}")
    assert np.all(orders[-1] > 1.75)
    assert np.all(orders[-1] < 2.3)
