"""What ``granode homogenise`` takes from a finished run and says about it.

Seen to fail with: the radius from the reacting area instead of the whole surface, the difference with the wrong sign,
the inactive material counted, the separator's resistance without its thickness, iterates that leave the range
ending the run.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from cases.case_file import validate_case
from cases.homogenised import homogenise, homogenised_cell, sauter_radius
from manufacturing.errors import InputError
from solver.homogenised import homogenised_curve

CASE = {
    "geometry": {
        "source": "random",
        "particles": 10,
        "phases": [{"phase": "AM", "volume_fraction": 0.3, "diameters": [8e-6]}],
    },
    "cell": {"separator_thickness": 20e-6},
    "materials": {"AM": "NMC622", "SE": "Li6PS5Cl", "CBD": "carbon-binder", "counter": "lithium metal"},
    "discharge": {"c_rate": 1.0, "cutoff_voltage": 2.8},
}
MESH = {
    "cross_section_m2": 1e-10,
    "electrode_thickness_m": 30e-6,
    "volume_fraction": {"AM": 0.4, "SE": 0.4},
    "interface_area_m2": {"AM|SE": 3e-10, "AM|void": 2e-10, "SE|void": 7e-10, "AM|AM": 1e-10, "AM|separator": 0.4e-10},
    "collector_area_m2": {"AM": 0.6e-10, "SE": 0.4e-10},
}
SUMMARY = {
    "meshing": MESH,
    "conduction": {
        name: {"by_direction": {"z": {"effective_conductivity_S_m": value}}}
        for name, value in (("electronic_z", 0.5), ("ionic_z", 0.02))
    },
    "discharge": {"active_fraction": {"AM": 0.9}, "active_area_m2": {"AM": 3.2e-10}, "current_density_A_m2": 9.0},
}
SHIFT = 0.010  # [V]


def finished(out: Path, summary: dict[str, object]) -> Path:
    """A run directory whose curve is that of the model, lifted by SHIFT and with a tenth more capacity."""
    (out / "curves").mkdir(parents=True)
    (out / "case.json").write_text(json.dumps({"folder": str(out), "case": CASE}))
    (out / "summary.json").write_text(json.dumps(summary))
    curve = homogenised_curve(*homogenised_cell(validate_case(CASE), SUMMARY), layers=8, shells=8)
    with (out / "curves" / "discharge.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["capacity_Ah_m2", "voltage_V"])
        writer.writerows(zip(curve.capacity / 3600.0, curve.voltage + SHIFT, strict=True))
        writer.writerow([1.1 * curve.capacity[-1] / 3600.0, 2.8])
    return out


def test_geometry_of_the_model() -> None:
    cell, current, cutoff = homogenised_cell(validate_case(CASE), SUMMARY)
    assert (current, cutoff) == (9.0, 2.8)
    assert sauter_radius(MESH) == pytest.approx(3.0 * 0.4 * 3e-15 / 6e-10)
    assert cell.active_fraction == pytest.approx(0.36)
    assert cell.specific_area == pytest.approx(3.2e-10 / 3e-15)
    assert cell.covered_share == pytest.approx(3.2e-10 / 6e-10 / 0.9)
    assert cell.separator_resistance == pytest.approx(20e-6 / 0.125)
    assert (cell.ionic_conductivity, cell.electronic_conductivity) == (0.02, 0.5)


def test_differences_are_reported(tmp_path: Path) -> None:
    out = finished(tmp_path / "run", SUMMARY)
    figures = homogenise(out, 8, 8)
    assert figures["mean_voltage_difference_mV"] == pytest.approx(-1e3 * SHIFT, rel=1e-6)
    assert figures["relative_capacity_difference"] == pytest.approx(1.0 / 1.1 - 1.0, rel=1e-6)
    assert json.loads((out / "homogenised.json").read_text())["comparison"]["capacity_resolved_Ah_m2"] > 0.0
    assert (out / "plots" / "homogenised.png").stat().st_size > 10_000
    rows = np.genfromtxt(out / "curves" / "homogenised.csv", delimiter=",", names=True)
    assert rows["voltage_V"][-1] == pytest.approx(2.8, abs=1e-6)


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="finished run"):
        homogenise(tmp_path / "nothing", 8, 8)
    without = {name: value for name, value in SUMMARY.items() if name != "conduction"}
    with pytest.raises(InputError, match="without conduction"):
        homogenise(finished(tmp_path / "a", without), 8, 8)
    dead = {"electronic_z": SUMMARY["conduction"]["electronic_z"]}
    dead["ionic_z"] = {"by_direction": {"z": {"effective_conductivity_S_m": 0.0}}}
    with pytest.raises(InputError, match="no ionic conductivity"):
        homogenise(finished(tmp_path / "b", SUMMARY | {"conduction": dead}), 8, 8)


def test_full_surfaces_end_on_the_cutoff() -> None:
    """Particles with few contacts: iterates leave the range, where the reaction closes and the system is singular."""
    mesh = MESH | {
        "cross_section_m2": 1.5748e-9,
        "electrode_thickness_m": 34.576e-6,
        "volume_fraction": {"AM": 0.2955},
        "interface_area_m2": {"AM|SE": 1.816e-9, "AM|void": 6.997e-9},
        "collector_area_m2": {},
    }
    found = {"active_fraction": {"AM": 1.0}, "active_area_m2": {"AM": 1.8162e-9}, "current_density_A_m2": 8.4023}
    conduction = {
        name: {"by_direction": {"z": {"effective_conductivity_S_m": value}}}
        for name, value in (("electronic_z", 0.08585), ("ionic_z", 0.008048))
    }
    summary = {"meshing": mesh, "conduction": conduction, "discharge": found}
    curve = homogenised_curve(*homogenised_cell(validate_case(CASE), summary), layers=40, shells=40)
    assert curve.voltage[-1] == pytest.approx(2.8, abs=1e-6)
    assert curve.profile.max() < 1.0
