"""What the voltage is made of: overpotentials by power balance against closed forms, at rest, on charge, on ranks.

Seen to fail with: the film's power counted twice, diffusion from the mean of U over the surface, the resistance of
the counter electrode left out, the electrons of a second electrode counted with the first's, magnitudes in place of
signs on charge, energy of the open circuit with U at the end of each step, voltages given at rest, a limit that
not-a-number passes, heat of the entropy with the other sign, without the temperature, at the end of each step,
without the counter electrode, an unknown coefficient taken for none.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.runner import run_in_process
from manufacturing.errors import StageError
from solver.discharge_figures import CellFigures
from solver.discharge_records import DischargeRecord
from solver.heat import Heat
from solver.overpotential_shares import OverpotentialShares

from .half_cell_1d import FARADAY, FloatArray
from .shipped_cases import content, curve, planar_reference, run

PLANAR = ("geometry.layers.1.cells=30", "discharge.tolerance=1e-3")
WIDTH = 1e-6  # of the layers [m]


def table(out: Path) -> dict[str, FloatArray]:
    """Columns of the overpotentials; what is empty becomes not a number."""
    with (out / "curves" / "overpotentials.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def overpotentials(rows: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """The columns of voltage that are subtracted from the equilibrium potential."""
    others = ("voltage_V", "equilibrium_V", "residual_V")
    return {name.removesuffix("_V"): v for name, v in rows.items() if name.endswith("_V") and name not in others}


def check_sum(rows: dict[str, FloatArray]) -> None:
    """Equilibrium less overpotentials is the voltage, in every row with a current."""
    flowing = np.isfinite(rows["electronic_V"])
    missing = rows["voltage_V"] - rows["equilibrium_V"] + np.sum(list(overpotentials(rows).values()), axis=0)
    assert flowing.any()
    assert np.abs(missing[flowing]).max() < 1e-8
    assert np.abs(rows["residual_V"]).max() < 1e-8


@pytest.fixture(scope="module")
def planar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("planar")
    run("planar_half_cell", out, MPI.COMM_SELF, *PLANAR)
    return out


def test_every_share_of_the_planar_cell_has_its_closed_form(planar: Path) -> None:
    """Ohmic drops I L/sigma and I R, kinetics by inverting the laws, diffusion from the surface of the slab."""
    reference, rows, x = planar_reference(content("planar_half_cell", *PLANAR)), table(planar), curve(planar)
    current, surface = reference.current_density, x["largest_surface_stoichiometry"]
    potential = reference.open_circuit_potential
    expected = {
        "ionic_separator": current * reference.separator_thickness / reference.ionic_conductivity,
        "ionic_composite": 0.0,
        "electronic": current * reference.slab_thickness / reference.electronic_conductivity,
        "film": current * reference.film_resistance,
        "counter_resistance": current * reference.counter_resistance,
        "diffusion": potential(x["mean_stoichiometry"]) - potential(surface),
    }
    found = overpotentials(rows)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-11), name
    assert rows["equilibrium_V"] == pytest.approx(potential(x["mean_stoichiometry"]), abs=1e-11)
    thermal, alpha = FARADAY / (8.314462618 * 298.15), reference.transfer_coefficient_anodic
    exchange, eta = reference.exchange_current_density(surface), -found["charge_transfer"]
    flow = exchange * (np.exp(alpha * thermal * eta) - np.exp(-(1.0 - alpha) * thermal * eta))
    assert flow == pytest.approx(-current, rel=1e-9)
    alpha, eta = reference.counter_transfer_coefficient_anodic, found["counter_kinetics"]
    flow = np.exp(alpha * thermal * eta) - np.exp(-(1.0 - alpha) * thermal * eta)
    assert reference.counter_exchange_current_density * flow == pytest.approx(current, rel=1e-9)
    assert set(found) == {*expected, "charge_transfer", "counter_kinetics"}
    check_sum(rows)


def test_heat_and_delivered_energy_are_the_energy_of_the_open_circuit(planar: Path) -> None:
    """Integral of U dQ = energy + heat, and the heat is the integral of its rate, to the square of the time step."""
    reference, rows, x = planar_reference(content("planar_half_cell", *PLANAR)), table(planar), curve(planar)
    ends = np.linspace(x["mean_stoichiometry"][0], x["mean_stoichiometry"][-1], 20001)
    per_stoichiometry = FARADAY * reference.maximum_concentration * reference.slab_thickness  # [C/m2]
    stored = per_stoichiometry * np.trapezoid(reference.open_circuit_potential(ends), ends)
    heat, rate = rows["heat_irreversible_J_m2"], rows["heat_irreversible_W_m2"]
    assert heat[-1] == pytest.approx(stored - 3600.0 * x["energy_Wh_m2"][-1], rel=1e-4)
    assert heat[-1] == pytest.approx(np.trapezoid(rate, rows["time_s"]), rel=2e-2)
    assert rate == pytest.approx(rows["current_density_A_m2"] * (rows["equilibrium_V"] - rows["voltage_V"]), rel=1e-9)
    powers = np.sum([v for name, v in rows.items() if name.endswith("W_m2") and name[:4] != "heat"], axis=0)
    assert rate == pytest.approx(powers, rel=1e-12)


@pytest.mark.parametrize("counter", [0.0, 3e-4])
def test_reversible_heat_is_that_of_the_entropy(counter: float, tmp_path: Path) -> None:
    """-I T dU/dT of both electrodes, that of the AM rising along x, and its integral, on discharge and back."""
    temperature, at_empty, at_full = 310.0, -2e-4, 4e-4  # [K], [V/K]
    entropy = f"materials.AM.entropy_coefficient=[[0.0, 1.0], [{at_empty}, {at_full}]]"
    given = (*PLANAR, entropy, f"cell.temperature={temperature}", f"materials.counter.entropy_coefficient={counter}")
    directions = {"out": ("discharge.cutoff_voltage=3.8",), "back": ("discharge.cutoff_voltage=4.1",)}
    directions["back"] += ("discharge.current_density=-2.0",)
    for name, more in directions.items():
        found = run("planar_half_cell", tmp_path / name, MPI.COMM_SELF, *given, *more)["discharge"]
        rows, x = table(tmp_path / name), curve(tmp_path / name)["mean_stoichiometry"]
        coefficient = at_empty + (at_full - at_empty) * x - counter
        expected = -rows["current_density_A_m2"] * temperature * coefficient
        assert rows["heat_reversible_W_m2"] == pytest.approx(expected, rel=1e-9)
        reference = planar_reference(content("planar_half_cell", *PLANAR))
        capacity = FARADAY * reference.maximum_concentration * reference.slab_thickness  # [C/m2]
        middle = at_empty + (at_full - at_empty) * 0.5 * (x[0] + x[-1]) - counter
        assert rows["heat_reversible_J_m2"][-1] == pytest.approx(
            -temperature * capacity * (x[-1] - x[0]) * middle, rel=1e-6
        )
        assert found["reversible_heat_J_m2"] == rows["heat_reversible_J_m2"][-1]
        rest = reference.open_circuit_potential(x[:1])[0] + (temperature - 298.15) * (
            at_empty + (at_full - at_empty) * x[0]
        )
        assert rows["equilibrium_V"][0] == pytest.approx(rest - (temperature - 298.15) * counter, abs=1e-9)


def test_heat_of_unknown_entropy_is_empty(planar: Path, tmp_path: Path) -> None:
    """Of the active material, or of a lithium-indium electrode; lithium metal has none by definition."""
    assert np.isnan(table(planar)["heat_reversible_W_m2"]).all()
    short = (*PLANAR, "materials.AM.entropy_coefficient=1e-4", "discharge.maximum_time=10.0")
    for name, known in (("lithium metal", True), ("lithium-indium", False)):
        out = tmp_path / name
        run("planar_half_cell", out, MPI.COMM_SELF, *short, f'materials.counter="{name}"')
        assert np.isfinite(table(out)["heat_reversible_W_m2"]).all() == known


def particle_currents(out: Path) -> FloatArray:
    """Current of each particle at the last kept instant."""
    with sorted((out / "curves").glob("particles_*.csv"))[-1].open() as file:
        return np.array([float(row["current_A"]) for row in csv.DictReader(file)])


def composite(protocol: list[dict[str, Any]]) -> dict[str, Any]:
    """Spheres of the shipped small composite on a coarse mesh."""
    case = content("small_composite", "mesh.cell_size=1.2e-6")
    del case["discharge"]
    return case | {"conduction": {}, "protocol": {"steps": protocol, "tolerance": 0.1, "first_step": 10.0}}


@pytest.mark.mpi
def test_shares_of_a_composite_on_discharge_at_rest_and_on_charge(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Losses cost power in either direction; at rest lithium moves between particles and no voltage is given."""
    steps = [{"c_rate": 2.0, "until": {"time": 200.0}}, {"rest": 20.0}, {"c_rate": -1.0, "until": {"time": 50.0}}]
    run_in_process(composite(steps), shared_tmp_path / "all", comm)
    rows = table(shared_tmp_path / "all")
    check_sum(rows)
    assert particle_currents(shared_tmp_path / "all").sum() == pytest.approx(
        -curve(shared_tmp_path / "all")["current_A"][-1], rel=1e-9
    )
    voltages = overpotentials(rows)
    for step, sign in ((1, 1.0), (3, -1.0)):
        under_way = (rows["protocol_step"] == step) & (curve(shared_tmp_path / "all")["step_s"] > 0.0)
        for name in ("ionic_separator", "ionic_composite", "electronic", "charge_transfer", "counter_kinetics"):
            assert np.all(sign * voltages[name][under_way] > 1e-12), name
            assert np.all(rows[f"{name}_W_m2"][under_way] > 0.0), name
    rest = rows["protocol_step"] == 2
    assert all(np.isnan(values[rest]).all() for values in voltages.values())
    assert np.all(rows["charge_transfer_W_m2"][rest] > 0.0)
    assert rows["diffusion_W_m2"][rest] == pytest.approx(
        -sum(rows[f"{name}_W_m2"][rest] for name in voltages if name != "diffusion"), rel=1e-6
    )
    if comm.size > 1:
        if comm.rank == 0:
            run_in_process(composite(steps), shared_tmp_path / "one", MPI.COMM_SELF)
        comm.barrier()
        alone = table(shared_tmp_path / "one")
        assert len(alone["step"]) == len(rows["step"])
        for name, values in alone.items():
            if name != "residual_V":  # what rounding leaves
                scale = np.nanmax(np.abs(values), initial=1e-9)
                assert rows[name] == pytest.approx(values, abs=1e-6 * scale, nan_ok=True), name


