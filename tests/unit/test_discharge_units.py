"""Capacities and energies in other units, mean voltages, and half cycles of a curve.

Seen to fail with: ten in place of a tenth from m2 to cm2, energies per gram in the unit per area, a mean voltage over
the rest that follows a charge, a rest that divides a half cycle, capacities counted from the start of the run.
"""

from __future__ import annotations

import numpy as np
import pytest

from cases.discharge_units import DischargeUnits
from cases.half_cycles import half_cycles

UNITS = DischargeUnits(per_gram=40.0, smallest_charge=1e-9)


def test_one_step_has_every_unit_and_a_mean_voltage() -> None:
    summary = {"capacity_Ah_m2": 30.0, "energy_Wh_m2": 111.0, "protocol": [{"capacity_Ah_m2": 30.0}], "cycles": []}
    found = UNITS.of_run(summary)
    assert found["capacity_mAh_cm2"] == pytest.approx(3.0)
    assert found["capacity_mAh_g"] == pytest.approx(1200.0)
    assert found["energy_mWh_cm2"] == pytest.approx(11.1)
    assert found["energy_mWh_g"] == pytest.approx(4440.0)
    assert found["mean_voltage_V"] == pytest.approx(3.7)
    assert found["protocol"][0]["capacity_mAh_cm2"] == pytest.approx(3.0)


def test_mean_voltages_belong_to_steps_and_half_cycles() -> None:
    """A rest has none, and so has a run in both directions."""
    rest, charge = ({"capacity_Ah_m2": c, "energy_Wh_m2": 4.0 * c} for c in (1e-13, -20.0))
    cycle = {"charge_capacity_Ah_m2": 20.0, "charge_energy_Wh_m2": 80.0, "discharge_capacity_Ah_m2": 0.0}
    summary = {"capacity_Ah_m2": -20.0, "energy_Wh_m2": -80.0, "protocol": [charge, rest], "cycles": [cycle]}
    found = UNITS.of_run(summary)
    assert "mean_voltage_V" not in found
    assert found["protocol"][0]["mean_voltage_V"] == pytest.approx(4.0)
    assert "mean_voltage_V" not in found["protocol"][1]
    assert found["cycles"][0]["charge_mean_voltage_V"] == pytest.approx(4.0)
    assert "discharge_mean_voltage_V" not in found["cycles"][0]


def test_half_cycles_begin_at_zero_and_go_on_over_rests() -> None:
    """Charge, hold, rest, discharge with a rest inside, and the next cycle."""
    current = np.array([-1.0, -1.0, -0.2, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, -1.0, -1.0])
    capacity = np.array([0.0, -1.0, -1.2, -1.2, -1.2, -0.7, -0.7, -0.7, -0.1, -0.1, -0.9])
    cycle = np.array([1.0] * 9 + [2.0] * 2)
    charge, discharge, next_charge = half_cycles({"current_A": current, "capacity_Ah_m2": capacity, "cycle": cycle})
    assert charge.rows.tolist() == [0, 1, 2]
    assert discharge.rows.tolist() == [4, 5, 7, 8]
    assert charge.capacity == pytest.approx([0.0, 1.0, 1.2])
    assert discharge.capacity == pytest.approx([0.0, 0.5, 0.5, 1.1])
    assert next_charge.capacity == pytest.approx([0.0, 0.8])
    assert [half.discharge for half in (charge, discharge, next_charge)] == [False, True, False]
    assert [half.cycle for half in (charge, discharge, next_charge)] == [1, 1, 2]
