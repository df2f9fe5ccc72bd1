"""Steps and ends as data: signed distances, sides, and what a case file may ask for."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from cases.case_checks import check_case
from cases.case_file import apply_override, validate_case
from cases.initial_stoichiometry import initial_stoichiometry
from cases.physics import CaseMaterials
from cases.protocol import protocol_steps, starts_with_charge
from manufacturing.errors import InputError
from manufacturing.phases import Phase
from solver.controls import ConstantPower, Galvanostatic, Potentiostatic
from solver.discharge_records import StepOutcome, cycle_figures
from solver.protocol import CellScales, End, ProtocolStep, Reading, Watch, watch

SCALES = CellScales(capacity=7200.0, area=2.0)  # 1C is 2 A
BEFORE = Reading(time=10.0, charge=720.0, voltage=3.9, current=2.0, stoichiometry=0.5)

Content = dict[str, Any]
CASE: Content = {
    "geometry": {
        "source": "layers",
        "layers": [{"phase": "separator", "thickness": 5e-6}, {"phase": "AM", "thickness": 5e-6}],
    },
    "materials": {"AM": "NMC622", "separator": "Li6PS5Cl", "counter": "lithium metal"},
    "protocol": {
        "steps": [
            {"name": "charge", "c_rate": -0.5, "until": {"voltage": 4.1}},
            {"hold_voltage": 4.1, "until": {"c_rate": 0.05}},
            {"rest": 60.0},
            {"repeat": 2, "steps": [{"power_density": 5.0, "until": {"time": 9.0}}, {"rest": 5.0}]},
            {"steps": [{"repeat": 2, "steps": [{"current": 1e-12, "until": {"capacity": 0.1, "voltage": 3.0}}]}]},
        ]
    },
}


def changed(*overrides: str) -> Content:
    """The case with some keys set."""
    result = copy.deepcopy(CASE)
    for override in overrides:
        apply_override(result, override)
    return result


@pytest.mark.parametrize(
    ("kind", "value", "distance"),
    [
        ("voltage", 3.8, -0.1),
        ("time", 20.0, -0.5),
        ("capacity", 0.2, 0.1 - 0.2 * 3600.0 * 2.0 / 7200.0),
        ("capacity_share", 0.25, -0.15),
        ("c_rate", 0.5, -0.5),
        ("current_density", 0.25, -0.75),
        ("stoichiometry", 0.7, -0.2),
    ],
)
def test_distance_to_each_end_on_discharge(kind: str, value: float, distance: float) -> None:
    assert Watch((End(kind, value),), (1.0,), SCALES).distances(BEFORE) == pytest.approx([distance], abs=1e-15)


def test_on_charge_voltage_and_stoichiometry_are_approached_from_the_other_side() -> None:
    step = ProtocolStep("c_rate", -1.0, (End("voltage", 4.2), End("stoichiometry", 0.3), End("capacity_share", 0.2)))
    now = Reading(10.0, -720.0, 3.9, -2.0, 0.5)
    assert watch(step, now, SCALES).distances(now) == pytest.approx([-0.3, -0.2, -0.1])


@pytest.mark.parametrize(("end", "distance"), [(3.8, -0.1), (4.0, -0.1), (3.9, 0.0)])
def test_at_rest_a_voltage_is_approached_from_where_the_step_starts(end: float, distance: float) -> None:
    step = ProtocolStep("rest", 60.0, (End("voltage", end),))
    assert watch(step, BEFORE, SCALES).distances(BEFORE) == pytest.approx([distance], abs=1e-15)


def test_the_nearest_end_is_named() -> None:
    step = ProtocolStep("c_rate", 1.0, (End("time", 1e3), End("voltage", 3.89), End("stoichiometry", 0.9)))
    assert watch(step, BEFORE, SCALES).nearest(BEFORE) == (pytest.approx(-0.01), End("voltage", 3.89))


def test_instants_that_are_known_in_advance() -> None:
    ends = (End("time", 40.0), End("capacity_share", 0.105), End("voltage", 3.0))
    watched = watch(ProtocolStep("c_rate", 1.0, ends), BEFORE, SCALES)
    assert watched.horizon(BEFORE, Galvanostatic(2.0)) == pytest.approx(0.005 * 7200.0 / 2.0)
    assert watched.horizon(BEFORE, Potentiostatic(3.9)) == pytest.approx(30.0)


def test_what_drives_a_cell_of_some_size() -> None:
    expected = {
        "current": Galvanostatic(3.0),
        "current_density": Galvanostatic(6.0),
        "c_rate": Galvanostatic(6.0),
        "rest": Galvanostatic(0.0),
        "hold_voltage": Potentiostatic(3.0),
        "power": ConstantPower(3.0),
        "power_density": ConstantPower(6.0),
    }
    for drive, control in expected.items():
        assert ProtocolStep(drive, 3.0, ()).control(SCALES) == control


def test_power_and_its_slope() -> None:
    voltage, small = np.array([3.7]), 1e-6
    control = ConstantPower(5.0)
    assert voltage * control.current_at(voltage) == pytest.approx([5.0])
    difference = (control.current_at(voltage + small) - control.current_at(voltage - small)) / (2.0 * small)
    assert control.slope_at(voltage) == pytest.approx(difference, rel=1e-8)


def test_cycles_add_up_charge_and_discharge() -> None:
    outcomes = [
        StepOutcome(k + 1, "", cycle, "c_rate", 1.0, "voltage", capacity_Ah_m2=q, energy_Wh_m2=4.0 * q)
        for k, (cycle, q) in enumerate([(0, -9.0), (1, -2.0), (1, -0.5), (1, 2.0), (2, -1.0)])
    ]
    first, second = cycle_figures(outcomes)
    assert (first["charge_capacity_Ah_m2"], first["discharge_capacity_Ah_m2"]) == (2.5, 2.0)
    assert first["coulombic_efficiency"] == pytest.approx(0.8)
    assert first["energy_efficiency"] == pytest.approx(0.8)
    assert second["discharge_capacity_Ah_m2"] == 0.0
    assert second["coulombic_efficiency"] is None


def test_steps_are_written_out_in_order() -> None:
    steps = protocol_steps(validate_case(CASE))
    assert [step.drive for step in steps] == [
        "c_rate", "hold_voltage", "rest", "power_density", "rest", "power_density", "rest", "current", "current"
    ]  # fmt: skip
    assert [step.cycle for step in steps] == [0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert steps[0].name == "charge"
    assert steps[2].ends == (End("time", 60.0, "protocol.steps[2].rest"),)
    assert steps[-1].key == "protocol.steps[4].steps[0].steps[0]"
    assert steps[-1].ends[0] == End("voltage", 3.0, "protocol.steps[4].steps[0].steps[0].until.voltage")


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ({"cutoff_voltage": 3.0}, {("voltage", 3.0)}),
        ({"cutoff_voltage": 3.0, "maximum_time": 60.0}, {("time", 60.0), ("voltage", 3.0)}),
        ({}, {("time", 36000.0)}),
    ],
)
def test_the_short_form_is_a_protocol_of_one_step(given: Content, ends: set[tuple[str, float]]) -> None:
    """No time cuts a slow discharge short: C/20 takes twenty hours to its cut-off."""
    case = {k: v for k, v in CASE.items() if k != "protocol"} | {"discharge": {"c_rate": 0.05, **given}}
    (step,) = protocol_steps(validate_case(case))
    assert (step.drive, step.value) == ("c_rate", 0.05)
    assert {(end.kind, end.value) for end in step.ends} == ends


def test_a_protocol_that_begins_with_a_charge_starts_discharged() -> None:
    for value, charging in ((-0.5, True), (0.5, False)):
        case = validate_case(changed(f"protocol.steps.0.c_rate={value}", "protocol.steps.0.until.voltage=3.5"))
        active = CaseMaterials(case).get("AM")
        assert starts_with_charge(case) is charging
        expected = active.stoichiometry_discharged if charging else active.stoichiometry_charged
        assert initial_stoichiometry(case, {Phase.AM: active}) == {Phase.AM: expected.value}


WRONG = [  # overrides, key, found, expected
    (("discharge={c_rate=1.0}",), "case", "", "either"),
    (("protocol.steps=[]",), "protocol.steps", "[]", "at least 1"),
    (("protocol.steps[0].c_rate=0",), "protocol.steps[0].c_rate", "0", "rest"),
    (("protocol.steps[0].power=1.0",), "protocol.steps[0]", "c_rate, until, power", "exactly one"),
    (("protocol.steps[0].until=",), "protocol.steps[0].until", "no end", "voltage"),
    (("protocol.steps[0].until.voltag=4.1",), "protocol.steps[0].until.voltag", "unknown", "voltage"),
    (("protocol.steps[1].until={voltage=4.1}",), "protocol.steps[1].until.voltage", "hold", "hold_voltage"),
    (("protocol.steps[0].until={c_rate=0.1}",), "protocol.steps[0].until.c_rate", "constant current", "c_rate"),
    (("protocol.steps[2].until={stoichiometry=0.5}",), "protocol.steps[2].until.stoichiometry", "rest", "rest"),
    (("protocol.steps[2].rest=-1.0",), "protocol.steps[2].rest", "-1.0", "greater than 0"),
    (("protocol.steps[1].hold_voltage=42.0",), "protocol.steps[1].hold_voltage", "42.0 V", "open-circuit"),
    (("protocol.steps[0].until.voltage=1.0",), "protocol.steps[0].until.voltage", "charge", "above"),
    (("protocol.steps[4].steps[0].steps[0].until.voltage=9.0",), "steps[0].until.voltage", "discharge", "below"),
    (("protocol.steps[3].repeat=0",), "protocol.steps[3].repeat", "0", "greater than or equal to 1"),
    (("protocol.steps[0].repeat=3",), "protocol.steps[0]", "repeat", "with steps"),
    (("protocol.steps[3].rest=3.0",), "protocol.steps[3]", "rest", "a group"),
    (("protocol.steps[3].repeat=99999",), "protocol.steps", "more than", "fewer"),
    (("protocol.first_step=1e9",), "protocol", "first_step", "smallest_step"),
    (("protocol.initial_stoichiometry=0.01",), "protocol.initial_stoichiometry", "0.01", "known"),
]


@pytest.mark.parametrize(("overrides", "key", "found", "expected"), WRONG, ids=[w[0][0] for w in WRONG])
def test_wrong_protocols_name_the_key(overrides: tuple[str, ...], key: str, found: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        _check(changed(*overrides))
    assert caught.value.field.endswith(key)
    assert found in str(caught.value.found)
    assert expected in caught.value.expected


def _check(data: Content) -> None:
    case = validate_case(data)
    check_case(case, CaseMaterials(case))