def test_second_electrode_has_its_own_shares(tmp_path: Path) -> None:
    """Three layers of different conductivity: the drops of each, equilibrium is the difference of both."""
    layers = [
        {"phase": "anode", "thickness": 4e-6, "cells": 6},
        {"phase": "separator", "thickness": 3e-6, "cells": 2},
        {"phase": "AM", "thickness": 5e-6, "cells": 6},
    ]
    anode = {
        **{"name": "NMC622", "electronic_conductivity": 0.02, "open_circuit_potential": [[0.0, 1.0], [1.0, 0.1]]},
        **{"stoichiometry_charged": 0.1, "stoichiometry_discharged": 0.9, "exchange_current_density": 5.0},
    }
    case = {
        "geometry": {"source": "layers", "width": WIDTH, "layers": layers},
        "materials": {"AM": {"name": "NMC622", "electronic_conductivity": 0.005}, "separator": "Li6PS5Cl"},
        "interfaces": {"SE|anode": {"resistance": 3e-4}},
        "conduction": {},
        "discharge": {"current_density": 1.5, "maximum_time": 200.0, "cutoff_voltage": 1.0, "tolerance": 1e-2},
        "output": {"fields": False, "plots": False},
    }
    case["materials"]["anode"] = anode  # type: ignore[index]
    run_in_process(case, tmp_path)
    rows = table(tmp_path)
    check_sum(rows)
    found = overpotentials(rows)
    assert found["electronic"] == pytest.approx(1.5 * 5e-6 / 0.005, rel=1e-9)
    assert found["anode_electronic"] == pytest.approx(1.5 * 4e-6 / 0.02, rel=1e-9)
    assert found["anode_film"] == pytest.approx(1.5 * 3e-4, rel=1e-9)
    assert found["film"] == pytest.approx(0.0, abs=1e-15)
    assert found["anode_diffusion"][-1] > 1e-3
    assert "counter_kinetics" not in found


def test_contact_resistances_stand_apart_from_conduction(tmp_path: Path) -> None:
    """Ohm's law for each layer and each contact."""
    layers = [{"phase": p, "thickness": 2e-6, "cells": 2} for p in ("separator", "SE", "AM", "CBD")]
    case = {
        "geometry": {"source": "layers", "width": WIDTH, "layers": layers},
        "materials": {
            "AM": {"name": "NMC622", "electronic_conductivity": 0.005},
            "SE": {"name": "Li6PS5Cl", "ionic_conductivity": 0.05},
            "separator": {"name": "Li6PS5Cl", "ionic_conductivity": 0.1},
            "CBD": {"name": "carbon-binder", "electronic_conductivity": 10.0},
        },
        "interfaces": {"SE|separator": {"resistance": 1e-4}, "AM|CBD": {"resistance": 4e-4}},
        "conduction": {},
        "discharge": {"current_density": 3.0, "maximum_time": 1.0, "tolerance": 1.0, "first_step": 1.0},
        "output": {"fields": False, "plots": False},
    }
    run_in_process(case, tmp_path)
    rows = table(tmp_path)
    check_sum(rows)
    found = overpotentials(rows)
    assert found["ionic_contacts"] == pytest.approx(3.0 * 1e-4, rel=1e-8)
    assert found["electronic_contacts"] == pytest.approx(3.0 * 4e-4, rel=1e-8)
    assert found["ionic_separator"] == pytest.approx(3.0 * 2e-6 / 0.1, rel=1e-8)
    assert found["ionic_composite"] == pytest.approx(3.0 * 2e-6 / 0.05, rel=1e-8)
    assert found["electronic"] == pytest.approx(3.0 * 2e-6 * (1.0 / 0.005 + 1.0 / 10.0), rel=1e-8)


def test_shares_that_miss_the_voltage_end_the_run(planar: Path) -> None:
    """The limit is 1e-8 V; not a number is no agreement either."""
    assert planar.exists()
    record = DischargeRecord(*(0,) * 19, "", OverpotentialShares(4.0, {}, 1.0, 0.0), Heat(0.0))  # type: ignore[arg-type]

    class Inside:
        """Figures of a cell whose surfaces are where they may be."""

        cell = type("Cell", (), {"surface_ranges": lambda self, state: []})()
        cell.network = type("Network", (), {"surfaces": ()})()
        cell.reactions = ()

    point: Any = type("Point", (), {"state": None})()
    figures: Any = Inside()
    for residual, message in ((0.9e-8, ""), (1.1e-8, "miss the voltage"), (-2e-8, "miss"), (np.nan, "miss")):
        found = replace(record, shares=replace(record.shares, residual_V=residual))
        if not message:
            CellFigures.check(figures, point, found)
            continue
        with pytest.raises(StageError, match=message):
            CellFigures.check(figures, point, found)
